"""The openssl command as a judge of what the library makes. Its files hold test data only."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ssmtp_compat.pki.certificates import Certificate
from unit.pki.authority import NOW, Issued

# OpenSSL 3 keeps DES and RC2 in a provider of their own.
_PROVIDERS = ("-provider", "default", "-provider", "legacy")


class Judge:
    """Runs ``openssl cms`` at the tests' own moment, with ``root`` as the only trust anchor."""

    def __init__(self, directory: Path, root: Issued) -> None:
        self._directory = directory
        self._root = root.certificate

    def verifies(
        self,
        signature: bytes,
        content: bytes,
        intermediates: Sequence[Certificate] = (),
        signer: Certificate | None = None,
        at: datetime = NOW,
    ) -> bool:
        """Whether the detached ``signature`` (DER) over ``content`` and the signer's chain are good ``at`` a moment."""
        arguments = ["-verify", "-inform", "DER", "-in", self._file("signature.der", signature), "-binary"]
        arguments += ["-content", self._file("content", content), *self._trust(intermediates, at)]
        if signer is not None:
            arguments += ["-certfile", self._file("signer.pem", signer.pem())]
        return self._run(arguments).returncode == 0

    def verifies_message(self, message: bytes, intermediates: Sequence[Certificate] = ()) -> bytes | None:
        """The signed part of an S/MIME ``message``, or None when its signature is bad."""
        arguments = ["-verify", "-in", self._file("message.eml", message), *self._trust(intermediates), "-crlfeol"]
        result = self._run(arguments)
        return result.stdout if result.returncode == 0 else None

    def decrypts(self, enveloped: bytes, owner: Issued, form: str = "DER") -> bytes | None:
        """The plaintext of ``enveloped`` (DER, or an S/MIME message) for ``owner``, or None."""
        key = owner.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        arguments = ["-decrypt", "-inform", form, "-in", self._file("enveloped", enveloped), "-binary", *_PROVIDERS]
        arguments += ["-recip", self._file("recipient.pem", owner.certificate.pem())]
        arguments += ["-inkey", self._file("recipient.key", key)]
        result = self._run(arguments)
        return result.stdout if result.returncode == 0 else None

    def _trust(self, intermediates: Sequence[Certificate], at: datetime = NOW) -> list[str]:
        # OpenSSL 3.0 looks for the signer among -certfile, but for issuers only in the message and in -CAfile; a chain
        # still has to end in the root.
        pem = b"".join(certificate.pem() for certificate in (self._root, *intermediates))
        return ["-CAfile", self._file("trust.pem", pem), "-attime", str(int(at.timestamp()))]

    def _run(self, arguments: list[str]) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["openssl", "cms", *arguments], check=False, capture_output=True)

    def _file(self, name: str, content: bytes) -> str:
        path = self._directory / name
        path.write_bytes(content)
        return str(path)
