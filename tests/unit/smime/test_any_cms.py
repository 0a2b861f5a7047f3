"""Whatever comes in: it is verified or decrypted as it was made, or a documented error, in bounded time."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz import cms
from fuzz.ber_changes import mutated
from ssmtp_compat.errors import SSMTPError
from steps import steps
from unit.smime import forge

SEEDS = sorted((Path(cms.__file__).parent / "corpus" / "cms").iterdir())
OBJECTS = [seed.read_bytes() for seed in SEEDS if seed.read_bytes()[:1] == b"\x30"]
bounded = settings(max_examples=150, deadline=None, derandomize=True)

LONGEST = 60_000
"""Lines of the library that run for one input of a few kilobytes."""


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_seeds(seed: Path):
    cms.fuzz(seed.read_bytes())


def test_every_seed_is_read():
    """Mutations of what is refused at once would reach nothing."""
    for seed in SEEDS:
        content = seed.read_bytes()
        try:
            assert cms.verify_message(content, cms.TRUST, sender="a@x.test").verified, seed.name
        except SSMTPError:
            assert cms.decrypt_message(content, cms.KEY_PAIRS).content == cms.CONTENT, seed.name


@bounded
@given(st.sampled_from(OBJECTS), st.integers(0, 2**32))
def test_a_valid_object_with_something_changed(octets: bytes, seed: int):
    changed = mutated(octets, random.Random(seed))
    cms.fuzz(changed)
    cms.fuzz(forge.opaque(changed, b"From: a@x.test\r\n"))


@bounded
@given(st.sampled_from([seed.read_bytes() for seed in SEEDS]), st.data())
def test_a_valid_message_with_octets_changed(octets: bytes, data: st.DataObject):
    at = data.draw(st.integers(0, len(octets)))
    until = data.draw(st.integers(at, min(len(octets), at + 8)))
    cms.fuzz(octets[:at] + data.draw(st.binary(max_size=8)) + octets[until:])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.sampled_from(OBJECTS), st.integers(0, 2**32))
def test_the_work_for_an_object_is_bounded(octets: bytes, seed: int):
    changed = mutated(octets, random.Random(seed))
    assert steps(lambda: cms.fuzz(changed)) < LONGEST


@bounded
@given(st.binary(max_size=200))
def test_any_octets(octets: bytes):
    cms.fuzz(octets)
