"""What ties a log-in to the TLS connection around it: the connection itself, or the server's certificate."""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from OpenSSL import SSL

__all__ = ["connection_binding", "server_end_point"]

_EXPORTER: Final = (b"EXPORTER-Channel-Binding", 32, b"")
"""Label, length and context of tls-exporter (RFC 9266 section 4)."""


def connection_binding(connection: SSL.Connection, *, resumed: bool) -> tuple[str, bytes]:
    """The type of a channel binding, by IANA's name, and its data, which only the two ends of a connection have.

    That is tls-exporter in TLS 1.3 (RFC 9266), and tls-unique before (RFC 5929 section 3), as RFC 5802 section 6.1 has
    it. What makes tls-unique safe is that no session without extended_master_secret is taken up again, and that nothing
    is renegotiated.
    """
    if connection.get_protocol_version() >= SSL.TLS1_3_VERSION:
        return "tls-exporter", connection.export_keying_material(*_EXPORTER)
    # Of the two the one that was sent first: the server's where a session was resumed.
    finished = connection.get_peer_finished() if resumed else connection.get_finished()
    return ("tls-unique", finished) if finished else ("", b"")


def server_end_point(certificate: bytes) -> bytes:
    """The data of tls-server-end-point for a certificate in DER.

    Empty where the RFC does not define it: for a signature without a hash function of its own, such as Ed25519's, and
    for one whose hash function is not known here, or that cannot be read.
    """
    try:
        algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    except Exception:  # noqa: BLE001  parsers raise many kinds for what a server may show to who accepts anything
        return b""
    if algorithm is None:
        return b""
    if isinstance(algorithm, hashes.MD5 | hashes.SHA1):
        algorithm = hashes.SHA256()
    digest = hashes.Hash(algorithm)
    digest.update(certificate)
    return digest.finalize()
