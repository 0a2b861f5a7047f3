"""Values as SSH writes them (RFC 4251 5), and the public keys that are made of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["CURVE_OF_SSH", "SSHReader", "ssh_string"]

CURVE_OF_SSH: Final[Mapping[bytes, ec.EllipticCurve]] = MappingProxyType(
    {
        b"ecdsa-sha2-nistp256": ec.SECP256R1(),
        b"ecdsa-sha2-nistp384": ec.SECP384R1(),
        b"ecdsa-sha2-nistp521": ec.SECP521R1(),
    }
)
"""Key type (RFC 5656 6.2.1) -> curve."""


class SSHReader:
    """Reads values one behind the other. Raises ValueError where the octets end too early."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._position = 0

    def uint32(self) -> int:
        """An unsigned number of four octets."""
        return int.from_bytes(self._take(4), "big")

    def string(self) -> bytes:
        """Octets behind their count."""
        return self._take(self.uint32())

    def mpint(self) -> int:
        """A number of any size; a negative one, which no key has, is a ValueError."""
        octets = self.string()
        if octets[:1] >= b"\x80":
            raise ValueError("a negative number in a key")
        return int.from_bytes(octets, "big")

    def _take(self, count: int) -> bytes:
        taken = self._octets[self._position : self._position + count]
        if len(taken) != count:
            raise ValueError("it is cut short")
        self._position += count
        return taken


def ssh_string(octets: bytes) -> bytes:
    """``octets`` behind their count."""
    return len(octets).to_bytes(4, "big") + octets
