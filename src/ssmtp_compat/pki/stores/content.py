"""Octets of a store from what the caller gave, which may be base64 of them."""

from __future__ import annotations

from typing import Final

from ...catalog.errors import ErrorCode
from ...errors import CertificateError
from ..armor import decode_base64
from ..ber import CutShortError, to_definite

__all__ = ["MALFORMED", "binary_content", "definite_content"]

MALFORMED: Final = (ValueError, TypeError, AttributeError, LookupError, OverflowError, RecursionError)
"""What asn1crypto raises for structures that are not what they should be."""

# A SEQUENCE, and the magic numbers of Java's two formats. No base64 of a store begins with any of these: 0x30 is the
# digit "0", but base64 of a SEQUENCE begins with "M".
_BINARY: Final = (b"\x30", b"\xfe", b"\xce")


def binary_content(content: bytes, what: str, kind: str) -> bytes:
    """The octets of a store, decoded from base64 where ``content`` is that.

    ``kind`` says in the text of an error what the store should have been. Raises :class:`CertificateError` (271).
    """
    if content.startswith(_BINARY):
        return content
    if not content.strip():
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is empty.")
    if b"-----BEGIN " in content:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is PEM text, not {kind}: choose the PEM store type."
        )
    try:
        return decode_base64(content)
    except ValueError as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is no {kind}.") from error


def definite_content(octets: bytes, what: str, kind: str) -> bytes:
    """``octets`` with definite lengths. Raises :class:`CertificateError` (271) when they are no ASN.1 or cut short."""
    try:
        return to_definite(octets)
    except CutShortError as error:
        text = "is cut short" if octets[:1] == b"\x30" else f"is no {kind}"
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} {text}.") from error
    except ValueError as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is no {kind}.") from error
