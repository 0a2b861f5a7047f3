"""The seam between AUTH and a SASL mechanism: a few calls, and nothing about connections."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["ChannelBinding", "Credentials", "Mechanism"]


@dataclass(frozen=True, slots=True)
class ChannelBinding:
    """What can tie an exchange to the TLS connection around it, so that nobody can hand it on to another one."""

    type: str = ""
    """By IANA's name: tls-exporter (RFC 9266) or tls-unique (RFC 5929); empty where this side cannot bind."""
    data: bytes = field(default=b"", repr=False)
    """What that type defines for this very connection."""
    server_end_point: bytes = b""
    """The data of RFC 5929 section 4, which stand for the server's certificate; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who logs in, and where. The password and the identity are not shown by ``repr``."""

    user: str
    password: str = field(repr=False)
    authorization_identity: str = field(default="", repr=False)
    """The identity to act as (RFC 4422 section 3.4.1); empty means the user's own."""
    host: str = ""
    """The mail server's name as it was set."""
    port: int = 0
    """The mail server's port; 0 where it does not matter."""
    channel_binding: ChannelBinding = ChannelBinding()


class Mechanism(Protocol):
    """One authentication exchange, used once. Mechanisms inherit from this class, for what it already answers."""

    refusal_detail: str = ""
    """Why the server refuses, where a challenge said so: printable, and without a secret."""

    def start(self) -> bytes | None:
        """The initial response, or None when the server speaks first."""

    def step(self, challenge: bytes) -> bytes:
        """The response to a decoded challenge."""

    def finish(self) -> None:
        """Take note that the server reports success.

        Raises :class:`~ssmtp_compat.errors.ProtocolError` where the mechanism has the server prove who it is and the
        proof has not come.
        """
        return
