"""Message digests: name, OID, implementation (RFC 3370, RFC 5754, RFC 9688)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from asn1crypto import core
from cryptography.hazmat.primitives import hashes

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError
from . import der
from .algorithms import encode_oid, name_key, unknown_algorithm

__all__ = ["DIGESTS", "DIGESTS_BY_OID", "SHA512", "SHAKE256", "Digest", "digest_named"]


@dataclass(frozen=True, slots=True)
class Digest:
    """A message digest."""

    name: str
    oid: str
    micalg: str
    """The value of the micalg parameter (RFC 8551 3.5.3.2)."""
    hashlib_name: str
    hash: hashes.HashAlgorithm = field(compare=False)
    algorithm_der: bytes
    """AlgorithmIdentifier."""

    def of(self, chunks: Iterable[bytes]) -> bytes:
        """The digest of ``chunks`` joined.

        Raises :class:`SSMTPError` (10194) where the system forbids the algorithm, as FIPS mode does with MD5.
        """
        try:
            state = hashlib.new(self.hashlib_name)
        except ValueError as error:
            raise SSMTPError(ErrorCode.UNSUPPORTED_ALGORITHM, f"This system does not allow {self.name}.") from error
        for chunk in chunks:
            state.update(chunk)
        # An extendable-output function has to be told how much is wanted, and typeshed knows no such digest().
        length = () if state.digest_size else (self.hash.digest_size,)
        value: bytes = state.digest(*length)
        return value


def _digest(name: str, oid: str, micalg: str, algorithm: hashes.HashAlgorithm, parameters: bytes = b"") -> Digest:
    # Without parameters: demanded by RFC 5754 2 and RFC 9688 2, and advised for SHA-1 by RFC 3370 2.1.
    identifier = der.wrap(der.SEQUENCE, encode_oid(oid), parameters)
    return Digest(name, oid, micalg, name.lower().replace("-", "_"), algorithm, identifier)


SHA512: Final = _digest("SHA512", "2.16.840.1.101.3.4.2.3", "sha-512", hashes.SHA512())
"""The one that Ed25519 demands (RFC 8419 2.3)."""
SHAKE256: Final = Digest(
    "SHAKE256",
    "2.16.840.1.101.3.4.2.18",
    "shake256",
    "shake_256",
    hashes.SHAKE256(64),
    der.wrap(der.SEQUENCE, encode_oid("2.16.840.1.101.3.4.2.18"), core.Integer(512).dump()),
)
"""The one that Ed448 demands, with 512 bits of output (RFC 8419 2.3). No name of SigningAlgorithm stands for it."""

DIGESTS: Final = (
    # RFC 3370 2.2: the parameters of MD5 are there and NULL.
    _digest("MD5", "1.2.840.113549.2.5", "md5", hashes.MD5(), der.NULL),  # noqa: S303  only when asked for by name
    _digest("SHA1", "1.3.14.3.2.26", "sha-1", hashes.SHA1()),  # noqa: S303  only when asked for by name
    _digest("SHA224", "2.16.840.1.101.3.4.2.4", "sha-224", hashes.SHA224()),
    _digest("SHA256", "2.16.840.1.101.3.4.2.1", "sha-256", hashes.SHA256()),
    _digest("SHA384", "2.16.840.1.101.3.4.2.2", "sha-384", hashes.SHA384()),
    SHA512,
    _digest("SHA3-224", "2.16.840.1.101.3.4.2.7", "sha3-224", hashes.SHA3_224()),
    _digest("SHA3-256", "2.16.840.1.101.3.4.2.8", "sha3-256", hashes.SHA3_256()),
    _digest("SHA3-384", "2.16.840.1.101.3.4.2.9", "sha3-384", hashes.SHA3_384()),
    _digest("SHA3-512", "2.16.840.1.101.3.4.2.10", "sha3-512", hashes.SHA3_512()),
)
DIGESTS_BY_OID: Final = MappingProxyType({digest.oid: digest for digest in (*DIGESTS, SHAKE256)})
"""Every digest that is read."""
_DIGEST_KEYS: Final = MappingProxyType(
    {key: digest for digest in DIGESTS for key in (name_key(digest.name), digest.oid)}
)


def digest_named(name: str) -> Digest:
    """The digest called ``name``: hyphens optional, any case, or a dotted OID.

    Raises :class:`SSMTPError` (10194) for a name that is not known.
    """
    key = name_key(name)
    if key not in _DIGEST_KEYS:
        raise unknown_algorithm(name, [digest.name for digest in DIGESTS])
    return _DIGEST_KEYS[key]
