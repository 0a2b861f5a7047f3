"""Commands: their octets, and that no control character gets onto a command line."""

import pytest

from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.smtp import commands


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (commands.ehlo("client.example"), b"EHLO client.example"),
        (commands.helo("client.example"), b"HELO client.example"),
        (commands.mail("a@b.example"), b"MAIL FROM:<a@b.example>"),
        (commands.mail(""), b"MAIL FROM:<>"),
        (commands.mail("a@b.example", ["SIZE=5", "BODY=8BITMIME"]), b"MAIL FROM:<a@b.example> SIZE=5 BODY=8BITMIME"),
        (commands.rcpt("ü@b.example"), "RCPT TO:<ü@b.example>".encode()),
        (commands.DATA, b"DATA"),
        (commands.auth("LOGIN", None), b"AUTH LOGIN"),
        (commands.auth("PLAIN", b"\0user\0pw"), b"AUTH PLAIN AHVzZXIAcHc="),
        (commands.auth("PLAIN", b""), b"AUTH PLAIN ="),
    ],
)
def test_lines(command, line):
    assert command.line == line


@pytest.mark.parametrize("control", [chr(c) for c in range(32)] + ["\x7f"])
@pytest.mark.parametrize("make", [commands.ehlo, commands.helo, commands.mail, commands.rcpt])
def test_every_control_character_is_refused(make, control):
    with pytest.raises(InvalidValueError, match="control character"):
        make(f"a{control}b@c.example")


def test_a_control_character_in_a_parameter_is_refused():
    with pytest.raises(InvalidValueError, match="0x0D"):
        commands.mail("a@b.example", ["SIZE=1\r\nRCPT TO:<c@d.example>"])


def test_neither_the_trace_nor_the_repr_of_an_initial_response_shows_a_secret():
    command = commands.auth("PLAIN", b"\0user\0pw")
    assert command.trace == "AUTH PLAIN ****"
    assert repr(command) == "Command('AUTH PLAIN ****')"
