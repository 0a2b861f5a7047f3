"""The SASL mechanisms: any challenges, one a line, as they are and as the base64 of a 334 reply."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

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
    failed = ""
    try:
        for challenge, response in answers(name, challenges):
            assert isinstance(response, bytes)
            assert len(response) <= len(challenge) + 1000
    except SSMTPError as error:
        check_error(error)
        failed = error.message
    assert PASSWORD not in failed


def answers(name: str, challenges: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    mechanism = registry.create(name, Credentials("alice", PASSWORD))
    first = mechanism.start()
    if first is not None:
        yield b"", first
    for challenge in challenges:
        yield challenge, mechanism.step(challenge)
