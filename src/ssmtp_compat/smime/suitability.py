"""Whether a certificate may be used to sign or to encrypt mail (RFC 8550 4.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ..catalog.errors import ErrorCode
from ..errors import CertificateError, UnsupportedError
from ..pki.certificates import Certificate

__all__ = ["check_dates", "check_signer", "recipient_key"]

_EMAIL_PROTECTION: Final = "1.3.6.1.5.5.7.3.4"
_ANY_PURPOSE: Final = "2.5.29.37.0"
_SIGNING_USES: Final = frozenset({"digitalSignature", "nonRepudiation"})
_ENCRYPTION_USES: Final = frozenset({"keyEncipherment"})


def check_dates(certificate: Certificate, now: datetime, code: ErrorCode) -> None:
    """Raise :class:`CertificateError` with ``code`` when ``now`` is outside the certificate's time."""
    if now < certificate.not_before:
        problem = f"is not valid before {certificate.not_before:%Y-%m-%d %H:%M:%S} UTC"
    elif now > certificate.not_after:
        problem = f"expired on {certificate.not_after:%Y-%m-%d %H:%M:%S} UTC"
    else:
        return
    raise CertificateError(code, f"The certificate of {certificate.subject} {problem}.")


def check_signer(certificate: Certificate) -> None:
    """Raise :class:`CertificateError` (10201) when ``certificate`` is not for signing mail."""
    _check_purpose(certificate, _SIGNING_USES, "signing")


def recipient_key(certificate: Certificate) -> RSAPublicKey:
    """The public key, when the certificate is fit for encrypting mail to its owner.

    Raises :class:`CertificateError` (10201) when it is for something else, :class:`UnsupportedError` (20008) when the
    key is not RSA.
    """
    _check_purpose(certificate, _ENCRYPTION_USES, "encryption")
    key = certificate.public_key
    if not isinstance(key, RSAPublicKey):
        raise _not_rsa(certificate)
    return key


def _check_purpose(certificate: Certificate, uses: frozenset[str], purpose: str) -> None:
    usage = certificate.key_usage
    if usage is not None and not usage & uses:
        allowed = ", ".join(sorted(usage)) or "nothing"
        raise CertificateError(
            ErrorCode.WRONG_CERTIFICATE,
            f"The certificate of {certificate.subject} is not for {purpose}: its key usage allows {allowed}, "
            f"and {' or '.join(sorted(uses))} is needed.",
        )
    purposes = certificate.extended_key_usage
    if purposes is not None and not purposes & {_EMAIL_PROTECTION, _ANY_PURPOSE}:
        raise CertificateError(
            ErrorCode.WRONG_CERTIFICATE,
            f"The certificate of {certificate.subject} is not for mail: its extended key usage lacks emailProtection.",
        )


def _not_rsa(certificate: Certificate) -> UnsupportedError:
    return UnsupportedError(
        ErrorCode.NOT_SUPPORTED, f"The certificate of {certificate.subject} has no RSA key; only RSA is supported."
    )
