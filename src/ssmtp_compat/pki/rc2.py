"""RC2 (RFC 2268) in CBC mode, for reading what was encrypted long ago with a key of 40 bits.

cryptography has RC2 with 128 effective bits only. The effective bits enter the key expansion, so that a shorter key
cannot be handed to it as a longer one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

__all__ = ["BLOCK_SIZE", "decrypt_cbc"]

BLOCK_SIZE: Final = 8
"""Octets."""
_WORD: Final = 0xFFFF
# Rounds before, between and behind the two mashing rounds (section 3.1).
_MIXING_ROUNDS: Final = (5, 6, 5)
# Word, how far it is rotated, and the words that choose between the two words mixed in (section 3.1).
_STEPS: Final = ((3, 5, 2, 1, 0), (2, 3, 1, 0, 3), (1, 2, 0, 3, 2), (0, 1, 3, 2, 1))
_PI_TABLE: Final = bytes.fromhex(
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2179a59f587b34f1361456d8d09817d32"
    "bd8f40eb86b77b0bf09521225c6b4e8254d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626"
    "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed708e8eade8052eef784aa72ac354d6a2a"
    "961ad2715a1549744b9fd05e0418a4ecc2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731"
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a90d38341bab33ffb0bb480c5fb9b1cd2e"
    "c5f3db47e5a59c770aa62068fe7fc1ad"
)


def decrypt_cbc(key: bytes, effective_bits: int, iv: bytes, ciphertext: bytes) -> bytes:
    """The plaintext with its padding. Raises ValueError when ``ciphertext`` is not made of whole blocks."""
    if len(ciphertext) % BLOCK_SIZE:
        raise ValueError("the ciphertext is not made of whole blocks")
    words = _expand(key, effective_bits)
    plaintext = bytearray()
    previous = int.from_bytes(iv, "big")
    for position in range(0, len(ciphertext), BLOCK_SIZE):
        block = ciphertext[position : position + BLOCK_SIZE]
        decrypted = int.from_bytes(_decrypt_block(words, block), "big") ^ previous
        plaintext += decrypted.to_bytes(BLOCK_SIZE, "big")
        previous = int.from_bytes(block, "big")
    return bytes(plaintext)


def _expand(key: bytes, effective_bits: int) -> Sequence[int]:
    """The 64 words of the expanded key (section 2)."""
    buffer = bytearray(key.ljust(128, b"\0"))
    for index in range(len(key), 128):
        buffer[index] = _PI_TABLE[(buffer[index - 1] + buffer[index - len(key)]) & 0xFF]
    effective_octets = (effective_bits + 7) // 8
    mask = 0xFF >> (8 * effective_octets - effective_bits)
    buffer[128 - effective_octets] = _PI_TABLE[buffer[128 - effective_octets] & mask]
    for index in range(127 - effective_octets, -1, -1):
        buffer[index] = _PI_TABLE[buffer[index + 1] ^ buffer[index + effective_octets]]
    return [int.from_bytes(buffer[index : index + 2], "little") for index in range(0, 128, 2)]


def _decrypt_block(words: Sequence[int], block: bytes) -> bytes:
    """One block, the rounds of encryption backwards (section 4)."""
    state = [int.from_bytes(block[index : index + 2], "little") for index in range(0, BLOCK_SIZE, 2)]
    position = len(words)
    for number, rounds in enumerate(_MIXING_ROUNDS):
        if number:
            for index in (3, 2, 1, 0):
                state[index] = (state[index] - words[state[index - 1] & 63]) & _WORD
        for _ in range(rounds):
            for index, rotation, chooser, chosen, other in _STEPS:
                position -= 1
                value = state[index]
                value = (value >> rotation | value << (16 - rotation)) & _WORD
                mixed = (state[chooser] & state[chosen]) + (~state[chooser] & state[other])
                state[index] = (value - words[position] - mixed) & _WORD
    return b"".join(value.to_bytes(2, "little") for value in state)
