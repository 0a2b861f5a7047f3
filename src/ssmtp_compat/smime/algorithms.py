"""What the names and identifiers of all algorithms have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from asn1crypto import core

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError
from . import der, oids

__all__ = [
    "ID_DATA",
    "MGF1",
    "RSASSA_PSS",
    "RSA_ENCRYPTION",
    "encode_oid",
    "name_key",
    "unknown_algorithm",
]


def encode_oid(dotted: str) -> bytes:
    """DER of an object identifier."""
    encoded: bytes = core.ObjectIdentifier(dotted).dump()
    return encoded


ID_DATA: Final = encode_oid(oids.DATA)
"""Content type of plain octets (RFC 5652 4)."""
# "rsaEncryption" also in a signature, rather than "shaXWithRSAEncryption": older readers know only this one.
RSA_ENCRYPTION: Final = der.wrap(der.SEQUENCE, encode_oid(oids.RSA), der.NULL)
"""AlgorithmIdentifier of RSA PKCS #1 v1.5; its parameters have to be NULL (RFC 3370 3.2, 4.2.1)."""
RSASSA_PSS: Final = encode_oid(oids.RSASSA_PSS)
MGF1: Final = encode_oid(oids.MGF1)
"""Mask generation function of RSASSA-PSS and RSAES-OAEP (RFC 4055 2.2)."""


def name_key(name: str) -> str:
    """What two spellings of an algorithm's name have in common: case and hyphens do not matter."""
    return name.strip().upper().replace("-", "")


def unknown_algorithm(name: str, known: Iterable[str]) -> SSMTPError:
    """The error (10194) for a ``name`` that is not among the ``known``."""
    return SSMTPError(
        ErrorCode.UNSUPPORTED_ALGORITHM, f"The algorithm {name!r} is not known; known are {', '.join(known)}."
    )
