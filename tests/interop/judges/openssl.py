"""The openssl command. Its provider of old algorithms is loaded, for DES and RC2."""

from __future__ import annotations

from pathlib import Path

from interop.authority import Authority, Identity
from interop.judges.judge import Encryption, Judge, Result, Signature
from interop.processes import run_anyhow

_OLD = ("-provider", "default", "-provider", "legacy")
CIPHERS = {
    "AESCBC128": "aes-128-cbc",
    "AESCBC192": "aes-192-cbc",
    "AESCBC256": "aes-256-cbc",
    "3DES": "des-ede3-cbc",
    "DES": "des-cbc",
    "RC2CBC40": "rc2-40-cbc",
    "RC2CBC64": "rc2-64-cbc",
    "RC2CBC128": "rc2-cbc",
    "AESGCM128": "aes-128-gcm",
    "AESGCM192": "aes-192-gcm",
    "AESGCM256": "aes-256-gcm",
}
DIGESTS = {f"SHA3-{bits}": f"sha3-{bits}" for bits in (224, 256, 384, 512)}
"""Our name -> openssl's, where lower case is not enough."""


class OpenSSL(Judge):
    name = "openssl cms"

    def __init__(self, directory: Path, ca: Authority) -> None:
        self._directory = directory
        self._ca = ca

    def verify(self, message: bytes) -> Result:
        return self._cms("-verify", message, "-CAfile", self._ca.certificate)

    def decrypt(self, message: bytes, recipient: Identity) -> Result:
        return self._cms("-decrypt", message, "-recip", recipient.certificate, "-inkey", recipient.key)

    def sign(self, entity: bytes, signer: Identity, way: Signature) -> Result:
        options: list[str | Path] = ["-signer", signer.certificate, "-inkey", signer.key]
        if way.digest:
            options += ["-md", DIGESTS.get(way.digest, way.digest.lower())]
        if way.pss:
            options += ["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:digest"]
        if not way.detached:
            options.append("-nodetach")
        return self._cms("-sign", entity, "-binary", "-crlfeol", *options)

    def encrypt(self, entity: bytes, recipient: Identity, way: Encryption) -> Result:
        options: list[str | Path] = [f"-{CIPHERS[way.cipher]}", "-recip", recipient.certificate]
        if way.oaep:
            digest = DIGESTS.get(way.oaep, way.oaep.lower())
            options += ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", f"rsa_oaep_md:{digest}"]
        return self._cms("-encrypt", entity, "-binary", "-crlfeol", *options)

    def _cms(self, action: str, data: bytes, *options: str | Path) -> Result:
        source, target = self._directory / "in", self._directory / "out"
        source.write_bytes(data)
        done = run_anyhow("openssl", "cms", action, *_OLD, "-in", source, "-out", target, *options)
        ok = done.returncode == 0
        return Result(ok, target.read_bytes() if ok else b"", done.stderr.decode(errors="replace"))
