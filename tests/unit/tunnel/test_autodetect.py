"""Which proxy the environment names, and which hosts go without one."""

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.tunnel.autodetect import goes_direct, proxy_of_environment
from ssmtp_compat.tunnel.options import ProxyKind


def found(environment, host="mail.example.test"):
    return proxy_of_environment(environment, host, 0)


@pytest.mark.parametrize(
    ("url", "kind", "host", "port", "remotely"),
    [
        ("http://p", ProxyKind.HTTP, "p", 80, True),
        ("p:3128", ProxyKind.HTTP, "p", 3128, True),
        ("HTTP://p:3128/", ProxyKind.HTTP, "p", 3128, True),
        ("socks4://p", ProxyKind.SOCKS4, "p", 1080, False),
        ("socks4a://p", ProxyKind.SOCKS4A, "p", 1080, True),
        ("socks5://p:9050", ProxyKind.SOCKS5, "p", 9050, False),
        ("socks5h://[::1]:9050", ProxyKind.SOCKS5, "::1", 9050, True),
        ("socks://p", ProxyKind.SOCKS5, "p", 1080, True),
    ],
)
def test_urls(url, kind, host, port, remotely):
    proxy = found({"ALL_PROXY": url})
    assert (proxy.kind, proxy.host, proxy.port, proxy.resolve_remotely) == (kind, host, port, remotely)


def test_user_and_password_are_decoded_and_hidden():
    proxy = found({"ALL_PROXY": "http://a%40b:s%3Acret@p"})
    assert (proxy.user, proxy.password) == ("a@b", "s:cret")
    assert "cret" not in repr(proxy)


@pytest.mark.parametrize(
    ("userinfo", "user", "password"),
    [
        ("ann@", "ann", ""),
        ("ann:@", "ann", ""),
        (":token@", "", "token"),
        ("ann:a:b@", "ann", "a:b"),
        ("ann@corp:x@", "ann@corp", "x"),
        ("%C3%BCnn:%E9@", "ünn", "\udce9"),
        ("a%2Fb:c%23d@", "a/b", "c#d"),
        ("@", "", ""),
    ],
)
def test_userinfo(userinfo, user, password):
    proxy = found({"ALL_PROXY": f"http://{userinfo}p:3128"})
    assert (proxy.user, proxy.password, proxy.host, proxy.port) == (user, password, "p", 3128)


def test_the_zone_of_an_address():
    assert found({"ALL_PROXY": "http://[fe80::1%25eth0]:3128"}).host == "fe80::1%eth0"


def test_the_order_of_the_variables():
    environment = {
        "HTTPS_PROXY": "http://d",
        "https_proxy": "http://c",
        "ALL_PROXY": "http://b",
        "all_proxy": "http://a",
    }
    hosts = []
    while environment:
        proxy = found(environment)
        hosts.append(proxy.host)
        environment = {name: url for name, url in environment.items() if url != f"http://{proxy.host}"}
    assert hosts == ["a", "b", "c", "d"]


@pytest.mark.parametrize("environment", [{}, {"ALL_PROXY": ""}, {"HTTP_PROXY": "http://p"}])
def test_none(environment):
    assert found(environment) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://p",
        "ftp://p",
        "http://",
        "http://p:0",
        "http://p:x",
        "http://u:secret@:1",
        "http://u:12/secret@p",
        "http://u:12#secret@p",
        "http://p/x.pac",
        "http://u:secret@p%0d%0a250%20ok",
    ],
)
def test_what_cannot_be_used_is_refused_without_its_password(url):
    with pytest.raises(InvalidValueError, match="ALL_PROXY") as caught:
        found({"ALL_PROXY": url})
    assert caught.value.code is ErrorCode.INVALID_VALUE
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("excepted", "direct"),
    [
        ("mail.example.test", True),
        ("example.test", True),
        (".example.test", True),
        ("a, example.test ,b", True),
        ("*", True),
        ("EXAMPLE.test", True),
        ("ample.test", False),
        ("example.test.", True),
        ("mail.example.test:25", False),
        ("*.example.test", True),
        ("other.test", False),
        ("", False),
    ],
)
def test_no_proxy(excepted, direct):
    for name in ("no_proxy", "NO_PROXY"):
        assert (found({"ALL_PROXY": "http://p", name: excepted}) is None) is direct


@pytest.mark.parametrize(
    ("host", "excepted", "direct"),
    [
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "2.3", False),
        ("10.1.2.3", ".3", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3/40", False),
        ("::1", "::1", True),
        ("::1", "[::1]", True),
        ("fe80::1%eth0", "fe80::/10", True),
        ("localhost", "127.0.0.0/8", False),
        ("", "example.test", False),
    ],
)
def test_no_proxy_with_addresses(host, excepted, direct):
    assert (found({"ALL_PROXY": "http://p", "NO_PROXY": excepted}, host) is None) is direct


@pytest.mark.parametrize(
    ("host", "exception", "direct"),
    [
        ("mail.example.test", "mail.example.test", True),
        ("MAIL.example.test.", "mail.Example.test", True),
        ("mail.example.test", "example.test", False),
        ("mail.example.test", ".example.test", True),
        ("example.test", ".example.test", True),
        ("badexample.test", ".example.test", False),
        ("mail.example.test", "*.example.test", True),
        ("mail.example.test", "mail.*", True),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("::1", "::1", True),
        ("::1", "[::1]", True),
        ("0:0:0:0:0:0:0:1", "::1", True),
        ("2001:db8::1", "2001:db8::/32", True),
        ("10.1.2.3", "2001:db8::/32", False),
        ("10.example.test", "10.0.0.0/8", False),
        ("mail.example.test", "", False),
        ("1", "[::1]", False),
        ("mail.müller.example", ".xn--mller-kva.example", True),
        ("mail.xn--mller-kva.example", "*.MÜLLER.example", True),
        ("10.1.2.3", ".3", False),
    ],
)
def test_exceptions(host, exception, direct):
    assert goes_direct(host, ["nothing.test", exception]) is direct
