"""EHLO keywords."""

from time import process_time

import pytest

from ssmtp_compat.smtp.extensions import Extensions
from ssmtp_compat.smtp.replies import Reply


def extensions(*lines: str) -> Extensions:
    return Extensions.from_ehlo(Reply(250, ("250-server.example", *(f"250-{line}" for line in lines))))


def test_keywords_ignore_case_and_the_greeting_line_is_none():
    found = extensions("pipelining", "8BitMime")
    assert "PIPELINING" in found
    assert "8BITMIME" in found
    assert "SERVER.EXAMPLE" not in found


@pytest.mark.parametrize(
    ("line", "limit"), [("SIZE 1000", 1000), ("SIZE", 0), ("SIZE 0", 0), ("SIZE many", 0), ("SIZE ²", 0), ("DSN", 0)]
)
def test_size_limit(line, limit):
    assert extensions(line).size_limit == limit


def test_auth_mechanisms_come_from_both_forms_and_count_once():
    assert extensions("AUTH PLAIN login", "AUTH=LOGIN CRAM-MD5").auth_mechanisms == ("PLAIN", "LOGIN", "CRAM-MD5")


def test_what_is_no_mechanism_name_is_not_offered():
    """RFC 4422 section 3.1. Upper case makes PLAIN of the second."""
    names = ["PLA\x1b[31mIN", "pla\u0131n", "LOGIN,NTLM", "X" * 21, "PL\ufffdAIN", "X-" + "Y" * 18, "scram_1"]
    assert extensions(f"AUTH {' '.join(names)}").auth_mechanisms == ("X-" + "Y" * 18, "SCRAM_1")


def test_empty_lines_are_no_keywords():
    assert dict(extensions("", "  ").keywords) == {}


def test_a_keyword_of_a_hundred_thousand_lines_takes_no_time_to_speak_of():
    """As long as a reply may be; in the square of its lines it was half a minute, in which no deadline holds."""
    began = process_time()
    found = extensions(*["AUTH X"] * 130_000)
    assert found.auth_mechanisms == ("X",)
    assert process_time() - began < 2
