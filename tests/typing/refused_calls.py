"""Mistakes that a type checker finds. An ignore that is not needed fails the check, so each line is proved wrong."""

from __future__ import annotations

from ssmtp_compat import (
    EventID,
    PropertyID,
    ipworkssmime_ssmtp_set,
    ssmtp_do_addrecipientcert,
    ssmtp_do_config,
    ssmtp_do_queue,
    ssmtp_do_send,
    ssmtp_get,
    ssmtp_get_last_error,
    ssmtp_get_last_error_code,
    ssmtp_open,
    ssmtp_register_callback,
    ssmtp_set,
)

handle = ssmtp_open()

# set: a value is missing, there is one too many, or index and value are given twice.
ssmtp_set(handle)  # type: ignore[call-overload]
ssmtp_set(handle, PropertyID.Subject)  # type: ignore[call-overload]
ssmtp_set(handle, PropertyID.Subject, index=0)  # type: ignore[call-overload]
ssmtp_set(handle, PropertyID.Subject, 0, "x", "y")  # type: ignore[call-overload]
ssmtp_set(handle, PropertyID.Subject, 0, "x", value="x")  # type: ignore[call-overload]
ssmtp_set(handle, PropertyID.Subject, 0, "x", index=0)  # type: ignore[call-overload]
ssmtp_set(handle, PropertyID.Subject, "x", position=0)  # type: ignore[call-overload]
ssmtp_set(handle, PropertyID.Subject, "x", index="first")  # type: ignore[call-overload]
ssmtp_set("1", PropertyID.Subject, "x")  # type: ignore[call-overload]
ssmtp_set(handle, "Subject", "x")  # type: ignore[call-overload]
ipworkssmime_ssmtp_set(handle, None, "x")  # type: ignore[call-overload]

ssmtp_get(handle, "Subject")  # type: ignore[arg-type]
ssmtp_get(handle, PropertyID.Subject, "0")  # type: ignore[arg-type]
sender = PropertyID.Sender  # type: ignore[attr-defined]

ssmtp_open(5)  # type: ignore[arg-type]
ssmtp_do_send()  # type: ignore[call-arg]
ssmtp_do_send(handle, "bob@example.org")  # type: ignore[call-arg]
ssmtp_do_config(handle, 5)  # type: ignore[arg-type]
ssmtp_do_addrecipientcert(handle, None)  # type: ignore[arg-type]

sent: bool = ssmtp_do_config(handle, "Hello")  # type: ignore[assignment]
text: str = ssmtp_get_last_error_code(handle)  # type: ignore[assignment]
code: int = ssmtp_get_last_error(handle)  # type: ignore[assignment]
queued: int = ssmtp_do_queue(handle, "directory")  # type: ignore[assignment]


def takes_two(direction: int, message: str) -> None:
    pass


def takes_text(event: str) -> None:
    pass


ssmtp_register_callback(handle, EventID.PITrail, takes_two)  # type: ignore[arg-type]
ssmtp_register_callback(handle, EventID.PITrail, takes_text)  # type: ignore[arg-type]
ssmtp_register_callback(handle, EventID.PITrail, "trail")  # type: ignore[arg-type]
ssmtp_register_callback(handle, "PITrail", print)  # type: ignore[arg-type]
ssmtp_register_callback(handle, EventID.PITrail)  # type: ignore[call-arg]
