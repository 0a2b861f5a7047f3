"""What opening an encrypted private key would cost: read from its parameters before the work begins."""

from __future__ import annotations

from typing import Any, Final

from asn1crypto import core
from asn1crypto.keys import EncryptedPrivateKeyInfo

from ...catalog.errors import ErrorCode
from ...errors import CertificateError

__all__ = ["MAXIMUM_ITERATIONS", "pkcs8_iterations"]

MAXIMUM_ITERATIONS: Final = 5_000_000
"""Of PBKDF2 and its like, for all keys of a store: seconds of work before the password is even known to be right.
OpenSSL writes 2048 for a key, and OWASP recommends 600 000."""
_MAXIMUM_SCRYPT_MEMORY: Final = 256 * 1024 * 1024
"""Octets. OpenSSL takes 16 MiB; 256 MiB take most of a second."""
_MAXIMUM_SCRYPT_PARALLELISM: Final = 16
_SCRYPT: Final = "1.3.6.1.4.1.11591.4.11"


class _ScryptParameters(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    """scrypt-params (RFC 7914 7.1), which asn1crypto lacks."""

    _fields = [  # noqa: RUF012  asn1crypto wants a list
        ("salt", core.OctetString),
        ("cost_parameter", core.Integer),
        ("block_size", core.Integer),
        ("parallelization_parameter", core.Integer),
        ("key_length", core.Integer, {"optional": True}),
    ]


def pkcs8_iterations(der: bytes, what: str) -> int:
    """The iterations that EncryptedPrivateKeyInfo (RFC 5958) asks for; 0 for a derivation that is not counted so.

    Raises :class:`CertificateError` (271) for a derivation that asks for too much memory, and ValueError or its like
    when ``der`` is something else.
    """
    algorithm = EncryptedPrivateKeyInfo.load(der, strict=True)["encryption_algorithm"]
    parameters = algorithm["parameters"]
    if algorithm["algorithm"].native != "pbes2":
        return _count(parameters)
    derivation = parameters["key_derivation_func"]
    if derivation["algorithm"].dotted == _SCRYPT:
        _refuse_huge_memory(_ScryptParameters.load(derivation["parameters"].dump(), strict=True), what)
        return 0
    return _count(derivation["parameters"])


def _count(parameters: Any) -> int:
    named = parameters.native
    return int(named.get("iterations", named.get("iteration_count", 0))) if hasattr(named, "get") else 0


def _refuse_huge_memory(parameters: _ScryptParameters, what: str) -> None:
    memory = 128 * parameters["cost_parameter"].native * parameters["block_size"].native
    if memory > _MAXIMUM_SCRYPT_MEMORY or parameters["parallelization_parameter"].native > _MAXIMUM_SCRYPT_PARALLELISM:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE,
            f"The key derivation of {what} asks for more work than is done: at most {_MAXIMUM_SCRYPT_MEMORY} octets "
            f"of memory, {_MAXIMUM_SCRYPT_PARALLELISM} times.",
        )
