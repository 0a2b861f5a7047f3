"""One handle of the procedural interface, used the way a ported script uses it."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from ssmtp_compat import (
    EventID,
    PropertyID,
    ssmtp_close,
    ssmtp_do_config,
    ssmtp_do_connect,
    ssmtp_do_disconnect,
    ssmtp_do_send,
    ssmtp_get,
    ssmtp_get_last_error,
    ssmtp_get_last_error_code,
    ssmtp_open,
    ssmtp_register_callback,
    ssmtp_set,
)

MESSAGE = {
    "From": "alice@example.test",
    "SendTo": "bob@example.test",
    "Subject": "greetings",
    "MessageText": "Hello Bob\r\n",
    "MessageDate": "Mon, 1 Jun 2026 12:00:00 +0000",
    "MessageId": "<1@example.test>",
}
CONTENT = (
    b"From: alice@example.test\r\n"
    b"To: bob@example.test\r\n"
    b"Subject: greetings\r\n"
    b"Date: Mon, 1 Jun 2026 12:00:00 +0000\r\n"
    b"Message-ID: <1@example.test>\r\n"
    b"\r\n"
    b"Hello Bob\r\n"
)
"""What ``MESSAGE`` is on the wire."""


class Mailer:
    """A handle with ``MESSAGE``, the server on ``port`` of 127.0.0.1 and ``properties`` set; closed with the block."""

    def __init__(self, port: int, **properties: Any) -> None:
        self.handle = ssmtp_open()
        self.events: list[tuple[str, dict[str, Any]]] = []
        """Name and parameters of every event that :meth:`record` asked for, in order."""
        self.set(**{"MailServer": "127.0.0.1", "MailPort": port, "Timeout": 5, **MESSAGE, **properties})

    def set(self, **properties: Any) -> None:
        for name, value in properties.items():
            assert ssmtp_set(self.handle, PropertyID[name], value) == 0, (name, self.error)

    def get(self, name: str, index: int = 0) -> Any:
        value = ssmtp_get(self.handle, PropertyID[name], index)
        assert ssmtp_get_last_error_code(self.handle) == 0, (name, self.error)
        return value

    def config(self, **settings: Any) -> None:
        for name, value in settings.items():
            ssmtp_do_config(self.handle, f"{name}={value}")
            assert ssmtp_get_last_error_code(self.handle) == 0, (name, self.error)

    def setting(self, name: str) -> str:
        return ssmtp_do_config(self.handle, name)

    def connect(self) -> int:
        return ssmtp_do_connect(self.handle)

    def send(self) -> int:
        return ssmtp_do_send(self.handle)

    def disconnect(self) -> int:
        return ssmtp_do_disconnect(self.handle)

    @property
    def error(self) -> tuple[int, str]:
        return ssmtp_get_last_error_code(self.handle), ssmtp_get_last_error(self.handle)

    def on(self, event: str, callback: Callable[[dict[str, Any]], Any] | None) -> None:
        assert ssmtp_register_callback(self.handle, EventID[event], callback) == 0

    def record(self, *names: str) -> None:
        """Keep the named events, or all of them, in :attr:`events`."""
        for name in names or EventID.__members__:
            self.on(name, lambda parameters, name=name: self.events.append((name, dict(parameters))))

    def recorded(self, name: str, key: str) -> list[Any]:
        """One parameter of every recorded event of one name."""
        return [parameters[key] for event, parameters in self.events if event == name]

    def close(self) -> None:
        ssmtp_close(self.handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
