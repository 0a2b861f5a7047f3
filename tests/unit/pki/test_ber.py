from __future__ import annotations

import time

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from ssmtp_compat.pki import ber
from ssmtp_compat.pki.ber import CutShortError, Element, read_elements, to_definite


def indefinite(identifier: str, *inner: bytes) -> bytes:
    return bytes.fromhex(identifier) + b"\x80" + b"".join(inner) + b"\0\0"


OCTETS = core.OctetString(b"abc").dump()


def test_indefinite_lengths_become_definite() -> None:
    assert to_definite(indefinite("30", OCTETS, indefinite("31", core.Null().dump()))) == bytes.fromhex(
        "3009040361626331020500"
    )
    long = core.OctetString(b"x" * 300).dump()
    assert to_definite(indefinite("30", long)) == bytes.fromhex("30820130") + long


def test_an_octet_string_in_pieces_becomes_one() -> None:
    definite = b"\x24\x0a" + OCTETS + OCTETS
    for pieces in (definite, indefinite("24", OCTETS, OCTETS), indefinite("24", indefinite("24", OCTETS), OCTETS)):
        assert to_definite(b"\x30" + bytes((len(pieces),)) + pieces) == bytes.fromhex("30080406616263616263")


def test_what_is_definite_stays_as_it_is() -> None:
    for kept in (
        core.SequenceOf([1, 2], spec=core.Integer).dump(),
        # A length that is longer than it need be, which a signature may cover.
        bytes.fromhex("3081050403616263"),
        bytes.fromhex("30850000000005") + OCTETS,
        # Implicit tags do not tell what is inside.
        b"\xa0\x0a" + OCTETS + OCTETS,
    ):
        assert to_definite(kept) is kept
        inner = to_definite(indefinite("30", kept))
        assert [child.octets for child in read_elements(inner, Element).children] == [kept]


def test_contents_of_a_string_with_any_tag() -> None:
    for octets, held in ((OCTETS, b"abc"), (b"\x80\x03abc", b"abc"), (b"\xa0\x0a" + OCTETS + OCTETS, b"abcabc")):
        assert read_elements(octets, Element).joined() == held
    with pytest.raises(ValueError, match="made of something else"):
        read_elements(b"\xa0\x02\x05\x00", Element).joined()


@pytest.mark.parametrize(
    ("octets", "cut_short"),
    [
        ("", True),
        ("30", True),
        ("3005040361", True),
        ("30800403616263", True),
        ("308205", True),
        ("bf8f", False),
        ("3006300204036162", False),
        ("30800403616263000005", False),
        ("0480616263 0000", False),
        ("2480 0500 0000", False),
        ("0500 0500", False),
    ],
)
def test_what_is_not_one_element_is_refused(octets: str, cut_short: bool) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        to_definite(bytes.fromhex(octets))
    assert isinstance(caught.value, CutShortError) == cut_short


def test_depth_number_and_names_are_bounded() -> None:
    started = time.process_time()
    deep = OCTETS
    for _ in range(ber.MAXIMUM_DEPTH):
        deep = indefinite("30", deep)
    assert to_definite(deep)
    for hostile in (
        indefinite("30", deep),
        b"\x30\x80" * 100_000,
        b"\x24\x80" * 100_000,
        b"\x30\x83" + (600_000).to_bytes(3, "big") + b"\5\0" * 300_000,
        b"\x06\x82\x01\x00" + b"\x81" * 256,
    ):
        with pytest.raises(ValueError, match=r"more than|too long"):
            to_definite(hostile)
    assert time.process_time() - started < 5


@given(st.binary(max_size=200))
def test_any_octets_give_a_value_error_or_definite_lengths(octets: bytes) -> None:
    try:
        definite = to_definite(octets)
    except ValueError:
        return
    assert to_definite(definite) == definite
