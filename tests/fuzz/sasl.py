"""The SASL mechanisms: any challenges, one a line, as they are and as the base64 of a 334 reply."""

from __future__ import annotations

from collections.abc import Iterator

from fuzz.error_text import check_error
from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.smtp.auth import registry
from ssmtp_compat.smtp.auth.exchange import AuthExchange
from ssmtp_compat.smtp.auth.mechanism import Credentials
from ssmtp_compat.smtp.replies import Reply

# Kerberos cannot begin without a realm, and looks for one in the DNS.
MECHANISMS = tuple(name for name in registry._MECHANISMS if name != "GSSAPI")
PASSWORD = "correct horse battery staple"


def fuzz(data: bytes) -> None:
    challenges = data.split(b"\n")
    for name in MECHANISMS:
        converse(answers(name, challenges))
        converse(lines(name, challenges))


def converse(turns: Iterator[tuple[bytes, bytes]]) -> None:
    failed = ""
    try:
        for challenge, response in turns:
            assert isinstance(response, bytes)
            assert len(response) <= len(challenge) + 1000
    except SSMTPError as error:
        check_error(error)
        failed = error.message
    assert PASSWORD not in failed


def lines(name: str, challenges: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """The same as replies with code 334."""
    exchange = AuthExchange(name, registry.create(name, Credentials("alice", PASSWORD)))
    for challenge in challenges:
        line = exchange.respond(Reply(334, (f"334 {challenge.decode('utf-8', 'replace')}",)))
        yield challenge * 2, line


def answers(name: str, challenges: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    mechanism = registry.create(name, Credentials("alice", PASSWORD))
    first = mechanism.start()
    if first is not None:
        yield b"", first
    for challenge in challenges:
        yield challenge, mechanism.step(challenge)
