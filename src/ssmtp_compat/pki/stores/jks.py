"""Java's key stores: the formats JKS and JCEKS, and the PKCS#12 that keytool writes under the same name today.

Neither of the two is specified anywhere; both are big-endian records with a SHA-1 of password and content behind them.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from asn1crypto.core import Integer, OctetString, Sequence
from asn1crypto.keys import EncryptedPrivateKeyInfo
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from ...catalog.errors import ErrorCode
from ...errors import CertificateError
from ..ber import to_definite
from ..certificates import Certificate
from .budget import Budget
from .content import MALFORMED, binary_content
from .entries import Store, join_store
from .padding import without_padding
from .pfx import open_pfx

__all__ = ["JKS_MAGIC", "open_jks"]

JKS_MAGIC: Final = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
"""First octets of JKS and of JCEKS."""
_KIND: Final = "Java key store"
_DIGEST_SIZE: Final = 20
# Part of the format: it is hashed between password and content.
_WHITENER: Final = b"Mighty Aphrodite"
_PRIVATE_KEY: Final = 1
_TRUSTED_CERTIFICATE: Final = 2
_SUN_KEY_PROTECTOR: Final = "1.3.6.1.4.1.42.2.17.1.1"
_PBE_MD5_TRIPLE_DES: Final = "1.3.6.1.4.1.42.2.19.1"


def open_jks(content: bytes, password: bytes, what: str) -> Store:
    """Open a JKS or JCEKS store, or PKCS#12, or base64 of one: every certificate, with its key where there is one.

    ``password`` is UTF-8. ``what`` names the store in the text of an error. Raises :class:`CertificateError` (271) when
    the content is no such store, damaged or cut short, and when the password is wrong.
    """
    octets = binary_content(content, what, _KIND)
    if octets[:1] == b"\x30":
        return open_pfx(octets, password, what)
    if not octets.startswith(JKS_MAGIC):
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is no {_KIND}.")
    password = password.decode("utf-8").encode("utf-16-be")
    records, digest = octets[:-_DIGEST_SIZE], octets[-_DIGEST_SIZE:]
    if not hmac.compare_digest(hashlib.sha1(password + _WHITENER + records, usedforsecurity=False).digest(), digest):
        text = (
            f"The password does not open {what}, or the content was damaged or cut short."
            if password
            else f"The content of {what} needs a password, and none was given."
        )
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, text)
    try:
        return _Opening(records, password, what).store()
    except MALFORMED as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is damaged.") from error


class _Opening:
    """One store on its way from records to entries."""

    def __init__(self, records: bytes, password: bytes, what: str) -> None:
        self._records = records
        self._position = len(JKS_MAGIC[0])
        self._password = password
        self._what = what
        self._budget = Budget(what)
        self._certificates: list[Certificate] = []
        self._keys: list[PrivateKeyTypes] = []
        self._closed_keys = 0

    def store(self) -> Store:
        version = self._number()
        if version not in (1, 2):
            raise ValueError("a version that is not known")
        for _ in range(self._number()):
            self._entry(version)
        if self._closed_keys and not self._keys:
            raise CertificateError(
                ErrorCode.CANNOT_OPEN_STORE,
                f"The password opens {self._what} but not the private key in it, which another password protects.",
            )
        if not self._certificates and not self._keys:
            raise CertificateError(
                ErrorCode.CANNOT_OPEN_STORE, f"There is no certificate and no private key in {self._what}."
            )
        return join_store(self._certificates, self._keys)

    def _entry(self, version: int) -> None:
        kind = self._number()
        self._take(self._number(2))  # the alias
        self._take(8)  # the date
        if kind == _PRIVATE_KEY:
            self._add_key(self._take(self._number()))
            for _ in range(self._number()):
                self._add_certificate(version)
        elif kind == _TRUSTED_CERTIFICATE:
            self._add_certificate(version)
        else:
            # A Java object, whose end only Java can tell.
            raise CertificateError(
                ErrorCode.CANNOT_OPEN_STORE,
                f"There is a secret key in {self._what}, behind which nothing can be read; "
                "keytool -importkeystore -deststoretype PKCS12 makes a store that can.",
            )

    def _add_certificate(self, version: int) -> None:
        kind = self._take(self._number(2)) if version == 2 else b"X.509"
        encoded = self._take(self._number())
        if kind == b"X.509":
            self._certificates.append(self._budget.load_certificate(encoded))

    def _add_key(self, encoded: bytes) -> None:
        info = EncryptedPrivateKeyInfo.load(to_definite(encoded), strict=True)
        try:
            self._keys.append(self._budget.load_private_key(self._decrypt(info)))
        except ValueError:
            # The digest was right, so this key has a password of its own: the other keys are still of use.
            self._closed_keys += 1

    def _decrypt(self, info: EncryptedPrivateKeyInfo) -> bytes:
        algorithm = info["encryption_algorithm"]
        ciphertext: bytes = info["encrypted_data"].native
        scheme = algorithm["algorithm"].dotted
        if scheme == _SUN_KEY_PROTECTOR:
            return _unprotect(ciphertext, self._password)
        if scheme == _PBE_MD5_TRIPLE_DES:
            parameters = _PbeParameters.load(algorithm["parameters"].dump(), strict=True)
            salt, iterations = parameters["salt"].native, parameters["iterations"].native
            self._budget.derive(iterations)
            return _decrypt_triple_des(ciphertext, self._password[1::2], salt, iterations)
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"The private key in {self._what} is protected in a way that is not supported."
        )

    def _number(self, size: int = 4) -> int:
        return int.from_bytes(self._take(size), "big")

    def _take(self, size: int) -> bytes:
        taken = self._records[self._position : self._position + size]
        if len(taken) < size:
            raise ValueError("a record that is longer than the store")
        self._position += size
        return taken


class _PbeParameters(Sequence):  # type: ignore[misc]  # asn1crypto has no types
    _fields = [("salt", OctetString), ("iterations", Integer)]  # noqa: RUF012  # as asn1crypto wants it


def _unprotect(protected: bytes, password: bytes) -> bytes:
    """Sun's key protector: salt, the key exclusive-or SHA-1 of password and the block before, SHA-1 as a check."""
    block, ciphertext, check = protected[:20], protected[20:-_DIGEST_SIZE], protected[-_DIGEST_SIZE:]
    stream = bytearray()
    while len(stream) < len(ciphertext):
        block = hashlib.sha1(password + block, usedforsecurity=False).digest()
        stream += block
    size = len(ciphertext)
    plain = (int.from_bytes(ciphertext, "big") ^ int.from_bytes(stream[:size], "big")).to_bytes(size, "big")
    if not hmac.compare_digest(hashlib.sha1(password + plain, usedforsecurity=False).digest(), check):
        raise ValueError("a wrong password")
    return plain


def _decrypt_triple_des(ciphertext: bytes, password: bytes, salt: bytes, iterations: int) -> bytes:
    """PBEWithMD5AndTripleDES of Sun's provider: each half of the salt is hashed on its own with the password."""
    if len(salt) != 8 or not ciphertext or len(ciphertext) % 8:
        raise ValueError("not made of whole blocks, or a salt that is not 8 octets long")
    derived = b""
    for half in (salt[:4], salt[4:]):
        for _ in range(iterations):
            half = hashlib.md5(half + password, usedforsecurity=False).digest()
        derived += half
    decryptor = Cipher(TripleDES(derived[:24]), modes.CBC(derived[24:])).decryptor()
    return without_padding(decryptor.update(ciphertext) + decryptor.finalize(), 8)
