"""The openssl command as a writer of what the library reads. Its files hold test data only."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from unit.pki.authority import Issued


class Writer:
    """Runs ``openssl cms``; what it signs has the real time as its signing time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def signs(self, content: bytes, signer: Issued, *options: str, form: str = "SMIME") -> bytes:
        certificates = b"".join(each.pem() for each in signer.issuers)
        return self._cms(
            content,
            *("-sign", "-signer", self._identity(signer), "-certfile", self._file("issuers.pem", certificates)),
            *("-outform", form, *options),
        )

    def encrypts(
        self,
        content: bytes,
        *options: str,
        recipients: Sequence[Issued] = (),
        key_options: Sequence[str] = (),
        form: str = "DER",
    ) -> bytes:
        """``key_options`` say how the key is encrypted for each recipient."""
        arguments = ["-encrypt", "-binary", "-outform", form, *options]
        for i, each in enumerate(recipients):
            arguments += ["-recip", self._file(f"r{i}.pem", each.certificate.pem())]
            arguments += [part for option in key_options for part in ("-keyopt", option)]
        return self._cms(content, *arguments)

    def _identity(self, owner: Issued) -> str:
        key = owner.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return self._file("signer.pem", owner.certificate.pem() + key)

    def _cms(self, content: bytes, *arguments: str) -> bytes:
        source = ("-in", self._file("content", content))
        done = subprocess.run(
            ["openssl", "cms", *arguments[:1], *source, *arguments[1:]], capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def _file(self, name: str, content: bytes) -> str:
        path = self._directory / name
        path.write_bytes(content)
        return str(path)
