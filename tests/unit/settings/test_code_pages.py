"""Windows code page numbers stand for codecs, and codecs for the names that mail declares."""

from __future__ import annotations

import codecs
import email.charset
import locale

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.settings.code_pages import charset_of, codec_of


@pytest.mark.parametrize(
    ("number", "text", "octets"),
    [
        (65001, "Grüße", b"Gr\xc3\xbc\xc3\x9fe"),
        (1252, "Grüße €", b"Gr\xfc\xdfe \x80"),
        (28591, "Grüße", b"Gr\xfc\xdfe"),
        (28605, "€", b"\xa4"),
        (437, "ü", b"\x81"),
        (20127, "Gruss", b"Gruss"),
        (932, "日本", "日本".encode("shift_jis")),
        (936, "中国", "中国".encode("gbk")),
        (949, "한국", "한국".encode("cp949")),
        (950, "中國", "中國".encode("big5")),
        (54936, "中国", "中国".encode("gb18030")),
        (20866, "Привет", "Привет".encode("koi8-r")),
        (1251, "Привет", b"\xcf\xf0\xe8\xe2\xe5\xf2"),
        (50220, "日本", "日本".encode("iso2022_jp")),
        (51932, "日本", "日本".encode("euc_jp")),
        (1200, "a", b"a\x00"),
        (1201, "a", b"\x00a"),
    ],
)
def test_number_names_a_codec(number: int, text: str, octets: bytes):
    assert text.encode(codec_of(number)) == octets


def test_zero_is_the_system_own():
    assert codec_of(0) == codecs.lookup(locale.getpreferredencoding(False)).name


@pytest.mark.parametrize("number", [1, -1, 99999, 2**31 - 1])
def test_unknown_number_is_refused(number: int):
    with pytest.raises(InvalidValueError, match=f"CodePage {number} is unknown") as caught:
        codec_of(number)
    assert caught.value.code is ErrorCode.INVALID_VALUE


@pytest.mark.parametrize(
    ("codec", "charset"),
    [
        ("utf-8", "utf-8"),
        ("UTF8", "utf-8"),
        ("ascii", "us-ascii"),
        ("cp1252", "windows-1252"),
        ("cp1251", "windows-1251"),
        ("latin-1", "iso-8859-1"),
        ("iso8859-15", "iso-8859-15"),
        ("cp932", "shift_jis"),
        ("gbk", "gbk"),
        ("koi8-r", "koi8-r"),
        ("iso2022_jp", "iso-2022-jp"),
        ("euc_kr", "euc-kr"),
        ("big5", "big5"),
        ("gb18030", "gb18030"),
        ("cp437", "ibm437"),
        ("cp037", "ibm037"),
        ("mac_roman", "macintosh"),
    ],
)
def test_codec_has_the_name_that_mail_uses(codec: str, charset: str):
    assert charset_of(codec) == charset


@pytest.mark.parametrize("number", [65001, 1250, 1251, 1252, 28591, 28592, 28599, 932, 936, 50220, 51949, 20127, 437])
def test_reader_decodes_what_the_declared_name_says(number: int):
    codec = codec_of(number)
    declared = email.charset.Charset(charset_of(codec))
    assert b"Gru\xdf".decode(codec, "replace") == b"Gru\xdf".decode(declared.input_codec or "us-ascii", "replace")
