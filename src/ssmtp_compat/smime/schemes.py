"""Signature algorithms: what a kind of key and a digest make together.

RSA PKCS #1 v1.5 (RFC 3370 3.2, RFC 9688 3.1), RSASSA-PSS (RFC 4056), ECDSA (RFC 5753 2.1, RFC 5754 3.3, RFC 9688 3.2)
and EdDSA (RFC 8419).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from asn1crypto import core
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError, UnsupportedError
from ..pki.ber import OBJECT_IDENTIFIER
from ..pki.certificates import Certificate
from . import der, oids
from .algorithms import MGF1, RSA_ENCRYPTION, RSASSA_PSS, encode_oid
from .digests import DIGESTS_BY_OID, SHA512, SHAKE256, Digest
from .pss_keys import pss_demands
from .suitability import is_for_pss_alone

__all__ = [
    "ECDSA_CURVES",
    "ECDSA_WITH",
    "ED448_OID",
    "ED25519_OID",
    "RSA_WITH_SHA3",
    "SignatureScheme",
    "signature_scheme",
]


@dataclass(frozen=True, slots=True)
class SignatureScheme:
    """How a key signs."""

    digest: Digest
    """Of the content."""
    algorithm_der: bytes
    """AlgorithmIdentifier of the signature."""
    arguments: tuple[Any, ...]
    """What the private key's ``sign`` takes behind the data."""


RSA_WITH_SHA3: Final[Mapping[str, str]] = MappingProxyType(
    {
        "SHA3-224": "2.16.840.1.101.3.4.3.13",
        "SHA3-256": "2.16.840.1.101.3.4.3.14",
        "SHA3-384": "2.16.840.1.101.3.4.3.15",
        "SHA3-512": "2.16.840.1.101.3.4.3.16",
    }
)
"""Object identifiers of RSA PKCS #1 v1.5 with a SHA-3 digest, by the digest's name."""
ECDSA_WITH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "SHA1": "1.2.840.10045.4.1",
        "SHA224": "1.2.840.10045.4.3.1",
        "SHA256": "1.2.840.10045.4.3.2",
        "SHA384": "1.2.840.10045.4.3.3",
        "SHA512": "1.2.840.10045.4.3.4",
        "SHA3-224": "2.16.840.1.101.3.4.3.9",
        "SHA3-256": "2.16.840.1.101.3.4.3.10",
        "SHA3-384": "2.16.840.1.101.3.4.3.11",
        "SHA3-512": "2.16.840.1.101.3.4.3.12",
    }
)
"""Object identifiers of ECDSA, by the digest's name."""
ECDSA_CURVES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "secp256r1": "P-256",
        "secp384r1": "P-384",
        "secp521r1": "P-521",
        "brainpoolP256r1": "brainpoolP256r1",
        "brainpoolP384r1": "brainpoolP384r1",
        "brainpoolP512r1": "brainpoolP512r1",
    }
)
"""The curves that sign mail, by their names in SEC 2 and RFC 5639; their usual names."""
_EC_PUBLIC_KEY: Final = encode_oid(oids.EC_PUBLIC_KEY)
ED25519_OID: Final = "1.3.101.112"
ED448_OID: Final = "1.3.101.113"
_ED25519: Final = SignatureScheme(SHA512, der.wrap(der.SEQUENCE, encode_oid(ED25519_OID)), ())
_ED448: Final = SignatureScheme(SHAKE256, der.wrap(der.SEQUENCE, encode_oid(ED448_OID)), ())
# RSASSA-PSS-params (RFC 4055 3.1): DER leaves the defaults out, which are SHA-1, MGF1 with SHA-1, and a salt of 20.
_PSS_DEFAULT: Final = "SHA1"
_PSS_DEFAULT_SALT: Final = 20


@lru_cache(maxsize=64)
def signature_scheme(certificate: Certificate, digest: Digest, *, use_pss: bool) -> SignatureScheme:
    """The scheme for the certificate's kind of key.

    EdDSA prescribes the digest and does not heed ``digest``. ``use_pss`` concerns RSA keys alone, and of these not the
    ones that are for nothing but RSASSA-PSS. The kind is read from the public key, since a private key may be a
    token's. Raises :class:`UnsupportedError` (20008) for a key of another kind or on another curve, and
    :class:`SSMTPError` (10194) for a digest that the key cannot or may not use.
    """
    key = certificate.public_key
    if isinstance(key, RSAPublicKey):
        if is_for_pss_alone(certificate):
            return _demanded_pss(certificate, digest)
        return _pss(digest, digest) if use_pss else _pkcs1(digest)
    if isinstance(key, EllipticCurvePublicKey):
        return _ecdsa(digest, certificate, key.curve.name)
    if isinstance(key, Ed25519PublicKey):
        return _ED25519
    if isinstance(key, Ed448PublicKey):
        return _ED448
    raise UnsupportedError(
        ErrorCode.NOT_SUPPORTED,
        f"The key of {certificate.holder} cannot sign mail: RSA, EC, Ed25519 and Ed448 keys can.",
    )


def _demanded_pss(certificate: Certificate, digest: Digest) -> SignatureScheme:
    """RSASSA-PSS as the certificate demands it, which keeps its RSA key for that (RFC 4055 1.2)."""
    demands = pss_demands(certificate)
    if demands is None:
        return _pss(digest, digest)
    hashes = {oid: DIGESTS_BY_OID.get(oid) for oid in (demands.hash_oid, demands.mask_hash_oid)}
    allowed, mask = hashes[demands.hash_oid], hashes[demands.mask_hash_oid]
    if allowed is None or mask is None:
        raise UnsupportedError(
            ErrorCode.NOT_SUPPORTED,
            f"The key of {certificate.holder} is for RSASSA-PSS with a hash that is not known.",
        )
    if allowed != digest:
        raise SSMTPError(
            ErrorCode.UNSUPPORTED_ALGORITHM,
            f"The key of {certificate.holder} may not be used with {digest.name}; its certificate allows "
            f"{allowed.name}.",
        )
    return _pss(digest, mask, demands.minimum_salt)


def _pkcs1(digest: Digest) -> SignatureScheme:
    algorithm = RSA_ENCRYPTION
    if digest.name in RSA_WITH_SHA3:
        algorithm = der.wrap(der.SEQUENCE, encode_oid(RSA_WITH_SHA3[digest.name]), der.NULL)
    return SignatureScheme(digest, algorithm, (padding.PKCS1v15(), digest.hash))


def _pss(digest: Digest, mask: Digest, minimum_salt: int = 0) -> SignatureScheme:
    # RFC 4056 3: a salt as long as the hash, and where the key demands nothing else one hash for message and mask.
    size = max(digest.hash.digest_size, minimum_salt)
    parameters = (
        b"" if digest.name == _PSS_DEFAULT else der.wrap(der.CONTEXT_0, _hash_in_pss(digest)),
        b"" if mask.name == _PSS_DEFAULT else der.wrap(der.CONTEXT_1, der.wrap(der.SEQUENCE, MGF1, _hash_in_pss(mask))),
        b"" if size == _PSS_DEFAULT_SALT else der.wrap(der.CONTEXT_2, core.Integer(size).dump()),
    )
    algorithm = der.wrap(der.SEQUENCE, RSASSA_PSS, der.wrap(der.SEQUENCE, *parameters))
    return SignatureScheme(digest, algorithm, (padding.PSS(padding.MGF1(mask.hash), size), digest.hash))


def _hash_in_pss(digest: Digest) -> bytes:
    # Unlike on its own, a hash has NULL parameters here (RFC 4055 2.1); SHA-3 has none anywhere (RFC 9688 2).
    return (
        digest.algorithm_der
        if digest.name in RSA_WITH_SHA3
        else der.wrap(der.SEQUENCE, encode_oid(digest.oid), der.NULL)
    )


def _ecdsa(digest: Digest, certificate: Certificate, curve: str) -> SignatureScheme:
    if curve not in ECDSA_CURVES:
        raise UnsupportedError(
            ErrorCode.NOT_SUPPORTED,
            f"The key of {certificate.holder} is on the curve {curve}; mail is signed with "
            f"{', '.join(ECDSA_CURVES.values())}.",
        )
    key = certificate.public_key_der
    if key[key.find(_EC_PUBLIC_KEY) + len(_EC_PUBLIC_KEY)] != OBJECT_IDENTIFIER:
        raise UnsupportedError(
            ErrorCode.NOT_SUPPORTED,
            f"The key of {certificate.holder} has the parameters of its curve in the place of the curve's name, which "
            "RFC 5480 2.1.1 forbids in certificates, and readers refuse it.",
        )
    if digest.name not in ECDSA_WITH:
        raise SSMTPError(
            ErrorCode.UNSUPPORTED_ALGORITHM,
            f"{digest.name} cannot be used with the EC key of {certificate.holder}; use one of "
            f"{', '.join(ECDSA_WITH)}.",
        )
    algorithm = der.wrap(der.SEQUENCE, encode_oid(ECDSA_WITH[digest.name]))
    return SignatureScheme(digest, algorithm, (ECDSA(digest.hash),))
