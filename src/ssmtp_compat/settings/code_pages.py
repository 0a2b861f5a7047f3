"""Windows code page numbers, as the CodePage setting takes them, and the codecs that they stand for."""

from __future__ import annotations

import codecs
import locale
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError

__all__ = ["charset_of", "codec_of"]

# The common identifiers whose codec is not simply called "cp" and the number.
_CODECS: Final = {
    65001: "utf-8",
    65000: "utf-7",
    20127: "ascii",
    1200: "utf-16-le",
    1201: "utf-16-be",
    12000: "utf-32-le",
    12001: "utf-32-be",
    936: "gbk",
    1361: "johab",
    20866: "koi8-r",
    21866: "koi8-u",
    28591: "iso8859-1",
    28592: "iso8859-2",
    28595: "iso8859-5",
    28599: "iso8859-9",
    28605: "iso8859-15",
    50220: "iso2022_jp",
    51932: "euc_jp",
    51949: "euc_kr",
    54936: "gb18030",
    10000: "mac_roman",
    37: "cp037",
}

# What a mail calls an encoding (IANA's preferred MIME name), where Python's own name for it is another one.
_CHARSETS: Final = {
    "cp932": "shift_jis",
    "cp949": "ks_c_5601-1987",
    "cp950": "big5",
    "iso2022_jp": "iso-2022-jp",
    "euc_jp": "euc-jp",
    "euc_kr": "euc-kr",
    "mac-roman": "macintosh",
    "ascii": "us-ascii",
    "cp437": "ibm437",
    "cp850": "ibm850",
    "cp852": "ibm852",
    "cp866": "ibm866",
    "cp037": "ibm037",
}


def codec_of(code_page: int) -> str:
    """Python's name for a code page; 0 is the system's own.

    Raises :class:`InvalidValueError` for a number that no codec stands for.
    """
    if code_page == 0:
        return codecs.lookup(locale.getpreferredencoding(False)).name
    try:
        return codecs.lookup(_CODECS.get(code_page, f"cp{code_page}")).name
    except LookupError:
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE, f"CodePage {code_page} is unknown; 65001 is UTF-8, 1252 Western European."
        ) from None


def charset_of(codec: str) -> str:
    """The name under which a mail declares a codec, such as ``windows-1252`` for ``cp1252``."""
    name = codecs.lookup(codec).name
    if name in _CHARSETS:
        return _CHARSETS[name]
    if name.startswith("cp125"):
        return f"windows-{name[2:]}"
    return name.replace("iso8859-", "iso-8859-").replace("_", "-")
