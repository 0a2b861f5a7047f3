"""The address parser: any text is a list of addresses or an error that names the part."""

from __future__ import annotations

import re

from fuzz.error_text import check_error
from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.message.addresses import Address, Mailbox, flatten, parse_address_list
from ssmtp_compat.smtp import commands

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")


def fuzz(data: bytes) -> None:
    check(data.decode("utf-8", "surrogateescape"))


def check(text: str) -> None:
    addresses = parse(text)
    assert len(addresses) <= text.count(",") + text.count(";") + 1
    assert sum(map(len, map(str, addresses))) <= 8 * len(text) + 4
    # What is shown to people is read as the same again.
    shown = ", ".join(map(str, addresses))
    assert parse(shown) == addresses
    for mailbox in flatten(addresses):
        check_envelope(mailbox)


def parse(text: str) -> tuple[Address, ...]:
    try:
        addresses = parse_address_list(text, "SendTo")
    except InvalidValueError as error:
        check_error(error)
        refused = error
    else:
        return addresses
    assert refused.code is ErrorCode.INVALID_ADDRESS
    return ()


def check_envelope(mailbox: Mailbox) -> None:
    path = mailbox.envelope_address(utf8=True)
    assert not CONTROL.search(path)
    assert len(path.encode()) <= 254
    line = commands.rcpt(path).line
    assert line == f"RCPT TO:<{path}>".encode()
    assert path.isascii() or mailbox.needs_utf8
