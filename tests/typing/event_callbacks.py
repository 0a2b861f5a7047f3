"""Callbacks of every shape that a script may register: type-checked strictly, never run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_type

from ssmtp_compat import EventID, ipworkssmime_ssmtp_register_callback, ssmtp_open, ssmtp_register_callback

handle = ssmtp_open()


def changes_in_place(event: dict[str, Any]) -> None:
    event["accept"] = True


def returns_the_event(event: dict[str, Any]) -> dict[str, Any]:
    event["accept"] = event["status"] == "OK"
    return event


def counts(event: dict[str, Any]) -> int:
    return len(event)


def takes_anything(event: object) -> None:
    pass


def has_an_optional_parameter(event: dict[str, Any], verbose: bool = False) -> None:
    pass


class Trail:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def heard(self, event: dict[str, Any]) -> None:
        self.lines.append(event["message"])

    def __call__(self, event: dict[str, Any]) -> None:
        self.heard(event)


assert_type(ssmtp_register_callback(handle, EventID.SSLServerAuthentication, changes_in_place), int)
ssmtp_register_callback(handle, EventID.SSLServerAuthentication, returns_the_event)
ssmtp_register_callback(handle, EventID.Transfer, counts)
ssmtp_register_callback(handle, EventID.Error, takes_anything)
ssmtp_register_callback(handle, EventID.Error, has_an_optional_parameter)
ssmtp_register_callback(handle, EventID.PITrail, Trail().heard)
ssmtp_register_callback(handle, EventID.PITrail, Trail())
ssmtp_register_callback(handle, 5, lambda event: print(event["message"]))
ssmtp_register_callback(handle, EventID.PITrail, None)
ipworkssmime_ssmtp_register_callback(handle, id=EventID.PITrail, function=print)

table: dict[EventID, Callable[[dict[str, Any]], Any]] = {EventID.Transfer: counts, EventID.PITrail: Trail()}
for event_id, callback in table.items():
    ssmtp_register_callback(handle, event_id, callback)
