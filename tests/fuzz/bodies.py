"""Long bodies, which are encoded block by block where they are read: octet for octet what a short one becomes.

An input is one octet that selects the codec and whether the way is 8-bit clean, one for the size of a block, and the
text in UTF-8.
"""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import patch

from fuzz.error_text import check_error
from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.message import body
from ssmtp_compat.message.body import LineBlocks, Octets
from ssmtp_compat.message.canonical import encode_text
from ssmtp_compat.message.compose import MessageSpec, compose
from ssmtp_compat.smtp.chunking import message_chunks
from ssmtp_compat.smtp.transparency import content_pieces

CODECS = (
    *("utf-8", "ascii", "iso8859-1", "cp1252", "utf-7", "cp932", "cp949", "cp950"),
    *("gb18030", "gbk", "johab", "euc_jp", "euc_kr", "iso2022_jp", "koi8-r", "mac-roman"),
)


def fuzz(data: bytes) -> None:
    selector, block = (*data[:2], 0, 0)[:2]
    check(data[2:].decode("utf-8", "replace"), CODECS[selector % 16], block or 1, eight_bit=bool(selector & 16))


def check(text: str, codec: str, block: int, *, eight_bit: bool) -> None:
    expected = _outcome(lambda: encode_text(text, codec), codec, eight_bit)
    with patch.multiple(body, LONG=0, _BLOCK=block):
        assert _outcome(lambda: LineBlocks(text, codec), codec, eight_bit) == expected
        assert _outcome(lambda: encode_text(text, codec), codec, eight_bit) == expected


def _outcome(encoded: Callable[[], Octets], codec: str, eight_bit: bool) -> object:
    try:
        made = compose(MessageSpec(body=encoded(), body_charset=codec), eight_bit=eight_bit)
    except SSMTPError as error:
        check_error(error)
        return repr(error)
    pieces = [(bytes(part), sent) for part, sent in content_pieces(b"\r\n", made.content, 60)]
    chunks = [
        (chunk.octets, chunk.last, [(bytes(part), sent) for part, sent in chunk.pieces])
        for chunk in message_chunks(b"\r\n", made.content, 100, 60)
    ]
    return made.header, made.body, made.eight_bit, pieces, chunks
