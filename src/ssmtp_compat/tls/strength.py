"""Whether the keys and signatures of certificates are strong enough, where OpenSSL was told not to care."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from ..errors import CertificateError
from ..pki.certificates import Certificate
from .answers import is_strong
from .policy import TlsPolicy

__all__ = ["check_for"]

_RSA_BITS: Final = 2048
_EC_BITS: Final = 224
"""Both are 112 bits of security (NIST SP 800-57), OpenSSL's level 2."""


def check_for(policy: TlsPolicy) -> Callable[[x509.Certificate, int], str] | None:
    """The check that ``policy`` takes away from OpenSSL; None where that still makes it.

    TLS 1.0 and 1.1 sign with SHA-1, which OpenSSL takes only at a level at which it takes every certificate too, also
    when the connection becomes one of TLS 1.2.
    """
    return _weakness if policy.lowers_level else None


def _weakness(certificate: x509.Certificate, depth: int) -> str:
    problems = []
    whose = "issuer certificate" if depth else "certificate"
    try:
        key = certificate.public_key()
        digest = certificate.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return f"{whose} has a key or a signature that is not known"
    if (isinstance(key, (rsa.RSAPublicKey, dsa.DSAPublicKey)) and key.key_size < _RSA_BITS) or (
        isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _EC_BITS
    ):
        problems.append(f"{whose} key is too weak")
    # Nobody relies on the signature of one that signs itself.
    if not is_strong(digest) and not _signs_itself(certificate):
        problems.append("certificate is signed with a hash that is too weak")
    return "; ".join(problems)


def _signs_itself(certificate: x509.Certificate) -> bool:
    try:
        # cryptography refuses names of authorities that are old enough to have Latin-1 in a TeletexString.
        return Certificate(certificate.public_bytes(Encoding.DER)).self_issued
    except CertificateError:
        return False
