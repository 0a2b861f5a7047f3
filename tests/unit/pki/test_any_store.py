"""Whatever a store holds: it is opened, or a documented error, in bounded time."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz import stores
from fuzz.ber_changes import mutated
from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.pki.stores.entries import make_store
from ssmtp_compat.pki.stores.opening import StoreFormat, StoreSource, open_store
from steps import steps
from unit.pki.authority import issue, name, rsa_key

SEEDS = sorted((Path(stores.__file__).parent / "corpus" / "stores").iterdir())
IN_BER = [seed.read_bytes() for seed in SEEDS if seed.read_bytes()[1:2] == b"\x30"]
NOTHING_IN_THEM = ("secret-key.jceks",)
LONGEST = 100_000
"""Lines of the library that run for one input of a few kilobytes."""
bounded = settings(max_examples=150, deadline=None, derandomize=True)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_seeds(seed: Path):
    stores.fuzz(seed.read_bytes())


def test_every_seed_is_opened():
    """Mutations of what is refused at once would reach nothing."""
    formats = set()
    for seed in SEEDS:
        content = seed.read_bytes()
        store_format = stores.FORMATS[content[0]]
        try:
            assert open_store(StoreSource(store_format, None, content[1:], stores.PASSWORD, seed.name)).describe()
        except SSMTPError:
            assert seed.name in NOTHING_IN_THEM
        formats.add(store_format)
    assert formats == set(stores.FORMATS)


def test_a_subject_that_fills_the_store_is_shortened_in_errors():
    certificate = issue(name(*[("OU", "x" * 60)] * 100), rsa_key()).certificate
    stores.fuzz(bytes((stores.FORMATS.index(StoreFormat.PUBLIC),)) + certificate.der)
    text = make_store([(certificate, None)]).describe()
    assert (len(text), text[-2:]) == (201, "x…")


@bounded
@given(st.sampled_from(IN_BER), st.integers(0, 2**32))
def test_a_valid_structure_with_something_changed(seed: bytes, chance: int):
    stores.fuzz(seed[:1] + mutated(seed[1:], random.Random(chance)))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.sampled_from(IN_BER), st.integers(0, 2**32))
def test_the_work_for_a_store_is_bounded(seed: bytes, chance: int):
    changed = seed[:1] + mutated(seed[1:], random.Random(chance))
    assert steps(lambda: stores.fuzz(changed)) < LONGEST


@bounded
@given(st.integers(0, len(stores.FORMATS) - 1), st.binary(max_size=200))
def test_any_octets(store_format: int, octets: bytes):
    stores.fuzz(bytes((store_format,)) + octets)
