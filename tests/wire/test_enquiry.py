"""Verify and Expand: what is asked, what each answer means, and what is left of the session."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ssmtp_compat import ssmtp_do_expand, ssmtp_do_interrupt, ssmtp_do_verify
from wire.faults import Reached
from wire.mailer import Mailer
from wire.scripted_server import EXTENSIONS, Close, Later, ScriptedServer, Stall, Step

pytestmark = pytest.mark.usefixtures("no_leaks")

QUESTIONS = {"VRFY": ssmtp_do_verify, "EXPN": ssmtp_do_expand}


def asked(server: ScriptedServer) -> list[str]:
    """The commands between the greeting and the goodbye."""
    assert server.connection.commands[0].startswith("EHLO")
    return server.connection.commands[1:]


@pytest.mark.parametrize(
    "reply", ["250 Bob <bob@example.test>", "251 will forward to <bob@example.org>", "252 2.5.2 send some mail"]
)
def test_verify_takes_every_positive_answer_and_shows_it(reply: str):
    with ScriptedServer(replies={"VRFY": reply}) as server, Mailer(server.port) as mailer:
        mailer.record("Expand", "Error")
        assert ssmtp_do_verify(mailer.handle, " bob@example.test ") == 0, mailer.error
        assert mailer.get("LastReply") == reply
        assert mailer.events == []
    assert asked(server) == ["VRFY bob@example.test", "QUIT"]


@pytest.mark.parametrize("verb", QUESTIONS)
@pytest.mark.parametrize("reply", ["550 5.1.1 no such user", "551 try <bob@example.org>", "502 5.5.1 no", "450 later"])
def test_a_refusal_is_the_error_and_the_session_says_goodbye(verb: str, reply: str):
    with ScriptedServer(replies={verb: reply}) as server, Mailer(server.port) as mailer:
        mailer.record("Error")
        assert QUESTIONS[verb](mailer.handle, "bob") == 161
        assert mailer.error == (161, reply)
        assert mailer.recorded("Error", "description") == [reply]
        assert mailer.get("LastReply") == reply
    assert asked(server) == [f"{verb} bob", "QUIT"]


@pytest.mark.parametrize("verb", QUESTIONS)
def test_an_open_session_is_used_and_stays_open_even_after_a_refusal(verb: str):
    with ScriptedServer(replies={verb: ["550 no", "250 <bob@example.test>"]}) as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
        assert QUESTIONS[verb](mailer.handle, "bob") == 161
        assert mailer.get("Connected") is True
        assert QUESTIONS[verb](mailer.handle, "bob") == 0, mailer.error
        assert mailer.send() == 0, mailer.error
    assert len(server.connections) == len(server.messages) == 1


EXPANSIONS = {
    "RFC 821": (
        "250-Jon Postel <Postel@ISIF.example>\n250-Fred J. Fonebone <Fonebone@USC.example>\n250 <Q-Smith@ISI.example>",
        ["Jon Postel <Postel@ISIF.example>", '"Fred J. Fonebone" <Fonebone@USC.example>', "Q-Smith@ISI.example"],
    ),
    "enhanced status codes": ("250-2.1.5 Bob <bob@x.test>\n250 2.1.5 <al@x.test>", ["Bob <bob@x.test>", "al@x.test"]),
    "no angle brackets": ("250-bob@x.test\n250 al@x.test", ["bob@x.test", "al@x.test"]),
    "a local name": ("250 <bob>", ["bob"]),
    "a quoted name": ('250 "Doe, John" <j.doe@x.test>', ['"Doe, John" <j.doe@x.test>']),
    "names that are no phrases": (
        "250-2.1.5 Doe, John <j.doe@x.test>\n250-Ann (Sales) <ann@x.test>\n250-x: y; z <xyz@x.test>\n"
        '250-O"Hara <oh@x.test>\n250 "Doe, Jane <jane@x.test>',
        [
            '"Doe, John" <j.doe@x.test>',
            "Ann <ann@x.test>",
            '"x: y; z" <xyz@x.test>',
            '"O\\"Hara" <oh@x.test>',
            '"\\"Doe, Jane" <jane@x.test>',
        ],
    ),
    "a source route": ("250 Al <@hop.test,@hop2.test:al@x.test>", ["Al <al@x.test>"]),
    "UTF-8": ("250 Böb <böb@exämple.test>", ["Böb <böb@exämple.test>"]),
    "not addresses": (
        '250-<"|/usr/bin/filter">\n250-2 members\n250-</var/archive\n250-Done\n250 al@x.test',
        ["al@x.test"],
    ),
    "an empty list": ("252 2.5.2 cannot say", []),
}


@pytest.mark.parametrize("case", EXPANSIONS)
def test_each_address_of_the_answer_fires_expand(case: str):
    reply, addresses = EXPANSIONS[case]
    with ScriptedServer(replies={"EXPN": reply}) as server, Mailer(server.port) as mailer:
        mailer.record("Expand")
        assert ssmtp_do_expand(mailer.handle, "team") == 0, mailer.error
        assert mailer.recorded("Expand", "address") == addresses
        assert mailer.get("LastReply") == reply.replace("\n", "\r\n")
        mailer.set(SendTo=", ".join(addresses))  # the promise: usable in any address property
    assert asked(server) == ["EXPN team", "QUIT"]


def test_lines_without_an_address_are_remarked_in_the_trace():
    with ScriptedServer(replies={"EXPN": "250 nobody there"}) as server, Mailer(server.port) as mailer:
        mailer.record("PITrail")
        assert ssmtp_do_expand(mailer.handle, "team") == 0, mailer.error
        remarks = [each["message"] for _, each in mailer.events if each["direction"] == 2]
    assert remarks == ["There is no address in the line 'nobody there'."]


def test_a_list_of_many_members_is_told_whole():
    members = [f"member{number}@example.test" for number in range(2000)]
    reply = "\n".join([*(f"250-<{each}>" for each in members[:-1]), f"250 <{members[-1]}>"])
    with ScriptedServer(replies={"EXPN": reply}) as server, Mailer(server.port) as mailer:
        mailer.record("Expand")
        assert ssmtp_do_expand(mailer.handle, "all") == 0, mailer.error
        assert mailer.recorded("Expand", "address") == members


@pytest.mark.parametrize("verb", QUESTIONS)
@pytest.mark.parametrize(
    ("text", "word"), [("", "empty"), ("  ", "empty"), ("a\r\nRSET", "U+000D"), ("a\0", "U+0000"), (object(), "object")]
)
def test_what_cannot_be_asked_is_refused_before_the_connection(verb: str, text: Any, word: str):
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        assert QUESTIONS[verb](mailer.handle, text) == 20005
        assert "emailaddress" in mailer.error[1]
        assert word in mailer.error[1]
    assert server.connections == []


@pytest.mark.parametrize("verb", QUESTIONS)
def test_letters_outside_ascii_need_smtputf8(verb: str):
    with ScriptedServer(replies={verb: "250 <böb@x.test>"}) as server, Mailer(server.port) as mailer:
        assert QUESTIONS[verb](mailer.handle, "böb@x.test") == 0, mailer.error
    assert asked(server) == [f"{verb} böb@x.test SMTPUTF8", "QUIT"]
    bare = [name for name in EXTENSIONS if name != "SMTPUTF8"]
    with ScriptedServer(extensions=bare) as server, Mailer(server.port) as mailer:
        assert QUESTIONS[verb](mailer.handle, "böb@x.test") == 20011
        assert "SMTPUTF8" in mailer.error[1]
    assert asked(server) == ["QUIT"]


@pytest.mark.parametrize("verb", QUESTIONS)
@pytest.mark.parametrize(("fault", "code"), [(Close(), 1120), (Stall(), 301)])
def test_a_server_that_fails_at_the_question_leaves_a_usable_handle(verb: str, fault: Any, code: int):
    with ScriptedServer(faults={verb: fault}) as server, Mailer(server.port, Timeout=1) as mailer:
        assert QUESTIONS[verb](mailer.handle, "bob") == code
        assert mailer.get("Connected") is False
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        assert mailer.send() == 0, mailer.error


def test_interrupt_in_an_expand_callback_ends_the_telling_and_the_connection():
    reply = "250-<a@x.test>\n250-<b@x.test>\n250 <c@x.test>"
    with ScriptedServer(replies={"EXPN": reply}) as server, Mailer(server.port) as mailer:
        told: list[str] = []

        def tell(parameters: dict[str, Any]) -> None:
            told.append(parameters["address"])
            ssmtp_do_interrupt(mailer.handle)

        mailer.on("Expand", tell)
        assert ssmtp_do_expand(mailer.handle, "team") == 301
        assert told == ["a@x.test"]
        assert mailer.get("Connected") is False
    assert asked(server) == ["EXPN team"]


def test_interrupt_ends_the_telling_also_where_no_line_has_an_address():
    with ScriptedServer(replies={"EXPN": "250-nobody\n250-no one\n250 none"}) as server, Mailer(server.port) as mailer:
        remarks: list[str] = []

        def trail(parameters: dict[str, Any]) -> None:
            if parameters["direction"] == 2:
                remarks.append(parameters["message"])
                ssmtp_do_interrupt(mailer.handle)

        mailer.on("PITrail", trail)
        assert ssmtp_do_expand(mailer.handle, "team") == 301
        assert len(remarks) == 1


def test_an_expand_callback_may_take_longer_than_the_timeout():
    """The server has said everything; it is the script that takes its time."""
    with ScriptedServer(replies={"EXPN": "250-<a@x.test>\n250 <b@x.test>"}) as server, Mailer(server.port) as mailer:
        mailer.set(Timeout=1)

        def tell(parameters: dict[str, Any]) -> None:
            mailer.events.append(("Expand", parameters))
            if len(mailer.events) == 1:
                time.sleep(1.1)

        mailer.on("Expand", tell)
        assert ssmtp_do_expand(mailer.handle, "team") == 0, mailer.error
        assert mailer.recorded("Expand", "address") == ["a@x.test", "b@x.test"]


@pytest.mark.parametrize("verb", QUESTIONS)
def test_a_reply_too_many_is_no_answer_to_a_question(verb: str):
    """Read as one, it would be a yes about anybody."""
    fault = Reached(Later(b"250 2.0.0 who asked?\r\n"))
    with (
        ScriptedServer(faults={Step("MESSAGE", 1): fault}, replies={verb: "550 no"}) as server,
        Mailer(server.port) as mailer,
    ):
        assert mailer.connect() == 0
        assert mailer.send() == 0, mailer.error
        assert fault.passed.wait(5)
        assert QUESTIONS[verb](mailer.handle, "bob") == 162, mailer.error
        assert "nothing asked for" in mailer.error[1]
        assert mailer.get("Connected") is False
        assert QUESTIONS[verb](mailer.handle, "bob") == 161
    assert verb not in [line.split()[0] for line in server.connections[0].commands]


def test_an_exception_in_an_expand_callback_reaches_the_caller():
    with ScriptedServer(replies={"EXPN": "250 <a@x.test>"}) as server, Mailer(server.port) as mailer:

        def tell(parameters: dict[str, Any]) -> None:
            raise KeyError(parameters["address"])

        mailer.on("Expand", tell)
        with pytest.raises(KeyError, match=r"a@x\.test"):
            ssmtp_do_expand(mailer.handle, "team")
        assert mailer.get("Connected") is False
