"""Message digests: name, OID, implementation (RFC 3370, RFC 5754)."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives import hashes

from . import der
from .algorithms import encode_oid, name_key, unknown_algorithm

__all__ = ["DIGESTS", "Digest", "digest_named"]


@dataclass(frozen=True, slots=True)
class Digest:
    """A message digest."""

    name: str
    oid: str
    micalg: str
    """The value of the micalg parameter (RFC 8551 3.5.3.2)."""
    hashlib_name: str
    hash: hashes.HashAlgorithm
    algorithm_der: bytes
    """AlgorithmIdentifier; without parameters, as RFC 5754 2 demands and RFC 3370 2.1 advises."""


def _digest(name: str, oid: str, micalg: str, algorithm: hashes.HashAlgorithm) -> Digest:
    identifier = der.wrap(der.SEQUENCE, encode_oid(oid))
    return Digest(name, oid, micalg, name.lower(), algorithm, identifier)


DIGESTS: Final = (
    _digest("SHA1", "1.3.14.3.2.26", "sha-1", hashes.SHA1()),  # noqa: S303  only when asked for by name
    _digest("SHA224", "2.16.840.1.101.3.4.2.4", "sha-224", hashes.SHA224()),
    _digest("SHA256", "2.16.840.1.101.3.4.2.1", "sha-256", hashes.SHA256()),
    _digest("SHA384", "2.16.840.1.101.3.4.2.2", "sha-384", hashes.SHA384()),
    _digest("SHA512", "2.16.840.1.101.3.4.2.3", "sha-512", hashes.SHA512()),
)
# Known, so that the error can say that the name is right and only this version lacks it.
_LATER: Final = frozenset({"MD5", "1.2.840.113549.2.5"})
_DIGEST_KEYS: Final = MappingProxyType({key: digest for digest in DIGESTS for key in (digest.name, digest.oid)})


def digest_named(name: str) -> Digest:
    """The digest called ``name``: hyphens optional, any case, or a dotted OID.

    Raises :class:`UnsupportedError` (20008) for one that exists but is not carried out, :class:`SSMTPError` (10194)
    for a name that is not known.
    """
    key = name_key(name)
    if key not in _DIGEST_KEYS:
        raise unknown_algorithm(name, [digest.name for digest in DIGESTS], _LATER)
    return _DIGEST_KEYS[key]
