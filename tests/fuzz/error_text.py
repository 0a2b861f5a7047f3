"""What every error of the library keeps to, whatever caused it."""

from __future__ import annotations

import unicodedata

from ssmtp_compat.errors import SSMTPError

LONGEST = 1300


def check_error(error: SSMTPError) -> None:
    """Its text can be shown, and what it quotes of foreign text is short."""
    # Blanks of other scripts are no "printable" characters, but names have them.
    assert all(char.isprintable() or unicodedata.category(char) == "Zs" for char in error.message), ascii(error.message)
    assert len(error.message) <= LONGEST
