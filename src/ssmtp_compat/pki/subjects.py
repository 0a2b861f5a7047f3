"""Choosing one entry of a store by what is known of its certificate."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from .certificates import Certificate
from .names import RelativeName, parse_name
from .stores.entries import StoreEntry

__all__ = ["select"]

_ANY: Final = "*"
# As programs show them: digits in pairs, with colons or blanks between, or without.
_HEXADECIMAL: Final = re.compile(r"(?:0x)?([0-9a-f]{1,2}(?:[: ]?[0-9a-f]{2})*)", re.IGNORECASE)
_DECIMAL: Final = re.compile(r"[0-9]{1,60}")
_SHA1_DIGITS: Final = 40
_SHA256_DIGITS: Final = 64


def select(entries: Sequence[StoreEntry], subject: str) -> StoreEntry | None:
    """The entry that ``subject`` means, or None. Of several that fit equally, the first with a private key is taken.

    Tried in this order: ``*`` for any; the whole distinguished name, in any order of its parts, RFC 4514 notation
    included, first with values as they are and then ignoring case; an e-mail address of the certificate (our
    addition, as the next and the last; ahead of parts, for as one ``bob@a.example`` would find ``jacob@a.example``
    too); the certificate's thumbprint, SHA-1 or SHA-256; a part of the subject's text, ignoring case; the
    certificate's serial number, decimal or hexadecimal. Thumbprint and hexadecimal numbers may have colons or blanks
    between the pairs of digits. An empty text finds nothing.
    """
    wanted = subject.strip()
    if not wanted:
        return None
    for fits in _tests(wanted, parse_name(subject)):
        found = [entry for entry in entries if fits(entry.certificate)]
        if found:
            return next((entry for entry in found if entry.private_key is not None), found[0])
    return None


def _tests(wanted: str, names: Sequence[RelativeName] | None) -> Iterable[Callable[[Certificate], bool]]:
    if wanted == _ANY:
        yield lambda certificate: True
        return
    yield lambda certificate: certificate.subject == wanted
    if names is not None:
        exact = sorted(map(sorted, names))
        yield lambda certificate: sorted(map(sorted, certificate.subject_names)) == exact
        folded = _folded(names)
        yield lambda certificate: _folded(certificate.subject_names) == folded
    if "@" in wanted:
        address = _with_folded_domain(wanted)
        yield lambda certificate: any(_with_folded_domain(email) == address for email in certificate.emails)
    match = _HEXADECIMAL.fullmatch(wanted)
    digits = re.sub("[: ]", "", match[1]).lower() if match else ""
    if len(digits) == _SHA1_DIGITS:
        # No security rests on it here: whoever can put a certificate into the store needs no collision.
        yield lambda certificate: hashlib.sha1(certificate.der, usedforsecurity=False).hexdigest() == digits
    elif len(digits) == _SHA256_DIGITS:
        yield lambda certificate: hashlib.sha256(certificate.der).hexdigest() == digits
    part = wanted.casefold()
    yield lambda certificate: part in certificate.subject.casefold()
    if _DECIMAL.fullmatch(wanted):
        yield lambda certificate: certificate.serial == int(wanted)
    if digits:
        yield lambda certificate: certificate.serial == int(digits, 16)


def _folded(names: Iterable[RelativeName]) -> list[list[tuple[str, str]]]:
    return sorted(sorted((kind, " ".join(value.casefold().split())) for kind, value in relative) for relative in names)


def _with_folded_domain(address: str) -> tuple[str, str]:
    # RFC 5321 2.4: only the domain may be compared without regard to case.
    local_part, _, domain = address.rpartition("@")
    return local_part, domain.casefold()
