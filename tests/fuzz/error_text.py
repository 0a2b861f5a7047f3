"""What every error of the library keeps to, whatever caused it."""

from __future__ import annotations

from ssmtp_compat.errors import SSMTPError

LONGEST = 1300


def check_error(error: SSMTPError) -> None:
    """Its text can be shown, and what it quotes of foreign text is short."""
    assert error.message.isprintable(), ascii(error.message)
    assert len(error.message) <= LONGEST
