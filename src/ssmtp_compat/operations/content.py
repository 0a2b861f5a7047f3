"""The message itself: its two ways to the server, DATA and BDAT, and the events that tell how far it is."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from ..catalog.enums import EventID
from ..errors import SSMTPError
from ..events import EventHub
from ..message.compose import Composed
from ..net.deadline import Deadline
from ..octets import sliceable
from ..smtp import commands
from ..smtp.chunking import message_chunks
from ..smtp.commands import Command
from ..smtp.transitions import State
from ..smtp.transparency import content_pieces
from .exchange import Exchange, refusal

__all__ = ["BdatContent", "Content", "DataContent"]

# Small enough for a smooth Transfer event and a quick Interrupt, large enough that the loop costs nothing.
_PIECE: Final = 65536

# A reply for each chunk: rare enough not to be felt where the way is long.
_CHUNK: Final = 1 << 20

_TRANSFER_EVENTS: Final = (EventID.StartTransfer, EventID.Transfer, EventID.EndTransfer)
# Looked up once, see session.py.
_START, _TRANSFER, _END = _TRANSFER_EVENTS
_IDLE, _CONTENT = State.IDLE, State.CONTENT


class Content(ABC):
    """One message on its way."""

    def __init__(self, composed: Composed, exchange: Exchange, events: EventHub) -> None:
        self.transfer_text: bytes | memoryview = b""
        """The piece of the body just sent, while the Transfer event fires."""
        self._header = composed.header + b"\r\n"
        self._content = composed.content
        self._start = composed.body_start
        self._body_octets = composed.body_octets
        self._exchange = exchange
        self._events = events

    @property
    @abstractmethod
    def command(self) -> Command | None:
        """What may go out together with MAIL and RCPT; :meth:`send` does the rest."""

    @property
    def short(self) -> bool:
        """Whether it is a single piece."""
        return len(self._header) + self._body_octets <= _PIECE

    @abstractmethod
    def prepare(self) -> None:
        """Do what can be done before there is anything to send: there is time for it while the server works."""

    @abstractmethod
    def send(self, deadline: Deadline, *, hold: bool) -> None:
        """Send what has not gone out with MAIL and RCPT. Raises :class:`ReplyError` for what is refused on the way.

        With ``hold`` a short message may wait for the commands of the next one, to go out in one write with them.
        """

    @abstractmethod
    def finish(self, deadline: Deadline) -> None:
        """Await the server's verdict. Raises :class:`ReplyError` for a message that is refused."""

    def _begins(self) -> None:
        if self._body_octets:
            self._events.fire(_START, direction=0)

    def _ends(self) -> None:
        if self._body_octets:
            self._events.fire(_END, direction=0)

    def _watched(self, pieces: Iterator[tuple[bytes | memoryview, int]], before: int) -> Iterator[bytes | memoryview]:
        """Fire Transfer behind each piece. ``before``: octets of the body sent before."""
        for piece, sent in pieces:
            yield piece
            if self._body_octets and self._events.wants(_TRANSFER):
                self.transfer_text = sliceable(self._content)[self._start + before : self._start + sent]
                try:
                    percent = sent * 100 // self._body_octets
                    self._events.fire(_TRANSFER, direction=0, bytestransferred=sent, percentdone=percent)
                finally:
                    self.transfer_text = b""
            before = sent


class DataContent(Content):
    """DATA, and behind the 354 the message with transparency (RFC 5321 sections 4.1.1.4 and 4.5.2)."""

    _cut: Iterator[tuple[bytes | memoryview, int]] | None = None

    @property
    def command(self) -> Command:
        return commands.DATA

    def prepare(self) -> None:
        # What cannot be read, send tells: the verdict on the message before may be still to come.
        with suppress(SSMTPError):
            pieces = content_pieces(self._header, self._content, _PIECE, self._start)
            self._cut = itertools.chain((next(pieces),), pieces)

    def send(self, deadline: Deadline, *, hold: bool) -> None:
        if self._exchange.session.state is not _CONTENT:
            reply = self._exchange.command(commands.DATA, deadline)
            if not reply.intermediate:
                raise refusal(reply)
        if hold and self.short:
            (piece,) = self._pieces()
            self._exchange.hold_content(piece, deadline)
        else:
            self._exchange.send_content(self._pieces(), deadline)

    def finish(self, deadline: Deadline) -> None:
        reply = self._exchange.content_reply(deadline)
        if not reply.positive:
            raise refusal(reply)

    def _pieces(self) -> Iterator[bytes | memoryview]:
        self._begins()
        yield from self._watched(self._cut or content_pieces(self._header, self._content, _PIECE, self._start), 0)
        self._ends()


class BdatContent(Content):
    """BDAT with chunks of the message as it is (RFC 3030 section 2)."""

    @property
    def command(self) -> Command | None:
        # A short message needs no round trip of its own. A long one would be sent in vain where nobody may have it, and
        # the events of a transfer are to begin when it is known that there is one.
        if not self.short or any(map(self._events.wants, _TRANSFER_EVENTS)):
            return None
        ((command, _),) = self._chunks()
        return command

    def prepare(self) -> None:
        """Nothing: what goes along with MAIL and RCPT is ready, and a long message is cut while it is sent."""

    def send(self, deadline: Deadline, *, hold: bool) -> None:
        if self._exchange.session.state is not _IDLE:  # or it has gone out with MAIL and RCPT
            reply = self._exchange.chunks(self._chunks(), deadline)
            if not reply.positive:
                raise refusal(reply)

    def finish(self, deadline: Deadline) -> None:
        self._exchange.check_pairing()

    def _chunks(self) -> Iterator[tuple[Command, Iterator[bytes | memoryview]]]:
        self._begins()
        before = 0
        for chunk in message_chunks(self._header, self._content, _CHUNK, _PIECE, self._start):
            pieces = self._watched(chunk.pieces, before)
            yield commands.bdat(chunk.octets, next(pieces), last=chunk.last), pieces
            before = chunk.body_sent
        self._ends()
