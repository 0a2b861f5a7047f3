"""RC2 (RFC 2268) in CBC mode with any number of effective key bits, which cryptography offers with 128 alone.

It is here for mail that was, or has to be, written for readers of the 1990s. Plain Python: some hundred kilobytes a
second, and no protection against whoever can watch the processor at work; 40 bits protect nothing anyway.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

__all__ = ["BLOCK_SIZE", "RC2CBC", "RC2Context"]

BLOCK_SIZE: Final = 8
"""Octets."""

_TABLE_SIZE: Final = 128
# RFC 2268 2: a permutation of all octets, made from the digits of pi.
_PITABLE: Final = bytes.fromhex(
    "d978f9c419ddb5ed28e9fd794aa0d89d c67e37832b76538e624c6488448bfba2 179a59f587b34f1361456d8d09817d32"
    "bd8f40eb86b77b0bf09521225c6b4e82 54d66593ce60b21c7356c014a78cf1dc 1275ca1f3bbee4d1423dd430a33cb626"
    "6fbf0eda4669075727f21d9bbc944303 f811c7f690ef3ee706c3d52fc8661ed7 08e8eade8052eef784aa72ac354d6a2a"
    "961ad2715a1549744b9fd05e0418a4ec c2e0416e0f51cbcc2491af50a1f47039 997c3a8523b8b47afc02365b25559731"
    "2d5dfa98e38a92ae05df2910676cbac9 d300e6cfe19ea82c6316013f58e289a9 0d38341bab33ffb0bb480c5fb9b1cd2e"
    "c5f3db47e5a59c770aa62068fe7fc1ad"
)
# RFC 2268 3.1, 3.2: mixing rounds on each side of the two mashing rounds.
_FIVE: Final = slice(0, 5)
_SIX: Final = slice(5, 11)
_LAST_FIVE: Final = slice(11, 16)

Words = tuple[int, int, int, int]


class RC2CBC:
    """RC2 with ``key`` (1 to 128 octets), of whose bits ``effective_bits`` count, and an ``iv`` of 8 octets."""

    def __init__(self, key: bytes, iv: bytes, effective_bits: int) -> None:
        self._words = _expanded(key, effective_bits)
        self._iv = iv

    def encryptor(self) -> RC2Context:
        return _Encryption(self._words, self._iv)

    def decryptor(self) -> RC2Context:
        return _Decryption(self._words, self._iv)


class RC2Context:
    """One message on its way through the cipher, in pieces of any size."""

    def __init__(self, words: Sequence[int], iv: bytes) -> None:
        self._words = words
        self._rounds = list(zip(words[0::4], words[1::4], words[2::4], words[3::4], strict=True))
        self._chained: Words = struct.unpack("<4H", iv)
        self._rest = b""

    def update(self, data: bytes) -> bytes:
        """What can be said of the blocks that are complete with ``data``."""
        data = self._rest + data
        whole = len(data) - len(data) % BLOCK_SIZE
        self._rest = data[whole:]
        count = whole // BLOCK_SIZE
        done: list[int] = []
        for block in struct.iter_unpack("<4H", data[:whole]):
            done += self._block(block)
        return struct.pack(f"<{4 * count}H", *done)

    def finalize(self) -> bytes:
        """The end. Raises ValueError when the data was no whole number of blocks; nothing is padded here."""
        if self._rest:
            raise ValueError("The length of the data is not a multiple of the block length.")
        return b""

    def _block(self, block: Sequence[int]) -> Words:
        raise NotImplementedError


class _Encryption(RC2Context):
    def _block(self, block: Sequence[int]) -> Words:
        a, b, c, d = (word ^ before for word, before in zip(block, self._chained, strict=True))
        for rounds in (_FIVE, _SIX, _LAST_FIVE):
            if rounds is not _FIVE:
                a, b, c, d = self._mashed(a, b, c, d)
            for k0, k1, k2, k3 in self._rounds[rounds]:
                a = a + k0 + (d & c) + (~d & b) & 0xFFFF
                a = (a << 1 | a >> 15) & 0xFFFF
                b = b + k1 + (a & d) + (~a & c) & 0xFFFF
                b = (b << 2 | b >> 14) & 0xFFFF
                c = c + k2 + (b & a) + (~b & d) & 0xFFFF
                c = (c << 3 | c >> 13) & 0xFFFF
                d = d + k3 + (c & b) + (~c & a) & 0xFFFF
                d = (d << 5 | d >> 11) & 0xFFFF
        self._chained = a, b, c, d
        return self._chained

    def _mashed(self, a: int, b: int, c: int, d: int) -> Words:
        words = self._words
        a = a + words[d & 63] & 0xFFFF
        b = b + words[a & 63] & 0xFFFF
        c = c + words[b & 63] & 0xFFFF
        d = d + words[c & 63] & 0xFFFF
        return a, b, c, d


class _Decryption(RC2Context):
    def _block(self, block: Sequence[int]) -> Words:
        a, b, c, d = block
        for rounds in (_LAST_FIVE, _SIX, _FIVE):
            for k0, k1, k2, k3 in reversed(self._rounds[rounds]):
                d = (d >> 5 | d << 11) & 0xFFFF
                d = d - k3 - (c & b) - (~c & a) & 0xFFFF
                c = (c >> 3 | c << 13) & 0xFFFF
                c = c - k2 - (b & a) - (~b & d) & 0xFFFF
                b = (b >> 2 | b << 14) & 0xFFFF
                b = b - k1 - (a & d) - (~a & c) & 0xFFFF
                a = (a >> 1 | a << 15) & 0xFFFF
                a = a - k0 - (d & c) - (~d & b) & 0xFFFF
            if rounds is not _FIVE:
                a, b, c, d = self._unmashed(a, b, c, d)
        w, x, y, z = self._chained
        self._chained = block[0], block[1], block[2], block[3]
        return a ^ w, b ^ x, c ^ y, d ^ z

    def _unmashed(self, a: int, b: int, c: int, d: int) -> Words:
        words = self._words
        d = d - words[c & 63] & 0xFFFF
        c = c - words[b & 63] & 0xFFFF
        b = b - words[a & 63] & 0xFFFF
        a = a - words[d & 63] & 0xFFFF
        return a, b, c, d


def _expanded(key: bytes, effective_bits: int) -> Sequence[int]:
    """The 64 words of the expanded key (RFC 2268 2)."""
    table = bytearray(key.ljust(_TABLE_SIZE, b"\0"))
    for i in range(len(key), _TABLE_SIZE):
        table[i] = _PITABLE[table[i - 1] + table[i - len(key)] & 0xFF]
    octets = (effective_bits + 7) // 8
    start = _TABLE_SIZE - octets
    table[start] = _PITABLE[table[start] & 0xFF >> octets * 8 - effective_bits]
    for i in reversed(range(start)):
        table[i] = _PITABLE[table[i + 1] ^ table[i + octets]]
    return struct.unpack("<64H", table)
