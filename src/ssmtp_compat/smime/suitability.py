"""Whether a certificate may be used to sign or to encrypt mail (RFC 8550 4.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ..catalog.errors import ErrorCode
from ..errors import CertificateError
from ..pki.certificates import Certificate
from .algorithms import RSASSA_PSS

__all__ = ["CertificateRules", "check_recipient", "check_signer", "is_for_pss_alone"]


@dataclass(frozen=True, slots=True)
class CertificateRules:
    """What is asked of a certificate before it is used."""

    check_dates: bool = True
    check_purpose: bool = True
    """Whether key usage and extended key usage have to allow what the certificate is used for."""
    minimum_rsa_bits: int = 1024


_SIGNING_USES: Final = frozenset({"digitalSignature", "nonRepudiation"})
_TRANSPORT_USES: Final = frozenset({"keyEncipherment"})
_AGREEMENT_USES: Final = frozenset({"keyAgreement"})


def check_signer(certificate: Certificate, rules: CertificateRules, now: datetime) -> None:
    """Raise :class:`CertificateError` when ``certificate`` is not fit for signing mail.

    The codes: 10199 out of date, 10201 for something else, 10223 an RSA key below the minimum.
    """
    if rules.check_dates:
        _check_dates(certificate, now, ErrorCode.NO_SIGNING_CERTIFICATE)
    if rules.check_purpose:
        _check_purpose(certificate, _SIGNING_USES, "signing")
    _check_strength(certificate, rules.minimum_rsa_bits)


def check_recipient(certificate: Certificate, rules: CertificateRules, now: datetime) -> None:
    """Raise :class:`CertificateError` when mail may not be encrypted for ``certificate``.

    The codes: 10202 out of date, otherwise as :func:`check_signer`. Key usage has to have keyEncipherment for an RSA
    key and keyAgreement for another one (RFC 8550 4.4.2).
    """
    if rules.check_dates:
        _check_dates(certificate, now, ErrorCode.NO_RECIPIENT_CERTIFICATE)
    if rules.check_purpose:
        uses = _TRANSPORT_USES if isinstance(certificate.public_key, RSAPublicKey) else _AGREEMENT_USES
        _check_purpose(certificate, uses, "encryption")
        if is_for_pss_alone(certificate):
            raise CertificateError(
                ErrorCode.WRONG_CERTIFICATE,
                f"The certificate of {certificate.holder} is not for encryption: its key is for RSASSA-PSS signatures "
                "alone.",
            )
    _check_strength(certificate, rules.minimum_rsa_bits)


def is_for_pss_alone(certificate: Certificate) -> bool:
    """Whether ``certificate`` keeps its RSA key for RSASSA-PSS (RFC 4055 1.2)."""
    # The algorithm stands first in a SubjectPublicKeyInfo.
    return certificate.public_key_der.find(RSASSA_PSS, 0, 32) >= 0


def _check_dates(certificate: Certificate, now: datetime, code: ErrorCode) -> None:
    if problem := certificate.date_problem(now):
        raise CertificateError(code, f"The certificate of {certificate.holder} {problem}.")


def _check_purpose(certificate: Certificate, uses: frozenset[str], purpose: str) -> None:
    usage = certificate.key_usage
    if usage is not None and not usage & uses:
        allowed = ", ".join(sorted(usage)) or "nothing"
        raise CertificateError(
            ErrorCode.WRONG_CERTIFICATE,
            f"The certificate of {certificate.holder} is not for {purpose}: its key usage allows {allowed}, "
            f"and {' or '.join(sorted(uses))} is needed.",
        )
    if not certificate.allows_email:
        raise CertificateError(
            ErrorCode.WRONG_CERTIFICATE,
            f"The certificate of {certificate.holder} is not for mail: its extended key usage lacks emailProtection.",
        )


def _check_strength(certificate: Certificate, minimum_rsa_bits: int) -> None:
    key = certificate.public_key
    if isinstance(key, RSAPublicKey) and key.key_size < minimum_rsa_bits:
        raise CertificateError(
            ErrorCode.UNSUPPORTED_KEY_SIZE,
            f"The RSA key of {certificate.holder} is too weak: it has {key.key_size} bits, and at least "
            f"{minimum_rsa_bits} are needed.",
        )
