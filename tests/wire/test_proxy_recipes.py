"""The recipes of docs/proxies.md, run as they stand there."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from ssmtp_compat.net.deadline import Deadline
from ssmtp_compat.net.tcp import TcpOptions, TcpStream, connect
from ssmtp_compat.operations import transport
from wire.mailer import Mailer
from wire.proxies import Proxy, Talk, authorization
from wire.scripted_server import ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaks", "no_proxy_variables")

PAGE = (Path(__file__).parents[2] / "docs/proxies.md").read_text(encoding="utf-8")
PREFACE, *SECTIONS = re.split(r"^## ", PAGE, flags=re.MULTILINE)
RECIPES = {
    section.partition("\n")[0]: section for section in SECTIONS if re.search(r"^```python$", section, re.MULTILINE)
}
MAIL = ("mail.example.org", 587)
BASIC = {"user": "ann", "password": "secret"}


def blocks(text: str, language: str) -> str:
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


def bearer(_: Talk, head: bytes) -> list[str] | None:
    return None if authorization(head) == "Bearer my-token" else ["Bearer"]


def domain_account(_: Talk, head: bytes) -> list[str] | None:
    # The exchange itself has its test; here it is enough that NTLM begins, and who is meant shows in the properties.
    return None if authorization(head).startswith("NTLM TlRMTVNT") else ["NTLM"]


EXPECTED = {
    "An HTTP proxy with a password": (("proxy.example.org", 3128), BASIC),
    "A Windows domain's proxy": (("proxy.example.org", 8080), {"judge": domain_account}),
    "A token of your own": (("proxy.example.org", 3128), {"judge": bearer}),
    "The SOCKS5 proxy of ssh -D": (("127.0.0.1", 1080), {}),
    "The proxy of the environment": (("proxy.example.org", 3128), BASIC),
    "Exceptions": (None, {}),
}


def test_every_recipe_is_run():
    assert set(RECIPES) == set(EXPECTED)


@pytest.mark.parametrize("title", EXPECTED)
def test_recipe(title: str, monkeypatch: pytest.MonkeyPatch):
    address, properties = EXPECTED[title]
    if title == "A Windows domain's proxy":
        pytest.importorskip("spnego")
    with ScriptedServer() as server, Proxy(server.port, **properties).serve() as proxy:
        ports = {MAIL: server.port, address: proxy.port}

        def lead(options: TcpOptions, deadline: Deadline) -> TcpStream:
            port = ports[options.host, options.port]
            return connect(dataclasses.replace(options, host="127.0.0.1", port=port), deadline)

        monkeypatch.setattr(transport, "tcp_connect", lead)
        for name, value in re.findall(r"^export (\w+)=(\S+)$", blocks(RECIPES[title], "sh"), re.MULTILINE):
            monkeypatch.setenv(name, value)
        with Mailer(MAIL[1], MailServer=MAIL[0]) as mailer:
            exec(blocks(PREFACE, "python") + blocks(RECIPES[title], "python"), {"h": mailer.handle})
            assert mailer.error == (0, "")
            assert mailer.send() == 0, mailer.error
    assert proxy.asked == ([] if address is None else [MAIL])
    assert len(server.messages) == 1
