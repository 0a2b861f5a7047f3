"""The proxy that the environment names, and the hosts that go without one."""

from __future__ import annotations

import fnmatch
import ipaddress
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError
from .options import ProxyKind, TunnelOptions

__all__ = ["goes_direct", "proxy_of_environment"]

_VARIABLES: Final = ("all_proxy", "ALL_PROXY", "https_proxy", "HTTPS_PROXY")
"""In the order in which they are looked at. HTTP_PROXY is about pages, and can be set by whoever asks a CGI program."""
_KINDS: Final = {
    "http": (ProxyKind.HTTP, 80, True),
    "socks4": (ProxyKind.SOCKS4, 1080, False),
    "socks4a": (ProxyKind.SOCKS4A, 1080, True),
    "socks5": (ProxyKind.SOCKS5, 1080, False),
    "socks5h": (ProxyKind.SOCKS5, 1080, True),
    "socks": (ProxyKind.SOCKS5, 1080, True),
}
"""Scheme: kind, usual port, and whether the proxy looks names up."""


def proxy_of_environment(environment: Mapping[str, str], host: str, use_ipv6: int) -> TunnelOptions | None:
    """The proxy that ``environment`` names for ``host``, None for none.

    Raises :class:`InvalidValueError` (20005) for a value that cannot be used; the text shows no password.
    """
    found = next((name for name in _VARIABLES if environment.get(name)), None)
    excepted = (environment.get("no_proxy") or environment.get("NO_PROXY") or "").replace(",", " ").split()
    # As curl has it a name stands there for all that is below it, with a dot in front or without.
    if found is None or goes_direct(host, [*excepted, *(f".{name.lstrip('.')}" for name in excepted)]):
        return None
    text = environment[found]
    url = _split(text if "://" in text else f"http://{text}", found)
    if url.scheme.lower() not in _KINDS:
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE,
            f"{found} names a proxy by the scheme {url.scheme!r}; known are {', '.join(_KINDS)}.",
        )
    kind, port, remotely = _KINDS[url.scheme.lower()]
    return TunnelOptions(
        kind=kind,
        host=unquote(url.hostname or ""),  # the zone of an address is written %25eth0 (RFC 6874)
        port=url.port or port,
        user=unquote(url.username or "", errors="surrogateescape"),
        password=unquote(url.password or "", errors="surrogateescape"),
        resolve_remotely=remotely,
        use_ipv6=use_ipv6,
    )


def _split(text: str, variable: str) -> SplitResult:
    with suppress(ValueError):
        url = urlsplit(text)
        host = unquote(url.hostname or "")
        # What follows the port would be the rest of a password with a / or # in it, and the host its user. And PITrail
        # names the host before anybody looks it up.
        bare = url.port != 0 and url.path in ("", "/") and not url.query and not url.fragment
        if host and host.isprintable() and bare:
            return url
    raise InvalidValueError(
        ErrorCode.INVALID_VALUE, f"{variable} is no URL of a proxy, such as socks5h://proxy.example.test:1080."
    )


def goes_direct(host: str, exceptions: Iterable[str]) -> bool:
    """Whether ``host`` fits one of ``exceptions``. Nothing is looked up.

    An exception is a name, which stands for what is below it too if it begins with a dot, a pattern with ``*``, an
    address, or a network such as ``10.0.0.0/8``.
    """
    name = _ascii(host)
    address = _address(name)
    for exception in exceptions:
        pattern = _ascii(exception)
        if not pattern:
            continue
        if address is not None and _contains(pattern, address):
            return True
        # A bracket belongs to an address here and not to a set of characters.
        if fnmatch.fnmatchcase(name, pattern.replace("[", "[[]")):
            return True
        # Addresses have no domains: 2.3 is no part of 10.1.2.3.
        if address is None and pattern.startswith(".") and f".{name}".endswith(pattern):
            return True
    return False


def _ascii(name: str) -> str:
    """A name as it is compared: in lower case, without the dot at its end, international labels in ASCII."""
    name = name.strip().lower().rstrip(".")
    if name.isascii():
        return name
    labels = []
    for label in name.split("."):
        try:
            labels.append(label.encode("idna").decode("ascii") if label else "")
        except UnicodeError:
            labels.append(label)
    return ".".join(labels)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None


def _contains(pattern: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return address in ipaddress.ip_network(pattern.strip("[]"), strict=False)
    except ValueError:
        return False
