"""Cipher suites: IANA's names and OpenSSL's, and which of them are left for a policy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from OpenSSL import SSL

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError
from .reasons import reasons

__all__ = ["Suites", "allowed_suites"]

_TLS13: Final = re.compile(r"TLS_(?:AES|CHACHA20)_\w+")
_OLDER: Final = re.compile(r"TLS_(\w+)_WITH_(\w+)")
_OPENSSL: Final = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)+")
_BITS: Final = re.compile(r"(?:AES|ARIA|CAMELLIA)[_-]?(128|192|256)")
_OTHER_BITS: Final = {"CHACHA20": 256, "DES-CBC3": 112, "RC4": 128, "SEED": 128, "IDEA": 128, "NULL": 0}
"""Three keys of DES are worth two, because they can be met in the middle (NIST SP 800-57)."""
_EVERYTHING: Final = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"


@dataclass(frozen=True, slots=True)
class Suites:
    """What may be negotiated, by OpenSSL's names; None leaves OpenSSL's own choice."""

    older: tuple[str, ...] | None
    """For TLS 1.2 and older."""
    tls13: tuple[str, ...] | None


def allowed_suites(names: tuple[str, ...], cipher_list: str, minimum_bits: int) -> Suites:
    """The suites that a policy allows.

    ``names`` are IANA's or OpenSSL's names, in the order of preference; without any, ``cipher_list`` says which suites
    TLS 1.2 and older may use, in the language of ``openssl ciphers`` ("" for OpenSSL's default). A suite with a key of
    less than ``minimum_bits`` is left out, and so is one that this OpenSSL does not have: the list only gets shorter.
    Raises :class:`InvalidValueError` (20005) for what is no name of a suite, and for a list that OpenSSL does not take.
    """
    if names:
        available = {*_available(_EVERYTHING)}
        wanted = [_openssl_name(name) for name in names]
        older = [name for name in wanted if name in available and not _TLS13.fullmatch(name)]
        tls13 = [name for name in wanted if name in available and _TLS13.fullmatch(name)]
    elif cipher_list or minimum_bits:
        listed = _available(cipher_list or "DEFAULT")
        older = [name for name in listed if not _TLS13.fullmatch(name)]
        tls13 = [name for name in listed if _TLS13.fullmatch(name)]
    else:
        return Suites(None, None)
    return Suites(_strong(older, minimum_bits), _strong(tls13, minimum_bits))


def _available(cipher_list: str) -> list[str]:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    try:
        context.set_cipher_list(cipher_list.encode())
    except SSL.Error as error:
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE, f"OpenSSL does not take the cipher list {cipher_list!r}: {reasons(error)}."
        ) from error
    return SSL.Connection(context).get_cipher_list()


def _strong(names: Iterable[str], minimum_bits: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if _key_bits(name) >= minimum_bits))


def _key_bits(name: str) -> int:
    if found := _BITS.search(name):
        return int(found[1])
    return next((bits for part, bits in _OTHER_BITS.items() if part in name), 0)


def _openssl_name(name: str) -> str:
    """OpenSSL's name for a suite: without TLS and WITH, and without RSA and CBC, which it takes for granted.

    Suites without a server's certificate (PSK, SRP, anonymous) follow other rules; nobody could be trusted with these.
    """
    text = name.strip().upper()
    if _TLS13.fullmatch(text) or _OPENSSL.fullmatch(text):
        return text
    found = _OLDER.fullmatch(text)
    if found is None:
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE,
            f"{name.strip()!r} is no cipher suite; its name is wanted as IANA lists it, such as "
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384.",
        )
    exchange, cipher = found.groups()
    exchange = "" if exchange == "RSA" else exchange.replace("_", "-") + "-"
    cipher = cipher.replace("3DES_EDE_CBC", "DES-CBC3").replace("_CBC", "").replace("RC4_128", "RC4")
    cipher = re.sub(r"(AES|ARIA|CAMELLIA)_(\d)", r"\1\2", cipher).replace("CCM_8", "CCM8").replace("_", "-")
    if "CHACHA20" in cipher:
        cipher = cipher.removesuffix("-SHA256")
    if "ARIA" in cipher.split("-")[0] and exchange == "ECDHE-RSA-":
        exchange = "ECDHE-"
    return exchange + cipher
