"""Opening a store of any kind, from a file or from content, with the opened ones kept for the next message."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ...catalog.errors import ErrorCode
from ...errors import CertificateError
from .auto import open_any, recognised
from .entries import Store
from .jks import open_jks
from .jwk import open_jwk
from .p7b import open_p7b
from .pem import open_pem
from .pfx import open_pfx
from .ppk import open_ppk
from .public import open_public
from .ssh_public import open_ssh_public
from .token import open_token
from .token_uri import is_token_uri
from .xmlkey import open_xml

__all__ = ["StoreFormat", "StoreSource", "open_store"]


class StoreFormat(Enum):
    """How a store's content is encoded."""

    PFX = "PKCS#12"
    JKS = "Java key store"
    PEM = "PEM"
    PUBLIC = "certificate or public key"
    P7B = "PKCS#7"
    PPK = "PuTTY private key"
    SSH_PUBLIC = "SSH public key"
    XML = "XML"
    JWK = "JSON Web Key"
    PKCS11 = "PKCS#11 token"
    ANY = "any format"
    AUTO = "path, address or content"


@dataclass(frozen=True, slots=True)
class StoreSource:
    """Where a store is: a file, or its content (exactly one of ``path`` and ``content`` is not None).

    With ``StoreFormat.ANY`` the content says which format it is in. With ``StoreFormat.AUTO`` it may also be the path
    of a file that exists, or the address of a token, which it is with ``StoreFormat.PKCS11``.
    """

    format: StoreFormat
    path: str | None
    content: bytes | None = field(repr=False)
    password: str = field(repr=False)
    what: str
    """The store's name in the text of errors, for example ``the signer's certificate store``."""


MAXIMUM_SIZE: Final = 16 * 1024 * 1024
"""Octets of a store file; the bundle of every public root is below 1 MiB, so more is a wrong path."""
MAXIMUM_PATH: Final = 1024
"""Characters of a path. Longer ones are keys on one line of base64, which must not be quoted in an error."""
_NOT_A_PATH: Final = re.compile(
    r"\A[\s\ufeff]*(?:[{\[<]|[A-Za-z0-9+/=\s]{40,}\Z)|-----BEGIN |PuTTY-User-Key-File-|pkcs11:|://[^/]*@", re.IGNORECASE
)
"""What a secret looks like: a key in JSON, XML, PEM, PuTTY's format or base64, which has none of a file name's dots; a
token's address, which may have the PIN; and a URL with a password."""
CACHE_SIZE: Final = 32
"""Opened stores kept; each handle of a busy program uses one or two."""

_Opener = Callable[[bytes, bytes, str], Store]
_OPENERS: Final[Mapping[StoreFormat, _Opener]] = MappingProxyType(
    {
        StoreFormat.PFX: open_pfx,
        StoreFormat.JKS: open_jks,
        StoreFormat.PEM: open_pem,
        StoreFormat.PUBLIC: open_public,
        StoreFormat.P7B: open_p7b,
        StoreFormat.PPK: open_ppk,
        StoreFormat.SSH_PUBLIC: open_ssh_public,
        StoreFormat.XML: open_xml,
        StoreFormat.JWK: open_jwk,
        StoreFormat.PKCS11: open_token,
        StoreFormat.ANY: open_any,
    }
)
# With a salt of this process the digest of a password is worthless outside of it.
_SALT: Final = os.urandom(16)
_CacheKey = tuple[StoreFormat, str | bytes, tuple[int, ...], bytes]
_cache: OrderedDict[_CacheKey, Store] = OrderedDict()
_cache_lock = threading.Lock()


def open_store(source: StoreSource) -> Store:
    """Open a store, or give the one opened before when file, content and password are the same.

    Raises :class:`CertificateError` (271) when the file cannot be read or its content cannot be opened; the text
    says which, and never holds the password. Safe to call from several threads.
    """
    try:
        password = source.password.encode("utf-8")
    except UnicodeEncodeError as error:
        text = f"The password for {source.what} holds characters that cannot be encoded."
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, text) from error
    if source.format is StoreFormat.AUTO:
        source = _path_or_content(source)
    opener = _OPENERS[source.format]
    password_digest = hashlib.sha256(_SALT + password).digest()
    if source.path is not None:
        path, status = _locate(source.path, source.what)
        # The number too, for a file may be replaced by one that is as long and as old.
        state = (status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size)
        key: _CacheKey = (source.format, str(path), state, password_digest)
        what = f"{str(path)!r} ({source.what})"
        return _cached(key, lambda: _opened(opener, _read(path, source.what), password, what))
    content = source.content or b""
    if source.format is StoreFormat.PKCS11:
        # The content is an address, which stays the same when what is there changes.
        return opener(content, password, source.what)
    key = (source.format, hashlib.sha256(content).digest(), (), password_digest)
    return _cached(key, lambda: _opened(opener, content, password, source.what))


def _opened(opener: _Opener, content: bytes, password: bytes, what: str) -> Store:
    try:
        return opener(content, password, what)
    except BaseException as error:
        # What cryptography's Rust code did not expect comes as a pyo3_runtime.PanicException, which cannot be imported
        # and which no "except Exception" catches: one damaged file would end the program.
        if type(error).__name__ != "PanicException":
            raise
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is damaged.") from None


def _cached(key: _CacheKey, make: Callable[[], Store]) -> Store:
    with _cache_lock:
        store = _cache.get(key)
        if store is not None:
            _cache.move_to_end(key)
            return store
    # Outside the lock: a key derivation of one handle must not hold up the others.
    store = make()
    with _cache_lock:
        _cache[key] = store
        while len(_cache) > CACHE_SIZE:
            _cache.popitem(last=False)
    return store


def _path_or_content(source: StoreSource) -> StoreSource:
    """``source`` with what its content turns out to be. Nothing of the content is in an error."""
    content = source.content or b""
    path = _existing_path(content)
    if path is not None:
        return replace(source, format=StoreFormat.ANY, path=path, content=None)
    if is_token_uri(content):
        return replace(source, format=StoreFormat.PKCS11)
    if recognised(content) is None:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE,
            f"{source.what} is neither the path of a file that is there nor a store in a format that is known.",
        )
    return replace(source, format=StoreFormat.ANY)


def _existing_path(content: bytes) -> str | None:
    if not content.strip() or len(content) > MAXIMUM_PATH:
        return None
    text = content.decode("utf-8", "surrogateescape")
    try:
        return text if not _is_remote(text) and Path(text).is_file() else None
    except (OSError, ValueError):
        return None


def _is_remote(path: str) -> bool:
    # Opening such a path makes Windows log in at a stranger's server.
    return path.startswith("\\\\") or "://" in path or (os.name == "nt" and path.startswith("//"))


def _locate(text: str, what: str) -> tuple[Path, os.stat_result]:
    if not text.strip():
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"No file is named for {what}.")
    if len(text) > MAXIMUM_PATH:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE,
            f"{what} has to be the path of a file; {len(text)} characters look like the content of one.",
        )
    if _is_remote(text):
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE,
            f"{_named(text, what)} is not taken: it has to be a local file, not a network share or a URL.",
        )
    try:
        path = Path(text).absolute()
        status = path.stat()
    except (OSError, ValueError) as error:
        # Not chained: the exception holds the text, whatever that is.
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, _unreadable(text, what, error)) from None
    if stat.S_ISDIR(status.st_mode):
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"{text!r} ({what}) is a directory, not a file.")
    if not stat.S_ISREG(status.st_mode):
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"{text!r} ({what}) is not a regular file.")
    if status.st_size > MAXIMUM_SIZE:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE,
            f"{text!r} ({what}) is {status.st_size} octets long; a store has at most {MAXIMUM_SIZE}.",
        )
    return path, status


def _read(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAXIMUM_SIZE + 1)
    except OSError as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, _unreadable(str(path), what, error)) from error


def _unreadable(path: str, what: str, error: OSError | ValueError) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else "the name cannot be used"
    return f"{_named(path, what)} cannot be read: {reason}."


def _named(path: str, what: str) -> str:
    """``path`` and ``what`` for an error; ``what`` alone where a secret may have been given in the place of a path."""
    return f"What {what} holds" if _NOT_A_PATH.search(path) else f"{path!r} ({what})"
