"""BER is read strictly, in bounded time and memory."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.pki.ber import MAXIMUM_DEPTH, MAXIMUM_ELEMENTS
from ssmtp_compat.smime import der, values
from steps import steps

bounded = settings(max_examples=200, deadline=None, derandomize=True)


def fails(octets: bytes, text: str) -> None:
    with pytest.raises(SSMTPError, match=text) as caught:
        values.read(octets)
    assert caught.value.code == ErrorCode.MESSAGE_DECODING


def test_definite_and_indefinite_lengths_give_the_same_values():
    strict = values.read(bytes.fromhex("3006 0401aa 0401bb"))
    loose = values.read(bytes.fromhex("3080 0401aa 248004 01bb 0000 0000"))
    assert [each.string("it") for each in strict.children] == [each.string("it") for each in loose.children]
    assert (strict.is_der, loose.is_der) == (True, False)


def test_a_string_in_pieces_of_pieces_is_one_string():
    value = values.read(bytes.fromhex("2480 0401aa 2404 0402bbcc 2400 0000"))
    assert value.string("it") == b"\xaa\xbb\xcc"


def test_pieces_that_are_no_octet_strings_are_refused():
    for pieces in ("2403 0201aa", "2403 8001aa"):
        with pytest.raises(SSMTPError):
            values.read(bytes.fromhex(pieces)).string("it")


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("", "cut short"),
        ("30", "cut short"),
        ("3003 0401", "cut short"),
        ("3082 01", "cut short"),
        ("3080 0401aa", "cut short"),
        ("3080 0401aa 00", "End-of-contents"),
        ("3003 0480aa", "no definite length"),
        ("0480 0000", "no definite length"),
        ("0401aa 00", "behind the end"),
        ("3002 0000", "End-of-contents"),
        ("3003 0402aa", "cut short"),
        ("3003 1f0100", "tag number"),
        ("0489 010000000000000000", "more than eight"),
        ("04ff", "more than eight"),
        ("0488 ffffffffffffffff", "cut short"),
    ],
)
def test_what_is_no_value_is_refused(octets: str, text: str):
    fails(bytes.fromhex(octets), text)


def test_depth_is_bounded_whatever_form_the_lengths_have():
    nested = b"\x04\x00"
    for _ in range(MAXIMUM_DEPTH):
        nested = der.wrap(der.SEQUENCE, nested)
    assert values.read(nested)
    fails(der.wrap(der.SEQUENCE, nested), "deep")
    fails(b"\x30\x80" * 100_000, "deep")


def test_the_number_of_values_is_bounded():
    fails(der.wrap(der.SEQUENCE, b"\x05\x00" * (MAXIMUM_ELEMENTS + 1)), "more than 250000 values")


@pytest.mark.parametrize(
    "piece", [b"\x05\x00", b"\x30\x00", b"\x30\x80\x00\x00", b"\x24\x80\x04\x00\x00\x00"], ids=bytes.hex
)
def test_twice_the_octets_are_at_most_twice_the_work(piece: bytes):
    def work(times: int) -> int:
        return steps(lambda: values.read(der.wrap(der.SEQUENCE, piece * times)))

    assert work(400) <= 2 * work(200)


@pytest.mark.parametrize(
    ("octets", "is_der"),
    [("0401aa", True), ("048101aa", False), ("04820001aa", False), ("3003 0401aa", True), ("3004 048101aa", False)],
)
def test_a_longer_form_of_a_length_than_needed_is_no_der(octets: str, is_der: bool):
    assert values.read(bytes.fromhex(octets)).is_der is is_der


def test_integers():
    assert [values.read(bytes.fromhex(each)).integer("it") for each in ("020100", "02017f", "0201ff", "02020080")] == [
        0,
        127,
        -1,
        128,
    ]
    for wrong in ("0200", "02020001", "0202ff80", "0241" + "01" * 65, "0401aa"):
        with pytest.raises(SSMTPError):
            values.read(bytes.fromhex(wrong)).integer("it")


def test_object_identifiers():
    for octets, dotted in (("06062a864886f70d", "1.2.840.113549"), ("0603883703", "2.999.3"), ("060100", "0.0")):
        assert values.read(bytes.fromhex(octets)).oid("it") == dotted
    for wrong in ("0600", "060180", "06022a80", "06032a8001", "0641" + "01" * 65, "0401aa"):
        with pytest.raises(SSMTPError):
            values.read(bytes.fromhex(wrong)).oid("it")


def test_times():
    def time(tag: int, text: str) -> datetime:
        return values.read(der.wrap(tag, text.encode())).time("it")

    assert time(values.UTC_TIME, "491231235959Z") == datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert time(values.UTC_TIME, "500101000000Z") == datetime(1950, 1, 1, tzinfo=UTC)
    assert time(values.GENERALIZED_TIME, "20500101000000Z") == datetime(2050, 1, 1, tzinfo=UTC)
    for tag, wrong in (
        (values.UTC_TIME, "4912312359Z"),
        (values.UTC_TIME, "491231235959+0100"),
        (values.UTC_TIME, "491331235959Z"),
        (values.UTC_TIME, "4912312359 9Z"),
        (values.UTC_TIME, ""),
        (values.GENERALIZED_TIME, "20500101000000.5Z"),
        (values.GENERALIZED_TIME, "00000101000000Z"),
        (der.OCTET_STRING, "491231235959Z"),
    ):
        with pytest.raises(SSMTPError):
            time(tag, wrong)


@bounded
@given(st.binary(max_size=300))
def test_any_octets_are_one_value_or_an_error(octets: bytes):
    try:
        value = values.read(octets)
    except SSMTPError:
        return
    assert value.octets == octets
