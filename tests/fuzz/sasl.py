"""The SASL mechanisms: any challenges, one a line, as they are and as the base64 of a 334 reply."""

from __future__ import annotations

import contextlib

from fuzz.error_text import check_error
from ssmtp_compat.errors import ProtocolError, SSMTPError
from ssmtp_compat.operations.connection import _challenge
from ssmtp_compat.smtp.auth import registry
from ssmtp_compat.smtp.auth.mechanism import Credentials
from ssmtp_compat.smtp.replies import Reply

MECHANISMS = tuple(registry._MECHANISMS)
PASSWORD = "correct horse battery staple"


def fuzz(data: bytes) -> None:
    challenges = data.split(b"\n")
    for name in MECHANISMS:
        converse(name, challenges)
        with contextlib.suppress(ProtocolError):
            converse(name, [decode(challenge, name) for challenge in challenges])


def decode(line: bytes, name: str) -> bytes:
    return _challenge(Reply(334, (f"334 {line.decode('utf-8', 'replace')}",)), name)


def converse(name: str, challenges: list[bytes]) -> None:
    mechanism = registry.create(name, Credentials("alice", PASSWORD))
    first = mechanism.start()
    assert first is None or isinstance(first, bytes)
    failed = ""
    for challenge in challenges:
        try:
            response = mechanism.step(challenge)
        except SSMTPError as error:
            check_error(error)
            failed = error.message
            break
        assert isinstance(response, bytes)
        assert len(response) <= len(challenge) + 1000
    assert PASSWORD not in failed
