"""SoftHSM2: PKCS #11 tokens in files."""

from __future__ import annotations

import os
from pathlib import Path

from interop.authority import Identity
from interop.packages import SOFTHSM_MODULE
from interop.processes import run

PIN = "7361-pin"


class SoftHSM:
    """Tokens below ``directory``, in a module that this process loads. Only while it loads does SOFTHSM2_CONF stand in
    the environment, so that no other program inherits it.
    """

    module = SOFTHSM_MODULE

    def __init__(self, directory: Path) -> None:
        (directory / "tokens").mkdir()
        self._configuration = directory / "softhsm2.conf"
        self._configuration.write_text(f"directories.tokendir = {directory}/tokens\nlog.level = ERROR\n")

    def add_token(self, label: str) -> None:
        self._util("--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "so-secret")

    def add_key(self, token: str, key: Path, label: str, key_id: str) -> None:
        """Import a private key, and its public part, under ``key_id``, which is hexadecimal."""
        pkcs8 = run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", key)
        file = self._configuration.with_name("key")
        file.write_bytes(pkcs8)
        self._util("--import", str(file), "--token", token, "--label", label, "--id", key_id, "--pin", PIN)
        file.unlink()

    def load(self) -> None:
        """Load the module, with the tokens that there are."""
        import pkcs11

        os.environ["SOFTHSM2_CONF"] = str(self._configuration)
        try:
            pkcs11.lib(self.module)
        finally:
            del os.environ["SOFTHSM2_CONF"]

    def add_certificate(self, token: str, certificate: Identity, key_id: str) -> None:
        """Put a certificate onto a token; the module has to be loaded."""
        import pkcs11
        from pkcs11.util.x509 import decode_x509_certificate

        der = run("openssl", "x509", "-in", certificate.certificate, "-outform", "DER")
        with pkcs11.lib(self.module).get_token(token_label=token).open(rw=True, user_pin=PIN) as session:
            session.create_object(
                {
                    **decode_x509_certificate(der),
                    pkcs11.Attribute.ID: bytes.fromhex(key_id),
                    pkcs11.Attribute.TOKEN: True,
                }
            )

    def add_agreement_key(self, token: str, key: Path, key_id: str) -> None:
        """Import an EC key that agrees on secrets, which softhsm2-util does not allow; the module has to be loaded."""
        import pkcs11
        from pkcs11.util.ec import decode_ec_private_key, decode_ec_public_key

        private = run("openssl", "ec", "-in", key, "-outform", "DER")
        public = run("openssl", "pkey", "-in", key, "-pubout", "-outform", "DER")
        more = {pkcs11.Attribute.ID: bytes.fromhex(key_id), pkcs11.Attribute.TOKEN: True}
        with pkcs11.lib(self.module).get_token(token_label=token).open(rw=True, user_pin=PIN) as session:
            session.create_object({**decode_ec_private_key(private), **more, pkcs11.Attribute.DERIVE: True})
            session.create_object({**decode_ec_public_key(public), **more})

    def unload(self) -> None:
        import pkcs11

        pkcs11.unload(self.module)

    def _util(self, *arguments: str) -> None:
        run("softhsm2-util", *arguments, env={"SOFTHSM2_CONF": str(self._configuration)})
