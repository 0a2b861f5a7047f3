"""One AUTH command from beginning to end (RFC 4954 section 4), without I/O: what to send, and what replies mean."""

from __future__ import annotations

import base64
from typing import Final

from ...catalog.errors import ErrorCode
from ...errors import InvalidValueError, ProtocolError, ReplyError
from ..commands import Command, auth
from ..replies import Reply
from .mechanism import Mechanism

__all__ = ["CANCEL", "MAX_LINE", "AuthExchange"]

CANCEL: Final = b"*"

MAX_LINE: Final = 12288
"""Octets of the longest challenge and of the longest response, the line ending included: enough for every mechanism in
use, says RFC 4954 section 4, and what Postfix takes."""

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
        """The line that answers a 334. Whatever is raised, the exchange is to be cancelled with :data:`CANCEL`."""
        self._steps += 1
        if self._steps > _MAX_STEPS:
            raise ProtocolError(f"The server still asks after {_MAX_STEPS} answers in the {self._name} mechanism.")
        challenge = self._challenge(reply)
        if self._steps == 1 and self._initial is not None and not challenge:
            # Also where it went out with the command: there are servers that overlook it there.
            response = self._initial
        elif self._steps == 1 and self._withheld:
            raise ProtocolError(f"The server began the {self._name} mechanism, in which the client begins.")
        else:
            response = self._mechanism.step(challenge)
        line = base64.b64encode(response)
        if len(line) + len(b"\r\n") > MAX_LINE:
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE,
                f"A response in the {self._name} mechanism would be longer than the {MAX_LINE} octets of RFC 4954; the "
                "user name, the password or the token is too long.",
            )
        return line

    def finish(self, reply: Reply) -> None:
        """Judge the reply that ends the exchange: nothing is raised only when both sides are content."""
        if reply.positive:
            self._mechanism.finish()
            return
        detail = self._mechanism.refusal_detail
        raise ReplyError(f"{reply.text} (the server explains: {detail})" if detail else reply.text, reply.code)

    def _challenge(self, reply: Reply) -> bytes:
        # Only the last line counts where a server sends several.
        try:
            return base64.b64decode(reply.texts[-1], validate=True)
        except ValueError:  # binascii.Error, and for text that is not even ASCII ValueError itself
            raise ProtocolError(f"The server sent a {self._name} challenge that is not base64.") from None
