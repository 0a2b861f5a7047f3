"""Notifications that Postfix and Exim send to the sender's mailbox, because they were asked to."""

from __future__ import annotations

import email
import email.message
import email.policy

import pytest

from interop.aiosmtpd_server import Aiosmtpd
from interop.exim import Exim
from interop.postfix import Postfix
from ssmtp_compat import PropertyID, ssmtp_set
from wire.mailer import Mailer

pytestmark = pytest.mark.interop


def set_options(mailer: Mailer, index: int, options: str) -> None:
    assert ssmtp_set(mailer.handle, PropertyID.MessageRecipientOptions, index, options) == 0, mailer.error


class Report:
    """The multipart/report (RFC 6522) that is next in the sender's mailbox."""

    def __init__(self, server: Postfix | Exim) -> None:
        self.text = server.message("alice").decode()
        report = email.message_from_string(self.text, policy=email.policy.default)
        assert report.get_content_type() == "multipart/report", self.text
        _, status, returned = report.iter_parts()
        self.whole, *self.recipients = status.get_payload()
        self.returned_type = returned.get_content_type()
        self.returned = returned.as_string()


@pytest.mark.parametrize(
    ("name", "envelope_id", "original"),
    [
        ("postfix", "order 7+1=8", "rfc822;bob+old@example.test"),
        # Exim repeats both as they were sent, in xtext.
        ("exim", "order+207+2B1+3D8", "rfc822;bob+2Bold@example.test"),
    ],
)
def test_a_success_is_notified_with_envelope_id_and_original_recipient(
    request: pytest.FixtureRequest, name: str, envelope_id: str, original: str
):
    server: Postfix | Exim = request.getfixturevalue(name)
    with Mailer(server.plain_port) as mailer:
        mailer.config(DSNReturn="HDRS", DSNEnvelopeId="order 7+1=8")
        set_options(mailer, 0, "NOTIFY=SUCCESS ORCPT=rfc822;bob+2Bold@example.test")
        assert mailer.send() == 0, mailer.error
    assert server.message("bob")
    report = Report(server)
    (recipient,) = report.recipients
    assert report.whole["Original-Envelope-Id"] == envelope_id
    assert recipient["Original-Recipient"] == original
    assert recipient["Final-Recipient"].replace(" ", "") == "rfc822;bob@example.test"
    assert recipient["Action"] == "delivered"


@pytest.mark.parametrize(
    ("ret", "returned_type", "with_text"), [("FULL", "message/rfc822", True), ("HDRS", "text/rfc822-headers", False)]
)
def test_a_failure_is_notified_unless_never_and_returns_what_was_asked(
    postfix: Postfix, ret: str, returned_type: str, with_text: bool
):
    with Mailer(postfix.plain_port, SendTo="gone@example.test, lost@example.test") as mailer:
        mailer.config(DSNReturn=ret)
        set_options(mailer, 0, "NOTIFY FAILURE")
        set_options(mailer, 1, "NOTIFY NEVER")
        assert mailer.send() == 0, mailer.error
    report = Report(postfix)
    assert [(each["Final-Recipient"], each["Action"]) for each in report.recipients] == [
        ("rfc822; gone@nowhere.test", "failed")
    ]
    assert report.returned_type == returned_type
    assert ("Hello Bob" in report.returned) is with_text


def test_an_original_address_beyond_ascii_is_read_by_the_server(postfix: Postfix):
    with Mailer(postfix.plain_port) as mailer:
        set_options(mailer, 0, r"NOTIFY=SUCCESS ORCPT=utf-8;böb\x{2B}old@bücher.test")
        assert mailer.send() == 0, mailer.error
    assert "\nOriginal-Recipient: utf-8;böb+old@bücher.test\n" in Report(postfix).text


def test_delivery_notification_to_asks_for_success(postfix: Postfix):
    with Mailer(postfix.plain_port, DeliveryNotificationTo="alice@example.test") as mailer:
        assert mailer.send() == 0, mailer.error
    assert [each["Action"] for each in Report(postfix).recipients] == ["delivered"]
    message = email.message_from_bytes(postfix.message("bob"))
    assert message["Return-Receipt-To"] == "alice@example.test"


def test_a_server_without_dsn_is_not_sent_a_message_that_asks_for_it(aiosmtpd: Aiosmtpd):
    with Mailer(aiosmtpd.plain_port) as mailer:
        set_options(mailer, 0, "NOTIFY=SUCCESS")
        assert mailer.send() == 20011
        assert "DSN" in mailer.error[1]
        set_options(mailer, 0, "")
        mailer.set(Subject="without options")
        assert mailer.send() == 0, mailer.error
    assert email.message_from_bytes(aiosmtpd.message())["Subject"] == "without options"
