"""Messages that wait in a directory: queued, sent, put back, set aside, and never lost."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from ssmtp_compat import (
    PropertyID,
    ssmtp_do_connect,
    ssmtp_do_interrupt,
    ssmtp_do_processqueue,
    ssmtp_do_queue,
    ssmtp_do_verify,
    ssmtp_set,
)
from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.spool import reading, writing
from wire.mailer import CONTENT, Mailer
from wire.queue_runs import endings, queue, run
from wire.scripted_server import Close, Ending, Reset, ScriptedServer, Send, Stall, Step

pytestmark = pytest.mark.usefixtures("no_leaks")


# -- queueing ---------------------------------------------------------------------------------------------------------


def test_a_message_is_queued_as_it_will_be_sent(spool: Path):
    (name,) = queue(spool, SendTo="bob@example.test", BCc="carol@example.test")
    assert name.endswith(".queued")
    file = spool / name
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    head, _, message = file.read_bytes().partition(b"\r\n\r\n")
    assert message == CONTENT
    lines = head.decode().split("\r\n")
    assert lines[0] == "ssmtp_compat queue 1"
    assert {"From: <alice@example.test>", "Recipient: To <bob@example.test>", "Recipient: Bcc <carol@example.test>"} < {
        *lines
    }
    assert "Message-ID: <1@example.test>" in lines
    assert not any(path for path in spool.iterdir() if path.name != name)


def test_no_credentials_are_in_the_file(spool: Path):
    (name,) = queue(spool, User="alice", Password="hunter2")
    assert b"hunter2" not in (spool / name).read_bytes()


@pytest.mark.parametrize("message_id", ["<a\tb@x>", "<a\u2028b@x>", "<a\x07b@x>"])
def test_a_message_id_that_no_line_can_hold_stands_in_the_message_alone(spool: Path, message_id: str):
    queue(spool, Message=f"Subject: x\r\nMessage-ID: {message_id}\r\n\r\nbody\r\n")
    with ScriptedServer() as server:
        assert run(server.port, spool) == (0, "")
    assert f"\r\nMessage-ID: {message_id}\r\n".encode() in server.messages[0].content


def test_what_no_server_may_refuse_is_encoded_at_once(spool: Path):
    queue(spool, MessageText="grün\r\n")
    with ScriptedServer(extensions=["PIPELINING"]) as server:
        assert run(server.port, spool) == (0, "")
    assert b"quoted-printable" in server.messages[0].content


def test_each_message_has_a_message_id_of_its_own(spool: Path):
    names = queue(spool, count=2, MessageId="*")
    ids = {line for name in names for line in (spool / name).read_text().splitlines() if line.startswith("Message-ID")}
    assert len(ids) == 2


@pytest.mark.parametrize("where", ["missing", "file", "", "//host/share", "\\\\host\\share", "http://x/", "a\0b"])
def test_a_queue_is_a_local_directory(where: str, tmp_path: Path):
    (tmp_path / "file").touch()
    path = str(tmp_path / where) if where.isalpha() else where
    with Mailer(25) as mailer:
        assert ssmtp_do_queue(mailer.handle, path) == ""
        assert mailer.error[0] == ErrorCode.CANNOT_OPEN_FILE
        assert ssmtp_do_processqueue(mailer.handle, path) == ErrorCode.CANNOT_OPEN_FILE
    assert {entry.name for entry in tmp_path.iterdir()} == {"file"}


def test_a_queue_that_everybody_may_empty_is_no_queue(spool: Path, closed_port: int):
    queue(spool)
    spool.chmod(0o777)
    with Mailer(closed_port) as mailer:
        assert ssmtp_do_queue(mailer.handle, str(spool)) == ""
        assert mailer.error[0] == ErrorCode.CANNOT_OPEN_FILE
        assert "(mode 0777)" in mailer.error[1]
        assert ssmtp_do_processqueue(mailer.handle, str(spool)) == ErrorCode.CANNOT_OPEN_FILE
    assert endings(spool) == [".queued"]


@pytest.mark.parametrize("mode", [0o1777, 0o2770, 0o755])
def test_a_queue_may_be_shared(spool: Path, mode: int):
    spool.chmod(mode)
    queue(spool)
    with ScriptedServer() as server:
        assert run(server.port, spool) == (0, "")
    assert endings(spool) == []


@pytest.mark.parametrize("where", [b"\xff", Path("/tmp"), object(), ["/tmp"], "/tmp/half \ud83d"])
def test_what_is_no_name_of_a_directory_raises_nothing(where: Any):
    with Mailer(25) as mailer:
        assert ssmtp_do_queue(mailer.handle, where) == ""
        assert mailer.error[0] in {ErrorCode.INVALID_VALUE, ErrorCode.CANNOT_OPEN_FILE}
        assert ssmtp_do_processqueue(mailer.handle, where) == mailer.error[0] != 0


def test_the_name_of_a_directory_need_not_be_utf8(spool: Path):
    directory = spool / os.fsdecode(b"caf\xe9")
    directory.mkdir()
    queue(directory)
    with ScriptedServer() as server:
        assert run(server.port, directory) == (0, "")
    assert len(server.messages) == 1


def test_a_message_that_cannot_be_sent_is_not_queued(spool: Path):
    with Mailer(25, SendTo="") as mailer:
        assert ssmtp_do_queue(mailer.handle, str(spool)) == ""
        assert mailer.error[0] == ErrorCode.NO_RECIPIENT
    assert endings(spool) == []


@pytest.mark.parametrize(
    ("field", "unit"), [("SendTo", ", bob{}@long.name.example.test"), ("Subject", " word number {}")]
)
def test_what_would_be_refused_when_it_is_sent_is_not_queued(
    spool: Path, field: str, unit: str, monkeypatch: pytest.MonkeyPatch
):
    """What is too long is the block of the file, or the header of the message."""
    monkeypatch.setattr(writing, "MAXIMUM_HEADER", 2000)
    monkeypatch.setattr(reading, "MAXIMUM_HEADER", 2000)
    monkeypatch.setattr(reading, "_CHUNK", 64)
    queued = refused = 0
    with ScriptedServer() as server, Mailer(server.port, SendTo="a@example.test") as mailer:
        for count in range(10, 200, 5):
            mailer.set(**{field: "".join(unit.format(number) for number in range(count)).lstrip(", ")})
            if ssmtp_do_queue(mailer.handle, str(spool)):
                queued += 1
            else:
                assert mailer.error[0] == ErrorCode.INVALID_VALUE
                assert "2000 at most" in mailer.error[1]
                refused += 1
        assert len(endings(spool)) == queued
        assert run(server.port, spool) == (0, "")
    assert min(queued, refused) > 5


def test_a_full_disk_leaves_nothing(spool: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with Mailer(25) as mailer:
        assert ssmtp_do_queue(mailer.handle, str(spool)) == ""
        assert mailer.error[0] == ErrorCode.CANNOT_OPEN_FILE
        assert "No space left" in mailer.error[1]
    assert endings(spool) == []


# -- sending ----------------------------------------------------------------------------------------------------------


def test_everything_is_sent_oldest_first_in_one_session(spool: Path):
    queue(spool, count=5)
    with ScriptedServer() as server:
        assert run(server.port, spool) == (0, "")
    assert [message.recipients for message in server.messages] == [[f"bob{number}@example.test"] for number in range(5)]
    assert server.connection.ending is Ending.QUIT
    assert endings(spool) == []


def test_an_empty_queue_makes_no_connection(spool: Path, closed_port: int):
    assert run(closed_port, spool) == (0, "")


def test_keepqueue_keeps_what_was_sent(spool: Path):
    (name,) = queue(spool)
    with ScriptedServer() as server:
        assert run(server.port, spool, KeepQueue=True) == (0, "")
        assert endings(spool) == [".sent"]
        assert (spool / name.replace(".queued", ".sent")).read_bytes().endswith(server.messages[0].content)
        assert run(server.port, spool) == (0, "")
    assert len(server.messages) == 1


def test_an_open_session_is_used_and_stays(spool: Path):
    queue(spool, count=2)
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        assert ssmtp_do_connect(mailer.handle) == 0
        assert ssmtp_do_processqueue(mailer.handle, str(spool)) == 0, mailer.error
        assert mailer.get("Connected")
        assert mailer.send() == 0
    assert len(server.messages) == 3
    assert len(server.connections) == 1


def test_the_next_message_is_on_its_way_before_the_verdict_on_this_one(spool: Path):
    queue(spool, count=3)
    with ScriptedServer() as server:
        assert run(server.port, spool) == (0, "")
    # In one write, so that the server is woken once for each message.
    assert sum(b".\r\nMAIL FROM" in segment for segment in server.connection.segments) == 2


def test_no_message_comes_to_its_end_before_the_file_of_the_one_before_is_gone(spool: Path):
    """Or a sender that dies could leave two that were sent."""
    left: list[int] = []

    def verdict(_: str) -> str:
        left.append(len(endings(spool)))
        return "250 OK"

    queue(spool, count=5)
    with ScriptedServer(replies={"MESSAGE": verdict}) as server:
        assert run(server.port, spool) == (0, "")
    assert left == [5, 4, 3, 2, 1]


def test_while_a_long_message_goes_out_the_next_is_free_for_other_senders(spool: Path):
    queue(spool, MessageText="x\r\n" * 50_000)
    queue(spool)
    seen: list[list[str]] = []
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        mailer.on("StartTransfer", lambda _: seen.append(endings(spool)))
        assert ssmtp_do_processqueue(mailer.handle, str(spool)) == 0, mailer.error
    assert seen[0] == [".queued", ".sending"]


def test_a_message_to_many_follows_another(spool: Path):
    many = ", ".join(f"bob{number}@example.test" for number in range(250))
    for recipients in ("alice@example.test", many, "carol@example.test"):
        queue(spool, SendTo=recipients)
    with ScriptedServer() as server:
        assert run(server.port, spool) == (0, "")
    assert [len(message.recipients) for message in server.messages] == [1, 250, 1]


def test_without_pipelining_one_thing_follows_the_other(spool: Path):
    queue(spool, count=3)
    with ScriptedServer(extensions=["SIZE 1000000"]) as server:
        assert run(server.port, spool) == (0, "")
    assert len(server.messages) == 3


def test_usechunking_works_here_too(spool: Path):
    queue(spool, count=3)
    with ScriptedServer(extensions=["PIPELINING", "CHUNKING"]) as server:
        assert run(server.port, spool, UseChunking=True) == (0, "")
    assert [message.recipients[0] for message in server.messages] == [
        f"bob{number}@example.test" for number in range(3)
    ]


def test_delivery_options_and_dsn_travel_along(spool: Path):
    with Mailer(25, MessageRecipientCount=1) as mailer:
        mailer.set(SendTo="")
        mailer.set(MessageRecipientCount=1)
        for name, value in (
            ("MessageRecipientAddress", "dan@example.test"),
            ("MessageRecipientOptions", "NOTIFY=DELAY"),
        ):
            assert ssmtp_set(mailer.handle, PropertyID[name], 0, value) == 0, mailer.error
        mailer.config(DSNReturn="HDRS", DSNEnvelopeId="a b")
        assert ssmtp_do_queue(mailer.handle, str(spool)), mailer.error
    with ScriptedServer(extensions=["DSN", "PIPELINING"]) as server:
        assert run(server.port, spool) == (0, "")
    assert "MAIL FROM:<alice@example.test> RET=HDRS ENVID=a+20b" in server.commands
    assert "RCPT TO:<dan@example.test> NOTIFY=DELAY" in server.commands


@pytest.mark.parametrize("address", ["bob@example.test", '"a> NOTIFY=NEVER"@example.test', r'"a\"> <b"@example.test'])
def test_angle_brackets_stand_where_they_stood(spool: Path, address: str):
    with Mailer(25, SendTo=address) as mailer:
        assert ssmtp_set(mailer.handle, PropertyID.MessageRecipientOptions, 0, "ORCPT=rfc822;<b@x>") == 0, mailer.error
        assert ssmtp_do_queue(mailer.handle, str(spool)), mailer.error
    with ScriptedServer(extensions=["DSN", "PIPELINING"]) as server:
        assert run(server.port, spool) == (0, "")
    assert f"RCPT TO:<{address}> ORCPT=rfc822;<b@x>" in server.commands


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(
    ("verb", "reply", "rest"),
    [
        ("MAIL", "550 5.1.0 no", [".failed", ".reason"]),
        ("RCPT", "550 5.1.1 no", [".failed", ".reason"]),
        ("MESSAGE", "554 5.6.0 no", [".failed", ".reason"]),
        ("RCPT", "450 4.2.1 later", [".queued"]),
        ("MESSAGE", "452 4.3.1 later", [".queued"]),
    ],
)
def test_a_refusal_is_one_messages_own(spool: Path, verb: str, reply: str, rest: list[str], pipelining: bool):
    names = queue(spool, count=3)
    good = "250 OK"
    replies = {verb: [good, reply, good]}
    with (
        ScriptedServer(replies=replies, extensions=["PIPELINING"] * pipelining) as server,
        Mailer(server.port) as mailer,
    ):
        mailer.record("Error")
        assert ssmtp_do_processqueue(mailer.handle, str(spool)) == ErrorCode.SMTP_PROTOCOL
        assert reply.partition(" ")[2] in mailer.error[1]
        assert len(mailer.events) == 1
    assert len(server.messages) == (3 if verb == "MESSAGE" else 2)
    assert endings(spool) == rest
    stem = names[1].removesuffix(".queued")
    assert (spool / (stem + rest[0])).exists()
    if ".reason" in rest:
        assert reply in (spool / f"{stem}.reason").read_text()


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(
    ("verb", "reply"),
    [
        ("MAIL", "530 5.7.0 log in"),
        ("MAIL", "534 5.7.9 too weak"),
        ("MAIL", "535 5.7.8 log in"),
        ("MAIL", "538 5.7.11 encrypt first"),
        ("RCPT", "530 5.7.0 log in"),
        ("DATA", "530 5.7.0 log in"),
        ("MESSAGE", "530 5.7.0 log in"),
    ],
)
def test_a_server_that_wants_a_log_in_fails_no_message(spool: Path, verb: str, reply: str, pipelining: bool):
    queue(spool, count=4)
    good = "354 go on" if verb == "DATA" else "250 OK"
    with ScriptedServer(replies={verb: [good, reply]}, extensions=["PIPELINING"] * pipelining) as server:
        assert run(server.port, spool) == (ErrorCode.SMTP_PROTOCOL, reply)
    assert endings(spool) == [".queued"] * 3
    assert all(message.content for message in server.messages)  # nobody gets an empty one in its place


@pytest.mark.parametrize("send_rset", [True, False])
def test_a_server_that_refuses_rset_fails_no_other_message(spool: Path, send_rset: bool):
    queue(spool, count=3)
    with ScriptedServer(replies={"RCPT": ["550 no"], "RSET": "502 what?"}) as server:
        assert run(server.port, spool, SendRSET=send_rset) == (ErrorCode.SMTP_PROTOCOL, "502 what?")
    assert server.connection.ending is Ending.QUIT
    assert endings(spool) == [".failed", ".queued", ".queued", ".reason"]


@pytest.mark.parametrize("before", [0, 1])
def test_what_does_not_fit_behind_a_refusal_ends_the_run(spool: Path, before: int):
    queue(spool, count=before + 2)
    good = ["250 OK"] * before
    replies = {"MAIL": [*good, "550 no"], "RCPT": [*good, "250 does not fit"]}
    with ScriptedServer(replies=replies, faults={Step("DATA", before + 1): Stall()}) as server:
        assert run(server.port, spool)[0] == ErrorCode.CONNECTION_DROPPED
    assert endings(spool) == [".failed", ".queued", ".reason"]


@pytest.mark.parametrize("connected", [True, False])
def test_what_does_not_fit_behind_the_last_refusal_ends_the_session(spool: Path, connected: bool):
    queue(spool)
    replies = {"MAIL": ["550 no"], "RCPT": ["250 does not fit"]}
    with (
        ScriptedServer(replies=replies, faults={Step("DATA", 1): Stall()}) as server,
        Mailer(server.port) as mailer,
    ):
        if connected:
            assert ssmtp_do_connect(mailer.handle) == 0
        mailer.record("ConnectionStatus")
        assert ssmtp_do_processqueue(mailer.handle, str(spool)) == ErrorCode.SMTP_PROTOCOL
        server.wait_closed()
        assert mailer.recorded("ConnectionStatus", "connectionevent")[-1] == "Remote host disconnected"
        assert mailer.get("Connected") is False
    assert endings(spool) == [".failed", ".reason"]


@pytest.mark.parametrize("step", ["DATA", "BDAT"])
def test_without_sendrset_the_last_message_given_up_ends_the_session(spool: Path, step: str):
    queue(spool)
    with (
        ScriptedServer(replies={step: ["550 no"]}, extensions=["CHUNKING"]) as server,
        Mailer(server.port) as mailer,
    ):
        mailer.config(SendRSET=False, UseChunking=step == "BDAT")
        assert ssmtp_do_connect(mailer.handle) == 0
        assert ssmtp_do_processqueue(mailer.handle, str(spool)) == ErrorCode.SMTP_PROTOCOL
        assert mailer.get("Connected") is False
        assert ssmtp_do_verify(mailer.handle, "bob") == 0, mailer.error
    assert [connection.ending for connection in server.connections] == [Ending.QUIT, Ending.QUIT]


def test_what_waits_is_sent_the_next_time(spool: Path):
    queue(spool, count=2)
    with ScriptedServer(replies={"RCPT": ["450 later", "250 OK", "250 OK"]}) as server:
        assert run(server.port, spool)[0] == ErrorCode.SMTP_PROTOCOL
        assert endings(spool) == [".queued"]
        assert run(server.port, spool) == (0, "")
    assert [message.recipients for message in server.messages] == [["bob1@example.test"], ["bob0@example.test"]]


def test_stoponqueueerrors_leaves_the_rest(spool: Path):
    queue(spool, count=3)
    with ScriptedServer(replies={"RCPT": ["550 no", "250 OK", "250 OK"]}) as server:
        assert run(server.port, spool, StopOnQueueErrors=True)[0] == ErrorCode.SMTP_PROTOCOL
    assert server.messages == []
    assert endings(spool) == [".failed", ".queued", ".queued", ".reason"]


def test_stoponqueueerrors_sends_nothing_behind_a_message_that_may_be_refused(spool: Path):
    queue(spool, count=3)
    with ScriptedServer(replies={"MESSAGE": ["250 OK", "554 no"]}) as server:
        assert run(server.port, spool, StopOnQueueErrors=True)[0] == ErrorCode.SMTP_PROTOCOL
    assert len(server.messages) == 2
    assert server.connection.ending is Ending.QUIT
    assert endings(spool) == [".failed", ".queued", ".reason"]


def test_what_this_server_cannot_take_is_set_aside(spool: Path):
    queue(spool, count=1, MessageText="x" * 500 + "\r\n")
    queue(spool, count=1, MessageText="y\r\n", SendTo="dan@example.test")
    with ScriptedServer(extensions=["SIZE 400", "PIPELINING"]) as server:
        assert run(server.port, spool)[0] == ErrorCode.MESSAGE_TOO_LARGE
    assert [message.recipients for message in server.messages] == [["dan@example.test"]]
    assert endings(spool) == [".failed", ".reason"]


# -- the connection ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "fault"),
    [
        ("GREETING", Close()),
        ("MAIL", Close()),
        ("RCPT", Reset()),
        ("DATA", Close()),
        ("MESSAGE", Close()),
        ("MESSAGE", Send(b"garbage\r\n")),
        ("MAIL", Send(b"421 4.3.2 going down\r\n")),
        ("MESSAGE", Send(b"421 4.3.2 going down\r\n")),
    ],
)
def test_a_connection_that_fails_loses_nothing(spool: Path, verb: str, fault: object):
    queue(spool, count=3)
    with ScriptedServer(faults={Step(verb, 1): fault}) as server:
        assert run(server.port, spool)[0] != 0
        assert endings(spool) == [".queued"] * 3
        assert run(server.port, spool) == (0, "")
    assert endings(spool) == []
    assert {message.recipients[0] for message in server.messages} == {
        f"bob{number}@example.test" for number in range(3)
    }


def test_no_server_loses_nothing(spool: Path, closed_port: int):
    queue(spool, count=2)
    assert run(closed_port, spool)[0] == ErrorCode.WSAECONNREFUSED
    assert endings(spool) == [".queued"] * 2


def test_an_interrupt_leaves_every_file_in_a_state(spool: Path):
    queue(spool, count=3)
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        mailer.on("EndTransfer", lambda _: ssmtp_do_interrupt(mailer.handle))
        assert ssmtp_do_processqueue(mailer.handle, str(spool)) == ErrorCode.INTERRUPTED_OR_TIMEOUT
        assert endings(spool) == [".queued"] * 3
        mailer.on("EndTransfer", None)
        assert ssmtp_do_processqueue(mailer.handle, str(spool)) == 0, mailer.error
    assert endings(spool) == []


def test_a_callback_that_raises_leaves_every_file_in_a_state(spool: Path):
    queue(spool, count=2)

    def fail(_: dict[str, Any]) -> None:
        raise RuntimeError("no")

    with ScriptedServer() as server, Mailer(server.port) as mailer:
        mailer.on("StartTransfer", fail)
        with pytest.raises(RuntimeError, match="no"):
            ssmtp_do_processqueue(mailer.handle, str(spool))
    assert endings(spool) == [".queued"] * 2


# -- several senders, and dead ones -----------------------------------------------------------------------------------


def test_a_file_that_another_process_sends_is_not_sent_twice(spool: Path):
    (first, _) = queue(spool, count=2)
    descriptor = os.open(spool / first, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        (spool / first).rename(spool / first.replace(".queued", ".sending"))
        with ScriptedServer() as server:
            assert run(server.port, spool) == (0, "")
        assert len(server.messages) == 1
        assert endings(spool) == [".sending"]
    finally:
        os.close(descriptor)
    with ScriptedServer() as server:
        assert run(server.port, spool) == (0, "")  # its sender is dead, and the file is taken up again
    assert len(server.messages) == 1
    assert endings(spool) == []


def test_a_large_message_is_read_piece_by_piece(spool: Path):
    body = "".join(f".line {number}\r\n" for number in range(40_000))
    queue(spool, MessageText=body, SendTo="bob@example.test")
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        pieces: list[str] = []
        mailer.on("Transfer", lambda _: pieces.append(mailer.setting("TransferText")))
        assert ssmtp_do_processqueue(mailer.handle, str(spool)) == 0, mailer.error
    assert server.messages[0].content.endswith(b"\r\n\r\n" + body.encode())
    assert "".join(pieces) == body
