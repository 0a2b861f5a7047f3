"""SSH public keys as a store, as lines or as RFC 4716 has them. They hold neither certificate nor private key."""

from __future__ import annotations

import base64
import re
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from ...catalog.errors import ErrorCode
from ...errors import CertificateError
from ..armor import decode_base64, plain_content
from .entries import MAXIMUM_KEYS, Store, join_store
from .ssh_wire import SSHReader

__all__ = ["open_ssh_public"]

_RFC_4716: Final = b"---- BEGIN SSH2 PUBLIC KEY ----"
_KINDS: Final = (b"ssh-", b"ecdsa-sha2-", b"sk-")
# Options may stand ahead of the kind (sshd(8), AUTHORIZED_KEYS FILE FORMAT), and a comment behind the key.
_LINE: Final = re.compile(
    rb"(?:\A|[ \t])((?:ssh-|ecdsa-sha2-|sk-)[a-z0-9@.-]{1,60})[ \t]+([A-Za-z0-9+/]{1,8192}={0,2})"
)
_RFC_4716_END: Final = b"---- END SSH2 PUBLIC KEY ----"
_LONGEST_BLOCK: Final = 16 * 1024
_HEADER: Final = re.compile(rb"^[^:\n]{1,64}:(?:[^\n]*\\\n)*[^\n]*\n", re.MULTILINE)


def open_ssh_public(content: bytes, password: bytes, what: str) -> Store:
    """The public keys of ``content``; no password is needed.

    ``what`` names the store in the text of an error. Raises :class:`CertificateError` (271) when there is no SSH public
    key, and when one is damaged or of a kind that is not supported.
    """
    content = plain_content(content, _RFC_4716, *_KINDS)
    try:
        keys = [_key(blob) for blob in _blobs(content)]
    except (UnsupportedAlgorithm, NotImplementedError) as error:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"The public key in {what} is of a kind that is not supported."
        ) from error
    except ValueError as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The public key in {what} is damaged.") from error
    if not keys:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"There is no SSH public key in {what}.{_private(content)}")
    return join_store((), (), keys)


def _blobs(content: bytes) -> list[bytes]:
    """Each key in the form of RFC 4253 6.6, in base64; at most ``MAXIMUM_KEYS`` are looked at."""
    if _RFC_4716 in content:
        text = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return [_body(block) for block in text.split(_RFC_4716)[1 : MAXIMUM_KEYS + 1]]
    lines = (line.strip() for line in content.splitlines()[:MAXIMUM_KEYS])
    return [match[2] for line in lines if not line.startswith(b"#") and (match := _LINE.search(line))]


def _body(block: bytes) -> bytes:
    """What is left of a block without its header lines, which go on behind a backslash (RFC 4716 3.3)."""
    body, end, _ = block[:_LONGEST_BLOCK].partition(_RFC_4716_END)
    if not end:
        raise ValueError("the end of the block is missing")
    return _HEADER.sub(b"", body.lstrip())


def _key(blob: bytes) -> PublicKeyTypes:
    octets = decode_base64(blob)
    kind = SSHReader(octets).string()
    return load_ssh_public_key(kind + b" " + base64.b64encode(octets))


def _private(content: bytes) -> str:
    if b"PRIVATE KEY-----" in content:
        return " It holds a private key: CertStoreType 6 and 7 read it."
    if content.startswith(b"PuTTY-User-Key-File-"):
        return " It holds a PuTTY private key: CertStoreType 14 and 15 read it."
    return ""
