"""What an address list may look like, and what it means."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.message.addresses import Group, Mailbox, flatten, parse_address_list, parse_mailbox


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user@example.com", Mailbox("", "user", "example.com")),
        ("<user@example.com>", Mailbox("", "user", "example.com")),
        ("Jane Doe <jane@example.com>", Mailbox("Jane Doe", "jane", "example.com")),
        ('"Doe, Jane" <jane@example.com>', Mailbox("Doe, Jane", "jane", "example.com")),
        ('"say \\"hi\\" \\\\" <a@b>', Mailbox('say "hi" \\', "a", "b")),
        ("John Q. Public <john@example.com>", Mailbox("John Q. Public", "john", "example.com")),
        ('John  "Q Public" Jr. <a@b>', Mailbox("John Q Public Jr.", "a", "b")),
        ("(c)Jane(a (nested) \\) one) Doe <jane(x)@(y)example.com>(z)", Mailbox("Jane Doe", "jane", "example.com")),
        ('"john doe"@example.com', Mailbox("", "john doe", "example.com")),
        ('""@example.com', Mailbox("", "", "example.com")),
        ("a+b/c=d!#$%&'*?^_`{|}~@example.com", Mailbox("", "a+b/c=d!#$%&'*?^_`{|}~", "example.com")),
        ("user@[192.0.2.1]", Mailbox("", "user", "[192.0.2.1]")),
        ("user@[IPv6:2001:db8::1]", Mailbox("", "user", "[IPv6:2001:db8::1]")),
        ("Jürgen Müller <jürgen@bücher.example>", Mailbox("Jürgen Müller", "jürgen", "bücher.example")),
        ("山田 <yamada@例え.jp>", Mailbox("山田", "yamada", "例え.jp")),
        ("user@my_host.local", Mailbox("", "user", "my_host.local")),
        ("root", Mailbox("", "root", "")),
        ("The boss <root>", Mailbox("The boss", "root", "")),
        ("\ta@b \t", Mailbox("", "a", "b")),
    ],
)
def test_one_mailbox(text, expected):
    assert parse_address_list(text, "SendTo") == (expected,)
    assert parse_mailbox(text, "SendTo") == expected


def test_commas_separate_and_empty_elements_are_tolerated():
    expected = (Mailbox("", "a", "b"), Mailbox("C", "c", "d"))
    assert parse_address_list(" , a@b,, C <c@d>,", "SendTo") == expected
    assert parse_address_list("", "SendTo") == ()
    assert parse_address_list(" , ,", "SendTo") == ()


def test_groups_keep_their_members_and_flatten_in_order():
    a, b, c, d = (Mailbox("", name, "x") for name in "abcd")
    parsed = parse_address_list('a@x, "The team": b@x,, c@x;, none:;, d@x', "SendTo")
    assert parsed == (a, Group("The team", (b, c)), Group("none", ()), d)
    assert flatten(parsed) == (a, b, c, d)


def test_one_quoted_mailbox_is_not_cut_into_another():
    # go-mail CVE-2025-59937, nodemailer issue 1766
    mailbox = parse_mailbox('"foo@psres.net> ORCPT=admin@admin.com"@test.com', "SendTo")
    assert mailbox == Mailbox("", "foo@psres.net> ORCPT=admin@admin.com", "test.com")
    assert mailbox.envelope_address(utf8=False) == '"foo@psres.net> ORCPT=admin@admin.com"@test.com'


def test_encoded_words_are_no_addresses():
    (mailbox,) = parse_address_list("=?utf-8?q?victim=40example.com=2C?= <a@b>", "SendTo")
    assert mailbox == Mailbox("=?utf-8?q?victim=40example.com=2C?=", "a", "b")
    with pytest.raises(InvalidValueError):
        parse_address_list("=?utf-8?q?<victim=40example.com>?=@b", "SendTo")


LINEAR = [
    ", ".join(f"User {i} <user{i}@example.com>" for i in range(8_000)),
    "g: " + "a@b," * 50_000 + ";",
    "(" * 100_000 + ")" * 100_000 + "a@b",
    "(\\(" * 60_000,
    "(" * 200_000,
    '"' * 200_000,
    '"' + "\\a" * 100_000,
    "a." * 100_000,
    "a " * 100_000 + "<a@b>",
    '"a"' * 66_000 + "<a@b>",
    "<" * 200_000,
    "@" * 200_000,
    "[" * 200_000,
    "," * 200_000,
    "g:;," * 50_000,
    " " * 200_000,
]


@pytest.mark.parametrize("text", LINEAR, ids=lambda text: repr(text[:8]))
def test_long_and_deep_input_takes_neither_the_stack_nor_for_ever(text):
    # nodemailer GHSA-9h6g-pr28-7cqp: quadratic time would make this test run for minutes.
    try:
        parse_address_list(text, "SendTo")
    except InvalidValueError as error:
        assert len(error.message) < 500  # noqa: PT017  either outcome is right


ADDRESS_SOUP = st.text(st.sampled_from('ab.@,:;<>()[]"\\ \tü中\x00\r\n1IPv6:'), max_size=40)


@given(st.one_of(ADDRESS_SOUP, st.text()))
@example("a@b (")
@example('"\\')
@example("a@℀.é")
@settings(deadline=None, max_examples=400)
def test_any_text_is_refused_or_means_the_same_when_written_out(text):
    try:
        parsed = parse_address_list(text, "SendTo")
    except InvalidValueError:
        return
    assert parse_address_list(", ".join(map(str, parsed)), "SendTo") == parsed
