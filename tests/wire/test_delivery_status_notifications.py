"""What is asked of a server with DSN, what happens with one without, and what does not get onto the command line."""

from __future__ import annotations

import pytest

from ssmtp_compat import PropertyID, ssmtp_do_config, ssmtp_get, ssmtp_get_last_error_code, ssmtp_set
from wire.mailer import Mailer
from wire.scripted_server import EXTENSIONS, ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaks")

OPTIONS = PropertyID.MessageRecipientOptions
WITHOUT_DSN = [name for name in EXTENSIONS if name != "DSN"]


def parameters(server: ScriptedServer, verb: str) -> list[str]:
    """What stands behind the path of every MAIL or RCPT."""
    return [line.rpartition(">")[2].strip() for line in server.commands if line.startswith(verb)]


def set_options(mailer: Mailer, index: int, options: str) -> None:
    assert ssmtp_set(mailer.handle, OPTIONS, index, options) == 0, mailer.error


# -- a server that offers DSN -----------------------------------------------------------------------------------------


def test_each_recipient_gets_its_own_options():
    with ScriptedServer() as server, Mailer(server.port, SendTo="a@x.test, b@x.test", Cc="c@x.test") as mailer:
        set_options(mailer, 0, "NOTIFY SUCCESS,FAILURE")
        set_options(mailer, 2, "orcpt=rfc822;old+2Bc@x.test notify=never")
        assert mailer.send() == 0, mailer.error
        assert mailer.get("MessageRecipientOptions", 2) == "orcpt=rfc822;old+2Bc@x.test notify=never"
    assert parameters(server, "RCPT") == [
        "NOTIFY=SUCCESS,FAILURE",
        "",
        "NOTIFY=NEVER ORCPT=rfc822;old+2Bc@x.test",
    ]
    assert "RET" not in parameters(server, "MAIL")[0]


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        ({"DSNReturn": "hdrs"}, "RET=HDRS"),
        ({"DSNReturn": "FULL", "DSNEnvelopeId": "order 7+1=8"}, "RET=FULL ENVID=order+207+2B1+3D8"),
        ({"DSNEnvelopeId": "x" * 100}, f"ENVID={'x' * 100}"),
    ],
)
def test_mail_has_ret_and_envid(settings: dict[str, str], asked: str):
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        before = {name: mailer.setting(name) for name in settings}
        mailer.config(**settings)
        assert mailer.send() == 0, mailer.error
        mailer.config(**before)
        assert mailer.send() == 0, mailer.error
    first, second = parameters(server, "MAIL")
    assert first == f"{second} {asked}"


def test_delivery_notification_to_asks_for_recipients_without_a_notify_of_their_own():
    with (
        ScriptedServer() as server,
        Mailer(server.port, SendTo="a@x.test, b@x.test, c@x.test", DeliveryNotificationTo="n@x.test") as mailer,
    ):
        set_options(mailer, 1, "NOTIFY=NEVER")
        set_options(mailer, 2, "ORCPT=rfc822;old@x.test")
        assert mailer.send() == 0, mailer.error
    assert parameters(server, "RCPT") == [
        "NOTIFY=SUCCESS,FAILURE",
        "NOTIFY=NEVER",
        "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;old@x.test",
    ]
    assert b"Return-Receipt-To: n@x.test\r\n" in server.messages[0].content


def test_an_address_that_occurs_twice_has_the_first_options_given_for_it():
    with ScriptedServer() as server, Mailer(server.port, SendTo="a@x.test", Cc="a@X.TEST", BCc="a@x.test") as mailer:
        set_options(mailer, 1, "NOTIFY=DELAY")
        set_options(mailer, 2, "NOTIFY=NEVER")
        assert mailer.send() == 0, mailer.error
        set_options(mailer, 0, "NOTIFY=SUCCESS")
        assert mailer.send() == 0, mailer.error
    assert parameters(server, "RCPT") == ["NOTIFY=DELAY", "NOTIFY=SUCCESS"]


@pytest.mark.parametrize("extensions", [EXTENSIONS, ["DSN"]], ids=["all", "DSN alone"])
def test_an_original_address_beyond_ascii_needs_no_smtputf8(extensions: list[str]):
    with ScriptedServer(extensions=extensions) as server, Mailer(server.port) as mailer:
        set_options(mailer, 0, "ORCPT=utf-8;böb@example.test")
        assert mailer.send() == 0, mailer.error
    assert parameters(server, "RCPT") == [r"ORCPT=utf-8;b\x{F6}b@example.test"]
    assert "SMTPUTF8" not in parameters(server, "MAIL")[0]


def test_a_refusal_of_the_options_is_a_refusal_of_the_recipient():
    reply = "501 5.5.4 Bad ORCPT parameter syntax"
    with ScriptedServer(replies={"RCPT": [reply]}) as server, Mailer(server.port) as mailer:
        set_options(mailer, 0, "ORCPT=rfc822;bob@example.test")
        assert mailer.send() == 161
        assert mailer.error == (161, reply)


# -- a server that does not -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "settings", "words"),
    [
        ("NOTIFY=SUCCESS", {}, "NOTIFY of bob@example.test"),
        ("NOTIFY=NEVER ORCPT=rfc822;x@y.test", {}, "NOTIFY and ORCPT of bob@example.test"),
        ("", {"DSNReturn": "HDRS"}, "RET of the message"),
        ("", {"DSNReturn": "FULL", "DSNEnvelopeId": "1"}, "RET and ENVID of the message"),
    ],
)
@pytest.mark.parametrize("connected", [True, False])
def test_what_is_asked_expressly_fails_before_mail(options: str, settings: dict[str, str], words: str, connected: bool):
    with ScriptedServer(extensions=WITHOUT_DSN) as server, Mailer(server.port) as mailer:
        if connected:
            assert mailer.connect() == 0
        set_options(mailer, 0, options)
        mailer.config(**settings)
        assert mailer.send() == 20011
        assert "DSN" in mailer.error[1]
        assert words in mailer.error[1]
        assert not parameters(server, "MAIL")
        assert mailer.get("Connected") is connected
        set_options(mailer, 0, "")
        mailer.config(**dict.fromkeys(settings, ""))
        assert mailer.send() == 0, mailer.error


def test_without_extensions_nothing_can_be_asked():
    with ScriptedServer() as server, Mailer(server.port, AllowExtensions=False) as mailer:
        set_options(mailer, 0, "NOTIFY=SUCCESS")
        assert mailer.send() == 20011
        assert "DSN" in mailer.error[1]
    assert server.commands == ["HELO " + server.commands[0].split()[1], "QUIT"]


def test_delivery_notification_to_is_content_with_its_header_field():
    with ScriptedServer(extensions=WITHOUT_DSN) as server, Mailer(server.port) as mailer:
        mailer.set(DeliveryNotificationTo="n@x.test")
        assert mailer.send() == 0, mailer.error
    assert parameters(server, "RCPT") == [""]
    assert b"Return-Receipt-To: n@x.test\r\n" in server.messages[0].content


# -- what does not belong there ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("NOTIFY=NEVER,SUCCESS", "NEVER has to stand alone"),
        ("NOTIFY=DELAY,DELAY", "twice"),
        ("RET=FULL", "RET"),
        ("SIZE=1> RCPT TO:<eve@example.test", "SIZE"),
        ("NOTIFY=NEVER\r\nRCPT TO:<eve@example.test>", "U+000D"),
        ("ORCPT=rfc822;bob\r\nDATA", "U+000D"),
        ("ORCPT=rfc822;bob\x7f", "U+007F"),
        ("ORCPT=rfc822;bob+0D+0ARCPT", "+0D"),
        (r"ORCPT=utf-8;bob\x{0A}", "U+000A"),
        ("ORCPT=rfc822;\u760d\u760a", "utf-8"),
    ],
)
def test_options_that_break_the_grammar_are_refused_when_they_are_set(options: str, words: str):
    with ScriptedServer() as server, Mailer(server.port, SendTo="a@x.test, b@x.test") as mailer:
        set_options(mailer, 1, "NOTIFY=DELAY")
        assert ssmtp_set(mailer.handle, OPTIONS, 1, options) == 20005
        assert "MessageRecipientOptions" in mailer.error[1]
        assert words in mailer.error[1]
        assert ssmtp_get(mailer.handle, OPTIONS, 1) == "NOTIFY=DELAY"
        assert server.connections == []
        assert mailer.send() == 0, mailer.error
    assert parameters(server, "RCPT") == ["", "NOTIFY=DELAY"]


def test_the_error_names_the_recipient_by_its_index():
    with ScriptedServer() as server, Mailer(server.port, SendTo="a@x.test, b@x.test") as mailer:
        assert ssmtp_set(mailer.handle, OPTIONS, 1, "NOTIFY=MAYBE") == 20005
        assert "MessageRecipientOptions[1]: NOTIFY has 'MAYBE'" in mailer.error[1]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("DSNReturn", "ALL"),
        ("DSNReturn", "FULL ENVID=x"),
        ("DSNReturn", "FULL\r\nRCPT TO:<eve@example.test>"),
        ("DSNEnvelopeId", "1\r\nRCPT TO:<eve@example.test>"),
        ("DSNEnvelopeId", "1\0"),
        ("DSNEnvelopeId", "grün"),
        ("DSNEnvelopeId", "\u760d\u760aDATA"),
        ("DSNEnvelopeId", "x" * 101),
        ("DSNEnvelopeId", "+" * 34),
    ],
)
def test_settings_that_could_not_be_sent_are_refused_when_they_are_set(setting: str, value: str):
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        ssmtp_do_config(mailer.handle, f"{setting}={value}")
        assert ssmtp_get_last_error_code(mailer.handle) == 20005
        assert setting in mailer.error[1]
        assert mailer.setting(setting) == ""
        assert mailer.send() == 0, mailer.error
    assert "RET" not in parameters(server, "MAIL")[0]
    assert "ENVID" not in parameters(server, "MAIL")[0]


def test_a_local_part_that_looks_like_options_stays_a_local_part():
    """CVE-2025-59937: the message must go to the outer domain, with the options that were asked for."""
    address = '"foo@evil.test> ORCPT=admin@admin.test"@example.test'
    with ScriptedServer() as server, Mailer(server.port, SendTo=address) as mailer:
        set_options(mailer, 0, "NOTIFY=DELAY")
        assert mailer.send() == 0, mailer.error
    (line,) = (line for line in server.commands if line.startswith("RCPT"))
    assert line == f"RCPT TO:<{address}> NOTIFY=DELAY"
    assert server.messages[0].recipients == [address]
