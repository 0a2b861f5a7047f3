"""Lists and responses come in clear over HTTP, so anybody may have changed them: a verdict, or none; nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssmtp_compat.tls.answers import UnavailableError
from ssmtp_compat.tls.crl import ask_list
from ssmtp_compat.tls.ocsp import read_stapled
from unit.pki.mutations import mutated
from wire.test_ocsp import REVOKED, answer, delegate
from wire.test_revocation import listing, named
from wire.tls_certificates import authority, issue

ISSUED = issue("localhost", issuer=authority(), extensions=(named("http://web.example.test/ca.crl"),))
NUMBER = ISSUED.certificate.serial_number
Kind = tuple[bytes, bool]
"""An answer, and whether it says that the certificate is revoked."""
LISTS: list[Kind] = [
    (listing(), False),
    (listing(NUMBER, 1, 2), True),
    (listing(scope={}, address="http://web.example.test/ca.crl"), False),
]
RESPONSES: list[Kind] = [
    (answer(ISSUED), False),
    (answer(ISSUED, REVOKED), True),
    (answer(ISSUED, signer=delegate()), False),
]


def by_list(content: bytes) -> str:
    return ask_list(ISSUED.certificate, authority().certificate, lambda _: content, datetime.now(UTC))


def by_response(content: bytes) -> str:
    return read_stapled(content, ISSUED.certificate, authority().certificate, datetime.now(UTC))


def says(ask: Callable[[bytes], str], content: bytes, *, revoked: bool) -> bool:
    """Whether the answer still says the same, or nothing."""
    try:
        return bool(ask(content)) is revoked
    except UnavailableError:
        return True


@st.composite
def changed(draw: st.DrawFn, kinds: list[Kind]) -> Kind:
    content, revoked = draw(st.sampled_from(kinds))
    return draw(mutated(content)), revoked


@pytest.fixture(autouse=True)
def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was answered once is kept, and would be the answer to everything."""
    for module in ("crl", "ocsp"):
        monkeypatch.setattr(f"ssmtp_compat.tls.{module}._cache.put", lambda *_: None)


@settings(max_examples=150, deadline=None)
@given(kind=changed(LISTS))
def test_a_list_with_something_changed(kind: Kind):
    content, revoked = kind
    assert says(by_list, content, revoked=revoked)


@settings(max_examples=150, deadline=None)
@given(kind=changed(RESPONSES))
def test_a_response_with_something_changed(kind: Kind):
    content, revoked = kind
    assert says(by_response, content, revoked=revoked)


def test_what_is_not_changed_says_what_it_says():
    assert [bool(by_list(content)) for content, _ in LISTS] == [revoked for _, revoked in LISTS]
    assert [bool(by_response(content)) for content, _ in RESPONSES] == [revoked for _, revoked in RESPONSES]


@pytest.mark.parametrize(("ask", "kinds"), [(by_list, LISTS), (by_response, RESPONSES)])
def test_no_bit_of_an_answer_can_be_changed(ask: Callable[[bytes], str], kinds: list[Kind]):
    for content, revoked in kinds:
        taken = []
        for place in range(len(content)):
            octets = bytearray(content)
            octets[place] ^= 1 << place % 8
            with suppress(UnavailableError):
                assert bool(ask(bytes(octets))) is revoked
                taken.append(place)
        # The number of unused bits, in front of the signature, is not signed and means nothing here.
        assert len(taken) <= 1
