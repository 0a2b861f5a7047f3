"""The server's certificate as what ties a log-in to the TLS connection around it (RFC 5929 section 4)."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

__all__ = ["server_end_point"]


def server_end_point(certificate: bytes) -> bytes:
    """The data of tls-server-end-point for a certificate in DER.

    Empty where the RFC does not define it: for a signature without a hash function of its own, such as Ed25519's, and
    for one whose hash function is not known here.
    """
    try:
        algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    except (UnsupportedAlgorithm, ValueError):
        return b""
    if algorithm is None:
        return b""
    if isinstance(algorithm, hashes.MD5 | hashes.SHA1):
        algorithm = hashes.SHA256()
    digest = hashes.Hash(algorithm)
    digest.update(certificate)
    return digest.finalize()
