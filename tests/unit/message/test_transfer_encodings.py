"""Content transfer encodings: the choice and the octets."""

import base64
import binascii
import quopri

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.message.canonical import has_long_line, is_canonical, to_crlf
from ssmtp_compat.message.transfer_encoding import choose, encode, fold_base64

LONG = b"x" * 999 + b"\r\n"


@pytest.mark.parametrize(
    ("data", "with_8bitmime", "without"),
    [
        (b"", "7bit", "7bit"),
        (b"plain\r\n", "7bit", "7bit"),
        (b"\x1b$B%F\x1b(B\r\n\x0c", "7bit", "7bit"),
        ("Grüße an alle in der Straße\r\n".encode(), "8bit", "quoted-printable"),
        ("日本語テキスト\r\n".encode(), "8bit", "base64"),
        (LONG, "quoted-printable", "quoted-printable"),
        ("日本語".encode() * 200, "base64", "base64"),
        # Without the soft breaks that they need, these 2000 octets would be shorter in quoted-printable.
        ((b"\xc3" * 17 + b"a" * 83) * 20, "base64", "base64"),
        (b"a\0b\r\n", "base64", "base64"),
    ],
)
def test_choice(data, with_8bitmime, without):
    assert choose(data, eight_bit=True) == with_8bitmime
    assert choose(data, eight_bit=False) == without


@given(st.integers(1, 60), st.integers(0, 400), st.booleans())
@settings(deadline=None)
def test_the_shorter_encoding_is_chosen(high, low, broken):
    line = b"\xc3" * high + b"a" * low
    data = line + (b"\r\n" if broken else b"")
    lengths = {name: len(encode(data, name)) for name in ("quoted-printable", "base64")}
    # The count leaves out that a soft break may come a few octets early.
    assert lengths[choose(data, eight_bit=False)] <= min(lengths.values()) * 1.05 + 6


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", False),
        (b"x" * 998, False),
        (b"x" * 998 + b"\r\n", False),
        (b"x" * 999, True),
        (LONG, True),
        (b"ab\r\n" + LONG, True),
        (b"ab\r\n" * 300 + b"x" * 998 + b"\r\n" + b"y" * 998, False),
        (b"ab\r\n" * 300 + b"x" * 998 + b"\r\n" + b"y" * 999, True),
        (b"x" * 997 + b"\r\n" + b"y" * 999 + b"\r\n", True),
    ],
)
def test_lines_over_998_octets_are_found(data, expected):
    assert has_long_line(data) is expected


@given(st.lists(st.sampled_from([0, 1, 500, 997, 998, 999, 1000]), max_size=8), st.booleans())
def test_long_lines_are_found_wherever_they_stand(lengths, last_ended):
    data = b"\r\n".join(b"x" * length for length in lengths) + (b"\r\n" if last_ended else b"")
    assert has_long_line(data) == any(length > 998 for length in lengths)


TEXT_PIECES = st.sampled_from(
    [
        b"\r\n",
        b" ",
        b"\t",
        b".",
        b"=",
        b"From ",
        b"From",
        b"\xc3\xbc",
        b"x" * 10,
        b"y" * 69,
        b"\x00",
        b"\x0c",
        b"\xff",
        b"a",
    ]
)


@given(st.lists(TEXT_PIECES, max_size=60).map(b"".join))
@example(b"From From From From From From From From From From From From From From From \r\n")
@example(b"From .\r\nFrom .\r\n.\r\n.")
@example(b"From .")
@example(b"x" * 100)
@example(b"  =" + b"y" * 69 + b" \r\n" + b"  =" + b"y" * 69 + b"\t")
@example(b"x" * 75 + b" \r\n" + b"x" * 76 + b"\r\n" + b"x" * 75 + b".\r\n")
@settings(deadline=None, max_examples=300)
def test_quoted_printable_is_safe_on_the_way_and_reads_back(data):
    coded = encode(data, "quoted-printable")
    assert binascii.a2b_qp(coded) == data
    assert quopri.decodestring(coded) == data
    assert coded.isascii()
    assert is_canonical(coded)
    for line in coded.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.endswith((b" ", b"\t"))
        assert not line.startswith(b"From ")
        assert line != b"."


def test_quoted_printable_leaves_plain_lines_alone():
    assert encode("Käse = gut \r\n".encode(), "quoted-printable") == b"K=C3=A4se =3D gut=20\r\n"


BLOCK = 57 * 1024


def folded(data):
    text = base64.b64encode(data)
    return b"".join(text[i : i + 76] + b"\r\n" for i in range(0, len(text), 76))


@pytest.mark.parametrize("size", [0, 1, 56, 57, 58, 114, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 100])
def test_base64_has_76_columns(size):
    data = bytes(i * 7 % 251 for i in range(size))
    assert encode(data, "base64") == folded(data)


@pytest.mark.parametrize("chunk", [1, 57, 1000, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 5, 10 * BLOCK])
def test_base64_does_not_depend_on_the_chunks(chunk):
    data = bytes(i * 7 % 251 for i in range(2 * BLOCK + 777))
    blocks = list(fold_base64(data[i : i + chunk] for i in range(0, len(data), chunk)))
    assert b"".join(blocks) == folded(data)
    assert all(len(block) == 78 * 1024 for block in blocks[:-1])


def test_base64_streams():
    taken = []

    def chunks():
        for number in range(100):
            taken.append(number)
            yield b"x" * BLOCK

    next(fold_base64(chunks()))
    assert taken == [0]


def test_unencoded_bodies_are_not_copied():
    data = b"abc\r\n"
    assert encode(data, "7bit") is data
    assert encode(data, "8bit") is data


def test_other_encodings_are_refused():
    with pytest.raises(InvalidValueError, match="uuencode"):
        encode(b"", "uuencode")


@given(st.binary(max_size=300).map(to_crlf))
def test_whatever_is_chosen_is_fit_to_send(data):
    for eight_bit in (True, False):
        coded = encode(data, choose(data, eight_bit=eight_bit))
        assert is_canonical(coded)
        assert b"\0" not in coded
        assert not has_long_line(coded)
        assert eight_bit or coded.isascii()
