from __future__ import annotations

import pytest
from asn1crypto import core, parser
from hypothesis import given
from hypothesis import strategies as st

from ssmtp_compat.smime import der


@pytest.mark.parametrize(
    ("length", "octets"),
    [
        (0, "00"),
        (127, "7f"),
        (128, "8180"),
        (255, "81ff"),
        (256, "820100"),
        (65535, "82ffff"),
        (65536, "83010000"),
        (2**24 - 1, "83ffffff"),
        (2**24, "8401000000"),
        (2**32, "850100000000"),
    ],
)
def test_lengths_have_the_shortest_form(length: int, octets: str) -> None:
    assert der.header(der.SEQUENCE, length) == bytes.fromhex("30" + octets)


@given(st.integers(0, 70_000), st.sampled_from([der.OCTET_STRING, der.SEQUENCE, der.SET, der.CONTEXT_0]))
def test_headers_read_back(length: int, tag: int) -> None:
    content = bytes(length)
    tag_class, method, number, head, body, trailer = parser.parse(der.wrap(tag, content), strict=True)
    assert (tag_class << 6) | (method << 5) | number == tag
    assert head == der.header(tag, length)
    assert (body, trailer) == (content, b"")


@given(st.binary(max_size=300), st.integers(0, 300))
def test_a_value_opened_early_is_the_value_written_at_once(beginning: bytes, following: int) -> None:
    rest = bytes(following)
    assert der.opening(der.SEQUENCE, beginning, following) + rest == der.wrap(der.SEQUENCE, beginning, rest)


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_a_set_is_ordered_as_asn1crypto_orders_it(values: list[bytes]) -> None:
    class Values(core.SetOf):
        _child_spec = core.OctetString

    elements = [der.wrap(der.OCTET_STRING, value) for value in values]
    assert der.set_of(elements) == Values(values).dump()
