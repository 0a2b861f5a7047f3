"""Checking one signature value with one public key (RFC 3370, RFC 4056, RFC 5753, RFC 5754, RFC 8419, RFC 9688).

DSA, with which the mail of the last century was signed, is checked and never made.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.dsa import DSAPublicKey
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import HashAlgorithm

from ..errors import SSMTPError, UnsupportedError
from ..pki.certificates import Certificate
from . import oids
from .digests import DIGESTS_BY_OID, SHA512, SHAKE256, Digest
from .pss_keys import PssDemands, pss_demands
from .schemes import ECDSA_CURVES, ECDSA_WITH, ED448_OID, ED25519_OID, RSA_WITH_SHA3
from .structures import Algorithm, read_algorithm
from .suitability import is_for_pss_alone
from .values import Value, malformed

__all__ = ["algorithm_name", "digest_of", "signature_problem"]

_RSA: Final = "RSA"
_PSS: Final = "RSASSA-PSS"
_DSA: Final = "DSA"
_ECDSA: Final = "ECDSA"
_ED25519: Final = "Ed25519"
_ED448: Final = "Ed448"
MINIMUM_DSA_BITS: Final = 1024
"""As for RSA keys; FIPS 186-2, which allowed less, is of 2000."""
# Scheme and, where the identifier says it, the digest's name.
_SCHEMES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        oids.RSA: (_RSA, ""),
        # Identifiers that others write for RSA with these digests.
        "1.2.840.113549.1.1.4": (_RSA, "MD5"),
        "1.2.840.113549.1.1.5": (_RSA, "SHA1"),
        "1.2.840.113549.1.1.14": (_RSA, "SHA224"),
        "1.2.840.113549.1.1.11": (_RSA, "SHA256"),
        "1.2.840.113549.1.1.12": (_RSA, "SHA384"),
        "1.2.840.113549.1.1.13": (_RSA, "SHA512"),
        **{oid: (_RSA, name) for name, oid in RSA_WITH_SHA3.items()},
        oids.RSASSA_PSS: (_PSS, ""),
        **{oid: (_ECDSA, name) for name, oid in ECDSA_WITH.items()},
        # RFC 3370 3.1, RFC 5754 3.1.
        "1.2.840.10040.4.3": (_DSA, "SHA1"),
        "2.16.840.1.101.3.4.3.1": (_DSA, "SHA224"),
        "2.16.840.1.101.3.4.3.2": (_DSA, "SHA256"),
        # RFC 8419 2.3: these digests for the content, and no others.
        ED25519_OID: (_ED25519, SHA512.name),
        ED448_OID: (_ED448, SHAKE256.name),
    }
)
# RFC 4055 3.1: the defaults of RSASSA-PSS-params.
_DEFAULT_DIGEST: Final = oids.SHA1
_DEFAULT_SALT: Final = 20
_TRAILER: Final = 1


def digest_of(algorithm: Algorithm) -> Digest | None:
    """The digest that ``algorithm`` identifies; None for one that is not on the list."""
    digest = DIGESTS_BY_OID.get(algorithm.oid)
    if digest is None or algorithm.without_parameters == (digest is not SHAKE256):
        return digest
    return None  # parameters where there are none, or a length of SHAKE256's output left open


def algorithm_name(algorithm: Algorithm) -> str:
    """The scheme's name, for people; the dotted identifier when it is not known."""
    return _SCHEMES.get(algorithm.oid, (algorithm.oid, ""))[0]


def signature_problem(
    certificate: Certificate, algorithm: Algorithm, digest: Digest, hashed: bytes, message: bytes, signature: bytes
) -> str:
    """Why ``signature`` is not that of the certificate's owner over ``message``; ``""`` when it is.

    ``hashed`` is the ``digest`` of ``message``. The signature algorithm has to go with the key and, where it names a
    digest, with ``digest`` (RFC 8933 says why: what is weak in either would count).
    """
    scheme, named = _SCHEMES.get(algorithm.oid, ("", ""))
    if not scheme:
        return f"the signature algorithm {algorithm.oid} is not known"
    if named and named != digest.name:
        return f"the signature algorithm wants {named} and the digest algorithm is {digest.name}"
    try:
        key = certificate.public_key
        padding = _padding(scheme, algorithm, digest, pss_demands(certificate))
    except UnsupportedError as error:
        return error.message
    except SSMTPError:
        return "the parameters of the signature algorithm cannot be used"
    if isinstance(key, RSAPublicKey) and padding is not None:
        return _rsa_problem(certificate, key, scheme, padding, digest.hash, hashed, signature)
    try:
        if isinstance(key, EllipticCurvePublicKey) and scheme == _ECDSA:
            if key.curve.name not in ECDSA_CURVES:
                return f"the curve {key.curve.name} of the signer's key is not supported"
            key.verify(signature, hashed, ECDSA(Prehashed(digest.hash)))
        elif isinstance(key, DSAPublicKey) and scheme == _DSA:
            if key.key_size < MINIMUM_DSA_BITS:
                return f"the signer's DSA key has only {key.key_size} bits"
            key.verify(signature, hashed, Prehashed(digest.hash))
        elif (isinstance(key, Ed25519PublicKey) and scheme == _ED25519) or (
            isinstance(key, Ed448PublicKey) and scheme == _ED448
        ):
            key.verify(signature, message)
        else:
            return f"the signer's key is not one for {scheme}"
    except (InvalidSignature, ValueError):
        return "the signature does not fit"
    return ""


def _rsa_problem(
    certificate: Certificate,
    key: RSAPublicKey,
    scheme: str,
    padding: AsymmetricPadding,
    algorithm: HashAlgorithm,
    hashed: bytes,
    signature: bytes,
) -> str:
    # A key for PSS alone is not to be used otherwise (RFC 4055 1.2).
    if scheme != _PSS and is_for_pss_alone(certificate):
        return f"the signer's key is for {_PSS} only"
    try:
        key.verify(signature, hashed, padding, Prehashed(algorithm))
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return "the signature does not fit"
    return ""


def _padding(scheme: str, algorithm: Algorithm, digest: Digest, demands: PssDemands | None) -> AsymmetricPadding | None:
    if scheme == _RSA:
        if not algorithm.without_parameters:
            raise malformed("RSA with parameters.")
        return PKCS1v15()
    return _pss(algorithm.parameters, digest, demands) if scheme == _PSS else None


def _pss(parameters: Value | None, digest: Digest, demands: PssDemands | None) -> AsymmetricPadding:
    """RSASSA-PSS-params (RFC 4055 3.1), which have to be what the key ``demands`` (3.3)."""
    if parameters is None:
        raise malformed("RSASSA-PSS without parameters.")
    fields = parameters.fields("RSASSA-PSS-params")
    found: list[Value | None] = []
    for tag in (0xA0, 0xA1, 0xA2, 0xA3):
        explicit = fields.take_if(tag)
        if explicit is not None and len(explicit.children) != 1:
            raise malformed("RSASSA-PSS-params.")
        found.append(explicit.children[0] if explicit is not None else None)
    fields.end()
    hash_value, mask_value, salt_value, trailer_value = found
    hash_oid = read_algorithm(hash_value, "The hash").oid if hash_value else _DEFAULT_DIGEST
    mask_digest = DIGESTS_BY_OID[_DEFAULT_DIGEST]
    if mask_value:
        mask = read_algorithm(mask_value, "The mask generation")
        if mask.oid != oids.MGF1 or mask.parameters is None:
            raise malformed("A mask generation that is not MGF1.")
        named = digest_of(read_algorithm(mask.parameters, "The hash of MGF1"))
        if named is None:
            raise malformed("MGF1 with an unknown hash.")
        mask_digest = named
    salt = salt_value.integer("The salt length") if salt_value else _DEFAULT_SALT
    trailer = trailer_value.integer("The trailer") if trailer_value else _TRAILER
    if hash_oid != digest.oid or not 0 <= salt <= 512 or trailer != _TRAILER:
        raise malformed("RSASSA-PSS-params that do not fit.")
    if demands is not None and (
        (hash_oid, mask_digest.oid) != (demands.hash_oid, demands.mask_hash_oid) or salt < demands.minimum_salt
    ):
        raise malformed("RSASSA-PSS-params that are not those of the key.")
    return PSS(MGF1(mask_digest.hash), salt)
