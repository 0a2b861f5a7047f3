"""Structures in BER with something in them changed and lengths that fit again, so that readers get far into them."""

from __future__ import annotations

import random

from ssmtp_compat.pki.ber import OCTET_STRING, Element, read_elements
from ssmtp_compat.smime import der

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


def tree(element: Element) -> Node:
    if element.tag & 0x20:
        return [element.tag, [tree(child) for child in element.children]]
    if element.tag == OCTET_STRING:
        # PKCS #12 has its structures in these.
        try:
            return [element.tag, [tree(read_elements(element.content, Element))]]
        except ValueError:
            pass
    return [element.tag, element.content]


def encoded(node: Node, indefinite: random.Random | None) -> bytes:
    tag, content = node
    if isinstance(content, bytes):
        return der.wrap(tag, content)
    inner = b"".join(encoded(child, indefinite) for child in content)
    if tag & 0x20 and indefinite and indefinite.random() < 0.3:
        return bytes((tag, 0x80)) + inner + b"\0\0"
    return der.wrap(tag, inner)


def nodes(node: Node) -> list[Node]:
    found = [node]
    if isinstance(node[1], list):
        for child in node[1]:
            found += nodes(child)
    return found


def mutated(octets: bytes, chance: random.Random) -> bytes:
    """The same structure with something in it changed, its lengths made to fit again."""
    root = tree(read_elements(octets, Element))
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
