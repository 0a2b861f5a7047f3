"""Encrypted PKCS#8 keys (EncryptedPrivateKeyInfo, RFC 5958 3), whose work is measured before it begins."""

from __future__ import annotations

from typing import Any, Final

from asn1crypto import core
from asn1crypto.keys import EncryptedPrivateKeyInfo
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_private_key

from ...catalog.errors import ErrorCode
from ...errors import CertificateError
from .budget import Budget
from .pbe import decrypt, password_forms

__all__ = ["load_encrypted_pkcs8"]

_MAXIMUM_SCRYPT_MEMORY: Final = 256 * 1024 * 1024
"""Octets. OpenSSL takes 16 MiB; 256 MiB take most of a second."""
_SCRYPT: Final = "1.3.6.1.4.1.11591.4.11"
_SCRYPT_ITERATIONS: Final = 64
"""Of the octets that scrypt works on, those that take the time of one iteration of PBKDF2."""


class _ScryptParameters(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    """scrypt-params (RFC 7914 7.1), which asn1crypto lacks."""

    _fields = [  # noqa: RUF012  asn1crypto wants a list
        ("salt", core.OctetString),
        ("cost_parameter", core.Integer),
        ("block_size", core.Integer),
        ("parallelization_parameter", core.Integer),
        ("key_length", core.Integer, {"optional": True}),
    ]


def load_encrypted_pkcs8(der: bytes, password: bytes, budget: Budget, what: str) -> PrivateKeyTypes:
    """The key in ``der``, by cryptography, and by this library's own code in schemes that only stores of old have.

    Raises one of ``content.MALFORMED`` when the password is wrong or ``der`` is damaged, ``pbe.UnknownAlgorithmError``
    for a scheme that is not known, and :class:`CertificateError` (271) for a derivation that asks for endless work.
    """
    parsed = EncryptedPrivateKeyInfo.load(der, strict=True)
    algorithm = parsed["encryption_algorithm"]
    _spend(algorithm, budget, what)
    try:
        return load_der_private_key(der, password)
    except ValueError as error:
        if "Unknown key encryption algorithm" not in str(error):
            raise
    # Not every version of cryptography knows the same of the schemes of RFC 7292 and of PBES1, and none knows all.
    (form,) = password_forms(password)
    return budget.load_private_key(decrypt(algorithm, parsed["encrypted_data"].native, form, budget))


def _spend(algorithm: Any, budget: Budget, what: str) -> None:
    parameters = algorithm["parameters"]
    if algorithm["algorithm"].native == "pbes2":
        derivation = parameters["key_derivation_func"]
        parameters = derivation["parameters"]
        if derivation["algorithm"].dotted == _SCRYPT:
            budget.derive(_scrypt_iterations(_ScryptParameters.load(parameters.dump(), strict=True), what))
            return
    names = parameters.native
    budget.derive(int(names.get("iterations", names.get("iteration_count", 0))))


def _scrypt_iterations(parameters: _ScryptParameters, what: str) -> int:
    memory = 128 * parameters["cost_parameter"].native * parameters["block_size"].native
    if memory > _MAXIMUM_SCRYPT_MEMORY:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE,
            f"The key derivation of {what} asks for more memory than the {_MAXIMUM_SCRYPT_MEMORY} octets that it gets.",
        )
    return int(memory * parameters["parallelization_parameter"].native // _SCRYPT_ITERATIONS)
