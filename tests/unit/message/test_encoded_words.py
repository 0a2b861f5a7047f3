"""Text outside ASCII in header fields (RFC 2047)."""

import email
import email.policy
import re
from email.header import decode_header, make_header
from email.utils import getaddresses

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.message.addresses import Mailbox
from ssmtp_compat.message.encoded_words import check_charset, encode_words
from ssmtp_compat.message.headers import address_pieces, fold, unstructured_pieces

TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=120)
LIMIT = st.sampled_from([0, 20, 60, 78, 80, 200])


def encoded(text, charset=""):
    return "".join(unstructured_pieces("Subject", text, charset, 0))


def test_the_shorter_encoding_is_taken():
    assert encoded("Grüße an alle zu Hause") == "=?utf-8?Q?Gr=C3=BC=C3=9Fe_an_alle_zu_Hause?="
    assert encoded("日本語") == "=?utf-8?B?5pel5pys6Kqe?="


def test_the_given_charset_is_used():
    assert encoded("Grüße an", "ISO-8859-1") == "=?ISO-8859-1?Q?Gr=FC=DFe_an?="
    assert encoded("日本", "iso-2022-jp") == "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?="


def test_ascii_stays_readable_in_any_charset():
    assert encoded("plain (text) = ? _", "ISO-8859-1") == "plain (text) = ? _"


@pytest.mark.parametrize(
    "text", ["=?utf-8?B?R3LDvMOfZQ==?=", "=?UTF-8?Q?Gr=C3=BC?= =?utf-8?q?=C3=9Fe?=", "Re: =?utf-8?q?x?="]
)
def test_what_the_caller_encoded_passes_unless_a_charset_is_set(text):
    assert encoded(text) == text
    assert str(make_header(decode_header(encoded(text, "utf-8")))) == text
    name = address_pieces("To", [Mailbox(text.split()[-1], "a", "b.c")], "", 0)
    assert "".join(name) == f"{text.split()[-1]} <a@b.c>"


@pytest.mark.parametrize("text", ["=?utf-8?q?x y?=", "a =?utf-8?x?x?= b", "=?a", " leading", "trailing ", "  ", "\t"])
def test_ascii_that_would_not_come_back_is_encoded(text):
    wire = encoded(text)
    assert wire.startswith("=?us-ascii?")
    assert str(make_header(decode_header(wire))) == text


@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "iso-2022-jp", "shift_jis", "utf-7"])
def test_words_stand_alone_within_75_characters(charset):
    text = "漢字かな交じり文 and ASCII " * 20
    words = encode_words("Subject", text, charset, 900)
    assert len(words) > 1
    assert all(len(word) <= 75 for word in words)
    # Each decodes by itself: no character is split and no shift state is carried over.
    assert "".join(str(make_header(decode_header(word))) for word in words) == text


@pytest.mark.parametrize(("letter", "text"), [("Q", "mostly ASCII with an ü "), ("B", "漢字かな交じり文")])
def test_words_are_filled(letter, text):
    words = encode_words("Subject", text * 20, "utf-8", 900)
    assert all(word.startswith(f"=?utf-8?{letter}?") for word in words)
    # At most one character of three coded octets is missing to 75.
    assert all(75 - 9 < len(word) <= 75 for word in words[:-1])


def test_words_fit_the_line_behind_the_longest_name():
    field = "Disposition-Notification-To"
    lines = fold(field, address_pieces(field, [Mailbox("ü" * 100, "a", "b")], "", 80), 80).split(b"\r\n")
    assert all(len(line) <= 80 for line in lines)
    assert b"=?" in lines[0]


@pytest.mark.parametrize(
    "charset", ["no-such", "hex", "rot13", "idna", "utf 8", "utf" + "_" * 50 + "8", "a?b", "undefined"]
)
def test_unknown_charsets_are_refused(charset):
    with pytest.raises(InvalidValueError) as caught:
        check_charset(charset)
    assert caught.value.code is ErrorCode.INVALID_VALUE


@pytest.mark.parametrize(("charset", "text"), [("us-ascii", "abcé"), ("ISO-8859-1", "abc€"), ("", "abc\ud800")])
def test_text_outside_the_charset_is_an_error_of_its_own(charset, text):
    with pytest.raises(InvalidValueError, match=f"Subject: U\\+{ord(text[3]):04X} at position 4") as caught:
        encoded(text, charset)
    assert caught.value.code is ErrorCode.CODE_PAGE


@given(TEXT, LIMIT)
@example("=?utf-8?q?x?= é", 80)
@example(" é  é ", 20)
@example("\u2028é\x85", 80)
@settings(deadline=None)
def test_a_subject_comes_back_as_it_was(text, limit):
    wire = fold("Subject", unstructured_pieces("Subject", text, "", limit), limit)
    assert wire.isascii()
    assert not re.search(rb"\r\n[ \t]*\r\n|[^\r]\n|\r[^\n]", wire)
    assert email.message_from_bytes(wire + b"\r\n", policy=email.policy.SMTP)["Subject"] == text
    unfolded = email.message_from_bytes(wire + b"\r\n")["Subject"].replace("\r\n", "")
    assert str(make_header(decode_header(unfolded))) == text


@given(TEXT, LIMIT)
@example('a"b\\c', 80)
@example("=?utf-8?q?x y?=", 80)
@example("a  b", 80)
@example("a@b.c, d", 80)
@settings(deadline=None)
def test_a_display_name_comes_back_as_it_was(text, limit):
    mailboxes = [Mailbox(text, "a", "b.c"), Mailbox(text, "d e", "f.g")]
    wire = fold("To", address_pieces("To", mailboxes, "", limit), limit)
    assert wire.isascii()
    # email.policy.SMTP of Python 3.11 puts a blank between two encoded-words of a name; the older reader does not.
    unfolded = email.message_from_bytes(wire + b"\r\n")["To"].replace("\r\n", "")
    read = [(str(make_header(decode_header(name))), address) for name, address in getaddresses([unfolded])]
    assert read == [(text, "a@b.c"), (text, '"d e"@f.g')]
