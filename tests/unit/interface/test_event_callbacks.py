"""Callbacks: what they are given, what they may change, and how they are bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from loopback_identity import LoopbackIdentity
from ssmtp_compat import (
    ErrorCode,
    EventID,
    PropertyID,
    SSLStartModes,
    ssmtp_close,
    ssmtp_do_config,
    ssmtp_do_connect,
    ssmtp_do_reset,
    ssmtp_do_send,
    ssmtp_open,
    ssmtp_register_callback,
    ssmtp_set,
)
from ssmtp_compat.catalog.events import EVENTS
from ssmtp_compat.events import CallbackError, EventHub
from unit.interface.scripts import last_error, put, refused, take, write_mail
from wire.scripted_server import ScriptedServer

P = PropertyID

# The one event that only Expand fires, which this version lacks.
FIRED = [event for event in EventID if event is not EventID.Expand]


def listen(handle: int, event: int, function: Callable[[dict[str, Any]], Any] | None) -> None:
    assert ssmtp_register_callback(handle, event, function) == 0
    assert last_error(handle) == (0, "")


@pytest.fixture
def distrusted(handle: int, loopback_identity: LoopbackIdentity):
    """A session with a server whose certificate nobody here trusts."""
    with ScriptedServer(tls=loopback_identity.server_context()) as server:
        write_mail(handle, server)
        put(handle, P.SSLStartMode, SSLStartModes.sslExplicit)
        yield handle


# -- what they are given ----------------------------------------------------------------------------------------------


def test_each_event_has_its_documented_keys_in_order(handle: int, loopback_identity: LoopbackIdentity):
    heard: dict[EventID, list[dict[str, Any]]] = {event: [] for event in EventID}
    for event in EventID:
        listen(handle, event, heard[event].append)
    answers = ["550 5.1.1 no such user", "250 2.1.5 ok"]
    with ScriptedServer(tls=loopback_identity.server_context(), replies={"RCPT": answers}) as server:
        write_mail(handle, server)
        put(handle, P.SSLStartMode, SSLStartModes.sslExplicit)
        ssmtp_do_config(handle, f"OpenSSLCAFile={loopback_identity.ca_file}")
        ssmtp_do_config(handle, "StopOnToErrors=False")
        put(handle, P.SendTo, "nobody@example.test, bob@example.test")
        assert ssmtp_do_send(handle) == 0
    python_types = {"int": int, "str": str, "bool": bool, "bytes": bytes}
    for event in FIRED:
        assert heard[event], event.name
        for parameters in heard[event]:
            assert type(parameters) is dict
            assert list(parameters) == [parameter.name for parameter in EVENTS[event].parameters]
            for parameter in EVENTS[event].parameters:
                assert type(parameters[parameter.name]) is python_types[parameter.type]
    assert heard[EventID.Expand] == []
    assert heard[EventID.Error] == [{"errorcode": 161, "description": answers[0]}]
    (shown,) = heard[EventID.SSLServerAuthentication]
    assert (shown["status"], shown["accept"]) == ("OK", True)
    assert shown["certencoded"] == take(handle, P.SSLServerCertEncoded)


def test_events_of_a_send_come_in_their_order(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    heard: list[str] = []
    for event in EventID:
        listen(handle, event, lambda given, name=event.name: heard.append(given.get("message", name)[:4]))
    assert ssmtp_do_send(handle) == 0
    commands = [text for text in heard if not text[0].isdigit()]
    assert commands == ["Conn", "EHLO", "MAIL", "RCPT", "DATA", "Star", "Tran", "EndT", "QUIT", "Conn"]


def test_empty_message_text_has_no_transfer_events(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    put(handle, P.MessageText, "")
    heard: list[str] = []
    for event in (EventID.StartTransfer, EventID.Transfer, EventID.EndTransfer):
        listen(handle, event, lambda _, name=event.name: heard.append(name))
    assert ssmtp_do_send(handle) == 0
    assert heard == []


def test_transfer_events_count_up_to_the_whole_body(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    put(handle, P.MessageText, "0123456789abcde\r\n" * 10_000)
    heard: list[tuple[int, int]] = []
    listen(handle, EventID.Transfer, lambda given: heard.append((given["bytestransferred"], given["percentdone"])))
    assert ssmtp_do_send(handle) == 0
    assert len(heard) > 1
    assert heard == sorted(heard)
    assert heard[-1] == (170_000, 100)


def test_failing_method_fires_error_before_it_returns(handle: int):
    heard: list[dict[str, Any]] = []
    listen(handle, EventID.Error, lambda given: heard.append(dict(given)))
    text = refused(handle, ssmtp_do_connect(handle), ErrorCode.NO_MAIL_SERVER)
    assert heard == [{"errorcode": 163, "description": text}]


def test_bad_value_is_no_method_and_fires_nothing(handle: int):
    heard: list[dict[str, Any]] = []
    listen(handle, EventID.Error, heard.append)
    refused(handle, ssmtp_set(handle, P.Timeout, -1), ErrorCode.INVALID_VALUE)
    assert ssmtp_do_config(handle, "NoSuchSetting") == ""
    assert heard == []


# -- what they may change ---------------------------------------------------------------------------------------------


def accept_in_place(given: dict[str, Any]) -> None:
    given["accept"] = True


def accept_in_what_is_returned(given: dict[str, Any]) -> dict[str, Any]:
    return {**given, "accept": True}


def accept_in_place_and_return_something_else(given: dict[str, Any]) -> str:
    given["accept"] = 1
    return "yes"


def accept_as_a_vendor_script_does(given: dict[str, Any]) -> dict[str, Any]:
    given["accept"] = "1"
    return given


@pytest.mark.parametrize(
    "callback",
    [
        accept_in_place,
        accept_in_what_is_returned,
        accept_in_place_and_return_something_else,
        accept_as_a_vendor_script_does,
        lambda _: {"accept": True},
    ],
)
def test_distrusted_certificate_that_the_callback_accepts(distrusted: int, callback: Callable[..., Any]):
    listen(distrusted, EventID.SSLServerAuthentication, callback)
    assert ssmtp_do_send(distrusted) == 0


def return_another_dict(given: dict[str, Any]) -> dict[str, Any]:
    given["accept"] = True
    return {"status": "OK"}


def change_everything_else(given: dict[str, Any]) -> None:
    given.update(status="OK", certencoded=b"", certsubject="CN=mail.example.test")


@pytest.mark.parametrize(
    "callback",
    [None, lambda _: None, lambda _: True, dict.clear, return_another_dict, change_everything_else, lambda _: {}],
)
def test_distrusted_certificate_that_nobody_accepts(distrusted: int, callback: Callable[..., Any] | None):
    listen(distrusted, EventID.SSLServerAuthentication, callback)
    refused(distrusted, ssmtp_do_send(distrusted), ErrorCode.CERTIFICATE_REJECTED)


def refuse_in_place(given: dict[str, Any]) -> None:
    given["accept"] = False


@pytest.mark.parametrize("callback", [refuse_in_place, lambda given: {**given, "accept": 0}])
def test_trusted_certificate_that_the_callback_refuses(
    distrusted: int, loopback_identity: LoopbackIdentity, callback: Callable[..., Any]
):
    ssmtp_do_config(distrusted, f"OpenSSLCAFile={loopback_identity.ca_file}")
    assert ssmtp_do_send(distrusted) == 0
    listen(distrusted, EventID.SSLServerAuthentication, callback)
    refused(distrusted, ssmtp_do_send(distrusted), ErrorCode.CERTIFICATE_REJECTED)


def test_change_of_another_event_has_no_effect(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    for event in FIRED:
        listen(handle, event, lambda given: {**dict.fromkeys(given, "changed"), "message": "QUIT"})
    assert ssmtp_do_send(handle) == 0
    assert server.messages[0].content.endswith(b"Hello Bob\r\n")


# -- how they are bound -----------------------------------------------------------------------------------------------


def test_callback_is_replaced_and_removed(handle: int):
    heard: list[str] = []
    for callback, expected in (
        (lambda _: heard.append("first"), ["first"]),
        (lambda _: heard.append("second"), ["second"]),
        (None, []),
        (None, []),
        (lambda _: heard.append("third"), ["third"]),
    ):
        heard.clear()
        listen(handle, EventID.Error, callback)
        assert ssmtp_do_connect(handle) == ErrorCode.NO_MAIL_SERVER
        assert heard == expected


def test_callback_may_replace_and_remove_itself(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    heard: list[str] = []

    def first(_: dict[str, Any]) -> None:
        heard.append("first")
        listen(handle, EventID.PITrail, second)

    def second(_: dict[str, Any]) -> None:
        heard.append("second")
        listen(handle, EventID.PITrail, None)

    listen(handle, EventID.PITrail, first)
    assert ssmtp_do_send(handle) == 0
    assert heard == ["first", "second"]


def test_reset_keeps_callbacks(handle: int):
    heard: list[dict[str, Any]] = []
    listen(handle, EventID.Error, heard.append)
    assert ssmtp_do_reset(handle) == 0
    assert ssmtp_do_connect(handle) == ErrorCode.NO_MAIL_SERVER
    assert len(heard) == 1


@pytest.mark.parametrize("event", [0, -1, 10, 2011, "Error", "", None, True, 1.5, [], 10**5000], ids=lambda _: "")
def test_unknown_event(handle: int, event: Any):
    refused(handle, ssmtp_register_callback(handle, event, print), ErrorCode.UNKNOWN_EVENT)


@pytest.mark.parametrize("event", [3, "3", 3.0, EventID.Error])
def test_event_may_be_given_as_number_text_or_name(handle: int, event: Any):
    heard: list[dict[str, Any]] = []
    listen(handle, event, heard.append)
    assert ssmtp_do_connect(handle) == ErrorCode.NO_MAIL_SERVER
    assert len(heard) == 1


@pytest.mark.parametrize("function", ["print", 5, {}, object()])
def test_what_cannot_be_called_is_refused_and_the_old_callback_stays(handle: int, function: Any):
    heard: list[dict[str, Any]] = []
    listen(handle, EventID.Error, heard.append)
    refused(handle, ssmtp_register_callback(handle, EventID.Error, function), ErrorCode.INVALID_VALUE)
    assert ssmtp_do_connect(handle) == ErrorCode.NO_MAIL_SERVER
    assert len(heard) == 1


# -- events inside events ---------------------------------------------------------------------------------------------


def test_method_inside_a_callback_is_refused_without_an_event(handle: int):
    heard: list[int] = []

    def fail_again(given: dict[str, Any]) -> None:
        heard.append(given["errorcode"])
        assert ssmtp_set(handle, P.Connected, True) == ErrorCode.BUSY

    listen(handle, EventID.Error, fail_again)
    assert ssmtp_do_connect(handle) == ErrorCode.NO_MAIL_SERVER
    assert heard == [163]


def test_event_is_not_delivered_inside_its_own_callback_but_inside_another_one():
    hub = EventHub()
    heard: list[Any] = []

    def trail(given: dict[str, Any]) -> None:
        heard.append(given["message"])
        hub.fire(EventID.PITrail, direction=2, message="inner")
        hub.fire(EventID.SSLStatus, message="status")

    hub.register(EventID.PITrail, trail)
    hub.register(EventID.SSLStatus, lambda given: heard.append(given["message"]))
    for message in ("first", "second"):
        hub.fire(EventID.PITrail, direction=0, message=message)
    assert heard == ["first", "status", "second", "status"]


def test_event_is_delivered_again_after_its_callback_raised():
    hub = EventHub()
    heard: list[str] = []
    hub.register(EventID.SSLStatus, lambda given: heard.append(given["message"]) or 1 / 0)
    for message in ("first", "second"):
        with pytest.raises(CallbackError):
            hub.fire(EventID.SSLStatus, message=message)
    assert heard == ["first", "second"]


def test_only_accept_is_taken_over():
    hub = EventHub()
    given = {"certencoded": b"PEM", "certsubject": "s", "certissuer": "i", "status": "OK", "accept": False}
    hub.register(EventID.SSLServerAuthentication, lambda offered: {**dict.fromkeys(offered, "changed"), "more": 1})
    assert hub.fire(EventID.SSLServerAuthentication, **given) == {**given, "accept": "changed"}
    hub.register(EventID.Error, lambda offered: offered.clear())
    assert hub.fire(EventID.Error, errorcode=1, description="x") == {"errorcode": 1, "description": "x"}


def test_other_handle_may_be_used_inside_a_callback(handle: int, server: ScriptedServer):
    other = ssmtp_open()
    write_mail(handle, server)
    write_mail(other, server)
    seen: list[Any] = []
    listen(other, EventID.StartTransfer, lambda _: seen.append("other"))
    listen(handle, EventID.StartTransfer, lambda _: seen.append(ssmtp_do_send(other)))
    assert ssmtp_do_send(handle) == 0
    assert seen == ["other", 0]
    assert len(server.messages) == 2
    assert ssmtp_close(other) == 0
