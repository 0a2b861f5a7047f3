"""What a certificate demands of signatures with an RSA key that it keeps for RSASSA-PSS (RFC 4055 3.3)."""

from __future__ import annotations

from dataclasses import dataclass

from asn1crypto import keys

from ..catalog.errors import ErrorCode
from ..errors import UnsupportedError
from ..pki.certificates import Certificate
from ..pki.stores.content import MALFORMED
from . import oids
from .suitability import is_for_pss_alone

__all__ = ["PssDemands", "pss_demands"]


@dataclass(frozen=True, slots=True)
class PssDemands:
    """The one hash and the one mask that a key is for, and the shortest salt."""

    hash_oid: str
    mask_hash_oid: str
    minimum_salt: int
    """Octets."""


def pss_demands(certificate: Certificate) -> PssDemands | None:
    """The parameters in the certificate's key; None for a key without any, and for every other kind of key.

    Raises :class:`UnsupportedError` (20008) where they are malformed or name another mask than MGF1.
    """
    if not is_for_pss_alone(certificate):
        return None
    try:
        parameters = keys.PublicKeyInfo.load(certificate.public_key_der)["algorithm"]["parameters"]
        if not parameters:
            return None
        mask = parameters["mask_gen_algorithm"]
        if mask["algorithm"].dotted != oids.MGF1:
            raise ValueError("a mask generation that is not MGF1")
        return PssDemands(
            parameters["hash_algorithm"]["algorithm"].dotted,
            mask["parameters"]["algorithm"].dotted,
            int(parameters["salt_length"].native),
        )
    except MALFORMED as error:
        raise UnsupportedError(
            ErrorCode.NOT_SUPPORTED, f"The certificate of {certificate.holder} holds a public key that cannot be used."
        ) from error
