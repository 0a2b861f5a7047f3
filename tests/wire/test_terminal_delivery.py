"""SEND, SOML and SAML: transactions that begin with another word than MAIL and are the same from there on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ssmtp_compat import ssmtp_do_sendtoterminalandemail, ssmtp_do_sendtoterminalonly, ssmtp_do_sendtoterminaloremail
from wire.mailer import CONTENT, Mailer
from wire.scripted_server import EXTENSIONS, ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaks")

WAYS = {
    "SEND": ssmtp_do_sendtoterminalonly,
    "SOML": ssmtp_do_sendtoterminaloremail,
    "SAML": ssmtp_do_sendtoterminalandemail,
}
each = pytest.mark.parametrize(("verb", "send"), list(WAYS.items()))


@each
@pytest.mark.parametrize("pipelining", [True, False])
def test_the_message_is_delivered_in_a_transaction_of_that_kind(
    verb: str, send: Callable[[int], int], pipelining: bool
):
    offered = [name for name in EXTENSIONS if pipelining or name != "PIPELINING"]
    with ScriptedServer(extensions=offered) as server, Mailer(server.port) as mailer:
        assert send(mailer.handle) == 0, mailer.error
    (message,) = server.messages
    assert message.mail.startswith(f"{verb} FROM:<alice@example.test>")
    assert message.content == CONTENT
    assert [command.split()[0] for command in server.commands] == ["EHLO", verb, "RCPT", "DATA", "QUIT"]


@each
def test_a_server_without_it_refuses_and_the_session_can_go_on(verb: str, send: Callable[[int], int]):
    with ScriptedServer(replies={"MAIL": ["502 5.5.1 no terminals here"]}) as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
        assert send(mailer.handle) == 161
        assert mailer.error == (161, "502 5.5.1 no terminals here")
        assert mailer.send() == 0, mailer.error
    (message,) = server.messages
    assert message.mail.startswith("MAIL FROM:")


@each
def test_without_extensions_nothing_is_sent(verb: str, send: Callable[[int], int]):
    with ScriptedServer() as server, Mailer(server.port, AllowExtensions=False) as mailer:
        assert send(mailer.handle) == 20005
        assert "AllowExtensions" in mailer.error[1]
        assert verb in mailer.error[1]
        assert server.connections == []
        assert mailer.send() == 0, mailer.error
