"""Whole messages read back by the standard library: everybody who was set, and nobody else."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

from hypothesis import given, settings
from hypothesis import strategies as st

from ssmtp_compat.message.addresses import Group, Mailbox
from ssmtp_compat.message.compose import MessageSpec, compose

# Short enough for one encoded-word: Python 3.11 puts a blank between two of them when it reads a name.
NAMES = st.text("abz ,.;:()<>@\"'\\äöß日", max_size=10).map(lambda text: " ".join(text.split()))
LOCAL_PARTS = st.one_of(
    st.text("abz09!#$%&'*+-/=?^_`{|}~", min_size=1, max_size=12),
    st.text('ab .,@<>()[]:;\\"', min_size=1, max_size=12),
)
DOMAINS = st.sampled_from(["example.test", "a.b-c.example", "xn--bcher-kva.example"])
MAILBOXES = st.builds(Mailbox, NAMES, LOCAL_PARTS, DOMAINS)
GROUPS = st.builds(Group, st.text("Team ABC", min_size=1, max_size=8).map(str.strip).filter(bool), st.tuples(MAILBOXES))
LISTS = st.lists(st.one_of(MAILBOXES, GROUPS), min_size=1, max_size=6).map(tuple)


def read(message: EmailMessage, field: str) -> list[tuple[str, str, str]]:
    return [(address.display_name, address.username, address.domain) for address in message[field].addresses]


def meant(addresses: tuple[Mailbox | Group, ...]) -> list[tuple[str, str, str]]:
    members = [m for a in addresses for m in (a.members if isinstance(a, Group) else (a,))]
    return [(mailbox.name, mailbox.local_part, mailbox.domain) for mailbox in members]


@given(
    from_=st.tuples(MAILBOXES),
    to=LISTS,
    cc=LISTS,
    reply_to=st.tuples(MAILBOXES),
    subject=st.text("ab cäß日", max_size=12).map(str.strip),
    body=st.text("abc äß日.\n", max_size=80),
    other=st.sampled_from(["", "X-One: 1", "X-One: 1\r\nX-Two: zwei Wörter\r\n"]),
    charset=st.sampled_from(["", "utf-8"]),
    line_limit=st.sampled_from([0, 60, 80]),
    eight_bit=st.booleans(),
)
@settings(deadline=None)
def test_what_was_set_is_what_is_read(from_, to, cc, reply_to, subject, body, other, charset, line_limit, eight_bit):
    spec = MessageSpec(
        from_=from_,
        to=to,
        cc=cc,
        reply_to=reply_to,
        subject=subject,
        message_id="<1@example.test>",
        other_headers=other,
        body=body.encode(),
        header_charset=charset,
        line_limit=line_limit,
    )
    composed = compose(spec, eight_bit=eight_bit)
    assert composed.header.isascii()
    assert eight_bit or composed.body.isascii()
    message = email.message_from_bytes(composed.header + b"\r\n" + composed.body, policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    for field, addresses in (("From", from_), ("To", to), ("Cc", cc), ("Reply-To", reply_to)):
        assert read(message, field) == meant(addresses)
    assert (message["Subject"] or "") == subject
    assert message["Message-ID"] == "<1@example.test>"
    assert message["Bcc"] is None
    assert (message["X-Two"] == "zwei Wörter") is ("X-Two" in other)
    assert message.get_content().replace("\r\n", "\n").removesuffix("\n") == body.removesuffix("\n")
