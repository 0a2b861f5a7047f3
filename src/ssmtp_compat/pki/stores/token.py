"""A PKCS #11 token as a store: its certificates, and its RSA and EC private keys, which stay on it."""

from __future__ import annotations

from itertools import islice
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ...catalog.errors import ErrorCode
from ...errors import CertificateError, UnsupportedError
from ..certificates import Certificate
from .entries import MAXIMUM_CERTIFICATES, MAXIMUM_KEYS, Store, join_store
from .keys import rsa_public_key
from .token_keys import TokenECKey, TokenKey, TokenRSAKey
from .token_session import token_session
from .token_uri import TokenAddress, parse_address

__all__ = ["open_token"]

_SigningKeyTypes = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


def open_token(content: bytes, password: bytes, what: str) -> Store:
    """The certificates of a token, each with the private key that belongs to it, if the token has that.

    ``content`` is a URI of RFC 7512 or the path of the module, ``password`` the PIN. Of the private keys only those
    are taken that the URI's ``object`` and ``id`` fit. ``what`` names the store in the text of an error. Raises
    :class:`CertificateError` (271) when the token cannot be found or used, and :class:`UnsupportedError` (20009) where
    python-pkcs11 is missing.
    """
    try:
        address = parse_address(content.decode("utf-8").strip())
    except UnicodeDecodeError:
        # Not chained: the exception holds the content.
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"{what} names no PKCS #11 token: it is no text.") from None
    except ValueError as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"{what} names no PKCS #11 token: {error}.") from None
    with token_session(address, password, what) as session:
        certificates = _certificates(session, what)
        keys = [
            _signer(TokenKey(address, password, what, key_id, label), public)
            for key_id, label, public in _private_keys(session, address, certificates)
        ]
    return join_store((certificate for _, certificate in certificates), keys)


def _certificates(session: Any, what: str) -> list[tuple[bytes, Certificate]]:
    """CKA_ID, by which a private key finds its certificate, and the certificate."""
    import pkcs11

    wanted = {
        pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
        pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
    }
    try:
        return [
            (
                _attribute(found, pkcs11.Attribute.ID) or b"",
                Certificate(_attribute(found, pkcs11.Attribute.VALUE) or b""),
            )
            for found in islice(session.get_objects(wanted), MAXIMUM_CERTIFICATES)
        ]
    except CertificateError as error:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"A certificate on the PKCS #11 token of {what} is damaged."
        ) from error


def _private_keys(
    session: Any, address: TokenAddress, certificates: list[tuple[bytes, Certificate]]
) -> list[tuple[bytes, str, _SigningKeyTypes]]:
    """CKA_ID, CKA_LABEL and public key of each RSA or EC key; one whose public key is nowhere is of no use."""
    import pkcs11

    wanted: dict[Any, Any] = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}
    if address.label is not None:
        wanted[pkcs11.Attribute.LABEL] = address.label
    if address.id is not None:
        wanted[pkcs11.Attribute.ID] = address.id
    keys = []
    # All of them first, for a session searches for one thing at a time.
    for found in list(islice(session.get_objects(wanted), MAXIMUM_KEYS)):
        key_id = _attribute(found, pkcs11.Attribute.ID) or b""
        label = _attribute(found, pkcs11.Attribute.LABEL) or ""
        public = _rsa_part(found)
        if public is None and key_id:
            public = _public_object(session, key_id) or _certified(key_id, certificates)
        if isinstance(public, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
            keys.append((key_id, label, public))
    return keys


def _rsa_part(found: Any) -> PublicKeyTypes | None:
    """The public part that the object of a private RSA key may have."""
    import pkcs11

    modulus = _attribute(found, pkcs11.Attribute.MODULUS)
    exponent = _attribute(found, pkcs11.Attribute.PUBLIC_EXPONENT)
    if not modulus or not exponent:
        return None
    return rsa_public_key(int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big"))


def _public_object(session: Any, key_id: bytes) -> PublicKeyTypes | None:
    """The public key that stands beside a private one, under the same CKA_ID; that of an EC key is nowhere else."""
    import pkcs11
    from pkcs11.util.ec import encode_ec_public_key
    from pkcs11.util.rsa import encode_rsa_public_key

    encoders = {pkcs11.KeyType.EC: encode_ec_public_key, pkcs11.KeyType.RSA: encode_rsa_public_key}
    wanted = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PUBLIC_KEY, pkcs11.Attribute.ID: key_id}
    found = list(islice(session.get_objects(wanted), 1))
    encode = encoders.get(_attribute(found[0], pkcs11.Attribute.KEY_TYPE)) if found else None
    try:
        return load_der_public_key(encode(found[0])) if encode is not None else None
    except (ValueError, UnsupportedAlgorithm):
        return None


def _certified(key_id: bytes, certificates: list[tuple[bytes, Certificate]]) -> PublicKeyTypes | None:
    certificate = next((certificate for other, certificate in certificates if other == key_id), None)
    try:
        return certificate.public_key if certificate is not None else None
    except UnsupportedError:
        return None


def _signer(key: TokenKey, public: _SigningKeyTypes) -> PrivateKeyTypes:
    return TokenRSAKey(key, public) if isinstance(public, rsa.RSAPublicKey) else TokenECKey(key, public)


def _attribute(found: Any, attribute: Any) -> Any:
    """The attribute's value; None where the object lacks it, which modules say in several ways."""
    import pkcs11

    try:
        return found[attribute]
    except (pkcs11.PKCS11Error, KeyError):
        return None
