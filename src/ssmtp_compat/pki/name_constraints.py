"""Name constraints of an authority (RFC 5280 4.2.1.10), of addresses and of directory names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cryptography import x509

__all__ = ["constraint_problem"]

_Name = Sequence[frozenset[tuple[str, str]]]


def constraint_problem(constraints: x509.NameConstraints, emails: Iterable[str], subject: x509.Name) -> str:
    """Which of the names below the authority its constraints forbid; ``""`` when none.

    Names of other kinds (hosts, addresses of machines) are not looked at: nothing in mail relies on them.
    """
    permitted, excluded = constraints.permitted_subtrees or (), constraints.excluded_subtrees or ()
    for email in emails:
        allowed = [each.value for each in permitted if isinstance(each, x509.RFC822Name)]
        if any(_covers(each.value, email) for each in excluded if isinstance(each, x509.RFC822Name)):
            return f"its issuer may not vouch for {email}"
        if allowed and not any(_covers(each, email) for each in allowed):
            return f"its issuer may not vouch for {email}"
    name = _folded(subject)
    if not name:
        return ""
    within = [_folded(each.value) for each in permitted if isinstance(each, x509.DirectoryName)]
    outside = [_folded(each.value) for each in excluded if isinstance(each, x509.DirectoryName)]
    if any(_begins(name, each) for each in outside) or (within and not any(_begins(name, each) for each in within)):
        return "its issuer may not vouch for this subject"
    return ""


def _covers(constraint: str, email: str) -> bool:
    """Whether ``email`` is in the subtree: a mailbox, a host, or with a leading dot the hosts of a domain."""
    local_part, _, host = email.rpartition("@")
    host = _host(host)
    if "@" in constraint:
        wanted, _, constraint = constraint.rpartition("@")
        return wanted == local_part and _host(constraint) == host
    constraint = _host(constraint)
    return host.endswith(constraint) if constraint.startswith(".") or not constraint else host == constraint


def _host(host: str) -> str:
    # The dot of the root makes no other host of it, and must not get around an exclusion (CVE-2026-8763).
    return host.casefold().removesuffix(".")


def _folded(name: x509.Name) -> _Name:
    # RFC 5280 7.1: without regard to case and to the number of blanks.
    return [
        frozenset((each.oid.dotted_string, " ".join(str(each.value).casefold().split())) for each in relative)
        for relative in name.rdns
    ]


def _begins(name: _Name, subtree: _Name) -> bool:
    return list(name[: len(subtree)]) == list(subtree)
