"""Message identifiers (RFC 5322 3.6.4)."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError
from .domains import a_labels
from .faults import AddressFault, excerpt

__all__ = ["HASH_NAMES", "make_message_id", "normalise_message_id"]

HASH_NAMES: Final = frozenset(("none", "sha1", "sha224", "sha256", "sha384", "sha512", "ripemd160"))

_MAX_LENGTH: Final = 996  # a line of 998 octets less the blank of a folded line, and one to spare
_NOT_IN_DOMAIN: Final = re.compile(r"[^A-Za-z0-9._-]+")
# Characters of an atom and dots, also doubled ones, which other mailers write, on both sides of the @; or a literal.
_ID: Final = re.compile(r"[!#-'*+\-./-9=?A-Z^-~]+@(?:[!#-'*+\-./-9=?A-Z^-~]+|\[[!-Z^-~]*\])")


def make_message_id(random_bytes: bytes, hash_name: str, domain: str) -> str:
    """Return a new identifier, in angle brackets: the hash of ``random_bytes`` in hexadecimal before the @.

    ``hash_name`` is one of :data:`HASH_NAMES`; "none" takes the bytes themselves, and SHA-256 stands in for RIPEMD-160
    where OpenSSL lacks that. ``domain`` may be any name of a host; what a domain cannot hold becomes a hyphen.
    Raises :class:`InvalidValueError` (20005) for another ``hash_name``.
    """
    return f"<{_digest(random_bytes, hash_name)}@{_id_right(domain)}>"


def normalise_message_id(text: str) -> str:
    """Return ``text`` as an identifier, with angle brackets added where they are missing.

    Raises :class:`InvalidValueError` (20005) unless it has the form left@right in ASCII without blanks.
    """
    stripped = text.strip(" ")
    inner = stripped[1:-1] if stripped.startswith("<") and stripped.endswith(">") else stripped
    if not _ID.fullmatch(inner) or len(inner) > _MAX_LENGTH - 2:
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE,
            f"Message-ID: {excerpt(text)} is none; it has the form <left@right>, in ASCII, without blanks.",
        )
    return f"<{inner}>"


def _digest(random_bytes: bytes, hash_name: str) -> str:
    if hash_name not in HASH_NAMES:
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE,
            f"{excerpt(hash_name)} is no hash for a Message-ID: {', '.join(sorted(HASH_NAMES))}.",
        )
    if hash_name == "none":
        return random_bytes.hex()
    try:
        return hashlib.new(hash_name, random_bytes, usedforsecurity=False).hexdigest()
    except ValueError:
        # OpenSSL 3 has RIPEMD-160 in a provider that is often not loaded; an identifier only needs to be unique.
        return hashlib.sha256(random_bytes).hexdigest()


def _id_right(domain: str) -> str:
    try:
        return f"[IPv6:{ipaddress.IPv6Address(domain.partition('%')[0])}]"
    except ipaddress.AddressValueError:
        pass  # the usual case: a name
    try:
        return a_labels(domain)
    except AddressFault:
        labels = (label.strip("-")[:63] for label in _NOT_IN_DOMAIN.sub("-", domain).split("."))
        return ".".join(label for label in labels if label)[:255].strip(".") or "localhost"
