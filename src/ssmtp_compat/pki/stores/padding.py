"""The padding of block ciphers in password-based encryption (RFC 8018 6.1.1)."""

from __future__ import annotations

__all__ = ["without_padding"]


def without_padding(padded: bytes, block_size: int) -> bytes:
    """``padded`` without its padding. Raises ValueError where that is wrong, as it is after a wrong password."""
    size = padded[-1]
    if not 1 <= size <= block_size or padded[-size:] != bytes((size,)) * size:
        raise ValueError("wrong padding")
    return padded[:-size]
