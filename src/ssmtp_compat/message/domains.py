"""Domains of mailboxes: host names, internationalised names (IDNA 2008 with UTS 46 mapping) and address literals."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError
from .faults import AddressFault, code_point, excerpt

__all__ = ["MAX_DOMAIN", "a_labels", "ascii_host", "u_labels"]

MAX_DOMAIN: Final = 255
"""Octets; RFC 5321 4.5.3.1.2."""

_MAX_LABEL: Final = 63  # RFC 1035 2.3.4
# RFC 5321 has letters, digits and inner hyphens. The underscore is no host name character, but internal mail hosts
# have it and it cannot change what a command means.
_LABEL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?")
_NOT_IN_LABEL: Final = re.compile(r"[^A-Za-z0-9_.-]")


# The domains of a mailing are few, and each is looked at for the header and for the envelope.
@lru_cache(maxsize=512)
def a_labels(domain: str) -> str:
    """Return ``domain`` in ASCII: as it is when it is ASCII, otherwise with A-labels (RFC 5891, UTS 46).

    A domain in square brackets has to be an address literal (RFC 5321 4.1.3). Raises :class:`AddressFault`.
    """
    if domain.startswith("["):
        _check_literal(domain)
        return domain
    if len(domain) > MAX_DOMAIN:
        raise AddressFault(f"the domain has {len(domain)} characters, {MAX_DOMAIN} are allowed")
    if domain.isascii():
        ascii_domain = domain
    else:
        # Here, because `import ssmtp_compat` loads the standard library only, and most mail needs no IDNA tables.
        import idna

        try:
            ascii_domain = idna.encode(domain, uts46=True).decode("ascii")
        except UnicodeError as error:  # IDNAError is one
            raise AddressFault(f"the domain is no internationalised domain name ({error})") from error
    _check_host(ascii_domain)
    return ascii_domain


def u_labels(domain: str) -> str:
    """Return ``domain`` with U-labels in place of non-ASCII text that UTS 46 maps; ASCII domains stay as they are.

    Raises :class:`AddressFault`.
    """
    ascii_domain = a_labels(domain)
    if domain.isascii():
        return ascii_domain
    import idna

    try:
        return idna.decode(ascii_domain)
    except UnicodeError as error:
        raise AddressFault(f"the domain is no internationalised domain name ({error})") from error


def ascii_host(host: str, what: str) -> str:
    """Return ``host`` in ASCII: as it is when it is ASCII, a name or not, otherwise with A-labels.

    Raises :class:`InvalidValueError` (20005) naming ``what``.
    """
    if host.isascii():
        return host
    try:
        return a_labels(host)
    except AddressFault as fault:
        raise InvalidValueError(ErrorCode.INVALID_VALUE, f"{what}: {excerpt(host)}: {fault}.") from fault


def _check_host(domain: str) -> None:
    if len(domain) > MAX_DOMAIN:
        raise AddressFault(f"the domain has {len(domain)} octets, {MAX_DOMAIN} are allowed")
    for label in domain.split("."):
        if not label:
            raise AddressFault("the domain has an empty label; no dot may begin, end or double in it")
        if len(label) > _MAX_LABEL:
            raise AddressFault(f"a label of the domain has {len(label)} octets, {_MAX_LABEL} are allowed")
        if not _LABEL.fullmatch(label):
            wrong = _NOT_IN_LABEL.search(label)
            if wrong:
                raise AddressFault(f"{code_point(wrong.group())} '{wrong.group()}' cannot stand in a domain")
            raise AddressFault("a label of the domain begins or ends with a hyphen")


def _check_literal(literal: str) -> None:
    inner = literal[1:-1]
    if not literal.endswith("]"):
        raise AddressFault('the address literal lacks its "]"')
    try:
        if inner[:5].upper() == "IPV6:":
            if "%" in inner:
                raise AddressFault("an address literal has no zone")
            ipaddress.IPv6Address(inner[5:])
        else:
            ipaddress.IPv4Address(inner)
    except ipaddress.AddressValueError as error:
        raise AddressFault("an address literal is [192.0.2.1] or [IPv6:2001:db8::1]") from error
