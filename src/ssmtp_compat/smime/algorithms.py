"""What the names and identifiers of all algorithms have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from asn1crypto import core

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError
from . import der

__all__ = [
    "ID_DATA",
    "MGF1",
    "MGF1_OID",
    "RSAES_OAEP_OID",
    "RSASSA_PSS",
    "RSASSA_PSS_OID",
    "RSA_ENCRYPTION",
    "RSA_OID",
    "encode_oid",
    "name_key",
    "unknown_algorithm",
]


def encode_oid(dotted: str) -> bytes:
    """DER of an object identifier."""
    encoded: bytes = core.ObjectIdentifier(dotted).dump()
    return encoded


ID_DATA: Final = encode_oid("1.2.840.113549.1.7.1")
"""Content type of plain octets (RFC 5652 4)."""
RSA_OID: Final = "1.2.840.113549.1.1.1"
# "rsaEncryption" also in a signature, rather than "shaXWithRSAEncryption": older readers know only this one.
RSA_ENCRYPTION: Final = der.wrap(der.SEQUENCE, encode_oid(RSA_OID), der.NULL)
"""AlgorithmIdentifier of RSA PKCS #1 v1.5; its parameters have to be NULL (RFC 3370 3.2, 4.2.1)."""
RSASSA_PSS_OID: Final = "1.2.840.113549.1.1.10"
RSASSA_PSS: Final = encode_oid(RSASSA_PSS_OID)
RSAES_OAEP_OID: Final = "1.2.840.113549.1.1.7"
MGF1_OID: Final = "1.2.840.113549.1.1.8"
MGF1: Final = encode_oid(MGF1_OID)
"""Mask generation function of RSASSA-PSS and RSAES-OAEP (RFC 4055 2.2)."""


def name_key(name: str) -> str:
    """What two spellings of an algorithm's name have in common: case and hyphens do not matter."""
    return name.strip().upper().replace("-", "")


def unknown_algorithm(name: str, known: Iterable[str]) -> SSMTPError:
    """The error (10194) for a ``name`` that is not among the ``known``."""
    return SSMTPError(
        ErrorCode.UNSUPPORTED_ALGORITHM, f"The algorithm {name!r} is not known; known are {', '.join(known)}."
    )
