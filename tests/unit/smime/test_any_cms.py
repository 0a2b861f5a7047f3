"""Whatever comes in: it is verified or decrypted as it was made, or a documented error, in bounded time."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz import cms
from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.smime import ber, der
from steps import steps
from unit.smime import forge

SEEDS = sorted((Path(cms.__file__).parent / "corpus" / "cms").iterdir())
OBJECTS = [seed.read_bytes() for seed in SEEDS if seed.read_bytes()[:1] == b"\x30"]
bounded = settings(max_examples=150, deadline=None, derandomize=True)

LONGEST = 60_000
"""Lines of the library that run for one input of a few kilobytes."""
TAGS = [
    0x01,
    0x02,
    0x03,
    0x04,
    0x05,
    0x06,
    0x0C,
    0x17,
    0x24,
    0x30,
    0x31,
    0x80,
    0x81,
    0xA0,
    0xA1,
    0xA2,
    0xA3,
    0x00,
    0x1F,
]
Node = list  # [tag, octets or a list of nodes]


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


def tree(value: ber.Value) -> Node:
    return [value.tag, [tree(child) for child in value.children] if value.tag & 0x20 else value.content]


def encoded(node: Node, indefinite: random.Random | None) -> bytes:
    tag, content = node
    if isinstance(content, bytes):
        return der.wrap(tag, content)
    inner = b"".join(encoded(child, indefinite) for child in content)
    if tag & 0x20 and indefinite and indefinite.random() < 0.3:
        return forge.ber(inner, tag)
    return der.wrap(tag, inner)


def nodes(node: Node) -> list[Node]:
    found = [node]
    if isinstance(node[1], list):
        for child in node[1]:
            found += nodes(child)
    return found


def mutated(octets: bytes, chance: random.Random) -> bytes:
    """The same structure with something in it changed, its lengths made to fit again."""
    root = tree(ber.read(octets))
    for _ in range(chance.randint(1, 3)):
        everything = nodes(root)
        node = chance.choice(everything)
        kind = chance.randrange(7)
        if kind == 0:
            node[0] = chance.choice(TAGS)
        elif kind == 1 and isinstance(node[1], bytes):
            content = bytearray(node[1] or b"\0")
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            node[1] = bytes(content)
        elif kind == 2 and isinstance(node[1], bytes):
            node[1] = node[1][: chance.randint(0, len(node[1]))] + chance.randbytes(chance.choice([0, 1, 8, 200]))
        elif isinstance(node[1], list) and node[1]:
            at = chance.randrange(len(node[1]))
            other = chance.choice(everything)
            if kind == 3:
                del node[1][at]
            elif kind == 4:
                node[1].insert(at, [node[1][at][0], node[1][at][1]] if isinstance(node[1][at][1], bytes) else [5, b""])
            elif kind == 5:
                node[1].reverse()
            elif isinstance(other[1], bytes):
                node[1][at] = [other[0], other[1]]
    return encoded(root, chance if chance.random() < 0.3 else None)


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
