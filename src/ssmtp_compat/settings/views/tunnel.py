"""The proxy between here and the mail server, if any."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ...catalog.enums import FirewallTypes, PropertyID
from ...catalog.errors import ErrorCode
from ...errors import InvalidValueError
from ...message.domains import ascii_host
from ..store import Settings
from .tls import host, leaves_name_to_proxy

if TYPE_CHECKING:
    from ...tunnel.options import TunnelOptions

P = PropertyID

# Choosing a kind of firewall sets the port that such a firewall usually listens on (documented for a sister product).
USUAL_PORTS: Final = {
    FirewallTypes.fwNone: 0,
    FirewallTypes.fwTunnel: 80,
    FirewallTypes.fwSOCKS4: 1080,
    FirewallTypes.fwSOCKS5: 1080,
    FirewallTypes.fwSOCKS4A: 1080,
}
_KINDS: Final = {
    FirewallTypes.fwTunnel: "HTTP",
    FirewallTypes.fwSOCKS4: "SOCKS4",
    FirewallTypes.fwSOCKS5: "SOCKS5",
    FirewallTypes.fwSOCKS4A: "SOCKS4A",
}
# RFC 9110 5.1 and 5.5.
_FIELD: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e\x80-\xff\t]*?)[ \t]*")


def tunnel_options(settings: Settings) -> TunnelOptions | None:
    """The proxy to the mail server; None where the way is direct."""
    options = proxy_to(settings, host(settings))
    if options is None and leaves_name_to_proxy(settings):
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE,
            "MailServer begins with *, which leaves the look-up of its name to a proxy, and no proxy is used.",
        )
    return options


def proxy_to(settings: Settings, target: str) -> TunnelOptions | None:
    """The proxy to any host, which is the mail server's unless an exception is made for one of the two."""
    with settings.lock:  # asked for in the middle of a method too
        kind = FirewallTypes(settings.number(P.FirewallType))
        detect = settings.flag(P.FirewallAutoDetect) and not settings.text(P.FirewallHost).strip()
        if (kind is FirewallTypes.fwNone and not detect) or _excepted(settings, target):
            return None
        return _detected(settings, target) if detect else _named(settings, kind)


def _excepted(settings: Settings, target: str) -> bool:
    from ...tunnel.autodetect import goes_direct

    # The other lists of this interface have semicolons, those of proxies elsewhere commas; no host has either.
    return goes_direct(target, settings.setting_text("ProxyExceptionsList").replace(",", ";").split(";"))


def _named(settings: Settings, kind: FirewallTypes) -> TunnelOptions:
    from ...tunnel.options import ProxyKind, TunnelOptions

    proxy = ascii_host(settings.text(P.FirewallHost).strip(), "FirewallHost")
    if not proxy:
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE, "FirewallType names a kind of proxy, and FirewallHost is empty."
        )
    return TunnelOptions(
        kind=ProxyKind[_KINDS[kind]],
        host=proxy[1:-1] if proxy.startswith("[") and proxy.endswith("]") else proxy,
        port=settings.number(P.FirewallPort) or USUAL_PORTS[kind],
        user=settings.text(P.FirewallUser),
        password=settings.text(P.FirewallPassword),
        headers=_headers(settings),
        resolve_remotely=leaves_name_to_proxy(settings),
        use_ipv6=settings.setting_number("UseIPv6"),
    )


def _detected(settings: Settings, target: str) -> TunnelOptions | None:
    from ...tunnel.autodetect import proxy_of_environment

    found = proxy_of_environment(os.environ, target, settings.setting_number("UseIPv6"))
    if found is None:
        return None
    if not found.can_log_in:  # passwords seldom stand in the environment, where everybody could read them
        found = replace(found, user=settings.text(P.FirewallUser), password=settings.text(P.FirewallPassword))
    # The * asks for more than the scheme of the URL does.
    remotely = found.resolve_remotely or leaves_name_to_proxy(settings)
    return replace(found, headers=_headers(settings), resolve_remotely=remotely)


def _headers(settings: Settings) -> tuple[tuple[str, str], ...]:
    fields = []
    for number, line in enumerate(settings.setting_text("FirewallData").splitlines(), 1):
        found = _FIELD.fullmatch(line)
        if found is None:
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE, f"Line {number} of FirewallData is no header field; it has to be Name: value."
            )
        fields.append((found[1], found[2]))
    return tuple(fields)
