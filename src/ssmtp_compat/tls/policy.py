"""What may be negotiated: versions, cipher suites, groups and signature algorithms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from OpenSSL import SSL

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError, TLSError
from .bindings import set_groups, set_signature_algorithms
from .cipher_suites import allowed_suites
from .reasons import reasons

__all__ = ["TlsPolicy", "apply"]

_VERSIONS: Final = {
    "TLSv1": SSL.TLS1_VERSION,
    "TLSv1.1": SSL.TLS1_1_VERSION,
    "TLSv1.2": SSL.TLS1_2_VERSION,
    "TLSv1.3": SSL.TLS1_3_VERSION,
}
"""Oldest first."""
_RETIRED: Final = frozenset({"TLSv1", "TLSv1.1"})  # RFC 8996
# These versions sign with SHA-1, which OpenSSL takes at this level only.
_LOWEST_LEVEL: Final = "@SECLEVEL=0"
_LEVEL: Final = re.compile(r"@SECLEVEL=\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsPolicy:
    """The limits of a negotiation. The default leaves everything but the versions to OpenSSL."""

    versions: frozenset[str] = frozenset({"TLSv1.2", "TLSv1.3"})
    """By OpenSSL's names, ``TLSv1`` to ``TLSv1.3``."""
    cipher_suites: tuple[str, ...] = ()
    """The only suites to offer, by IANA's or OpenSSL's names."""
    cipher_list: str = ""
    """Suites of TLS 1.2 and older in the language of ``openssl ciphers``; without ``cipher_suites`` only."""
    minimum_bits: int = 0
    """Shortest key of a suite."""
    groups: tuple[str, ...] = ()
    """Groups of the key exchange, the preferred first."""
    key_shares: tuple[str, ...] = ()
    """Those of ``groups`` that the first ClientHello carries a key share for."""
    signature_algorithms: tuple[str, ...] = ()
    """The preferred first."""

    @property
    def lowers_level(self) -> bool:
        """Whether OpenSSL's demands on keys and signatures are given up for the sake of a retired version."""
        return bool(self.versions & _RETIRED) and (bool(self.cipher_suites) or not _LEVEL.search(self.cipher_list))


def apply(context: SSL.Context, policy: TlsPolicy) -> None:
    """Bind ``context`` to ``policy``.

    Raises :class:`InvalidValueError` (20005) for a policy that allows nothing, leaves a gap between versions, or names
    what does not exist.
    """
    suites = allowed_suites(policy.cipher_suites, policy.cipher_list, policy.minimum_bits)
    versions = policy.versions
    if suites.tls13 == ():
        versions -= {"TLSv1.3"}
    if suites.older == ():
        versions &= {"TLSv1.3"}
    if not versions:
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE,
            f"Nothing is left to negotiate: none of the cipher suites that are allowed is there for "
            f"{' and '.join(sorted(policy.versions)) or 'any version of TLS'}.",
        )
    _set_versions(context, versions)
    older = ":".join(suites.older) if suites.older else "DEFAULT"
    level = _LEVEL.search(policy.cipher_list) if not policy.cipher_suites else None
    if level is not None:
        older += f":{level[0]}"
    elif versions & _RETIRED:
        older += f":{_LOWEST_LEVEL}"
    try:
        if suites.older or level is not None or versions & _RETIRED:
            context.set_cipher_list(older.encode())
        if suites.tls13:
            context.set_tls13_ciphersuites(":".join(suites.tls13).encode())
    except SSL.Error as error:
        raise TLSError(
            ErrorCode.NO_CREDENTIALS, f"OpenSSL does not take the cipher suites: {reasons(error)}."
        ) from error
    if policy.groups:
        set_groups(context, policy.groups, policy.key_shares)
    if policy.signature_algorithms:
        set_signature_algorithms(context, policy.signature_algorithms)


def _set_versions(context: SSL.Context, versions: frozenset[str]) -> None:
    names = list(_VERSIONS)
    first, last = (limit(map(names.index, versions)) for limit in (min, max))
    if missing := {*names[first : last + 1]} - versions:
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE,
            f"OpenSSL cannot leave a version out between others: {' and '.join(sorted(versions))} need "
            f"{' and '.join(sorted(missing))} too.",
        )
    context.set_min_proto_version(_VERSIONS[names[first]])
    context.set_max_proto_version(_VERSIONS[names[last]])
