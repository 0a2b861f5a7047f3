"""A server that refuses MAIL, a recipient, DATA or the message: who still gets it, what is said, and what is left."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from ssmtp_compat import PropertyID, ssmtp_do_interrupt, ssmtp_set
from wire.mailer import CONTENT, Mailer
from wire.scripted_server import EXTENSIONS, Close, Ending, Fault, Reset, ScriptedServer, Send, Stall, Step

pytestmark = pytest.mark.usefixtures("no_leaks")

TO, CC, BCC = "bob@example.test", "carol@example.test", "dave@example.test"
ADDRESSES = {"To": TO, "Cc": CC, "Bcc": BCC}
PIPELINING = {True: EXTENSIONS, False: [name for name in EXTENSIONS if name != "PIPELINING"]}


def refusing(
    *addresses: str, pipelining: bool = True, faults: Mapping[str | Step, Fault] | None = None, **replies: Any
) -> ScriptedServer:
    """A server that refuses these recipients, each in words of its own."""

    def rcpt(line: str) -> str:
        return next((f"550 5.1.1 no {address} here" for address in addresses if address in line), "250 ok")

    return ScriptedServer(replies={"RCPT": rcpt, **replies}, faults=faults or {}, extensions=PIPELINING[pipelining])


def verbs(server: ScriptedServer) -> list[str]:
    return [command.split()[0] for command in server.commands]


# -- who stops the message --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refused", "flag", "pipelining"), list(itertools.product(ADDRESSES, [True, False, None], [True, False]))
)
def test_a_refusal_stops_the_message_or_leaves_one_out(refused: str, flag: bool | None, pipelining: bool):
    """None is the setting as it comes: StopOnToErrors and StopOnCcErrors are True, StopOnBccErrors is False."""
    stops = flag if flag is not None else refused != "Bcc"
    reply = f"550 5.1.1 no {ADDRESSES[refused]} here"
    with (
        refusing(ADDRESSES[refused], pipelining=pipelining) as server,
        Mailer(server.port, SendTo=TO, Cc=CC, BCc=BCC) as mailer,
    ):
        mailer.record("Error")
        if flag is not None:
            mailer.config(**{f"StopOn{refused}Errors": flag})
        assert mailer.send() == (161 if stops else 0), mailer.error
        assert mailer.error == ((161, reply) if stops else (0, ""))
        # Once: by the refusal that is passed over, or by the method that fails.
        assert mailer.events == [("Error", {"errorcode": 161, "description": reply})]
    if stops:
        assert server.messages == []
        assert verbs(server)[-2:] == ["RSET", "QUIT"]
        assert "DATA" not in verbs(server)
    else:
        (message,) = server.messages
        assert message.recipients == [address for role, address in ADDRESSES.items() if role != refused]
        assert "RSET" not in verbs(server)


def test_recipients_of_the_arrays_count_by_their_type():
    with refusing("erin@example.test") as server, Mailer(server.port, MessageRecipientCount=2) as mailer:
        assert ssmtp_set(mailer.handle, PropertyID.MessageRecipientAddress, 1, "erin@example.test") == 0
        assert ssmtp_set(mailer.handle, PropertyID.MessageRecipientType, 1, 2) == 0
        assert mailer.send() == 0, mailer.error
    assert server.messages[0].recipients == [TO]


def test_an_address_in_two_roles_counts_as_the_first():
    with refusing(BCC) as server, Mailer(server.port, SendTo=f"{TO}, {BCC}", BCc=BCC) as mailer:
        assert mailer.send() == 161
        mailer.set(SendTo=TO)
        assert mailer.send() == 0, mailer.error
    assert [message.recipients for message in server.messages] == [[TO]]


def test_cc_alone_needs_allow_empty_to_and_stops_as_ever():
    with refusing(CC) as server, Mailer(server.port, SendTo="", Cc=f"{CC}, {TO}") as mailer:
        assert mailer.send() == 167
        assert server.connections == []
        mailer.config(AllowEmptyTo=True)
        assert mailer.send() == 161
        mailer.config(StopOnCcErrors=False)
        assert mailer.send() == 0, mailer.error
    (message,) = server.messages
    assert message.recipients == [TO]
    assert b"To: " not in message.content.replace(b"Reply-To: ", b"")


def test_the_error_is_the_refusal_that_stopped_the_message():
    with refusing(TO, CC) as server, Mailer(server.port, SendTo=f"{TO}, erin@example.test", Cc=CC) as mailer:
        mailer.config(StopOnToErrors=False)
        mailer.record("Error")
        assert mailer.send() == 161
        assert mailer.error[1] == f"550 5.1.1 no {CC} here"
        assert mailer.recorded("Error", "description") == [f"550 5.1.1 no {TO} here", f"550 5.1.1 no {CC} here"]
    assert server.messages == []


@pytest.mark.parametrize("reply", ["450 4.2.1 busy", "550 5.1.1 no", "552-too\n552 full"])
def test_the_error_is_the_whole_reply(reply: str):
    with ScriptedServer(replies={"RCPT": reply}) as server, Mailer(server.port) as mailer:
        assert mailer.send() == 161
        assert mailer.error == (161, reply.replace("\n", "\r\n"))


# -- nobody left ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("stop", [True, False])
def test_without_any_recipient_the_transaction_is_reset(stop: bool, pipelining: bool):
    with (
        refusing(TO, CC, BCC, pipelining=pipelining) as server,
        Mailer(server.port, SendTo=TO, Cc=CC, BCc=BCC) as mailer,
    ):
        mailer.config(StopOnToErrors=stop, StopOnCcErrors=stop)
        mailer.record("Error")
        assert mailer.send() == 161
        assert mailer.error == (161, f"550 5.1.1 no {TO} here")
        # Once for each recipient; the method fails for the first, which has been told.
        told = [TO] if stop else [TO, CC, BCC]
        assert mailer.recorded("Error", "description") == [f"550 5.1.1 no {address} here" for address in told]
    assert verbs(server)[-2:] == ["RSET", "QUIT"]
    assert server.messages == []


@pytest.mark.parametrize("connected", [True, False])
def test_a_354_for_nobody_gets_a_lone_dot(connected: bool):
    """RFC 2920 3.1: DATA went along with the only recipient, and the server took it although it refused that one."""
    with (
        refusing(TO, DATA=["354 go on"]) as server,
        Mailer(server.port) as mailer,
    ):
        if connected:
            assert mailer.connect() == 0
        mailer.record("StartTransfer", "Transfer", "EndTransfer")
        assert mailer.send() == 161
        assert mailer.error == (161, f"550 5.1.1 no {TO} here")
        assert mailer.events == []
        mailer.set(SendTo=CC)
        assert mailer.send() == 0
    assert b".\r\n" in server.connections[0].segments
    assert [message.recipients for message in server.messages] == [[CC]]
    assert len(server.connections) == (1 if connected else 2)


def test_many_refused_behind_data_get_a_lone_dot_too():
    with refusing("@example.test", DATA="354 go on") as server, Mailer(server.port, Cc=CC, BCc=BCC) as mailer:
        mailer.config(StopOnToErrors=False, StopOnCcErrors=False)
        assert mailer.send() == 161
    assert server.connection.segments[-2:] == [b".\r\n", b"QUIT\r\n"]


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_stop_among_a_thousand_keeps_replies_and_commands_in_step(pipelining: bool):
    names = [f"user{number}@example.test" for number in range(1000)]
    with (
        refusing("user500@", pipelining=pipelining) as server,
        Mailer(server.port, SendTo=", ".join(names)) as mailer,
    ):
        assert mailer.connect() == 0
        assert mailer.send() == 161
        assert "user500@" in mailer.error[1]
        assert mailer.get("Connected") is True
        mailer.set(SendTo=TO)
        assert mailer.send() == 0, mailer.error
    assert [message.recipients for message in server.messages] == [[TO]]
    assert verbs(server).count("RCPT") < 700
    assert verbs(server).count("RSET") == 1


def test_a_421_behind_a_refusal_does_not_hide_it():
    with refusing(TO, DATA="421 4.7.0 and goodbye") as server, Mailer(server.port) as mailer:
        assert mailer.send() == 161
        assert mailer.error == (161, f"550 5.1.1 no {TO} here")
        assert mailer.get("LastReply") == f"550 5.1.1 no {TO} here"
    assert verbs(server) == ["EHLO", "MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_421_to_rset_hides_neither_error_nor_last_reply(pipelining: bool):
    with refusing(TO, pipelining=pipelining, RSET="421 4.7.0 and goodbye") as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
        assert mailer.send() == 161
        assert mailer.error == (161, f"550 5.1.1 no {TO} here")
        assert mailer.get("LastReply") == f"550 5.1.1 no {TO} here"
        assert mailer.get("Connected") is False
    assert verbs(server)[-1] == "RSET"


# -- what LastReply holds ---------------------------------------------------------------------------------------------

BEHIND = {"DATA": "554 5.5.1 no valid recipients", "RSET": "250 2.0.0 flushed", "QUIT": "221 2.0.0 bye"}


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("send_rset", [True, False])
@pytest.mark.parametrize(
    ("refused", "stop", "telling"),
    [([TO], True, TO), ([CC], True, CC), ([TO, CC], False, CC), ([TO, CC, BCC], False, TO), ([CC, BCC], True, CC)],
)
def test_last_reply_is_the_refusal_that_the_error_tells(
    refused: list[str], stop: bool, telling: str, send_rset: bool, pipelining: bool
):
    """Whatever comes behind it: replies to recipients and DATA under way with it, to RSET and to QUIT."""
    with (
        refusing(*refused, pipelining=pipelining, **BEHIND) as server,
        Mailer(server.port, SendTo=TO, Cc=CC, BCc=BCC) as mailer,
    ):
        mailer.config(SendRSET=send_rset, StopOnToErrors=stop, StopOnCcErrors=stop or BCC not in refused)
        assert mailer.send() == 161
        assert mailer.error == (161, f"550 5.1.1 no {telling} here")
        assert mailer.get("LastReply") == f"550 5.1.1 no {telling} here"
    assert ("RSET" in verbs(server)) is send_rset


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("step", ["MAIL", "DATA", "MESSAGE"])
def test_last_reply_is_any_other_refusal_too(step: str, pipelining: bool):
    replies = {**BEHIND, step: "451-4.3.0 later,\n451 4.3.0 please"}
    if step == "MESSAGE":
        del replies["DATA"]
    with ScriptedServer(replies=replies, extensions=PIPELINING[pipelining]) as server, Mailer(server.port) as mailer:
        assert mailer.send() == 161
        assert mailer.error == (161, "451-4.3.0 later,\r\n451 4.3.0 please")
        assert mailer.get("LastReply") == "451-4.3.0 later,\r\n451 4.3.0 please"


def test_last_reply_of_a_lone_dot_is_not_shown():
    with refusing(TO, DATA="354 go on", MESSAGE="250 accepted for nobody") as server, Mailer(server.port) as mailer:
        assert mailer.send() == 161
        assert mailer.get("LastReply") == f"550 5.1.1 no {TO} here"
    assert server.connection.segments[-2] == b".\r\n"


@pytest.mark.parametrize("pipelining", [True, False])
def test_last_reply_in_the_error_event_is_the_refusal_it_tells(pipelining: bool):
    seen = []
    with (
        refusing(TO, BCC, pipelining=pipelining) as server,
        Mailer(server.port, SendTo=f"{TO}, erin@example.test", Cc=CC, BCc=BCC) as mailer,
    ):
        mailer.config(StopOnToErrors=False)
        mailer.on("Error", lambda event: seen.append((event["description"], mailer.get("LastReply"))))
        assert mailer.send() == 0, mailer.error
    assert seen == [(reply, reply) for reply in (f"550 5.1.1 no {TO} here", f"550 5.1.1 no {BCC} here")]
    assert server.messages[0].recipients == ["erin@example.test", CC]


def test_last_reply_of_a_message_that_left_one_out_is_the_one_to_the_message():
    with refusing(BCC, MESSAGE="250 2.0.0 queued as 1") as server, Mailer(server.port, BCc=BCC) as mailer:
        assert mailer.send() == 0, mailer.error
        assert mailer.get("LastReply") == "250 2.0.0 queued as 1"
    assert server.messages[0].recipients == [TO]


# -- other refusals, and the session behind them ----------------------------------------------------------------------


@pytest.mark.parametrize("connected", [True, False])
@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(
    ("step", "reset"), [("MAIL", False), ("RCPT", True), ("DATA", True), ("MESSAGE", False)], ids=str
)
@pytest.mark.parametrize("reply", ["451 4.3.0 later", "554 5.7.1 never"])
def test_a_refusal_at_any_step_leaves_a_session_that_can_be_used(
    step: str, reset: bool, reply: str, pipelining: bool, connected: bool
):
    with (
        ScriptedServer(replies={step: [reply]}, extensions=PIPELINING[pipelining]) as server,
        Mailer(server.port) as mailer,
    ):
        mailer.record("Error")
        if connected:
            assert mailer.connect() == 0
        assert mailer.send() == 161
        assert mailer.error == (161, reply)
        assert mailer.events == [("Error", {"errorcode": 161, "description": reply})]
        assert mailer.get("Connected") is connected
        assert mailer.send() == 0, mailer.error
        assert mailer.get("Connected") is connected
    first = [command.split()[0] for command in server.connections[0].commands]
    assert ("RSET" in first) is reset
    assert len(server.connections) == (1 if connected else 2)
    if not connected:
        assert first[-1] == "QUIT"
        assert server.connections[0].ending is Ending.QUIT
    assert server.messages[-1].content == CONTENT


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
def test_without_sendrset_a_transaction_given_up_ends_the_session(step: str):
    with ScriptedServer(replies={step: ["550 no"]}) as server, Mailer(server.port) as mailer:
        mailer.config(SendRSET=False)
        assert mailer.connect() == 0
        assert mailer.send() == 161
        assert mailer.get("Connected") is False
        assert mailer.send() == 0, mailer.error
    assert "RSET" not in verbs(server)
    assert [connection.ending for connection in server.connections] == [Ending.QUIT, Ending.QUIT]


def test_without_sendrset_a_session_between_transactions_stays():
    with ScriptedServer(replies={"MESSAGE": ["550 no"]}) as server, Mailer(server.port) as mailer:
        mailer.config(SendRSET=False)
        assert mailer.connect() == 0
        assert mailer.send() == 161
        assert mailer.get("Connected") is True
        assert mailer.send() == 0, mailer.error
    assert len(server.connections) == 1


def test_a_refused_rset_ends_the_session_with_the_first_refusal_as_the_error():
    with refusing(TO, RSET="502 5.5.1 what?") as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
        assert mailer.send() == 161
        assert mailer.error == (161, f"550 5.1.1 no {TO} here")
        assert mailer.get("Connected") is False
        mailer.set(SendTo=CC)
        assert mailer.send() == 0, mailer.error
    assert server.connections[0].commands[-2:] == ["RSET", "QUIT"]


@pytest.mark.parametrize("fault", [Close(), Reset(), Send(b"nonsense\r\n"), Send(b"250 does not fit\r\n")], ids=str)
@pytest.mark.parametrize(("refused", "behind"), [("MAIL", "RCPT"), ("MAIL", "DATA"), ("RCPT", "DATA")])
def test_a_refusal_is_told_whatever_happens_behind_it(refused: str, behind: str, fault: Fault):
    """Servers that refuse by blocklist hang up at once; the script has to see why."""
    replies = {refused: ["550 5.7.1 your address is blocked"]}
    with ScriptedServer(replies=replies, faults={Step(behind, 1): fault}) as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
        assert mailer.send() == 161
        assert mailer.error == (161, "550 5.7.1 your address is blocked")
        assert mailer.get("LastReply") == "550 5.7.1 your address is blocked"
        assert mailer.get("Connected") is False
        assert mailer.send() == 0, mailer.error


@pytest.mark.parametrize("connected", [True, False])
def test_a_reply_too_many_behind_a_refusal_ends_the_session_without_another_word(connected: bool):
    """It would be taken for the answer to RSET or QUIT."""
    with (
        ScriptedServer(
            faults={Step("RCPT", 1): Send(b"550 5.1.1 no\r\n250 2.0.0 who asked?\r\n")}, extensions=PIPELINING[False]
        ) as server,
        Mailer(server.port) as mailer,
    ):
        if connected:
            assert mailer.connect() == 0
        assert mailer.send() == 161
        assert mailer.error == (161, "550 5.1.1 no")
        assert mailer.get("LastReply") == "550 5.1.1 no"
        assert mailer.get("Connected") is False
        assert mailer.send() == 0, mailer.error
    assert server.connections[0].commands[-1].startswith("RCPT")
    assert server.connections[0].ending is Ending.CLIENT_RESET


def test_an_interrupt_behind_a_refusal_is_an_interrupt():
    """While the replies to what went out with the recipient are awaited."""
    with refusing(TO, faults={"DATA": Stall()}) as server, Mailer(server.port, Timeout=0) as mailer:

        def trail(event: dict[str, Any]) -> None:
            if event["message"].startswith("550"):
                ssmtp_do_interrupt(mailer.handle)

        mailer.on("PITrail", trail)
        mailer.record("Error")
        assert mailer.send() == 301
        assert mailer.recorded("Error", "description") == ["Operation interrupted."]
        assert mailer.get("Connected") is False


def test_a_refusal_of_the_only_recipient_fires_one_error():
    replies = {"RCPT": ["550 5.1.1 no"]}
    with ScriptedServer(replies=replies) as server, Mailer(server.port, SendTo="", BCc="bob@example.test") as mailer:
        mailer.config(AllowEmptyTo=True)
        mailer.record("Error")
        assert mailer.send() == 161
        assert mailer.recorded("Error", "errorcode") == [161]


def test_one_mailbox_written_twice_gets_the_message_once():
    twice = "a@B.example, a@b.EXAMPLE, x@bücher.example, x@xn--bcher-kva.example, A@b.example"
    with ScriptedServer() as server, Mailer(server.port, SendTo=twice) as mailer:
        assert mailer.send() == 0, mailer.error
    assert server.messages[0].recipients == ["a@B.example", "x@xn--bcher-kva.example", "A@b.example"]
