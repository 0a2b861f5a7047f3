"""Ways in which the scripted server misbehaves where a reply is due.

A fault stands in for the plain sending of a reply. It returns the reply that the client can be taken to have seen, so
that the session goes on from there, or ends the connection.
"""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import Protocol

from wire.channel import Channel, Ending, Hangup


class Fault(Protocol):
    """``reply`` is what a correct server would send now, CRLF included; b"" at the steps TLS and BODY."""

    def apply(self, channel: Channel, reply: bytes) -> bytes: ...


@dataclass(frozen=True)
class Close:
    """End the stream instead of replying. Under TLS there is no close_notify: the stream is cut."""

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        channel.hang_up(Ending.SERVER_CLOSED)


@dataclass(frozen=True)
class Reset:
    """Send RST instead of replying."""

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        channel.reset()


@dataclass(frozen=True)
class Stall:
    """Never reply, and hold the connection until the client gives it up or the server is stopped.

    With ``reading`` off nothing more is read either, so that a client with much to send blocks in its write.
    """

    reading: bool = True

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        channel.flush()
        if not self.reading:
            assert channel.wait_for_stop(channel.timeout), f"stalled, and left alone for {channel.timeout} s"
            raise Hangup(Ending.STOPPED)
        channel.drain(Ending.CLIENT_CLOSED)


@dataclass(frozen=True)
class Send:
    """Send these octets instead of the reply; b"" leaves the reply out."""

    data: bytes

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        channel.send(self.data)
        return self.data


@dataclass(frozen=True)
class Then:
    """Reply properly, with these octets behind the reply in the same segment."""

    extra: bytes

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        channel.send(reply + self.extra)
        return reply


@dataclass(frozen=True)
class Later:
    """Reply properly, and a moment afterwards say this unasked and let ``then`` happen."""

    unasked: bytes
    then: Fault | None = None
    pause: float = 0.05

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        channel.send(reply)
        channel.flush()
        channel.wait_for_stop(self.pause)
        channel.send(self.unasked)
        channel.flush()
        if self.then:
            self.then.apply(channel, b"")
        return reply


@dataclass(frozen=True)
class Split:
    """The proper reply in pieces, each in a segment of its own: every octet, or two pieces cut behind ``at`` octets.

    ``pause`` (seconds) between them lets the client read each piece by itself.
    """

    at: int | None = None
    pause: float = 0.001

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        channel.flush()
        cuts = range(len(reply) + 1) if self.at is None else (0, self.at, len(reply))
        for start, end in itertools.pairwise(cuts):
            channel.send(reply[start:end])
            channel.flush()
            time.sleep(self.pause)
        return reply


@dataclass(frozen=True)
class Delay:
    """The proper reply after this many seconds."""

    seconds: float

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        channel.flush()
        channel.wait_for_stop(self.seconds)
        channel.send(reply)
        return reply


@dataclass(frozen=True)
class EndlessLine:
    """A reply line with the right code that never ends; after ``limit`` octets the server closes."""

    limit: int = 64 << 20

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        channel.send((reply[:3] or b"250") + b" ")
        channel.flood(b"x" * 4096, self.limit)
        channel.hang_up(Ending.SERVER_CLOSED)


@dataclass(frozen=True)
class EndlessReply:
    """Continuation lines with the right code and no last one; after ``limit`` octets the server closes."""

    limit: int = 64 << 20

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        channel.flood(((reply[:3] or b"250") + b"-and so on\r\n") * 256, self.limit)
        channel.hang_up(Ending.SERVER_CLOSED)


@dataclass(frozen=True)
class After:
    """Wait for ``octets`` more octets from the client, then let ``fault`` happen: in the middle of a body, say."""

    octets: int
    fault: Fault

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        channel.await_octets(self.octets)
        return self.fault.apply(channel, reply)


@dataclass(frozen=True)
class Reached:
    """A fault that tells when it begins and when it is over."""

    fault: Fault
    begun: threading.Event = field(default_factory=threading.Event)
    passed: threading.Event = field(default_factory=threading.Event)

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        channel.flush()
        self.begun.set()
        try:
            return self.fault.apply(channel, reply)
        finally:
            self.passed.set()
