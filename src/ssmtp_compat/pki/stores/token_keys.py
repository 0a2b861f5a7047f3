"""Private keys that stay on a PKCS #11 token, behind the interface of cryptography's keys: they sign, and no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, NoReturn

from asn1crypto import algos, core
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PSS, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from .token_session import token_session
from .token_uri import TokenAddress

__all__ = ["TokenECKey", "TokenKey", "TokenRSAKey"]

_STAYS: Final = "the private key does not leave its token"
# cryptography's name of a hash -> asn1crypto's, where the two differ.
_ASN1_NAMES: Final = {"sha3-224": "sha3_224", "sha3-256": "sha3_256", "sha3-384": "sha3_384", "sha3-512": "sha3_512"}


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
            parameters = (pkcs11.Mechanism[pss[0]], pkcs11.MGF[pss[1]], pss[2]) if pss is not None else None
            signature: bytes = keys[0].sign(data, mechanism=pkcs11.Mechanism[mechanism], mechanism_param=parameters)
            return signature


class TokenRSAKey(rsa.RSAPrivateKey):
    """An RSA key on a token."""

    def __init__(self, key: TokenKey, public: rsa.RSAPublicKey) -> None:
        self._key = key
        self._public = public

    @property
    def key_size(self) -> int:
        return self._public.key_size

    def public_key(self) -> rsa.RSAPublicKey:
        return self._public

    def sign(self, data: Any, padding: AsymmetricPadding, algorithm: Prehashed | hashes.HashAlgorithm | Any) -> bytes:
        """As cryptography's, with PKCS1v15 and PSS. The hash is made here, for tokens know few of them."""
        used, digest = _digest(data, algorithm)
        if isinstance(padding, PKCS1v15):
            return self._key.sign(_digest_info(used, digest), "RSA", "RSA_PKCS")
        if isinstance(padding, PSS):
            return self._key.sign(digest, "RSA", "RSA_PKCS_PSS", _pss_parameters(padding, used, self.key_size))
        raise UnsupportedAlgorithm("a padding that is neither PKCS1v15 nor PSS")

    def decrypt(self, ciphertext: Any, padding: AsymmetricPadding) -> NoReturn:
        raise UnsupportedAlgorithm("a key on a token only signs")

    def private_numbers(self) -> NoReturn:
        raise TypeError(_STAYS)

    def private_bytes(self, *arguments: object, **keywords: object) -> NoReturn:
        raise TypeError(_STAYS)

    def __copy__(self) -> TokenRSAKey:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> TokenRSAKey:
        return self


class TokenECKey(ec.EllipticCurvePrivateKey):
    """An EC key on a token."""

    def __init__(self, key: TokenKey, public: ec.EllipticCurvePublicKey) -> None:
        self._key = key
        self._public = public

    @property
    def key_size(self) -> int:
        return self._public.key_size

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public.curve

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """As cryptography's, with ECDSA: DER of ECDSA-Sig-Value (RFC 3279 2.2.3)."""
        _, digest = _digest(data, signature_algorithm.algorithm)
        # FIPS 186-4 6.4: of a longer hash the leftmost bits; not every token cuts it off by itself.
        numbers = self._key.sign(digest[: (self.key_size + 7) // 8], "EC", "ECDSA")
        half = len(numbers) // 2
        return encode_dss_signature(int.from_bytes(numbers[:half], "big"), int.from_bytes(numbers[half:], "big"))

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> NoReturn:
        raise UnsupportedAlgorithm("a key on a token only signs")

    def private_numbers(self) -> NoReturn:
        raise TypeError(_STAYS)

    def private_bytes(self, *arguments: object, **keywords: object) -> NoReturn:
        raise TypeError(_STAYS)

    def __copy__(self) -> TokenECKey:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> TokenECKey:
        return self


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
    name, generator = (one.name.upper().replace("-", "_") for one in (algorithm, padding.mgf._algorithm))
    return name.replace("SHA1", "SHA_1"), generator, salt
