"""On the wire only CRLF ends a line."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.message.canonical import encode_text, is_canonical, to_crlf


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a\nb\n", b"a\r\nb\r\n"),
        (b"a\rb\r", b"a\r\nb\r\n"),
        (b"a\r\r\nb", b"a\r\n\r\nb"),
        (b"a\n\rb", b"a\r\n\r\nb"),
        (b"\n.\n", b"\r\n.\r\n"),
        (b"\n.\r\n", b"\r\n.\r\n"),
        (b"\r\n.\n", b"\r\n.\r\n"),
        (b"\r.\r", b"\r\n.\r\n"),
        (b"\r\n.\r", b"\r\n.\r\n"),
        (b"\r.\r\n", b"\r\n.\r\n"),
        (b"\r\r\n.\r\r\n", b"\r\n\r\n.\r\n\r\n"),
    ],
)
def test_smuggling_matrix(data, expected):
    # CVE-2023-51764 class
    assert not is_canonical(data)
    assert to_crlf(data) == expected


@pytest.mark.parametrize("data", [b"", b"a", b"\r\n", b"a\r\n\r\nb\r\n"])
def test_canonical_data_is_not_copied(data):
    assert is_canonical(data)
    assert to_crlf(data) is data


@given(st.lists(st.sampled_from([b"\r", b"\n", b"a", b"."]), max_size=40).map(b"".join))
def test_every_mix_of_line_ends(data):
    converted = to_crlf(data)
    assert converted == re.sub(rb"\r\n|\r|\n", b"\r\n", data)
    assert is_canonical(converted)
    assert is_canonical(data) == (converted == data)


@pytest.mark.parametrize(("ends", "canonical"), [(b"\r\n", True), (b"\r\r", False), (b"\n\n", False), (b"\rx", False)])
@pytest.mark.parametrize("octets", [65534, 65535, 65536])
def test_line_ends_are_seen_where_a_block_ends(octets, ends, canonical):
    assert is_canonical(b"x" * octets + ends + b"x" * 65536) is canonical


def test_a_character_that_the_codec_lacks_is_named():
    with pytest.raises(InvalidValueError, match=r"U\+20AC at position 4 does not exist in iso8859-1") as caught:
        encode_text("abc€", "iso8859-1")
    assert caught.value.code is ErrorCode.CODE_PAGE
    assert encode_text("abc€", "utf-8") == b"abc\xe2\x82\xac"


def test_an_unknown_codec_is_an_invalid_value():
    with pytest.raises(InvalidValueError, match="cp99999") as caught:
        encode_text("abc", "cp99999")
    assert caught.value.code is ErrorCode.INVALID_VALUE
