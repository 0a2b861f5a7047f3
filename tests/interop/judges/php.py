"""PHP's openssl extension: the functions openssl_cms_* and, for the structures of old, openssl_pkcs7_*."""

from __future__ import annotations

import os
import re
from pathlib import Path

from interop.authority import Authority, Identity
from interop.judges import mime
from interop.judges.conversation import Conversation
from interop.judges.judge import Encryption, Judge, Result, Signature

# DES and RC2 are in OpenSSL's provider of old algorithms only, and PHP has no call that loads it.
_PROVIDERS = """\
openssl_conf = openssl
[openssl]
providers = providers
[providers]
default = on
legacy = on
[on]
activate = 1
"""
_CIPHERS = {
    "AESCBC128": "OPENSSL_CIPHER_AES_128_CBC",
    "AESCBC192": "OPENSSL_CIPHER_AES_192_CBC",
    "AESCBC256": "OPENSSL_CIPHER_AES_256_CBC",
    "3DES": "OPENSSL_CIPHER_3DES",
    "DES": "OPENSSL_CIPHER_DES",
    "RC2CBC40": "OPENSSL_CIPHER_RC2_40",
    "RC2CBC64": "OPENSSL_CIPHER_RC2_64",
    "RC2CBC128": "OPENSSL_CIPHER_RC2_128",
}
_DIGEST = "SHA256"
"""The only one that its functions sign with."""


def start_php(directory: Path) -> Conversation:
    configuration = directory / "openssl.cnf"
    configuration.write_text(_PROVIDERS)
    program = Path(__file__).with_name("judge.php")
    env = {**os.environ, "OPENSSL_CONF": str(configuration)}
    return Conversation(directory, "php", "-n", "-d", "display_errors=stderr", program, env=env)


class Php(Judge):
    """``family`` is "cms" or "pkcs7"."""

    def __init__(self, php: Conversation, ca: Authority, family: str) -> None:
        self.name = f"PHP openssl_{family}_*"
        self._php = php
        self._ca = ca
        self._family = family

    def verify(self, message: bytes) -> Result:
        return self._ask("verify", message, self._ca.certificate)

    def decrypt(self, message: bytes, recipient: Identity) -> Result:
        return self._ask("decrypt", message, recipient.certificate, recipient.key)

    def sign(self, entity: bytes, signer: Identity, way: Signature) -> Result:
        if way.digest != _DIGEST or way.pss:
            return self._lacks("choose this")
        kind = "detached" if way.detached else "opaque"
        result = self._ask("sign", entity, signer.certificate, signer.key, kind)
        if self._family == "pkcs7":
            return _for_mail(result)
        # openssl_cms_sign makes no multipart/signed ("Detached signatures not possible with S/MIME encoding").
        return mime.signed(entity, result, way)

    def encrypt(self, entity: bytes, recipient: Identity, way: Encryption) -> Result:
        if way.cipher not in _CIPHERS or way.oaep:
            return self._lacks("choose this")
        return _for_mail(self._ask("encrypt", entity, recipient.certificate, _CIPHERS[way.cipher]))

    def _ask(self, action: str, data: bytes, *fields: str | Path) -> Result:
        return self._php.ask(f"{self._family}_{action}", data, *fields)


def _for_mail(message: Result) -> Result:
    """PHP ends the lines that it adds with LF."""
    return Result(message.ok, re.sub(rb"(?<!\r)\n", b"\r\n", message.content), message.report)
