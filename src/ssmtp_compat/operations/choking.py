"""How a server shows that it offers PIPELINING (RFC 2920) and cannot do it."""

from __future__ import annotations

from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import ConnectionFailedError, OperationTimeoutError, ReplyError, SSMTPError
from ..smtp.session import Session
from ..smtp.transitions import State

__all__ = ["OUT_OF_ORDER", "chokes"]

OUT_OF_ORDER: Final = frozenset({500, 503})
"""What such a server says to RCPT and DATA behind the MAIL that it has accepted: it worked on them in another order, or
had one in two halves."""

_HUNG_UP: Final = (ErrorCode.CONNECTION_DROPPED, ErrorCode.WSAECONNABORTED, ErrorCode.WSAECONNRESET)


def chokes(session: Session, error: SSMTPError) -> bool:
    """Whether ``error``, which came of commands that went out together, looks like it: a close without a 421, silence
    where replies are missing, or a refusal that contradicts the reply to MAIL."""
    if not session.pipelines:
        return False
    if isinstance(error, ReplyError):
        return error.reply_code in OUT_OF_ORDER and session.state in (State.MAIL, State.RCPT)
    if not session.in_flight:
        return False  # the server was gone before anything was sent
    return isinstance(error, OperationTimeoutError) or (
        isinstance(error, ConnectionFailedError) and error.code in _HUNG_UP
    )
