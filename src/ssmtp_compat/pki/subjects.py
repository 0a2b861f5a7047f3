"""Choosing one entry of a store by what is known of its subject."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from .certificates import Certificate
from .names import RelativeName, parse_name
from .stores.entries import StoreEntry

__all__ = ["select"]

_ANY: Final = "*"


def select(entries: Sequence[StoreEntry], subject: str) -> StoreEntry | None:
    """The entry that ``subject`` means, or None. Of several that fit equally, the first with a private key is taken.

    Tried in this order: ``*`` for any; the whole distinguished name, in any order of its parts, RFC 4514 notation
    included, first with values as they are and then ignoring case; an e-mail address of the certificate (our
    addition; ahead of the next step, in which ``bob@a.example`` would find ``jacob@a.example`` too); a part of the
    subject's text, ignoring case. An empty text finds nothing.
    """
    wanted = subject.strip()
    if not wanted:
        return None
    for fits in _tests(wanted):
        found = [entry for entry in entries if fits(entry.certificate)]
        if found:
            return next((entry for entry in found if entry.private_key is not None), found[0])
    return None


def _tests(wanted: str) -> Iterable[Callable[[Certificate], bool]]:
    if wanted == _ANY:
        yield lambda certificate: True
        return
    yield lambda certificate: certificate.subject == wanted
    names = parse_name(wanted)
    if names is not None:
        exact = sorted(map(sorted, names))
        yield lambda certificate: sorted(map(sorted, certificate.subject_names)) == exact
        folded = _folded(names)
        yield lambda certificate: _folded(certificate.subject_names) == folded
    if "@" in wanted:
        address = _with_folded_domain(wanted)
        yield lambda certificate: any(_with_folded_domain(email) == address for email in certificate.emails)
    part = wanted.casefold()
    yield lambda certificate: part in certificate.subject.casefold()


def _folded(names: Iterable[RelativeName]) -> list[list[tuple[str, str]]]:
    return sorted(sorted((kind, " ".join(value.casefold().split())) for kind, value in relative) for relative in names)


def _with_folded_domain(address: str) -> tuple[str, str]:
    # RFC 5321 2.4: only the domain may be compared without regard to case.
    local_part, _, domain = address.rpartition("@")
    return local_part, domain.casefold()
