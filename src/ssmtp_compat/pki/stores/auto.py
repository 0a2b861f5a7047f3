"""Content of an unknown format as a store: the content says which it is, whatever the name of its file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ...catalog.errors import ErrorCode
from ...errors import CertificateError
from ..armor import decode_base64
from ..ber import BIT_STRING, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, Element, read_elements
from .entries import Store
from .jks import JKS_MAGIC, open_jks
from .jwk import open_jwk
from .p7b import P7B_LABELS, open_p7b
from .pem import open_pem
from .pfx import PFX_LABEL, open_pfx
from .ppk import open_ppk
from .public import PUBLIC_KEY_LABELS, open_public
from .ssh_public import open_ssh_public
from .xmlkey import open_xml

__all__ = ["open_any", "recognised"]

Opener = Callable[[bytes, bytes, str], Store]

# What content begins with; ahead of text there may be blanks and the mark of UTF-8. XML may be in UTF-16.
_BEGINNINGS: Final[tuple[tuple[tuple[bytes, ...], Opener], ...]] = (
    (JKS_MAGIC, open_jks),
    ((b"PuTTY-User-Key-File-",), open_ppk),
    ((b"---- BEGIN SSH2 PUBLIC KEY ----", b"ssh-", b"ecdsa-sha2-", b"sk-"), open_ssh_public),
    ((b"<", b"\xff\xfe<\0", b"\xfe\xff\0<"), open_xml),
    ((b"{",), open_jwk),
)
_LONGEST_LEADING_SPACE: Final = 1024
# What stands in the outermost SEQUENCE: the identifier octets of its elements, a MAC at the end of PKCS#12 being
# optional, and an RSAPublicKey's two numbers.
_ASN1_FORMATS: Final[tuple[tuple[tuple[int, ...], Opener], ...]] = (
    ((INTEGER, SEQUENCE, SEQUENCE), open_pfx),
    ((INTEGER, SEQUENCE), open_pfx),
    ((OBJECT_IDENTIFIER, 0xA0), open_p7b),
    ((SEQUENCE, SEQUENCE, BIT_STRING), open_public),
    ((SEQUENCE, BIT_STRING), open_public),
    ((INTEGER, INTEGER), open_public),
)


def open_any(content: bytes, password: bytes, what: str) -> Store:
    """Open a store in whichever of the known formats it is, in base64 too.

    ``what`` names the store in the text of an error. Raises :class:`CertificateError` (271) when the format is not
    known, and what the format's own opener raises.
    """
    opener = recognised(content)
    if opener is None:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The format of {what} is none that is known.")
    return opener(content, password, what)


def recognised(content: bytes) -> Opener | None:
    """What opens ``content``, or None where that is no store; openers take base64 themselves."""
    opener = _opener_of(content)
    if opener is not None:
        return opener
    try:
        return _opener_of(decode_base64(content))
    except ValueError:
        return None


def _opener_of(content: bytes) -> Opener | None:
    if b"-----BEGIN " in content:
        return _of_pem(content)
    if content[:1] == bytes((SEQUENCE,)):
        return _of_asn1(content)
    start = content[:_LONGEST_LEADING_SPACE].removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((opener for beginnings, opener in _BEGINNINGS if start.startswith(beginnings)), None)


def _of_pem(content: bytes) -> Opener:
    def has(*labels: str) -> bool:
        return any(b"-----BEGIN %s-----" % label.encode() in content for label in labels)

    if has(*P7B_LABELS):
        return open_p7b
    if has(PFX_LABEL):
        return open_pfx
    if has(*PUBLIC_KEY_LABELS) and not has("CERTIFICATE") and b"PRIVATE KEY-----" not in content:
        return open_public
    return open_pem


def _of_asn1(content: bytes) -> Opener | None:
    try:
        kinds = tuple(element.tag for element in read_elements(content, Element).children)
    except ValueError:
        return None
    return next((opener for wanted, opener in _ASN1_FORMATS if kinds == wanted), None)
