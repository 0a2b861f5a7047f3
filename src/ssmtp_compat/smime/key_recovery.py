"""Getting the content-encryption key back with a recipient's private key, without telling anybody whether it worked."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric.ec import ECDH, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError
from . import oids
from .digests import DIGESTS_BY_OID
from .enveloped_data import KeyAgreement, KeyTransport
from .key_agreement import EC_SCHEMES, KEY_WRAPS, SCHEMES, AgreementScheme
from .key_transport import OAEP_HASHES
from .structures import Algorithm, read_algorithm
from .values import Value, malformed

__all__ = ["recover_key"]

_LABEL: Final = "1.2.840.113549.1.1.9"
_3DES_WRAP: Final = "1.2.840.113549.1.9.16.3.6"
_3DES_KEY: Final = 24
_3DES_WRAPPED: Final = 40
# Octets of each key wrap's key.
_WRAP_SIZES: Final[Mapping[str, int]] = MappingProxyType(
    {**{wrap.oid: wrap.key_size for wrap in KEY_WRAPS}, _3DES_WRAP: _3DES_KEY}
)


def recover_key(recipient: KeyTransport | KeyAgreement, private_key: PrivateKeyTypes) -> bytes | None:
    """The content-encryption key, or None when it cannot be had; its length is for the caller to check.

    The caller has to go on in the same way with None as with a key (a random one): with PKCS #1 v1.5 padding, whoever
    learns whether it fitted can decrypt messages with the help of many such answers (RFC 3218; Bleichenbacher 1998).
    Raises :class:`SSMTPError` only for what everybody can see: 10194 for an algorithm that is not known, 10192 for
    parameters that are malformed or do not go with the kind of key.
    """
    if isinstance(recipient, KeyTransport):
        if not isinstance(private_key, RSAPrivateKey):
            raise malformed("The recipient's key is not the RSA key that the message is encrypted for.")
        padding = _padding(recipient.algorithm)
        try:
            # OpenSSL 3.2 and later gives another random key where the padding is wrong ("implicit rejection").
            return private_key.decrypt(recipient.encrypted_key, padding)
        except UnsupportedAlgorithm as error:
            text = (
                f"The key of the message is encrypted with {recipient.algorithm.oid}, which this system does not allow."
            )
            raise SSMTPError(ErrorCode.UNSUPPORTED_ALGORITHM, text) from error
        except ValueError:
            return None
    scheme, wrap, size = _agreement(recipient.algorithm)
    secret = _shared_secret(recipient, private_key)
    if secret is None:
        return None
    key = scheme.key_encryption_key(secret, wrap.octets, size, recipient.user_keying_material)
    return _unwrapped(wrap.oid, key, recipient.encrypted_key)


def _padding(algorithm: Algorithm) -> AsymmetricPadding:
    if algorithm.oid == oids.RSA:
        return PKCS1v15()
    if algorithm.oid != oids.RSAES_OAEP:
        raise _unknown(algorithm)
    return _oaep(algorithm.parameters)


def _oaep(parameters: Value | None) -> OAEP:
    """RSAES-OAEP-params (RFC 4055 4.1), whose defaults are SHA-1, MGF1 with SHA-1 and an empty label."""
    if parameters is None:
        raise malformed("RSAES-OAEP has no parameters.")
    fields = parameters.fields("RSAES-OAEP-params")
    found: list[Algorithm | None] = []
    for tag in (0xA0, 0xA1, 0xA2):
        explicit = fields.take_if(tag)
        inner = explicit.fields("RSAES-OAEP-params", tag).take() if explicit else None
        found.append(read_algorithm(inner, "RSAES-OAEP-params") if inner else None)
    fields.end()
    hash_algorithm, mask, source = found
    mask_hash = None
    if mask is not None:
        if mask.oid != oids.MGF1 or mask.parameters is None:
            raise _unknown(mask)
        mask_hash = read_algorithm(mask.parameters, "The hash of MGF1")
    label = None
    if source is not None:
        if source.oid != _LABEL or source.parameters is None:
            raise _unknown(source)
        label = source.parameters.string("The label")
    digests = []
    for each in (mask_hash, hash_algorithm):
        digest = DIGESTS_BY_OID.get(each.oid if each else oids.SHA1)
        if digest is None:
            raise malformed("RSAES-OAEP with a hash that is not known.")
        if digest.name not in OAEP_HASHES:
            text = f"The message's key is encrypted with RSAES-OAEP and {digest.name}; only SHA-1 and SHA-2 do there."
            raise SSMTPError(ErrorCode.UNSUPPORTED_ALGORITHM, text)
        digests.append(digest.hash)
    return OAEP(MGF1(digests[0]), digests[1], label)


def _agreement(algorithm: Algorithm) -> tuple[AgreementScheme, Algorithm, int]:
    """The scheme, the key wrap that is its parameter, and the octets of the key wrap's key."""
    scheme = SCHEMES.get(algorithm.oid)
    if scheme is None:
        raise _unknown(algorithm)
    if algorithm.parameters is None:
        raise malformed("The key agreement names no key wrap.")
    wrap = read_algorithm(algorithm.parameters, "The key wrap")
    if wrap.oid not in _WRAP_SIZES:
        raise _unknown(wrap)
    return scheme, wrap, _WRAP_SIZES[wrap.oid]


def _shared_secret(recipient: KeyAgreement, private_key: PrivateKeyTypes) -> bytes | None:
    """None for a public key that is none, or that would give a secret known to everybody."""
    oid, octets = recipient.originator_algorithm.oid, recipient.originator_key
    try:
        if isinstance(private_key, X25519PrivateKey) and oid == oids.X25519:
            return private_key.exchange(X25519PublicKey.from_public_bytes(octets))
        if (
            isinstance(private_key, EllipticCurvePrivateKey)
            and oid == oids.EC_PUBLIC_KEY
            and private_key.curve.name in EC_SCHEMES
        ):
            # The curve is that of the recipient (RFC 5753 3.1.1); a point that is not on it would give the key away.
            return private_key.exchange(ECDH(), EllipticCurvePublicKey.from_encoded_point(private_key.curve, octets))
    except ValueError:
        return None
    raise malformed("The recipient's key is not of the kind that the message is encrypted for.")


def _unwrapped(oid: str, key: bytes, wrapped: bytes) -> bytes | None:
    if oid == _3DES_WRAP:
        return _3des_unwrapped(key, wrapped)
    try:
        return aes_key_unwrap(key, wrapped)
    except (InvalidUnwrap, ValueError):
        return None


def _3des_unwrapped(key: bytes, wrapped: bytes) -> bytes | None:
    """RFC 3217 3.2, which OpenSSL uses for content in 3DES."""
    if len(wrapped) != _3DES_WRAPPED:
        return None
    outer = Cipher(TripleDES(key), modes.CBC(bytes.fromhex("4adda22c79e82105"))).decryptor()
    reversed_octets = (outer.update(wrapped) + outer.finalize())[::-1]
    inner = Cipher(TripleDES(key), modes.CBC(reversed_octets[:8])).decryptor()
    octets = inner.update(reversed_octets[8:]) + inner.finalize()
    content_key, check = octets[:_3DES_KEY], octets[_3DES_KEY:]
    sum_of_key = hashlib.sha1(content_key, usedforsecurity=False).digest()[: len(check)]
    return content_key if hmac.compare_digest(sum_of_key, check) else None


def _unknown(algorithm: Algorithm) -> SSMTPError:
    return SSMTPError(
        ErrorCode.UNSUPPORTED_ALGORITHM,
        f"The key of the message is encrypted with {algorithm.oid}, which is not known.",
    )
