"""Keys as the formats without ASN.1 hold them: numbers that become a key. And what a key is called in a text."""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from .budget import Budget

__all__ = [
    "CURVES",
    "describe_private",
    "describe_public",
    "ec_private_key",
    "rsa_private_key",
    "rsa_public_key",
    "subject_public_key_info",
]

CURVES: Final[Mapping[str, ec.EllipticCurve]] = MappingProxyType(
    {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
)
"""The curves that S/MIME knows, by their names in FIPS 186-4 and JWK."""
_MAXIMUM_RSA_BITS: Final = 8192
# A private key in PrivateKeyInfo is nearly five times as long as its modulus. Finding the primes of a hostile modulus
# takes some ten times as long as checking a key does, which goes by the fourth power of the size.
_SIZE_OF_KEY: Final = 5
_SIZE_WITHOUT_PRIMES: Final = 2 * _SIZE_OF_KEY
_BASES: Final = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71)


def describe_public(key: PublicKeyTypes) -> str:
    """What kind of key it is, such as ``2048-bit RSA public key``."""
    return f"{_kind(key)} public key"


def describe_private(key: PrivateKeyTypes) -> str:
    """The same of a private key; nothing of its value is in it."""
    return f"{_kind(key.public_key())} private key"


def _kind(key: PublicKeyTypes) -> str:
    if isinstance(key, rsa.RSAPublicKey):
        return f"{key.key_size}-bit RSA"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.name
    return type(key).__name__.removesuffix("PublicKey")


def subject_public_key_info(key: PublicKeyTypes) -> bytes:
    """SubjectPublicKeyInfo (RFC 5280 4.1.2.7), by which a key and a certificate find each other."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def rsa_public_key(modulus: int, exponent: int) -> rsa.RSAPublicKey:
    """The key of these numbers. Raises ValueError when they are none, or are too large to be computed with."""
    if modulus.bit_length() > _MAXIMUM_RSA_BITS:
        raise ValueError(f"it has {modulus.bit_length()} bits; at most {_MAXIMUM_RSA_BITS} are supported")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def rsa_private_key(
    modulus: int, exponent: int, private_exponent: int, primes: tuple[int, int] | None, budget: Budget
) -> rsa.RSAPrivateKey:
    """The key of these numbers, checked against each other; without ``primes`` they are computed.

    The values for the Chinese remainder theorem are always computed: a wrong one in a file would make signatures from
    which anybody can compute the key. Raises ValueError when the numbers do not belong together, and what ``budget``
    raises.
    """
    budget.check_key((modulus.bit_length() // 8) * (_SIZE_OF_KEY if primes else _SIZE_WITHOUT_PRIMES))
    public = rsa_public_key(modulus, exponent).public_numbers()
    if not 1 < private_exponent < modulus:
        raise ValueError("the private exponent is out of range")
    p, q = primes or _primes(modulus, exponent, private_exponent)
    if p * q != modulus or p < 3 or q < 3:
        raise ValueError("its primes are not those of its modulus")
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=private_exponent,
        dmp1=private_exponent % (p - 1),
        dmq1=private_exponent % (q - 1),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=public,
    ).private_key()


def _primes(modulus: int, exponent: int, private_exponent: int) -> tuple[int, int]:
    """SP 800-56B appendix C.1, with fixed bases and so with an end: each finds the primes with a probability of 1/2."""
    if pow(pow(2, exponent, modulus), private_exponent, modulus) != 2:
        raise ValueError("the private exponent does not belong to the modulus")
    odd = exponent * private_exponent - 1
    halvings = (odd & -odd).bit_length() - 1
    odd >>= halvings
    for base in _BASES:
        root = pow(base, odd, modulus)
        for _ in range(halvings):
            square = root * root % modulus
            if square == 1:
                if root not in (1, modulus - 1):
                    p = gcd(root - 1, modulus)
                    return p, modulus // p
                break
            root = square
    raise ValueError("the modulus is not the product of two primes")


def ec_private_key(curve: ec.EllipticCurve, value: int, public: ec.EllipticCurvePublicKey) -> PrivateKeyTypes:
    """The key of a private value. Raises ValueError when it does not belong to ``public``."""
    key = ec.derive_private_key(value, curve)
    if key.public_key() != public:
        raise ValueError("the private value does not belong to the public point")
    return key
