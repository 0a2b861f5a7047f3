"""One message on its way: the octets on the wire, how commands are grouped, and what the server's extensions change."""

from __future__ import annotations

import email
import email.policy
import itertools
import re
from typing import Any

import pytest

from ssmtp_compat.client import current_message
from ssmtp_compat.message.compose import Composed, raw_message
from ssmtp_compat.net.deadline import Deadline
from ssmtp_compat.net.tcp import TcpStream
from wire.mailer import CONTENT, MESSAGE, Mailer
from wire.scripted_server import EXTENSIONS, ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaks")

HEADER = CONTENT.partition(b"Hello Bob")[0]


def without(*names: str) -> list[str]:
    return [extension for extension in EXTENSIONS if extension.split()[0] not in names]


def deliver(extensions: Any = EXTENSIONS, settings: dict[str, Any] | None = None, **properties: Any) -> ScriptedServer:
    """Send one message, which has to succeed, and return the server with its records."""
    with ScriptedServer(extensions=extensions) as server, Mailer(server.port, **properties) as mailer:
        mailer.config(Hello="client.test", **(settings or {}))
        assert mailer.send() == 0, mailer.error
    return server


# -- the octets -------------------------------------------------------------------------------------------------------


def test_the_whole_dialogue_octet_by_octet():
    server = deliver()
    assert server.connection.received == (
        b"EHLO client.test\r\n"
        b"MAIL FROM:<alice@example.test> SIZE=%d\r\n"
        b"RCPT TO:<bob@example.test>\r\n"
        b"DATA\r\n"
        b"%s.\r\n"
        b"QUIT\r\n"
    ) % (len(CONTENT), CONTENT)


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        (
            {"From": '"Ålice A." <alice@example.test>', "Cc": "carol@example.test", "Importance": 1},
            b"From: =?utf-8?B?w4VsaWNlIEEu?= <alice@example.test>\r\n"
            b"To: bob@example.test\r\nCc: carol@example.test\r\nSubject: greetings\r\n"
            b"Date: Mon, 1 Jun 2026 12:00:00 +0000\r\nMessage-ID: <1@example.test>\r\nImportance: high\r\n"
            b"\r\nHello Bob\r\n",
        ),
        (
            {"MessageText": "schöne Grüße\n\nBob"},
            HEADER.removesuffix(b"\r\n") + b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            b"Content-Transfer-Encoding: 8bit\r\n\r\nsch\xc3\xb6ne Gr\xc3\xbc\xc3\x9fe\r\n\r\nBob\r\n",
        ),
        (
            {"OtherHeaders": "X-Mailer: ours\r\nX-Long: a\r\n b"},
            HEADER.removesuffix(b"\r\n") + b"X-Mailer: ours\r\nX-Long: a\r\n b\r\n\r\nHello Bob\r\n",
        ),
        ({"OtherHeaders": "\r\nX-Only: this"}, b"X-Only: this\r\n\r\nHello Bob\r\n"),
        ({"MessageText": ""}, HEADER),
        ({"MessageText": "no line end"}, HEADER + b"no line end\r\n"),
        ({"MessageText": "a\nb\rc\r\nd\n\r"}, HEADER + b"a\r\nb\r\nc\r\nd\r\n\r\n"),
    ],
)
def test_what_was_set_is_what_arrives(properties: dict[str, Any], expected: bytes):
    (message,) = deliver(**properties).messages
    assert message.content == expected


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        (".", b"..\r\n.\r\n"),
        ("..\r\n.x", b"...\r\n..x\r\n.\r\n"),
        ("a\r\n.\r\nb", b"a\r\n..\r\nb\r\n.\r\n"),
        ("a.\r\nb.c\r\n", b"a.\r\nb.c\r\n.\r\n"),
        ("\r\n.\r\n", b"\r\n..\r\n.\r\n"),
    ],
)
def test_a_dot_that_begins_a_line_is_doubled(text: str, wire: bytes):
    (message,) = deliver(MessageText=text).messages
    assert message.raw == HEADER + wire


ENDS = ["\n", "\r", "\r\n", "\r\r\n"]


@pytest.mark.parametrize(("before", "behind"), list(itertools.product(ENDS, ENDS)))
def test_no_spelling_of_a_lone_dot_ends_the_message_early(before: str, behind: str):
    smuggled = f"{before}.{behind}MAIL FROM:<eve@example.test>{before}RCPT TO:<mallory@example.test>{behind}"
    for properties in (
        {"MessageText": "one" + smuggled},
        {"Message": ("Subject: raw\r\n\r\none" + smuggled).encode()},
        {"Message": ("Subject: raw" + smuggled).encode()},  # in what would be the header
        {"Message": ("." + smuggled).encode()},
    ):
        server = deliver(**properties)
        assert [command.split()[0] for command in server.commands] == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
        (message,) = server.messages
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n", message.raw)
        assert message.raw.endswith(b"\r\n.\r\n")
        assert not re.search(rb"(?m)^\.\r\n.", message.raw)
        assert b"eve@example.test" in message.content


def test_a_field_name_that_begins_with_a_dot_survives():
    (message,) = deliver(OtherHeaders=".X: 1\r\n..Y: 2").messages
    assert message.content.endswith(b"\r\n.X: 1\r\n..Y: 2\r\n\r\nHello Bob\r\n")


@pytest.mark.parametrize("shift", [0, 1, 2, 3, 63])
def test_a_body_of_many_pieces_arrives_whole(shift: int):
    """Lines of 64 octets, so that a power of two falls between lines, between CR and LF, or behind a leading dot."""
    text = "x" * shift + "." * 5 + "y" * 57 + "\r\n" + ("." * 5 + "z" * 57 + "\r\n") * 8_000
    (message,) = deliver(MessageText=text).messages
    assert message.content == HEADER + text.encode()


def test_the_final_dot_rides_with_the_last_piece(monkeypatch: pytest.MonkeyPatch):
    writes: list[bytes] = []
    write = TcpStream.write

    def watch(self: TcpStream, data: bytes | memoryview, deadline: Deadline) -> None:
        writes.append(bytes(data))
        write(self, data, deadline)

    monkeypatch.setattr(TcpStream, "write", watch)
    for size, pieces in ((10, 1), (65536, 1), (65537, 2), (200_000, 4)):
        writes.clear()
        deliver(MessageText=("y" * 62 + "\r\n") * (size // 64) + "z" * (size % 64))
        content = writes[2:-1]
        assert len(content) == pieces
        assert content[-1].endswith(b"\r\n.\r\n")
        assert len(content[-1]) > 5
        assert content[0].startswith(b"From: ")
        assert b"Message-ID" in content[0]
        assert writes[-1] == b"QUIT\r\n"


# -- raw messages and blind copies ------------------------------------------------------------------------------------


def test_a_raw_message_is_sent_as_it_is():
    raw = b"X-First: 1\r\nSubject: =?utf-8?q?raw?=\r\n\r\nline 1\nline 2\r\n.dot\r\n"
    (message,) = deliver(Message=raw, Subject="not this").messages
    assert message.content == b"X-First: 1\r\nSubject: =?utf-8?q?raw?=\r\n\r\nline 1\r\nline 2\r\n.dot\r\n"
    assert message.sender == "alice@example.test"
    assert message.recipients == ["bob@example.test"]


def test_a_raw_message_that_stays_is_read_once_and_a_new_one_anew(monkeypatch: pytest.MonkeyPatch):
    read: list[bytes] = []

    def watched(data: bytes, *, eight_bit: bool) -> Composed:
        read.append(data)
        return raw_message(data, eight_bit=eight_bit)

    monkeypatch.setattr(current_message, "raw_message", watched)
    with ScriptedServer() as server, Mailer(server.port, Message=b"X: 1\r\n\r\n1\r\n") as mailer:
        for name in ("bob", "dave"):
            mailer.set(SendTo=f"{name}@example.test")
            assert mailer.send() == 0
        mailer.set(Message=b"X: 2\r\n\r\n2\r\n")
        assert mailer.send() == 0
        mailer.set(Message=b"")
        assert mailer.send() == 0
    assert read == [b"X: 1\r\n\r\n1\r\n", b"X: 2\r\n\r\n2\r\n"]
    assert [message.content[:4] for message in server.messages] == [b"X: 1", b"X: 1", b"X: 2", b"From"]


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"Message": b"To: bob@example.test\r\nbCC : dave@example.test,\r\n erin@example.test\r\nX: y\r\n\r\nHello\r\n"},
    ],
)
def test_blind_copies_get_the_message_and_are_not_in_it(properties: dict[str, Any]):
    (message,) = deliver(BCc="dave@example.test, Erin <erin@example.test>", **properties).messages
    assert message.recipients == ["bob@example.test", "dave@example.test", "erin@example.test"]
    assert not re.search(rb"dave|erin|bcc", message.raw, re.IGNORECASE)


def test_nobody_gets_the_message_twice():
    (message,) = deliver(SendTo="bob@example.test, bob@example.test", Cc="bob@example.test").messages
    assert message.recipients == ["bob@example.test"]


# -- grouping of commands ---------------------------------------------------------------------------------------------

MAIL = b"MAIL FROM:<alice@example.test> SIZE=%d\r\n"
NEVER_STOP = {"StopOnToErrors": False, "StopOnCcErrors": False, "StopOnBccErrors": False}


def test_one_recipient_takes_one_group():
    server = deliver()
    assert server.connection.segments == [
        b"EHLO client.test\r\n",
        MAIL % len(CONTENT) + b"RCPT TO:<bob@example.test>\r\nDATA\r\n",
        CONTENT + b".\r\n",
        b"QUIT\r\n",
    ]


@pytest.mark.parametrize(
    ("settings", "together"),
    [({}, False), (NEVER_STOP, True), ({"StopOnToErrors": False, "StopOnCcErrors": False}, True)],
)
def test_data_waits_where_a_refusal_could_stop_the_message(settings: dict[str, Any], together: bool):
    server = deliver(settings=settings, Cc="carol@example.test", BCc="dave@example.test")
    group = server.connection.segments[1]
    assert group.startswith(b"MAIL FROM:<alice@example.test>")
    assert group.count(b"RCPT TO:") == 3
    assert group.endswith(b"DATA\r\n") is together
    assert (b"DATA\r\n" in server.connection.segments) is not together
    assert len(server.messages[0].recipients) == 3


def test_without_pipelining_each_command_waits_for_its_reply():
    server = deliver(without("PIPELINING"), Cc="carol@example.test")
    size = len(server.messages[0].content)
    assert server.connection.segments[1:5] == [
        MAIL % size,
        b"RCPT TO:<bob@example.test>\r\n",
        b"RCPT TO:<carol@example.test>\r\n",
        b"DATA\r\n",
    ]


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_thousand_recipients_each_get_a_command(pipelining: bool):
    names = [f"user{number}@example.test" for number in range(1000)]
    extensions = EXTENSIONS if pipelining else without("PIPELINING")
    (message,) = deliver(extensions, SendTo=", ".join(names[:700]), BCc=", ".join(names[700:])).messages
    assert message.recipients == names
    assert b"user700" not in message.content


# -- extensions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["Hello", "Hello\r\n", "", ".\r\n..\r\n.x", "grün", "a\nb\rc"])
def test_size_is_what_the_message_has_without_transparency(text: str):
    (message,) = deliver(MessageText=text).messages
    assert message.mail.split()[2] == f"SIZE={len(message.content)}"


def test_size_is_not_declared_to_a_server_without_it():
    (message,) = deliver(without("SIZE")).messages
    assert message.mail == "MAIL FROM:<alice@example.test>"


@pytest.mark.parametrize("connected", [False, True])
def test_a_message_over_the_limit_is_not_begun(connected: bool):
    extensions = [*without("SIZE"), f"SIZE {len(CONTENT) - 1}"]
    with ScriptedServer(extensions=extensions) as server, Mailer(server.port) as mailer:
        if connected:
            assert mailer.connect() == 0
        assert mailer.send() == 20013
        assert str(len(CONTENT)) in mailer.error[1]
        assert str(len(CONTENT) - 1) in mailer.error[1]
        assert mailer.get("Connected") is connected
        mailer.set(MessageText="Hi")
        assert mailer.send() == 0, mailer.error
    assert [command.split()[0] for command in server.commands].count("MAIL") == 1
    assert len(server.messages) == 1


@pytest.mark.parametrize("limit", [f"SIZE {len(CONTENT)}", "SIZE 0", "SIZE", "SIZE unlimited"])
def test_a_message_within_the_limit_or_without_one_goes(limit: str):
    (message,) = deliver([*without("SIZE"), limit]).messages
    assert message.content == CONTENT


@pytest.mark.parametrize("text", ["grün und gut\r\n", "漢字" * 30])
@pytest.mark.parametrize("offered", [True, False])
def test_eight_bit_text_goes_as_the_server_can_take_it(text: str, offered: bool):
    (message,) = deliver(EXTENSIONS if offered else without("8BITMIME"), MessageText=text).messages
    assert ("BODY=8BITMIME" in message.mail.split()) is offered
    assert message.raw.isascii() is not offered
    parsed = email.message_from_bytes(message.content, policy=email.policy.default)
    assert parsed.get_content().rstrip("\r\n") == text.rstrip("\r\n")
    assert parsed["Content-Transfer-Encoding"] in (("8bit",) if offered else ("quoted-printable", "base64"))


def test_seven_bit_text_needs_no_body_parameter():
    (message,) = deliver().messages
    assert "BODY" not in message.mail


@pytest.mark.parametrize(
    "properties",
    [
        {"OtherHeaders": "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit"},
        {"Message": "Subject: raw\r\n\r\ngrün\r\n".encode()},
    ],
)
def test_a_body_that_may_not_be_changed_needs_8bitmime(properties: dict[str, Any]):
    (message,) = deliver(MessageText="grün", **properties).messages
    assert "BODY=8BITMIME" in message.mail


@pytest.mark.parametrize(
    "properties",
    [
        {"OtherHeaders": "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit"},
        {"Message": "Subject: raw\r\n\r\ngrün\r\n".encode()},
    ],
)
def test_a_body_that_may_not_be_changed_is_not_sent_without_8bitmime(properties: dict[str, Any]):
    with (
        ScriptedServer(extensions=without("8BITMIME")) as server,
        Mailer(server.port, MessageText="grün", **properties) as mailer,
    ):
        assert mailer.send() == 20011
        assert "8BITMIME" in mailer.error[1]
    assert [command.split()[0] for command in server.commands] == ["EHLO", "QUIT"]


# -- addresses --------------------------------------------------------------------------------------------------------


def test_a_local_part_outside_ascii_goes_with_smtputf8():
    (message,) = deliver(SendTo="jürgen@bücher.example").messages
    assert message.mail.endswith(" SMTPUTF8")
    assert message.recipients == ["jürgen@bücher.example"]
    assert "To: jürgen@bücher.example\r\n".encode() in message.content


@pytest.mark.parametrize("place", ["SendTo", "Cc", "BCc", "From", "ReturnPath"])
def test_a_local_part_outside_ascii_needs_smtputf8(place: str):
    with (
        ScriptedServer(extensions=without("SMTPUTF8")) as server,
        Mailer(server.port, **{place: "jürgen@example.test"}) as mailer,
    ):
        assert mailer.send() == 20011
        assert "SMTPUTF8" in mailer.error[1]
    assert [command.split()[0] for command in server.commands] == ["EHLO", "QUIT"]


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"ReplyTo": "jürgen@example.test"}, "Reply-To"),
        ({"OtherHeaders": "Sender: jürgen@example.test"}, "Sender"),
        ({"Message": "Subject: grün\r\n\r\nHello\r\n"}, "Subject"),
        ({"Message": "X-A: b\r\nno field, but grün\r\n\r\nHello\r\n"}, ""),
    ],
)
def test_a_header_outside_ascii_needs_smtputf8_too(properties: dict[str, Any], told: str):
    server = deliver(**properties)
    assert server.messages[0].mail.endswith(" SMTPUTF8")
    with ScriptedServer(extensions=without("SMTPUTF8")) as server, Mailer(server.port, **properties) as mailer:
        assert mailer.send() == 20011
        assert f"The header{f' field {told}' if told else ''} has" in mailer.error[1]
        assert "SMTPUTF8" in mailer.error[1]
    assert [command.split()[0] for command in server.commands] == ["EHLO", "QUIT"]


@pytest.mark.parametrize("extensions", [EXTENSIONS, without("SMTPUTF8")])
def test_a_domain_outside_ascii_goes_as_a_labels(extensions: list[str]):
    (message,) = deliver(extensions, SendTo="juergen@bücher.example", From="alice@BÜCHER.example").messages
    assert message.recipients == ["juergen@xn--bcher-kva.example"]
    assert message.sender == "alice@xn--bcher-kva.example"
    assert "SMTPUTF8" not in message.mail
    assert b"To: juergen@xn--bcher-kva.example\r\n" in message.content


def test_characters_whose_low_octet_is_a_line_break_make_none():
    """Jakarta Mail cut U+760D and U+760A to CR and LF (CVE-2025-7962)."""
    server = deliver(SendTo='"\u760d\u760aRCPT TO:<eve@example.test>"@example.test', Subject="\u760d\u760aX: y")
    assert [command.split()[0] for command in server.commands] == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
    assert b"\nX: y" not in server.messages[0].content


def test_a_quoted_local_part_stays_one_address():
    address = '"foo@psres.net> ORCPT=admin@admin.example"@example.test'
    (message,) = deliver(SendTo=address).messages
    assert message.rcpts == [f"RCPT TO:<{address}>"]


@pytest.mark.parametrize(
    ("properties", "sender"),
    [
        ({"From": "Alice <alice@example.test>"}, "alice@example.test"),
        ({"From": "Alice <alice@example.test>, Zoe <zoe@example.test>"}, "alice@example.test"),
        ({"ReturnPath": "bounces@example.test"}, "bounces@example.test"),
        ({"ReturnPath": "<bounces@example.test>"}, "bounces@example.test"),
        ({"ReturnPath": "<>"}, ""),
        ({"ReturnPath": "bounces@example.test", "From": ""}, "bounces@example.test"),
    ],
)
def test_the_reverse_path_is_returnpath_or_the_first_sender(properties: dict[str, Any], sender: str):
    (message,) = deliver(**properties).messages
    assert message.sender == sender
    assert message.mail.startswith(f"MAIL FROM:<{sender}> ")
    assert b"Return-Path" not in message.content


def test_copies_alone_are_enough_when_allowed():
    (message,) = deliver(settings={"AllowEmptyTo": True}, SendTo="", Cc="carol@example.test").messages
    assert message.recipients == ["carol@example.test"]
    assert b"To:" not in message.content.replace(b"Reply-To", b"")


# -- the session's owner ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nobody", ["", "undisclosed-recipients:;"])
def test_with_nobody_at_all_nothing_is_sent_whatever_is_allowed(nobody: str):
    with ScriptedServer() as server, Mailer(server.port, SendTo=nobody, MessageText="x") as mailer:
        mailer.config(AllowEmptyTo=True)
        assert mailer.send() == 167
        mailer.set(MessageRecipientCount=1)  # an entry without an address is nobody either
        assert mailer.send() == 167
    assert server.connections == []


def test_send_closes_the_session_it_opened():
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        for _ in range(2):
            assert mailer.send() == 0
            assert mailer.get("Connected") is False
    assert len(server.connections) == 2
    assert all(connection.commands[-1] == "QUIT" for connection in server.connections)


def test_a_session_of_connect_carries_many_messages():
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
        for number in range(5):
            mailer.set(MessageText=f"number {number}")
            assert mailer.send() == 0
            assert mailer.get("Connected") is True
        assert mailer.disconnect() == 0
    verbs = [command.split()[0] for command in server.connection.commands]
    assert verbs == ["EHLO", *["MAIL", "RCPT", "DATA"] * 5, "QUIT"]
    assert [message.content for message in server.messages] == [HEADER + b"number %d\r\n" % each for each in range(5)]


def test_every_message_gets_a_message_id_of_its_own():
    with ScriptedServer() as server, Mailer(server.port, MessageId="*") as mailer:
        for _ in range(3):
            announced = mailer.get("MessageHeadersString").encode()
            assert mailer.send() == 0
            assert server.messages[-1].content.startswith(announced)
    ids = {email.message_from_bytes(message.content)["Message-ID"] for message in server.messages}
    assert len(ids) == 3


@pytest.mark.parametrize("offered", [True, False])
def test_the_header_announced_in_a_session_is_the_one_sent(offered: bool):
    extensions = EXTENSIONS if offered else without("8BITMIME")
    with ScriptedServer(extensions=extensions) as server, Mailer(server.port, MessageText="grün") as mailer:
        assert "Content-Transfer-Encoding: 8bit\r\n" in mailer.get("MessageHeadersString")
        assert mailer.connect() == 0
        announced = mailer.get("MessageHeadersString")
        names = [mailer.get("MessageHeaderField", each) for each in range(mailer.get("MessageHeaderCount"))]
        values = [mailer.get("MessageHeaderValue", each) for each in range(len(names))]
        assert mailer.send() == 0, mailer.error
    assert server.messages[0].content.startswith(announced.encode() + b"\r\n")
    encoding = dict(zip(names, values, strict=True))["Content-Transfer-Encoding"]
    assert encoding == ("8bit" if offered else "quoted-printable")


def test_sending_changes_nothing_of_the_message():
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        before = {name: mailer.get(name) for name in MESSAGE}
        assert mailer.send() == 0
        assert {name: mailer.get(name) for name in MESSAGE} == before
