"""JSON Web Keys (RFC 7517, RFC 7518, RFC 8037) as a store: one key or a set, each with the certificates of its x5c."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, x448, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from ...catalog.errors import ErrorCode
from ...errors import CertificateError, UnsupportedError
from ..armor import decode_base64, plain_content
from ..certificates import Certificate
from .budget import Budget
from .entries import MAXIMUM_KEYS, Store, join_store
from .keys import CURVES, ec_private_key, rsa_private_key, rsa_public_key, subject_public_key_info

__all__ = ["open_jwk"]

_MAXIMUM_SIZE: Final = 4 * 1024 * 1024
"""Octets. What Python makes of JSON takes many times as much memory."""
_LONGEST_NUMBER: Final = 2048
"""Characters of base64url: room for a number of 12288 bits."""
# Names of RFC 8037 and its two classes.
_OKP: Final[Mapping[str, tuple[Any, Any]]] = MappingProxyType(
    {
        "Ed25519": (ed25519.Ed25519PrivateKey, ed25519.Ed25519PublicKey),
        "Ed448": (ed448.Ed448PrivateKey, ed448.Ed448PublicKey),
        "X25519": (x25519.X25519PrivateKey, x25519.X25519PublicKey),
        "X448": (x448.X448PrivateKey, x448.X448PublicKey),
    }
)


class _UnusableKeyError(Exception):
    """A key of a kind that is none of ours; the text says why, and holds nothing of the key."""


def open_jwk(content: bytes, password: bytes, what: str) -> Store:
    """The keys of a JWK or of a JWK Set, and their certificates; no password is needed.

    RSA, EC and OKP keys are taken; keys of other kinds are left out of a set. The URL of an ``x5u`` is never looked at.
    ``what`` names the store in the text of an error. Raises :class:`CertificateError` (271) when the content is no JWK,
    when a key or a certificate in it is damaged, and when there is no usable key.
    """
    certificates: list[Certificate] = []
    private: list[PrivateKeyTypes] = []
    public: list[PublicKeyTypes] = []
    budget = Budget(what)
    unusable = ""
    for number, key in enumerate(_keys(content, what), 1):
        try:
            found = _private_key(key, budget)
            stated = _public_key(key) if found is None else found.public_key()
            certificates += _certificates(key, stated, budget)
        except (_UnusableKeyError, UnsupportedAlgorithm) as error:
            unusable = f"Key number {number} in {what} cannot be used: {error}."
            continue
        except (ValueError, TypeError, UnsupportedError) as error:
            raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"Key number {number} in {what} is damaged.") from error
        if found is None:
            public.append(stated)
        else:
            private.append(found)
    if not private and not public:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, unusable or f"There is no key in {what}.")
    return join_store(certificates, private, public)


def _keys(content: bytes, what: str) -> list[dict[str, Any]]:
    content = plain_content(content, b"{")
    if len(content) > _MAXIMUM_SIZE:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is too large for a JSON Web Key.")
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError):
        # Not chained: the exception holds the content.
        parsed = None
    found = parsed.get("keys", [parsed]) if isinstance(parsed, dict) else None
    if not isinstance(found, list) or not all(isinstance(key, dict) for key in found):
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is neither a JSON Web Key nor a set of them."
        )
    if len(found) > MAXIMUM_KEYS:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"There are {len(found)} keys in {what}; a store has at most {MAXIMUM_KEYS}."
        )
    return found


def _private_key(key: Mapping[str, Any], budget: Budget) -> PrivateKeyTypes | None:
    """The private key; None when ``key`` is a public one. Raises ValueError when its numbers do not fit together."""
    kind = key.get("kty")
    if key.get("d") is None or kind not in ("RSA", "EC", "OKP"):
        return None
    if kind == "RSA":
        if "oth" in key:
            raise _UnusableKeyError("its modulus has more than two primes")
        primes = (_number(key, "p"), _number(key, "q")) if "p" in key or "q" in key else None
        return rsa_private_key(_number(key, "n"), _number(key, "e"), _number(key, "d"), primes, budget)
    public = _public_key(key)
    if isinstance(public, ec.EllipticCurvePublicKey):
        return ec_private_key(public.curve, _number(key, "d"), public)
    private: PrivateKeyTypes = _OKP[key["crv"]][0].from_private_bytes(_octets(key, "d"))
    if private.public_key() != public:
        raise ValueError("its two parts do not belong together")
    return private


def _public_key(key: Mapping[str, Any]) -> PublicKeyTypes:
    kind, curve = key.get("kty"), key.get("crv")
    if kind == "RSA":
        return rsa_public_key(_number(key, "n"), _number(key, "e"))
    if kind == "EC" and isinstance(curve, str):
        if curve not in CURVES:
            raise _UnusableKeyError("its curve is not supported")
        return ec.EllipticCurvePublicNumbers(_number(key, "x"), _number(key, "y"), CURVES[curve]).public_key()
    if kind == "OKP" and isinstance(curve, str):
        if curve not in _OKP:
            raise _UnusableKeyError("its curve is not supported")
        public: PublicKeyTypes = _OKP[curve][1].from_public_bytes(_octets(key, "x"))
        return public
    raise _UnusableKeyError("it is a symmetric key" if kind == "oct" else "its kind (kty) is not supported")


def _certificates(key: Mapping[str, Any], public: PublicKeyTypes, budget: Budget) -> list[Certificate]:
    """Those of x5c; the first has to be the key's own (RFC 7517 4.7)."""
    chain = key.get("x5c", [])
    if not isinstance(chain, list) or not all(isinstance(text, str) for text in chain):
        raise ValueError("x5c is no chain of certificates")
    certificates = [budget.load_certificate(decode_base64(text.encode("utf-8"))) for text in chain]
    if certificates and subject_public_key_info(certificates[0].public_key) != subject_public_key_info(public):
        raise ValueError("x5c begins with the certificate of another key")
    return certificates


def _number(key: Mapping[str, Any], name: str) -> int:
    return int.from_bytes(_octets(key, name), "big")


def _octets(key: Mapping[str, Any], name: str) -> bytes:
    text = key.get(name)
    if not isinstance(text, str) or not text or len(text) > _LONGEST_NUMBER:
        raise ValueError(f"its parameter {name} is missing or no number")
    text = text.rstrip("=")
    return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
