"""RSA key transport: PKCS #1 v1.5 (RFC 3370 4.2.1) and RSAES-OAEP (RFC 3560, RFC 4055 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import padding

from . import der, oids
from .algorithms import MGF1, RSA_ENCRYPTION, encode_oid, name_key, unknown_algorithm
from .digests import DIGESTS, Digest

__all__ = ["OAEP_HASHES", "PKCS1", "KeyTransport", "oaep_named"]


@dataclass(frozen=True, slots=True)
class KeyTransport:
    """How a content-encryption key is encrypted with an RSA key."""

    name: str
    algorithm_der: bytes
    """AlgorithmIdentifier."""
    padding: padding.AsymmetricPadding


PKCS1: Final = KeyTransport("PKCS #1 v1.5", RSA_ENCRYPTION, padding.PKCS1v15())

_DEFAULT_HASH: Final = "SHA1"
OAEP_HASHES: Final = frozenset({_DEFAULT_HASH, "SHA224", "SHA256", "SHA384", "SHA512"})
"""Those of RFC 4055 2.1, for label and mask; neither cryptography nor tokens know others in this place."""


def _oaep(digest: Digest) -> KeyTransport:
    """RSAES-OAEP with ``digest`` both for the label, which is empty, and for the mask."""
    hash_der = der.wrap(der.SEQUENCE, encode_oid(digest.oid), der.NULL)
    mask_der = der.wrap(der.SEQUENCE, MGF1, hash_der)
    parameters = der.wrap(der.CONTEXT_0, hash_der) + der.wrap(der.CONTEXT_1, mask_der)
    if digest.name == _DEFAULT_HASH:
        parameters = b""  # DER leaves defaults out (X.690 11.5)
    algorithm = der.wrap(der.SEQUENCE, encode_oid(oids.RSAES_OAEP), der.wrap(der.SEQUENCE, parameters))
    scheme = padding.OAEP(padding.MGF1(digest.hash), digest.hash, None)
    return KeyTransport(f"OAEP and {digest.name}", algorithm, scheme)


_OAEP_DIGESTS: Final = tuple(digest for digest in DIGESTS if digest.name in OAEP_HASHES)
_OAEP_KEYS: Final = {key: digest for digest in _OAEP_DIGESTS for key in (digest.name, digest.oid)}


def oaep_named(hash_name: str) -> KeyTransport:
    """RSAES-OAEP with the hash called ``hash_name``: SHA1, SHA224, SHA256, SHA384 or SHA512, spelled as any algorithm.

    Raises :class:`SSMTPError` (10194) for another one.
    """
    key = name_key(hash_name)
    if key not in _OAEP_KEYS:
        raise unknown_algorithm(hash_name, [digest.name for digest in _OAEP_DIGESTS])
    return _oaep(_OAEP_KEYS[key])
