"""RecipientInfos (RFC 5652 6.2): the content-encryption key, encrypted for each recipient as his own key demands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from asn1crypto import core
from cryptography.hazmat.primitives.asymmetric.ec import ECDH, EllipticCurvePublicKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ..catalog.errors import ErrorCode
from ..errors import CertificateError, SSMTPError, UnsupportedError
from ..pki.certificates import Certificate
from . import der, oids
from .algorithms import encode_oid
from .ciphers import ContentCipher
from .key_agreement import EC_SCHEMES, KEY_WRAPS, X25519_SCHEME, AgreementScheme, KeyWrap
from .key_transport import KeyTransport

__all__ = ["recipient_info", "recipient_infos_version"]

_VERSION_0: Final = core.Integer(0).dump()
_VERSION_3: Final = core.Integer(3).dump()
_EC_PUBLIC_KEY: Final = encode_oid(oids.EC_PUBLIC_KEY)
_X25519: Final = encode_oid(oids.X25519)


@dataclass(frozen=True, slots=True)
class _Agreed:
    """What comes of a recipient's public key and a key pair of our own that is made for this message and for him."""

    scheme: AgreementScheme
    originator_algorithm: bytes
    """Object identifier."""
    originator_key: bytes
    shared_secret: bytes = field(repr=False)


def recipient_info(certificate: Certificate, key: bytes, cipher: ContentCipher, transport: KeyTransport) -> bytes:
    """DER of the RecipientInfo that gives the owner of ``certificate`` the ``key`` of ``cipher``.

    An RSA key gets it by ``transport``, an elliptic curve's by key agreement; recipients are named by issuer and
    serial number. Raises :class:`CertificateError` (10223) when the recipient's key cannot do it, :class:`SSMTPError`
    (10194) when ``key`` is too short to be wrapped, and :class:`UnsupportedError` (20008) for another kind of key.
    """
    public_key = certificate.public_key
    if isinstance(public_key, RSAPublicKey):
        return _key_transport(certificate, public_key, key, transport)
    if isinstance(public_key, EllipticCurvePublicKey) and public_key.curve.name in EC_SCHEMES:
        agreed = _agreed_on_curve(public_key)
    elif isinstance(public_key, X25519PublicKey):
        agreed = _agreed_by_x25519(certificate, public_key)
    else:
        raise UnsupportedError(
            ErrorCode.NOT_SUPPORTED,
            f"Nothing can be encrypted for the key of {certificate.holder}; supported are RSA, P-256, P-384, P-521 "
            "and X25519.",
        )
    return _key_agreement(certificate, agreed, key, cipher)


def recipient_infos_version(infos: list[bytes]) -> int:
    """The version of an EnvelopedData with ``infos`` and nothing optional: 0 without key agreement (RFC 5652 6.1)."""
    return 2 if any(info[0] == der.CONTEXT_1 for info in infos) else 0


def _key_transport(certificate: Certificate, public_key: RSAPublicKey, key: bytes, transport: KeyTransport) -> bytes:
    try:
        encrypted_key = public_key.encrypt(key, transport.padding)
    except ValueError as error:
        raise CertificateError(
            ErrorCode.UNSUPPORTED_KEY_SIZE,
            f"The {public_key.key_size}-bit key of {certificate.holder} cannot encrypt a {len(key) * 8}-bit key with "
            f"{transport.name}.",
        ) from error
    return der.wrap(
        der.SEQUENCE,
        _VERSION_0,
        certificate.issuer_and_serial_der,
        transport.algorithm_der,
        der.wrap(der.OCTET_STRING, encrypted_key),
    )


def _agreed_on_curve(public_key: EllipticCurvePublicKey) -> _Agreed:
    ephemeral = generate_private_key(public_key.curve)
    return _Agreed(
        EC_SCHEMES[public_key.curve.name],
        _EC_PUBLIC_KEY,
        ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        ephemeral.exchange(ECDH(), public_key),
    )


def _agreed_by_x25519(certificate: Certificate, public_key: X25519PublicKey) -> _Agreed:
    ephemeral = X25519PrivateKey.generate()
    try:
        shared_secret = ephemeral.exchange(public_key)
    except ValueError as error:
        # With a point of small order the secret would be zero, and known to everybody (RFC 7748 6.1).
        raise CertificateError(
            ErrorCode.UNSUPPORTED_KEY_SIZE, f"The X25519 key of {certificate.holder} is of small order and no secret."
        ) from error
    public = ephemeral.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return _Agreed(X25519_SCHEME, _X25519, public, shared_secret)


def _key_agreement(certificate: Certificate, agreed: _Agreed, key: bytes, cipher: ContentCipher) -> bytes:
    """KeyAgreeRecipientInfo (RFC 5652 6.2.2)."""
    wrap = _wrap_for(cipher)
    key_encryption_key = agreed.scheme.key_encryption_key(agreed.shared_secret, wrap.algorithm_der, wrap.key_size)
    wrapped = aes_key_wrap(key_encryption_key, key)
    # Without parameters, for they are those of the recipient's key (RFC 5753 3.1.1, RFC 8418 3.1).
    algorithm = der.wrap(der.SEQUENCE, agreed.originator_algorithm)
    originator = der.wrap(der.CONTEXT_1, algorithm, der.wrap(der.BIT_STRING, b"\0", agreed.originator_key))
    recipient = der.wrap(der.SEQUENCE, certificate.issuer_and_serial_der, der.wrap(der.OCTET_STRING, wrapped))
    return der.wrap(
        der.CONTEXT_1,
        _VERSION_3,
        der.wrap(der.CONTEXT_0, originator),
        agreed.scheme.algorithm_der(wrap),
        der.wrap(der.SEQUENCE, recipient),
    )


def _wrap_for(cipher: ContentCipher) -> KeyWrap:
    """AES key wrap as strong as ``cipher``."""
    if cipher.name == "3DES":
        # Not more than 112 bits strong; of what could wrap its 24 octets, AES-128 is what all readers have.
        return KEY_WRAPS[0]
    for wrap in KEY_WRAPS:
        if wrap.key_size == cipher.key_size:
            return wrap
    raise SSMTPError(
        ErrorCode.UNSUPPORTED_ALGORITHM,
        f"The {cipher.key_size * 8}-bit key of {cipher.name} is too short to be wrapped for a recipient's "
        "elliptic-curve key (RFC 3394 2); choose an AES cipher.",
    )
