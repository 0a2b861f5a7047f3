"""SASLprep (RFC 4013): the one form in which both sides of an exchange hash a user name or a password."""

from __future__ import annotations

import stringprep
import unicodedata
from typing import Final

from ...catalog.errors import ErrorCode
from ...errors import InvalidValueError

__all__ = ["saslprep"]

# RFC 4013 section 2.3.
_PROHIBITED: Final = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def saslprep(text: str, what: str) -> str:
    """Prepare ``text`` as a query, in which code points that Unicode 3.2 did not assign may stand.

    Raises :class:`InvalidValueError` for text that RFC 4013 does not allow, naming ``what`` it is and never showing it.
    """
    if text.isascii() and text.isprintable():
        return text
    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char for char in text if not stringprep.in_table_b1(char)
    )
    prepared = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)
    if any(prohibits(char) for char in prepared for prohibits in _PROHIBITED):
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE, f"{what} contains a character that this SASL mechanism cannot carry (RFC 4013)."
        )
    # RFC 3454 section 6: what runs from right to left begins and ends so, with nothing of the other direction within.
    right_to_left = [stringprep.in_table_d1(char) for char in prepared]
    if any(right_to_left) and not (
        right_to_left[0] and right_to_left[-1] and not any(map(stringprep.in_table_d2, prepared))
    ):
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE, f"{what} mixes directions of writing as SASL mechanisms do not allow (RFC 3454 6)."
        )
    return prepared
