"""MessageHeaderCount, -Field, -Value and MessageHeadersString: the header as it would be sent now."""

from __future__ import annotations

import re
from email import message_from_string, policy

import pytest

from ssmtp_compat import ErrorCode, Importance, Priority, PropertyID, Sensitivity, ssmtp_do_send, ssmtp_get
from unit.interface.scripts import put, reason, refused, take, write_mail
from wire.scripted_server import ScriptedServer

P = PropertyID


def fields(handle: int) -> list[tuple[str, str]]:
    return [
        (take(handle, P.MessageHeaderField, index), take(handle, P.MessageHeaderValue, index))
        for index in range(take(handle, P.MessageHeaderCount))
    ]


def unfolded(header: str) -> list[tuple[str, str]]:
    lines = re.sub(r"\r\n(?=[ \t])", "", header).removesuffix("\r\n").split("\r\n")
    return [(name, value.removeprefix(" ")) for name, _, value in (line.partition(":") for line in lines)]


def fill_every_field(handle: int) -> None:
    put(handle, P.MessageDate, "Thu, 01 Jan 2026 00:00:00 +0000")
    put(handle, P.From, "Alice <alice@example.test>")
    put(handle, P.SendTo, ", ".join(f"Recipient Number {n} <r{n}@example.test>" for n in range(12)))
    put(handle, P.Cc, "Team: a@example.test;")
    put(handle, P.ReplyTo, "replies@example.test")
    put(handle, P.Subject, "Grüße aus Köln, " * 10)
    put(handle, P.Importance, Importance.miHigh)
    put(handle, P.Priority, Priority.epUrgent)
    put(handle, P.Sensitivity, Sensitivity.esPrivate)
    put(handle, P.ReadReceiptTo, "read@example.test")
    put(handle, P.DeliveryNotificationTo, "delivered@example.test")
    put(handle, P.OtherHeaders, "X-Own: one\r\n two\r\nX-Last: yes")
    put(handle, P.MessageText, "Grüße")


def test_fields_are_those_of_the_headers_string(handle: int):
    fill_every_field(handle)
    header = take(handle, P.MessageHeadersString)
    assert fields(handle) == unfolded(header)
    assert header.endswith("X-Last: yes\r\n")
    assert header.isascii()


def test_each_property_has_its_field(handle: int):
    fill_every_field(handle)
    found = dict(fields(handle))
    assert found["From"] == "Alice <alice@example.test>"
    assert found["Date"] == "Thu, 01 Jan 2026 00:00:00 +0000"
    assert found["Cc"] == "Team: a@example.test;"
    assert found["Reply-To"] == "replies@example.test"
    assert found["Importance"] == "high"
    assert found["Priority"] == "urgent"
    assert found["Sensitivity"] == "Private"
    assert found["Disposition-Notification-To"] == "read@example.test"
    assert found["Return-Receipt-To"] == "delivered@example.test"
    assert found["X-Own"] == "one two"
    parsed = message_from_string(take(handle, P.MessageHeadersString), policy=policy.default)
    assert parsed["Subject"] == ("Grüße aus Köln, " * 10).strip() + " "
    assert len(parsed["To"].addresses) == 12


def test_what_is_sent_is_what_the_headers_string_said(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    fill_every_field(handle)
    header = take(handle, P.MessageHeadersString).encode()
    assert ssmtp_do_send(handle) == 0
    head, _, body = server.messages[0].content.partition(b"\r\n\r\n")
    assert head + b"\r\n" == header
    assert body == "Grüße\r\n".encode()


def test_whole_message_has_the_fields_of_its_own(handle: int):
    fill_every_field(handle)
    put(handle, P.Message, b"Subject: whole\nX-Long: one\n two\n\nFrom: in the body")
    assert fields(handle) == [("Subject", "whole"), ("X-Long", "one two")]
    assert take(handle, P.MessageHeadersString) == "Subject: whole\r\nX-Long: one\r\n two\r\n"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"Hello Bob,\r\n\r\nhow are you?", []),
        (b"Hello: Bob\r\nhow are you?\r\nX: y\r\n\r\n", [("Hello", "Bob")]),
        (b" folded\r\nX: y\r\n\r\n", []),
        (b"\r\nX: y\r\n\r\n", []),
        (b"X : y\r\n\t z\r\nY:\r\n\r\n", [("X", "y\t z"), ("Y", "")]),
        (b"X: a\x0bb\x7f\r\n\r\n", [("X", "a\x0bb\x7f")]),
        (b": y\r\n\r\n", []),
        (b"X" * 300 + b": y\r\n\r\n", [("X" * 300, "y")]),
        ("Gr\u00fc\u00dfe: y\r\nX: \u00fc\r\n\r\n".encode(), []),
        (b"X: y", [("X", "y")]),
    ],
)
def test_whole_message_is_read_as_far_as_its_header_goes(
    handle: int, server: ScriptedServer, message: bytes, expected: list[tuple[str, str]]
):
    write_mail(handle, server)
    put(handle, P.Message, message)
    assert fields(handle) == expected
    assert ssmtp_do_send(handle) == 0  # what can be read can be sent, and the other way round


def test_other_headers_that_begin_with_an_empty_line_are_all_there_is(handle: int):
    fill_every_field(handle)
    put(handle, P.OtherHeaders, "\r\nSubject: mine\r\nFrom: me@example.test")
    assert fields(handle) == [("Subject", "mine"), ("From", "me@example.test")]


def test_date_and_identifier_can_be_left_out(handle: int):
    put(handle, P.MessageDate, "")
    put(handle, P.MessageId, "")
    assert take(handle, P.MessageHeaderCount) == 0
    assert take(handle, P.MessageHeadersString) == ""
    assert ssmtp_get(handle, P.MessageHeaderField, 0) == ""
    reason(handle, ErrorCode.INVALID_INDEX)


@pytest.mark.parametrize(
    ("property_id", "value", "code"),
    [
        (P.From, "not an address", ErrorCode.INVALID_ADDRESS),
        (P.ReplyTo, "a@b@c", ErrorCode.INVALID_ADDRESS),
        (P.OtherHeaders, "no colon", ErrorCode.INVALID_VALUE),
        (P.OtherHeaders, "X: 1\r\n\r\nX: 2", ErrorCode.INVALID_VALUE),
        (P.MessageId, "no at sign", ErrorCode.INVALID_VALUE),
        (P.Message, b"Subject: \xff\r\n\r\n", ErrorCode.INVALID_VALUE),
        (P.Message, b"\0", ErrorCode.INVALID_VALUE),
    ],
)
def test_header_that_cannot_be_made_is_an_error_of_each(handle: int, property_id: int, value: object, code: int):
    put(handle, property_id, value)
    assert ssmtp_get(handle, P.MessageHeadersString) == ""
    text = reason(handle, code)
    assert ssmtp_get(handle, P.MessageHeaderCount) == 0
    assert reason(handle, code) == text
    for property_id in (P.MessageHeaderField, P.MessageHeaderValue):
        assert ssmtp_get(handle, property_id, 0) == ""
        assert reason(handle, code) == text


# -- the identifier ---------------------------------------------------------------------------------------------------


def identifier(handle: int) -> str:
    return dict(fields(handle))["Message-ID"]


def test_identifier_stays_until_the_message_is_sent_and_is_the_one_that_is_sent(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    shown = [identifier(handle), identifier(handle)]
    assert f"Message-ID: {shown[0]}\r\n" in take(handle, P.MessageHeadersString)
    put(handle, P.Subject, "changed")
    shown.append(identifier(handle))
    assert ssmtp_do_send(handle) == 0
    assert len(set(shown)) == 1
    assert f"\r\nMessage-ID: {shown[0]}\r\n".encode() in server.messages[0].content


def test_each_message_has_a_new_identifier(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    shown = []
    for _ in range(3):
        shown.append(identifier(handle))
        assert ssmtp_do_send(handle) == 0
    assert len(set(shown)) == 3
    sent = [re.search(rb"Message-ID: (\S+)", message.content)[1].decode() for message in server.messages]
    assert sent == shown
    assert take(handle, P.MessageId) == "*"


def test_message_that_was_refused_keeps_its_identifier(handle: int):
    with ScriptedServer(replies={"MESSAGE": ["451 4.3.0 try again"]}) as server:
        write_mail(handle, server)
        before = identifier(handle)
        refused(handle, ssmtp_do_send(handle), ErrorCode.SMTP_PROTOCOL)
        assert identifier(handle) == before
        assert ssmtp_do_send(handle) == 0
    assert all(before.encode() in message.content for message in server.messages)


def test_identifiers_of_two_handles_differ(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    first = identifier(handle)
    assert first.endswith("@example.test>")
    put(handle, P.From, "other@elsewhere.test")
    assert identifier(handle).endswith("@elsewhere.test>")


@pytest.mark.parametrize("text", ["one@example.test", "<one@example.test>"])
def test_identifier_of_the_callers_own_stays(handle: int, server: ScriptedServer, text: str):
    write_mail(handle, server)
    put(handle, P.MessageId, text)
    for _ in range(2):
        assert identifier(handle) == "<one@example.test>"
        assert ssmtp_do_send(handle) == 0
    assert all(b"Message-ID: <one@example.test>\r\n" in message.content for message in server.messages)
