"""Reading a ClientHello (RFC 8446 4.1.2)."""

from __future__ import annotations

from dataclasses import dataclass

# Says that renegotiation is secure, and is no suite (RFC 5746 3.3).
RENEGOTIATION = 0x00FF


@dataclass
class Hello:
    """What it offers, as IANA's numbers in the order of the client."""

    suites: list[int]
    versions: list[int]
    groups: list[int]
    key_shares: list[int]
    signatures: list[int]


def read_client_hello(record: bytes) -> Hello:
    """Read the first record of a handshake."""
    hello = record[5 + 4 :]
    legacy, at = int.from_bytes(hello[:2], "big"), 34
    at += 1 + hello[at]
    size = int.from_bytes(hello[at : at + 2], "big")
    suites = _numbers(hello[at + 2 : at + 2 + size])
    at += 2 + size
    at += 1 + hello[at] + 2
    extensions = {}
    while at < len(hello):
        kind, size = _numbers(hello[at : at + 4])
        extensions[kind] = hello[at + 4 : at + 4 + size]
        at += 4 + size
    shares, rest = [], extensions.get(51, b"\0\0")[2:]
    while rest:
        group, size = _numbers(rest[:4])
        shares.append(group)
        rest = rest[4 + size :]
    return Hello(
        suites=[suite for suite in suites if suite != RENEGOTIATION],
        versions=_numbers(extensions[43][1:]) if 43 in extensions else [legacy],
        groups=_numbers(extensions.get(10, b"\0\0")[2:]),
        key_shares=shares,
        signatures=_numbers(extensions.get(13, b"\0\0")[2:]),
    )


def _numbers(octets: bytes) -> list[int]:
    return [int.from_bytes(octets[at : at + 2], "big") for at in range(0, len(octets), 2)]
