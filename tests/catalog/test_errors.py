"""The error table: unique codes with texts, and a Winsock code for every fault of a socket."""

from __future__ import annotations

import errno

import pytest

from ssmtp_compat.catalog.errors import ERRORS, ErrorCode
from ssmtp_compat.catalog.schema import ErrorDef, Evidence

ROWS = list(ERRORS.values())
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: str(int(row.code)))

# What connect, bind, send, recv, getsockopt and setsockopt can report on Linux (their manual pages, and socket(7),
# ip(7) and tcp(7)), as far as Winsock has a code for it.
SOCKET_ERRORS = {
    "EINTR": 10004,
    "EBADF": 10009,
    "EACCES": 10013,
    "EFAULT": 10014,
    "EINVAL": 10022,
    "EMFILE": 10024,
    "EWOULDBLOCK": 10035,
    "EINPROGRESS": 10036,
    "EALREADY": 10037,
    "ENOTSOCK": 10038,
    "EDESTADDRREQ": 10039,
    "EMSGSIZE": 10040,
    "EPROTOTYPE": 10041,
    "ENOPROTOOPT": 10042,
    "EPROTONOSUPPORT": 10043,
    "ESOCKTNOSUPPORT": 10044,
    "EOPNOTSUPP": 10045,
    "EPFNOSUPPORT": 10046,
    "EAFNOSUPPORT": 10047,
    "EADDRINUSE": 10048,
    "EADDRNOTAVAIL": 10049,
    "ENETDOWN": 10050,
    "ENETUNREACH": 10051,
    "ENETRESET": 10052,
    "ECONNABORTED": 10053,
    "ECONNRESET": 10054,
    "ENOBUFS": 10055,
    "EISCONN": 10056,
    "ENOTCONN": 10057,
    "ESHUTDOWN": 10058,
    "ETOOMANYREFS": 10059,
    "ETIMEDOUT": 10060,
    "ECONNREFUSED": 10061,
    "EHOSTDOWN": 10064,
    "EHOSTUNREACH": 10065,
}


def test_every_code_has_one_row():
    assert sorted(ERRORS) == sorted(ErrorCode)
    assert len({int(row.code) for row in ROWS}) == len(ROWS) == len(ErrorCode)


def test_rows_are_in_the_order_of_their_codes():
    assert [int(row.code) for row in ROWS] == sorted(int(row.code) for row in ROWS)


@each_row
def test_row_has_texts_and_a_source(row: ErrorDef):
    assert row.message.strip()
    assert row.meaning.endswith(".")
    assert row.source.strip()


@each_row
def test_codes_from_20001_on_are_ours(row: ErrorDef):
    if row.code > 20000:
        assert row.evidence is Evidence.OURS


@each_row
def test_only_winsock_texts_carry_their_code(row: ErrorDef):
    assert row.message.startswith(f"[{int(row.code)}] ") == row.name.startswith("WSA")


@pytest.mark.parametrize(("name", "code"), SOCKET_ERRORS.items())
def test_socket_error_has_its_winsock_code(name: str, code: int):
    assert hasattr(errno, name)
    assert ErrorCode[f"WSA{name}"] == code
    assert ERRORS[ErrorCode(code)].meaning == f"The operating system reported {name}."


def test_every_posix_name_of_the_table_exists():
    names = [code.name.removeprefix("WSA") for code in ErrorCode if 10004 <= code <= 10071 and code.name[:3] == "WSA"]
    # EPROCLIM is known to BSD and Windows only.
    assert {name for name in names if not hasattr(errno, name)} <= {"EPROCLIM"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SMTP_PROTOCOL", 161),
        ("NO_MAIL_SERVER", 163),
        ("INTERRUPTED_OR_TIMEOUT", 301),
        ("NOT_CONNECTED", 1117),
        ("INVALID_HANDLE", 20001),
        ("NOT_SUPPORTED", 20008),
    ],
)
def test_code_that_scripts_compare(name: str, code: int):
    assert ErrorCode[name] == code
