"""SASLprep by the examples of RFC 4013 section 3, and its rules about directions."""

from __future__ import annotations

import pytest

from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.smtp.auth.saslprep import saslprep


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("p\u0061\u0308ss", "päss"),
        ("\u0627\u0031\u0628", "\u06271\u0628"),
        ("\U0001f600", "\U0001f600"),  # not assigned in Unicode 3.2, which a query may contain
        ("", ""),
    ],
)
def test_what_is_prepared(text: str, prepared: str):
    assert saslprep(text, "It") == prepared


@pytest.mark.parametrize(
    "text", ["\u0007", "a\x00b", "a\u200e", "\ue000", "\ufffd", "\u2ff0", "\u0627\u0031", "1\u0627", "\u0627x\u0628"]
)
def test_what_is_refused_without_being_shown(text: str):
    with pytest.raises(InvalidValueError, match="The password") as caught:
        saslprep(f"secret{text}" if text.isascii() else text, "The password")
    assert "secret" not in caught.value.message
    assert text not in caught.value.message
