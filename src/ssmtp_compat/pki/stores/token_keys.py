"""Private keys that stay on a PKCS #11 token, behind the interface of cryptography's keys.

They sign, decrypt and agree on secrets; nothing gives them away.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, Generic, NoReturn, Self, TypeVar

from asn1crypto import algos, core
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import OAEP, PSS, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .token_session import token_session
from .token_uri import TokenAddress

__all__ = ["StaysOnToken", "TokenECKey", "TokenKey", "TokenRSAKey"]

_Public = TypeVar("_Public", bound=rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
_STAYS: Final = "the private key does not leave its token"
# cryptography's name of a hash -> asn1crypto's, where the two differ.
_ASN1_NAMES: Final = {"sha3-224": "sha3_224", "sha3-256": "sha3_256", "sha3-384": "sha3_384", "sha3-512": "sha3_512"}
# Errors that no ciphertext can cause, by their names in python-pkcs11. DeviceError is not among them: some cards say it
# of wrong padding.
_NOT_OF_THE_CIPHERTEXT: Final = frozenset(
    {
        "DeviceRemoved",
        "MechanismInvalid",
        "MechanismParamInvalid",
        "SessionClosed",
        "SessionHandleInvalid",
        "TokenNotPresent",
        "UserNotLoggedIn",
    }
)


@dataclass(frozen=True, slots=True)
class TokenKey:
    """Where the private key is, and what opens it."""

    address: TokenAddress
    pin: bytes = field(repr=False)
    what: str
    id: bytes
    label: str

    def sign(self, data: bytes, key_type: str, mechanism: str, pss: tuple[str, str, int] | None = None) -> bytes:
        """The token's signature of ``data``; names are those of python-pkcs11.

        ``pss`` is the hash, the hash of the mask generation function, and the octets of salt. Raises as
        :func:`token_session`.
        """
        with self._object(key_type, "sign") as (pkcs11, key):
            parameters = (pkcs11.Mechanism[pss[0]], pkcs11.MGF[pss[1]], pss[2]) if pss is not None else None
            signature: bytes = key.sign(data, mechanism=pkcs11.Mechanism[mechanism], mechanism_param=parameters)
            return signature

    def decrypt(self, ciphertext: bytes, mechanism: str, oaep: tuple[str, str, bytes | None] | None) -> bytes | None:
        """What the RSA key makes of ``ciphertext``; None for whatever the token says against that.

        Tokens say it in several ways, of which none may be told from another (see ``key_recovery.recover_key``).
        ``oaep`` is the hash, the hash of the mask generation function, and the label. Raises as :func:`token_session`
        where the token is not there, or lacks the mechanism.
        """
        with self._object("RSA", "decrypt") as (pkcs11, key):
            parameters = (pkcs11.Mechanism[oaep[0]], pkcs11.MGF[oaep[1]], oaep[2]) if oaep is not None else None
            try:
                plain: bytes = key.decrypt(
                    ciphertext, mechanism=pkcs11.Mechanism[mechanism], mechanism_param=parameters
                )
            except pkcs11.PKCS11Error as error:
                if type(error).__name__ in _NOT_OF_THE_CIPHERTEXT:
                    raise
                return None
            return plain

    def exchange(self, point: bytes, size: int) -> bytes:
        """The secret of ``size`` octets that the EC key agrees on with the public ``point``. Raises as above."""
        with self._object("EC", "derive_key") as (pkcs11, key):
            secret = key.derive_key(
                pkcs11.KeyType.GENERIC_SECRET,
                size * 8,
                mechanism=pkcs11.Mechanism.ECDH1_DERIVE,
                mechanism_param=(pkcs11.KDF.NULL, None, point),
                template={pkcs11.Attribute.SENSITIVE: False, pkcs11.Attribute.EXTRACTABLE: True},
            )
            value: bytes = secret[pkcs11.Attribute.VALUE]
            return value

    @contextmanager
    def _object(self, key_type: str, use: str) -> Iterator[tuple[Any, Any]]:
        """python-pkcs11, and its object of the private key, which has the method ``use``."""
        with token_session(self.address, self.pin, self.what) as session:
            import pkcs11

            wanted = {
                pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY,
                pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType[key_type],
            }
            # An attribute that the object lacks is not the same as an empty one.
            if self.id:
                wanted[pkcs11.Attribute.ID] = self.id
            if self.label:
                wanted[pkcs11.Attribute.LABEL] = self.label
            keys = list(islice(session.get_objects(wanted), 1))
            if not keys:
                raise LookupError("its private key is no longer there")
            if not hasattr(keys[0], use):
                # The methods are those that CKA_SIGN, CKA_DECRYPT and CKA_DERIVE allow.
                raise LookupError(f"its private key is not allowed to {use.partition('_')[0]}")
            yield pkcs11, keys[0]


class StaysOnToken(Generic[_Public]):
    """What the keys have in common, and what cryptography's private keys offer and a token does not."""

    _key: TokenKey
    _public: _Public

    def __init__(self, key: TokenKey, public: _Public) -> None:
        self._key = key
        self._public = public

    @property
    def key_size(self) -> int:
        return self._public.key_size

    def public_key(self) -> _Public:
        return self._public

    def private_numbers(self) -> NoReturn:
        raise TypeError(_STAYS)

    def private_bytes(self, *arguments: object, **keywords: object) -> NoReturn:
        raise TypeError(_STAYS)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


class TokenRSAKey(StaysOnToken[rsa.RSAPublicKey], rsa.RSAPrivateKey):
    """An RSA key on a token."""

    def sign(self, data: Any, padding: AsymmetricPadding, algorithm: Prehashed | hashes.HashAlgorithm | Any) -> bytes:
        """As cryptography's, with PKCS1v15 and PSS. The hash is made here, for tokens know few of them."""
        used, digest = _digest(data, algorithm)
        if isinstance(padding, PKCS1v15):
            return self._key.sign(_digest_info(used, digest), "RSA", "RSA_PKCS")
        if isinstance(padding, PSS):
            return self._key.sign(digest, "RSA", "RSA_PKCS_PSS", _pss_parameters(padding, used, self.key_size))
        raise UnsupportedAlgorithm("a padding that is neither PKCS1v15 nor PSS")

    def decrypt(self, ciphertext: Any, padding: AsymmetricPadding) -> bytes:
        """As cryptography's, with PKCS1v15 and OAEP: ValueError where the token refuses the ciphertext."""
        if isinstance(padding, PKCS1v15):
            plain = self._key.decrypt(bytes(ciphertext), "RSA_PKCS", None)
        elif isinstance(padding, OAEP):
            plain = self._key.decrypt(bytes(ciphertext), "RSA_PKCS_OAEP", _oaep_parameters(padding))
        else:
            raise UnsupportedAlgorithm("a padding that is neither PKCS1v15 nor OAEP")
        if plain is None:
            raise ValueError("decryption failed")
        return plain


class TokenECKey(StaysOnToken[ec.EllipticCurvePublicKey], ec.EllipticCurvePrivateKey):
    """An EC key on a token."""

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public.curve

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """As cryptography's, with ECDSA: DER of ECDSA-Sig-Value (RFC 3279 2.2.3)."""
        _, digest = _digest(data, signature_algorithm.algorithm)
        # FIPS 186-4 6.4: of a longer hash the leftmost bits; not every token cuts it off by itself.
        numbers = self._key.sign(digest[: (self.key_size + 7) // 8], "EC", "ECDSA")
        half = len(numbers) // 2
        return encode_dss_signature(int.from_bytes(numbers[:half], "big"), int.from_bytes(numbers[half:], "big"))

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        """As cryptography's: the x-coordinate of the shared point."""
        point = peer_public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return self._key.exchange(point, (self.key_size + 7) // 8)


def _digest(data: Any, algorithm: Any) -> tuple[hashes.HashAlgorithm, bytes]:
    """The hash, and its value; of a Prehashed that is the data itself."""
    if isinstance(algorithm, Prehashed):
        return algorithm._algorithm, bytes(data)
    hashed = hashes.Hash(algorithm)
    hashed.update(data)
    return algorithm, hashed.finalize()


def _digest_info(algorithm: hashes.HashAlgorithm, digest: bytes) -> bytes:
    """DigestInfo (RFC 8017 9.2), in which the parameters are NULL and not absent."""
    name = _ASN1_NAMES.get(algorithm.name, algorithm.name)
    encoded: bytes = algos.DigestInfo(
        {"digest_algorithm": {"algorithm": name, "parameters": core.Null()}, "digest": digest}
    ).dump()
    return encoded


def _pss_parameters(padding: PSS, algorithm: hashes.HashAlgorithm, key_size: int) -> tuple[str, str, int]:
    salt: Any = padding._salt_length
    if not isinstance(salt, int):
        # DIGEST_LENGTH, or as much as there is room for (RFC 8017 9.1.1), which is what AUTO is in signing.
        room = (key_size - 1 + 7) // 8 - algorithm.digest_size - 2
        salt = algorithm.digest_size if salt is PSS.DIGEST_LENGTH else room
    return (*_hash_names(algorithm, padding.mgf), salt)


def _oaep_parameters(padding: OAEP) -> tuple[str, str, bytes | None]:
    return (*_hash_names(padding._algorithm, padding._mgf), padding._label)


def _hash_names(algorithm: hashes.HashAlgorithm, generator: Any) -> tuple[str, str]:
    """The mechanism of a hash, and the mask generation function with another, by the names of python-pkcs11."""
    name, mask = (one.name.upper().replace("-", "_") for one in (algorithm, generator._algorithm))
    return name.replace("SHA1", "SHA_1"), mask
