"""What a server repeats of an AUTH exchange, and what it must not hide."""

from __future__ import annotations

import base64

import pytest

from ssmtp_compat.smtp.auth.masking import Masking
from ssmtp_compat.smtp.replies import Reply

TOKEN = "ya29.an-OAuth-token_of~some/length+0=="
LINE = base64.b64encode(f"user=alice\x01auth=Bearer {TOKEN}\x01\x01".encode()).decode()


def shown(line: str, secret: str = "", *sent: str) -> str:
    masking = Masking(secret)
    for response in sent:
        masking.sent(response)
    code = int(line[:3])
    first, last = masking.hide(Reply(code, (f"{code}-first line", line))).lines
    assert first == f"{code}-first line"
    return last


@pytest.mark.parametrize(
    ("line", "left"),
    [
        (f"501 Syntax error in: {LINE}", "501 Syntax error in: ****"),
        (f'500 "AUTH XOAUTH2 {LINE[:40]}...{LINE[-12:]}" is unknown', '500 "AUTH XOAUTH2 ****...****" is unknown'),
        (f"501 {LINE[10:18]}", "501 ****"),
        (f"501 {LINE[10:17]}", f"501 {LINE[10:17]}"),  # five octets at most
        ("535 5.7.8 Authentication credentials are invalid", "535 5.7.8 Authentication credentials are invalid"),
    ],
)
def test_what_was_sent_is_hidden_whole_and_in_parts(line: str, left: str):
    assert shown(line, "", "AQ==", LINE, "*", "") == left


def test_a_short_response_is_hidden_where_it_stands_whole():
    assert shown("535 wrong: YWJj or ZA==", "", "YWJj", "ZA==") == "535 wrong: **** or ****"
    assert shown("501 * is no answer", "", "*", "", "=") == "501 * is no answer"


def test_a_long_secret_is_hidden_in_clear_text_and_a_word_is_not():
    assert shown(f"535 bad token {TOKEN}", TOKEN) == "535 bad token ****"
    assert shown("535 wrong user or password", "password") == "535 wrong user or password"
    assert shown("535 bad 16-octet-secret_", "16-octet-secret_") == "535 bad ****"
    assert shown("535 bad 15-octets-long_", "15-octets-long_") == "535 bad 15-octets-long_"
    assert shown("535 wrong", "") == "535 wrong"


def test_a_challenge_that_holds_the_secret_is_hidden():
    challenge = base64.b64encode(f'{{"token":"{TOKEN}"}}'.encode()).decode()
    assert shown(f"334 {challenge}", TOKEN) == "334 ****"
    assert shown(f"334 {challenge}", TOKEN[1:] + "x") == f"334 {challenge}"
    assert shown("334 not base64 ü", TOKEN) == "334 not base64 ü"
