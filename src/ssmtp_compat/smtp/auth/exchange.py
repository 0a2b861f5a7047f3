"""One AUTH command from beginning to end (RFC 4954 section 4), without I/O: what to send, and what replies mean."""

from __future__ import annotations

import base64
from typing import Final

from ...errors import ProtocolError, ReplyError
from ..commands import Command, auth
from ..replies import Reply
from .mechanism import Mechanism

__all__ = ["CANCEL", "MAX_CHALLENGE_LINE", "AuthExchange"]

CANCEL: Final = b"*"

MAX_CHALLENGE_LINE: Final = 12288
"""Octets of the longest line with a challenge: enough for every mechanism in use, says RFC 4954 section 4."""

_MAX_COMMAND: Final = 512
"""Octets of the longest AUTH command, the line ending included (RFC 5321 section 4.5.3.1.4)."""

# SASL exchanges have at most a handful of steps; a server that goes on asking would otherwise never be left.
_MAX_STEPS: Final = 16


class AuthExchange:
    """Carries a mechanism's messages over SMTP: first :attr:`command`, then :meth:`respond` to each 334."""

    def __init__(self, name: str, mechanism: Mechanism) -> None:
        self._name = name
        self._mechanism = mechanism
        self._initial = mechanism.start()
        command = auth(name, self._initial)
        self._withheld = len(command.line) + len(b"\r\n") > _MAX_COMMAND
        self.command: Final[Command] = auth(name, None) if self._withheld else command
        """What to begin with. A response too long for the command line waits for the server to ask for it."""
        self._steps = 0

    def respond(self, reply: Reply) -> bytes:
        """The line that answers a 334. Whatever is raised, the exchange is to be cancelled with :data:`CANCEL`.

        It may be of any length: a ticket has as many octets as its user has groups, and RFC 4954 section 4 has a server
        refuse what it cannot hold.
        """
        self._steps += 1
        if self._steps > _MAX_STEPS:
            raise ProtocolError(f"The server still asks after {_MAX_STEPS} answers in the {self._name} mechanism.")
        return base64.b64encode(self._response(reply))

    def _response(self, reply: Reply) -> bytes:
        # The reply to a bare command holds nothing to read: it should be empty, but Exchange says "GSSAPI supported" in
        # plain words. And there are servers that overlook a response on the command, and ask for it.
        if self._steps == 1 and self._initial is not None and (self._withheld or not self._challenge(reply)):
            return self._initial
        return self._mechanism.step(self._challenge(reply))

    def finish(self, reply: Reply) -> None:
        """Judge the reply that ends the exchange: nothing is raised only when both sides are content."""
        if reply.positive:
            self._mechanism.finish()
            return
        detail = self._mechanism.refusal_detail
        raise ReplyError(f"{reply.text} (the server explains: {detail})" if detail else reply.text, reply.code)

    def _challenge(self, reply: Reply) -> bytes:
        # Only the last line counts where a server sends several, and blanks around it are nothing that anybody means.
        try:
            return base64.b64decode(reply.texts[-1].strip(" \t"), validate=True)
        except ValueError:  # binascii.Error, and for text that is not even ASCII ValueError itself
            raise ProtocolError(f"The server sent a {self._name} challenge that is not base64.") from None
