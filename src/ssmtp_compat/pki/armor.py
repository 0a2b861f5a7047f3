"""PEM text: finding the blocks in it (RFC 7468, read leniently: any text may stand around a block)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

__all__ = ["CERTIFICATE_LABELS", "PemBlock", "decode_base64", "pem_blocks", "plain_content"]

CERTIFICATE_LABELS: Final = frozenset({"CERTIFICATE", "X509 CERTIFICATE"})
"""Labels of a certificate; the second is what old versions of OpenSSL wrote."""

_BLANKS: Final = b" \t\n\r\v\f"
# A body ends at the next five hyphens, whatever they begin: a search for the END line itself would run to the end of
# the data for each BEGIN that lacks one.
_BLOCK: Final = re.compile(rb"-----BEGIN ([A-Z0-9 #]{1,40})-----([^-]*(?:-(?!----)[^-]*)*)-----END \1-----")


@dataclass(frozen=True, slots=True)
class PemBlock:
    """One block: its label, and all of it from BEGIN to END. It may be a private key, so repr does not show it."""

    label: str
    text: bytes = field(repr=False)
    body: bytes = field(repr=False)
    """What stands between the BEGIN line and the END line."""


def pem_blocks(data: bytes) -> Iterator[PemBlock]:
    """Every complete block in ``data``, in order."""
    for match in _BLOCK.finditer(data):
        yield PemBlock(match[1].decode("ascii"), match[0] + b"\n", match[2])


def decode_base64(text: bytes) -> bytes:
    """Decode base64 that may be wrapped over lines and indented. Raises ValueError when it is anything else."""
    try:
        # Deleting blanks makes no list of lines, which is several times as large as they are.
        return base64.b64decode(text.translate(None, _BLANKS), validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from error


def plain_content(content: bytes, *marks: bytes) -> bytes:
    """``content``, or what it is the base64 of, when one of ``marks`` is only in that.

    A store that is given by value may be in base64 (documented), whatever it is a store of.
    """
    if any(mark in content for mark in marks):
        return content
    try:
        decoded = decode_base64(content)
    except ValueError:
        return content
    return decoded if any(mark in decoded for mark in marks) else content
