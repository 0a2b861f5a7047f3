"""Which proxy leads to a host: the one of the properties, that of the environment, or none."""

from __future__ import annotations

from typing import Any

import pytest

from ssmtp_compat.catalog.enums import FirewallTypes, PropertyID
from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.settings import views
from ssmtp_compat.settings.store import Settings
from ssmtp_compat.tunnel.options import ProxyKind
from unit.settings.test_connection_options import put

P = PropertyID
T = FirewallTypes


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("all_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def fill(settings: Settings, values: dict[PropertyID | str, Any]) -> None:
    for key, value in {P.MailServer: "mail.example.test", **values}.items():
        put(settings, key, value)


@pytest.mark.parametrize(
    ("kind", "meant", "port"),
    [
        (T.fwTunnel, ProxyKind.HTTP, 80),
        (T.fwSOCKS4, ProxyKind.SOCKS4, 1080),
        (T.fwSOCKS5, ProxyKind.SOCKS5, 1080),
        (T.fwSOCKS4A, ProxyKind.SOCKS4A, 1080),
    ],
)
@pytest.mark.parametrize("given", [None, 0, 3128])
def test_firewalltype_is_the_kind_and_its_usual_port(
    settings: Settings, kind: FirewallTypes, meant: ProxyKind, port: int, given: int | None
):
    fill(settings, {P.FirewallHost: "proxy.example.test", P.FirewallType: kind})
    if given is not None:
        put(settings, P.FirewallPort, given)
    options = views.tunnel_options(settings)
    assert options is not None
    assert (options.kind, options.host, options.port) == (meant, "proxy.example.test", given or port)


def test_without_firewalltype_the_way_is_direct(settings: Settings):
    fill(settings, {P.FirewallHost: "proxy.example.test", P.FirewallPort: 3128, P.FirewallUser: "ann"})
    assert views.tunnel_options(settings) is None


def test_an_ipv6_address_of_the_proxy_may_stand_in_brackets(settings: Settings):
    fill(settings, {P.FirewallHost: "[::1]", P.FirewallType: T.fwSOCKS5})
    assert views.tunnel_options(settings).host == "::1"


def test_a_proxy_outside_ascii_is_the_one_of_idna_2008(settings: Settings):
    fill(settings, {P.FirewallHost: "proxy.straße.example", P.FirewallType: T.fwTunnel})
    assert views.tunnel_options(settings).host == "proxy.xn--strae-oqa.example"
    fill(settings, {P.FirewallHost: "proxy server ü"})
    with pytest.raises(InvalidValueError, match="FirewallHost"):
        views.tunnel_options(settings)


def test_firewallhost_goes_before_the_environment(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ALL_PROXY", "socks5h://other.example.test:1")
    fill(settings, {P.FirewallAutoDetect: True})
    assert views.tunnel_options(settings).host == "other.example.test"
    fill(settings, {P.FirewallHost: "proxy.example.test", P.FirewallType: T.fwTunnel})
    assert views.tunnel_options(settings).host == "proxy.example.test"
    fill(settings, {P.FirewallAutoDetect: False, P.FirewallHost: "", P.FirewallType: T.fwNone})
    assert views.tunnel_options(settings) is None


def test_an_empty_environment_means_none(settings: Settings):
    fill(settings, {P.FirewallAutoDetect: True})
    assert views.tunnel_options(settings) is None


@pytest.mark.parametrize("detected", [False, True])
def test_exceptions_are_made_for_each_host_by_itself(
    settings: Settings, detected: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example.test")
    monkeypatch.setenv("NO_PROXY", "lists.example.test")
    fill(settings, {"ProxyExceptionsList": "mail.example.test"})
    fill(settings, {P.FirewallAutoDetect: True} if detected else {P.FirewallHost: "p", P.FirewallType: T.fwTunnel})
    assert views.tunnel_options(settings) is None
    assert views.proxy_to(settings, "web.example.test") is not None
    assert (views.proxy_to(settings, "lists.example.test") is None) is detected


def test_only_the_mail_servers_star_needs_a_proxy(settings: Settings):
    fill(settings, {P.MailServer: "*mail.example.test"})
    with pytest.raises(InvalidValueError, match="no proxy"):
        views.tunnel_options(settings)
    assert views.proxy_to(settings, "web.example.test") is None
