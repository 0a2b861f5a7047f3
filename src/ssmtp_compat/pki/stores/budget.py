"""How much work opening one store may cost, whatever it asks for."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_private_key

from ...catalog.errors import ErrorCode
from ...errors import CertificateError
from ..certificates import Certificate
from .entries import MAXIMUM_CERTIFICATES

__all__ = ["Budget"]

MAXIMUM_ITERATIONS: Final = 5_000_000
"""Of PBKDF2 and its like, for all keys of a store: seconds of work before the password is even known to be right.
OpenSSL writes 2048 for a key, and OWASP recommends 600 000."""
MAXIMUM_KEY_WORK: Final = 1000
"""Of all private keys together, in units of some ten milliseconds: 2 RSA keys of 8192 bits, 30 of 4096, 500 of 2048.
A private key is checked when it is loaded, and the check of RSA's primes grows with the fourth power of their size."""
MAXIMUM_RC2: Final = 1024 * 1024
"""Octets decrypted with RC2 in all, of which this does some 400 KB a second. A certificate has one or two thousand."""
_KEY_WORK_UNIT: Final = 1024
"""Octets of a private key whose check is one unit; RSA of 2048 bits has 1218."""


class Budget:
    """What is left for one store. Raises :class:`CertificateError` (271) when the store asks for more."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._iterations = 0
        self._key_work = 0.0
        self._certificates = 0
        self._rc2 = 0

    def derive(self, iterations: int) -> None:
        """Take ``iterations`` of a key derivation; call it before they are done. ValueError below 1."""
        if iterations < 1:
            raise ValueError("a key derivation without iterations")
        self._iterations += iterations
        if self._iterations > MAXIMUM_ITERATIONS:
            # The decimal form of a number that fills the file would be work without bounds again.
            shown = str(iterations) if iterations < 10**12 else "far too many"
            raise CertificateError(
                ErrorCode.CANNOT_OPEN_STORE,
                f"A key derivation of {self._what} asks for {shown} iterations; at most {MAXIMUM_ITERATIONS} are done "
                "for one store.",
            )

    def decrypt_rc2(self, size: int) -> None:
        """Take the decryption of ``size`` octets with RC2; call it before it is done."""
        self._rc2 += size
        if self._rc2 > MAXIMUM_RC2:
            raise CertificateError(
                ErrorCode.CANNOT_OPEN_STORE,
                f"More than {MAXIMUM_RC2} octets of {self._what} are encrypted with RC2, which is too slow for that.",
            )

    def check_key(self, size: int) -> None:
        """Take the check of a private key whose PrivateKeyInfo has ``size`` octets; call it before it is loaded."""
        self._key_work += (size / _KEY_WORK_UNIT) ** 4
        if self._key_work > MAXIMUM_KEY_WORK:
            raise CertificateError(
                ErrorCode.CANNOT_OPEN_STORE, f"The private keys of {self._what} are too large or too many."
            )

    def load_private_key(self, der: bytes) -> PrivateKeyTypes:
        """The key in PrivateKeyInfo (RFC 5958). ValueError when it is none; CertificateError for an unknown kind."""
        self.check_key(len(der))
        try:
            return load_der_private_key(der, None)
        except UnsupportedAlgorithm as error:
            raise CertificateError(
                ErrorCode.CANNOT_OPEN_STORE, f"A private key of {self._what} is of a kind that is not supported."
            ) from error
        except TypeError as error:
            raise ValueError("the key is encrypted once more") from error

    def load_certificate(self, der: bytes) -> Certificate:
        """The certificate. CertificateError (271) when it is none."""
        self._certificates += 1
        if self._certificates > MAXIMUM_CERTIFICATES:
            raise CertificateError(
                ErrorCode.CANNOT_OPEN_STORE,
                f"There are more than {MAXIMUM_CERTIFICATES} certificates in {self._what}, which is too many.",
            )
        try:
            return Certificate(der)
        except CertificateError as error:
            raise CertificateError(
                ErrorCode.CANNOT_OPEN_STORE, f"Certificate number {self._certificates} in {self._what} is damaged."
            ) from error
