"""Ways to choke on commands that go out together. A client that awaits each reply meets a correct server."""

from __future__ import annotations

from dataclasses import dataclass

from wire.channel import Channel, Ending

__all__ = ["Disorder", "DropTheRest", "HangUp", "TakeAsOneLine"]


def _came_together(channel: Channel) -> bool:
    """Whether the last segment held more than one command."""
    return channel.record.segments[-1].count(b"\r\n") > 1


@dataclass(frozen=True)
class DropTheRest:
    """Answer, and forget what came in the same segment behind the command."""

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        channel.send(reply)
        if _came_together(channel):
            channel.discard_input()
        return reply


@dataclass(frozen=True)
class HangUp:
    """Close, or reset, because more came in the same segment, ``seconds`` later; perhaps not without an answer."""

    answering: bool = True
    reset: bool = False
    seconds: float = 0

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        together = _came_together(channel)
        if self.answering or not together:
            channel.send(reply)
        if together:
            channel.flush()
            channel.wait_for_stop(self.seconds)
            if self.reset:
                channel.reset()
            channel.hang_up(Ending.SERVER_CLOSED)
        return reply


@dataclass(frozen=True)
class Disorder:
    """Refuse what came together with the command in front of it, which is still being worked on."""

    refusal: bytes

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        said = self.refusal if _came_together(channel) else reply
        channel.send(said)
        return said


@dataclass(frozen=True)
class TakeAsOneLine:
    """Answer a segment as if it were one line, which is no command then."""

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        if _came_together(channel):
            reply = b"501 5.5.4 syntax\r\n"
            channel.discard_input()
        channel.send(reply)
        return reply
