"""The integrity check of a PKCS#12 store: the MAC of RFC 7292 appendix B, and PBMAC1 (RFC 9579)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any, Final

from asn1crypto.algos import Pbmac1Params

from .budget import Budget
from .pbe import Password, UnknownAlgorithmError, derive_pbkdf2, derive_pkcs12

__all__ = ["verified_forms"]

_MAC_KEY: Final = 3
_PBMAC1: Final = "1.2.840.113549.1.5.14"
KEY_LENGTHS: Final = range(20, 65)
"""Octets of a PBMAC1 key. RFC 9579 has shorter ones refused, because such a MAC can be forged (CVE-2026-34181); longer
ones than SHA-512's output serve nothing but overflows (CVE-2025-11187)."""
_DIGESTS: Final = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"})


def verified_forms(mac_data: Any, content: bytes, forms: Sequence[Password], budget: Budget) -> tuple[Password, ...]:
    """Those of ``forms`` with which the MAC over ``content`` is right; none when the password is wrong.

    Raises ValueError when the parameters are malformed, :class:`UnknownAlgorithmError`, and what :class:`Budget`
    raises.
    """
    digest_info = mac_data["mac"]
    algorithm = digest_info["digest_algorithm"]
    wanted = digest_info["digest"].native
    if algorithm["algorithm"].dotted == _PBMAC1:
        # PBKDF2 makes the same of both forms, so the MAC does not tell which of them the rest was encrypted with.
        made = _pbmac1(algorithm["parameters"], content, forms[0], budget)
        return tuple(forms) if hmac.compare_digest(made, wanted) else ()
    name = algorithm["algorithm"].native
    if name not in _DIGESTS:
        raise UnknownAlgorithmError(name)
    salt, iterations = mac_data["mac_salt"].native, mac_data["iterations"].native
    size = hashlib.new(name).digest_size

    def right(form: Password) -> bool:
        key = derive_pkcs12(name, _MAC_KEY, form, salt, iterations, size, budget)
        return hmac.compare_digest(hmac.digest(key, content, name), wanted)

    return tuple(form for form in forms if right(form))


def _pbmac1(parameters: Any, content: bytes, password: Password, budget: Budget) -> bytes:
    read = Pbmac1Params.load(parameters.dump(), strict=True)
    derivation, scheme = read["key_derivation_func"], read["message_auth_scheme"]["algorithm"].native
    if derivation["algorithm"].native != "pbkdf2" or scheme not in _DIGESTS:
        raise UnknownAlgorithmError(scheme)
    size = derivation["parameters"]["key_length"].native
    if size not in KEY_LENGTHS:
        raise ValueError("a PBMAC1 key that is too short or too long, or whose length is missing")
    return hmac.digest(derive_pbkdf2(derivation["parameters"], password, size, budget), content, scheme)
