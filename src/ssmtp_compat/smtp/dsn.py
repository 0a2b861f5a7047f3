"""Delivery status notifications: the parameters of MAIL and RCPT (RFC 3461, and RFC 6533 for addresses beyond ASCII).

What a caller writes is read by the grammar and written anew, so that nothing but the grammar reaches a command line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError

__all__ = [
    "NO_DSN",
    "MessageDsn",
    "RecipientDsn",
    "check_envelope_id",
    "check_ret",
    "parse_recipient_options",
]

MAX_ENVELOPE_ID: Final = 100
"""Characters of ENVID's value as it is sent; RFC 3461 4.4."""
MAX_ORCPT: Final = 500
"""Characters of the whole ORCPT parameter; RFC 3461 4.2."""

_NEVER: Final = "NEVER"
_CONDITIONS: Final = ("SUCCESS", "FAILURE", "DELAY")
_RET: Final = ("FULL", "HDRS")

# RFC 3461 4: xchar is any of "!" to "~" but "+" and "="; hexchar is "+" and two digits, upper case.
_NOT_XCHAR: Final = re.compile(r"[^!-*,-<>-~]")
_HEXCHAR: Final = re.compile(r"\+([0-9A-F]{2})")
# RFC 6533 3: EmbeddedUnicodeChar.
_EMBEDDED: Final = re.compile(r"\\x\{([0-9A-F]{2,6})\}")
# An atom but for "=", which no value of a parameter has (RFC 5321 4.1.2).
_ADDRESS_TYPE: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/?^_`{|}~-]+")
# C0, DEL, C1, the separators that end a line in Unicode, and lone surrogates.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_LAST_CODE_POINT: Final = 0x10FFFF


@dataclass(frozen=True, slots=True)
class RecipientDsn:
    """What one recipient's RCPT asks for."""

    notify: tuple[str, ...] = ()
    """NEVER alone, or some of SUCCESS, FAILURE and DELAY; empty leaves it to the server."""
    orcpt: str = ""
    """The original recipient as it is sent: address type, semicolon, address in xtext."""

    @property
    def keywords(self) -> tuple[str, ...]:
        """The parameters that are asked for, by name."""
        if not (self.notify or self.orcpt):
            return ()
        return tuple(name for name, value in (("NOTIFY", self.notify), ("ORCPT", self.orcpt)) if value)

    def parameters(self, notify: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The parameters of RCPT; ``notify`` takes the place of a NOTIFY that is not there."""
        wanted = self.notify or notify
        parameters = (f"NOTIFY={','.join(wanted)}",) if wanted else ()
        return (*parameters, f"ORCPT={self.orcpt}") if self.orcpt else parameters


NO_DSN: Final = RecipientDsn()


class MessageDsn(NamedTuple):
    """What is asked for a whole message."""

    ret: str = ""
    """What a notification of a failure returns: FULL, the whole message, or HDRS, its header; empty leaves it to the
    server."""
    envelope_id: str = ""
    """Comes back in every notification; printable ASCII, empty for none."""
    notify: tuple[str, ...] = ()
    """NOTIFY for recipients without one of their own; a wish that a server without DSN need not fulfil."""

    @property
    def keywords(self) -> tuple[str, ...]:
        """The parameters of MAIL that are asked for, by name."""
        if not (self.ret or self.envelope_id):
            return ()
        return tuple(name for name, value in (("RET", self.ret), ("ENVID", self.envelope_id)) if value)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters of MAIL."""
        parameters = (f"RET={self.ret}",) if self.ret else ()
        return (*parameters, f"ENVID={_xtext(self.envelope_id)}") if self.envelope_id else parameters


def check_ret(text: str, what: str) -> None:
    """Refuse what is neither empty nor FULL nor HDRS: :class:`InvalidValueError` (20005) naming ``what``."""
    if text and text.upper() not in _RET:
        _refuse(what, f"{_shown(text)} is no value of RET; FULL, HDRS and the empty text are")


def check_envelope_id(text: str, what: str) -> None:
    """Refuse what cannot be an ENVID: :class:`InvalidValueError` (20005) naming ``what``."""
    for position, character in enumerate(text):
        # RFC 3461 4.4: printable ASCII before it is encoded; a notification could not show anything else.
        if not " " <= character <= "~":
            _refuse(what, f"{character!a} at character {position + 1} is not printable ASCII, and only that comes back")
    octets = len(_xtext(text))
    if octets > MAX_ENVELOPE_ID:
        _refuse(
            what,
            f"the envelope id has {octets} characters as it is sent, where +, = and blanks count three; "
            f"{MAX_ENVELOPE_ID} are allowed",
        )


def parse_recipient_options(text: str, what: str) -> RecipientDsn:
    """Read one recipient's options, such as ``NOTIFY=SUCCESS,DELAY ORCPT=rfc822;bob@example.org``.

    A blank may stand in place of the first equals sign, as in the vendor's example. ``what`` names the text in the
    error: :class:`InvalidValueError` (20005).
    """
    notify: tuple[str, ...] = ()
    orcpt = ""
    seen: set[str] = set()
    words = iter(filter(None, text.split(" ")))
    for word in words:
        keyword, equals, value = word.partition("=")
        name = keyword.upper()
        if name not in ("NOTIFY", "ORCPT"):
            _refuse(what, f"{_shown(keyword)} is no option of a recipient; NOTIFY=... and ORCPT=... are")
        if name in seen:
            _refuse(what, f"{name} is given twice; once is allowed")
        seen.add(name)
        if not equals:
            value = next(words, "")
        if name == "NOTIFY":
            notify = _notify(value, what)
        else:
            orcpt = _orcpt(value, what)
    return RecipientDsn(notify, orcpt)


def _notify(value: str, what: str) -> tuple[str, ...]:
    elements = tuple(value.upper().split(","))
    for element in elements:
        if element not in (_NEVER, *_CONDITIONS):
            _refuse(
                what,
                f"NOTIFY has {_shown(element)}; it takes NEVER, or SUCCESS, FAILURE and DELAY with commas and without "
                "blanks between them",
            )
        if elements.count(element) > 1:
            _refuse(what, f"NOTIFY has {element} twice; once is allowed")
    if _NEVER in elements and len(elements) > 1:
        _refuse(what, "NOTIFY has NEVER together with others; NEVER has to stand alone")
    return elements


def _orcpt(value: str, what: str) -> str:
    address_type, semicolon, address = value.partition(";")
    if not (semicolon and address and _ADDRESS_TYPE.fullmatch(address_type)):
        _refuse(
            what, f"ORCPT has {_shown(value)}; it takes an address type and an address, as in rfc822;bob@example.org"
        )
    if address_type.lower() == "utf-8":
        orcpt = f"utf-8;{_utf8_xtext(_utf8_decoded(address, what))}"
    else:
        _check_xtext(address, what)
        orcpt = value
    octets = len(f"ORCPT={orcpt}")
    if octets > MAX_ORCPT:
        _refuse(what, f"ORCPT has {octets} characters as it is sent; {MAX_ORCPT} are allowed")
    return orcpt


def _check_xtext(address: str, what: str) -> None:
    _refuse_control(address, what)
    wrong = _NOT_XCHAR.search(_HEXCHAR.sub("", address))
    if wrong:
        character = wrong.group()
        if character in "+=":
            remedy = f"in whose place has to stand +{ord(character):02X}"
        else:
            remedy = "which only an address of the type utf-8 can have, as in utf-8;bob@example.org"
        _refuse(what, f"ORCPT has {character!a}, {remedy}")
    for octet in _HEXCHAR.findall(address):
        # RFC 3461 4.2: printable before it is encoded. What decodes to a line break must not come out of a server.
        if not 0x20 <= int(octet, 16) <= 0x7E:
            _refuse(what, f"ORCPT has +{octet}, which is not printable ASCII; +20 to +7E are allowed")


def _utf8_decoded(address: str, what: str) -> str:
    wrong = re.search(r"[+=\\]", _EMBEDDED.sub("", address))
    if wrong:
        character = wrong.group()
        _refuse(
            what,
            f"ORCPT has {character!a}, in whose place has to stand \\x{{{ord(character):X}}} in an address of the type "
            "utf-8",
        )
    points = [int(digits, 16) for digits in _EMBEDDED.findall(address)]
    if points and max(points) > _LAST_CODE_POINT:
        _refuse(what, f"ORCPT has \\x{{{max(points):X}}}, which is beyond Unicode; 10FFFF is the last")
    decoded = _EMBEDDED.sub(lambda found: chr(int(found.group(1), 16)), address)
    _refuse_control(decoded, what)
    return decoded


def _refuse_control(address: str, what: str) -> None:
    control = _CONTROL.search(address)
    if control:
        _refuse(what, f"ORCPT has the control character U+{ord(control.group()):04X}, which no address has")


def _utf8_xtext(text: str) -> str:
    # RFC 6533 3: this form is right whether or not the server has SMTPUTF8, and a relay need not convert it.
    return "".join(
        f"\\x{{{ord(character):02X}}}" if character in "+=\\ " or not character.isascii() else character
        for character in text
    )


def _xtext(text: str) -> str:
    return _NOT_XCHAR.sub(lambda found: f"+{ord(found.group()):02X}", text)


def _shown(text: str) -> str:
    return f"{text[:60]!a}" if text else "nothing"


def _refuse(what: str, fault: str) -> NoReturn:
    raise InvalidValueError(ErrorCode.INVALID_VALUE, f"{what}: {fault}.")
