"""DER written by hand (X.690): definite lengths, so that a value can be opened before its content exists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..pki.ber import BIT_STRING, OCTET_STRING, SEQUENCE, header

__all__ = [
    "BIT_STRING",
    "CONTEXT_0",
    "CONTEXT_0_PRIMITIVE",
    "CONTEXT_1",
    "CONTEXT_2",
    "NULL",
    "OCTET_STRING",
    "SEQUENCE",
    "SET",
    "header",
    "opening",
    "set_of",
    "wrap",
]

SET: Final = 0x31
CONTEXT_0: Final = 0xA0
"""[0], constructed: EXPLICIT, or IMPLICIT over a SEQUENCE or SET."""
CONTEXT_0_PRIMITIVE: Final = 0x80
"""[0] IMPLICIT over a primitive type."""
CONTEXT_1: Final = 0xA1
CONTEXT_2: Final = 0xA2
"""[1] and [2], constructed."""
NULL: Final = b"\x05\x00"


def wrap(tag: int, *content: bytes) -> bytes:
    """A whole value: header and content."""
    body = b"".join(content)
    length = len(body)
    # The short form here too: a signature is made of two dozen of these, and each call counts beside the RSA operation.
    return (bytes((tag, length)) if length < 0x80 else header(tag, length)) + body


def opening(tag: int, beginning: bytes, following: int) -> bytes:
    """The start of a value: header and ``beginning``, where ``following`` more octets of its content come later."""
    return header(tag, len(beginning) + following) + beginning


def set_of(elements: Iterable[bytes], tag: int = SET) -> bytes:
    """A SET OF with its elements in the order that DER demands (X.690 11.6)."""
    return wrap(tag, *sorted(elements))
