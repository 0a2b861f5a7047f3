"""A mail server on loopback, in a thread of this process: aiosmtpd, which keeps what it is given."""

from __future__ import annotations

import asyncio
import ssl
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from aiosmtpd.smtp import SMTP, Envelope, Session

__all__ = ["LOOPBACK", "EmbeddedServer", "Received"]

LOOPBACK: Final = "127.0.0.1"

# For a connection that is still closing when the server stops.
_GRACE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Received:
    """One message as the server took it."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    secured: bool
    """It came through TLS."""


class EmbeddedServer:
    """Serves on a free port of 127.0.0.1 while its ``with`` block lasts, and takes mail only through STARTTLS."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self.port = 0
        self.received: list[Received] = []
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="demo mail server", daemon=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        sender, recipients = envelope.mail_from or "", tuple(envelope.rcpt_tos)
        self.received.append(Received(sender, recipients, content, secured=session.ssl is not None))
        return "250 2.0.0 The message is mine now"

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, traceback: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._finish(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        return await self._loop.create_server(self._protocol, LOOPBACK, 0)

    def _protocol(self) -> SMTP:
        return SMTP(
            self,
            hostname="demo.example.org",
            ident="demo mail server",
            tls_context=self._tls,
            require_starttls=True,
            enable_SMTPUTF8=True,
            loop=self._loop,
        )

    async def _finish(self) -> None:
        self._server.close()
        conversations = asyncio.all_tasks(self._loop) - {asyncio.current_task(self._loop)}
        if conversations:
            _, left = await asyncio.wait(conversations, timeout=_GRACE_SECONDS)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
