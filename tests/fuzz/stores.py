"""Certificate stores of every format: opened, or an error that is documented.

An input is one octet that selects the format, and the content of the store. Keys are derived with few iterations at
the most, so that the time goes into parsers: that more is refused before it begins has tests of its own. Java's format
is sealed anew, for under a wrong digest nothing of it is looked at.
"""

from __future__ import annotations

import hashlib

from fuzz.error_text import check_error
from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError, SSMTPError
from ssmtp_compat.pki.stores import budget, openssh, pkcs8, ppk
from ssmtp_compat.pki.stores.entries import Store
from ssmtp_compat.pki.stores.opening import StoreFormat, StoreSource, open_store

PASSWORD = "fixture-secret"
WHAT = "the store"
FORMATS = tuple(each for each in StoreFormat if each not in (StoreFormat.PKCS11, StoreFormat.AUTO))
DOCUMENTED = (ErrorCode.CANNOT_OPEN_STORE, ErrorCode.NOT_SUPPORTED, ErrorCode.MISSING_EXTRA)
LIMITS = (
    (budget, "MAXIMUM_ITERATIONS", 20_000),
    (budget, "MAXIMUM_KEY_WORK", 10),
    (pkcs8, "_MAXIMUM_SCRYPT_MEMORY", 1024 * 1024),
    (openssh, "_MAXIMUM_ROUNDS", 16),
    (ppk, "_MAXIMUM_MEMORY", 1024),
    (ppk, "_MAXIMUM_WORK", 4096),
)
_JKS_MAGIC = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
_DIGEST_SIZE = 20


def fuzz(data: bytes) -> None:
    before = [getattr(module, name) for module, name, _ in LIMITS]
    for module, name, value in LIMITS:
        setattr(module, name, value)
    try:
        _open(data)
    finally:
        for (module, name, _), value in zip(LIMITS, before, strict=True):
            setattr(module, name, value)


def _open(data: bytes) -> None:
    store_format = FORMATS[data[0] % len(FORMATS)] if data else StoreFormat.ANY
    content = data[1:]
    if content.startswith(_JKS_MAGIC):
        content = sealed(content[:-_DIGEST_SIZE])
    try:
        store = open_store(StoreSource(store_format, None, content, PASSWORD, WHAT))
    except SSMTPError as error:
        check_refusal(error)
    else:
        check_store(store)


def check_refusal(error: SSMTPError) -> None:
    assert error.code in DOCUMENTED
    check_error(error)
    assert PASSWORD not in error.message


def check_store(store: Store) -> None:
    """What a caller does with it: each key is its certificate's, and what is held can be told in an error."""
    assert store.entries or store.loose_keys or store.public_keys
    check_error(CertificateError(ErrorCode.CERTIFICATE_NOT_FOUND, store.describe()))
    for entry in store.entries:
        assert len(entry.chain) < len(store.entries)
        if entry.private_key is not None:
            assert entry.private_key.public_key() == entry.certificate.public_key


def sealed(content: bytes) -> bytes:
    """A Java key store with the digest that its password makes (KeyStore of Sun's provider)."""
    secret = PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite"
    return content + hashlib.sha1(secret + content, usedforsecurity=False).digest()
