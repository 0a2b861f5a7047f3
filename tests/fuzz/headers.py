"""The header composer: whatever a script sets, what goes out is a header and a body that every relay can take.

An input is one octet that selects charset and line limit, and texts separated by NUL: subject, From, To, OtherHeaders,
and the body. The whole of it is taken for a raw message too.
"""

from __future__ import annotations

import re

from fuzz.error_text import check_error
from ssmtp_compat.errors import InvalidValueError, UnsupportedError
from ssmtp_compat.message.addresses import Address, parse_address_list
from ssmtp_compat.message.compose import Composed, MessageSpec, compose, header_fields, raw_message
from ssmtp_compat.message.headers import read_fields

CHARSETS = ("", "utf-8", "iso-8859-1", "iso-2022-jp", "utf-16", "utf-7", "shift_jis", "gb18030")
LIMITS = (0, 1, 78, 998)
_BARE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_HEADER_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def fuzz(data: bytes) -> None:
    selector = data[0] if data else 0
    parts = [part.decode("utf-8", "surrogateescape") for part in data[1:].split(b"\0", 4)]
    subject, sender, to, other_headers, body = (*parts, "", "", "", "", "")[:5]
    check(
        MessageSpec(
            subject=subject,
            from_=_addresses(sender),
            to=_addresses(to),
            other_headers=other_headers,
            body=body.encode("utf-8", "surrogateescape"),
            body_charset=CHARSETS[selector % 8] or "utf-8",
            header_charset=CHARSETS[selector // 8 % 8],
            line_limit=LIMITS[selector // 64],
        )
    )
    try:
        composed = raw_message(data)
    except InvalidValueError as error:
        check_error(error)
    else:
        check_message(composed)
        assert len(read_fields(composed.header.decode())) <= composed.header.count(b"\r\n")


def check(spec: MessageSpec) -> None:
    for eight_bit in (True, False):
        try:
            composed = compose(spec, eight_bit=eight_bit)
            fields = header_fields(spec, eight_bit=eight_bit)
        except (InvalidValueError, UnsupportedError) as error:
            check_error(error)
            continue
        check_message(composed)
        assert not _HEADER_CONTROL.search(composed.header)
        assert not _HEADER_CONTROL.search("".join(field.name + field.value for field in fields).encode())
        assert read_fields(composed.header.decode()) == fields
        assert eight_bit or not composed.eight_bit
        # Encoded-words take up to 75 characters for one; quoted-printable three octets for one.
        given = len(repr(spec))
        assert len(composed.header) + composed.body_octets <= 80 * given


def check_message(composed: Composed) -> None:
    header, body = composed.header, composed.body
    assert not header or header.endswith(b"\r\n")
    assert b"\r\n\r\n" not in header
    assert not header.startswith(b"\r\n")
    for octets in (header, body):
        assert not _BARE_LINE_END.search(octets)
        assert b"\0" not in octets
        assert all(len(line) <= 998 for line in octets.split(b"\r\n"))
    assert composed.needs_smtputf8 or header.isascii()
    assert composed.eight_bit or body.isascii()


def _addresses(text: str) -> tuple[Address, ...]:
    try:
        return parse_address_list(text, "From")
    except InvalidValueError:
        return ()
