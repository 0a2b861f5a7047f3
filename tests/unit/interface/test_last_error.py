"""The last error: 0 and an empty text after each success, the code and the reason after each failure."""

from __future__ import annotations

import pytest

from ssmtp_compat import (
    ErrorCode,
    PropertyID,
    ssmtp_close,
    ssmtp_do_addrecipientcert,
    ssmtp_do_config,
    ssmtp_do_connect,
    ssmtp_do_disconnect,
    ssmtp_do_doevents,
    ssmtp_do_encrypt,
    ssmtp_do_interrupt,
    ssmtp_do_reset,
    ssmtp_do_resetheaders,
    ssmtp_do_send,
    ssmtp_do_sign,
    ssmtp_do_signandencrypt,
    ssmtp_get,
    ssmtp_get_last_error,
    ssmtp_get_last_error_code,
    ssmtp_open,
    ssmtp_register_callback,
    ssmtp_set,
)
from ssmtp_compat.catalog.errors import ERRORS
from ssmtp_compat.client import SSMTPClient
from unit.interface.scripts import last_error, put, reason, refused, write_mail
from wire.scripted_server import ScriptedServer

P = PropertyID


def spoil(handle: int) -> None:
    """Leave a failure behind."""
    refused(handle, ssmtp_set(handle, P.Timeout, -1), ErrorCode.INVALID_VALUE)


def test_fresh_handle_has_no_error(handle: int):
    assert last_error(handle) == (0, "")


@pytest.mark.parametrize(
    "succeed",
    [
        lambda handle: ssmtp_set(handle, P.Subject, "x"),
        lambda handle: ssmtp_get(handle, P.Timeout) - 60,
        lambda handle: len(ssmtp_do_config(handle, "Linger=False")),
        lambda handle: len(ssmtp_do_config(handle, "Linger")) - 4,
        lambda handle: ssmtp_register_callback(handle, 1, None),
        ssmtp_do_disconnect,
        ssmtp_do_doevents,
        ssmtp_do_interrupt,
        ssmtp_do_reset,
        ssmtp_do_resetheaders,
    ],
)
def test_success_clears_it(handle: int, succeed):
    spoil(handle)
    assert succeed(handle) == 0
    assert last_error(handle) == (0, "")


def test_successful_send_clears_it(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    for method in (ssmtp_do_connect, ssmtp_do_send, ssmtp_do_disconnect, ssmtp_do_send):
        spoil(handle)
        assert method(handle) == 0
        assert last_error(handle) == (0, "")


@pytest.mark.parametrize(
    ("fail", "code"),
    [
        (lambda handle: ssmtp_set(handle, P.Timeout, -1), ErrorCode.INVALID_VALUE),
        (lambda handle: ssmtp_set(handle, P.Version, "1"), ErrorCode.READ_ONLY),
        (lambda handle: ssmtp_set(handle, 63, "1"), ErrorCode.UNKNOWN_PROPERTY),
        (lambda handle: ssmtp_set(handle, P.Subject, 1, "x"), ErrorCode.INVALID_INDEX),
        (lambda handle: ssmtp_set(handle, P.SendTo, "no one at all"), ErrorCode.INVALID_ADDRESS),
        (lambda handle: ssmtp_register_callback(handle, 10, None), ErrorCode.UNKNOWN_EVENT),
        (lambda handle: ssmtp_register_callback(handle, 1, "print"), ErrorCode.INVALID_VALUE),
        (lambda handle: ssmtp_do_addrecipientcert(handle, "no certificate"), ErrorCode.CERTIFICATE_DECODING),
        (lambda handle: ssmtp_do_addrecipientcert(handle, None), ErrorCode.CERTIFICATE_DECODING),
        (ssmtp_do_connect, ErrorCode.NO_MAIL_SERVER),
        (ssmtp_do_encrypt, ErrorCode.NO_RECIPIENT_CERTIFICATE),
        (ssmtp_do_sign, ErrorCode.NO_SIGNING_CERTIFICATE),
        (ssmtp_do_signandencrypt, ErrorCode.NO_SIGNING_CERTIFICATE),
        (ssmtp_do_send, ErrorCode.NO_SENDER),
    ],
)
def test_failure_sets_it_to_the_code_that_is_returned(handle: int, fail, code: ErrorCode):
    text = refused(handle, fail(handle), code)
    # Where the row says so, what happened stands in place of its text and not behind it.
    assert text.startswith(ERRORS[code].message) != ERRORS[code].replace
    assert not text.startswith(str(int(code)))


def test_failing_get_and_config_set_it_as_well(handle: int):
    assert ssmtp_get(handle, 63) == ""
    reason(handle, ErrorCode.UNKNOWN_PROPERTY)
    put(handle, P.Subject, "x")
    assert ssmtp_do_config(handle, "NoSuchSetting") == ""
    reason(handle, ErrorCode.UNKNOWN_SETTING)


def test_message_without_a_recipient(handle: int):
    put(handle, P.From, "alice@example.test")
    refused(handle, ssmtp_do_send(handle), ErrorCode.NO_RECIPIENT)
    put(handle, P.Cc, "carol@example.test")
    assert "AllowEmptyTo" in refused(handle, ssmtp_do_send(handle), ErrorCode.NO_RECIPIENT)


def test_refusal_by_the_server_is_the_text_and_leaves_the_next_send_possible(handle: int):
    with ScriptedServer(replies={"RCPT": ["550 5.1.1 no such user"]}) as server:
        write_mail(handle, server)
        text = refused(handle, ssmtp_do_send(handle), ErrorCode.SMTP_PROTOCOL)
        assert text == "550 5.1.1 no such user"
        assert ssmtp_do_send(handle) == 0
    assert last_error(handle) == (0, "")


def test_reading_it_does_not_change_it(handle: int):
    spoil(handle)
    before = last_error(handle)
    assert [ssmtp_get_last_error(handle), ssmtp_get_last_error(handle)] == [before[1]] * 2
    assert [ssmtp_get_last_error_code(handle), ssmtp_get_last_error_code(handle)] == [before[0]] * 2


def test_each_handle_has_its_own(handle: int):
    other = ssmtp_open()
    spoil(handle)
    assert last_error(other) == (0, "")
    put(other, P.Subject, "x")
    reason(handle, ErrorCode.INVALID_VALUE)
    assert ssmtp_close(other) == 0


def test_a_defect_of_the_library_leaves_no_success_behind(handle: int, monkeypatch: pytest.MonkeyPatch):
    def broken(self: SSMTPClient) -> None:
        raise LookupError("a defect")

    assert ssmtp_set(handle, PropertyID.Subject, "x") == 0
    monkeypatch.setattr(SSMTPClient, "reset_headers", broken)
    with pytest.raises(LookupError):
        ssmtp_do_resetheaders(handle)
    assert ssmtp_get_last_error_code(handle) == 20014
    assert "LookupError" in ssmtp_get_last_error(handle)
