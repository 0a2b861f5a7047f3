"""SendTo, Cc and BCc, the MessageRecipient arrays, and what of them reaches the header and the server."""

from __future__ import annotations

from typing import Any

import pytest

from ssmtp_compat import ErrorCode, PropertyID, RecipientTypes, ssmtp_do_config, ssmtp_do_send, ssmtp_get, ssmtp_set
from unit.interface.scripts import put, refused, take, write_mail
from wire.scripted_server import ScriptedServer

P = PropertyID
TO, CC, BCC = RecipientTypes

TEXTS = {P.SendTo: TO, P.Cc: CC, P.BCc: BCC}
each_text = pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.name)


def entries(handle: int) -> list[tuple[int, str, str]]:
    """Type, name and address of every entry of the arrays."""
    arrays = (P.MessageRecipientType, P.MessageRecipientName, P.MessageRecipientAddress)
    return [
        tuple(take(handle, array, index) for array in arrays) for index in range(take(handle, P.MessageRecipientCount))
    ]


def add(handle: int, address: str, name: str = "", kind: int = TO) -> None:
    """Add an entry through the arrays."""
    index = take(handle, P.MessageRecipientCount)
    put(handle, P.MessageRecipientCount, index + 1)
    put(handle, P.MessageRecipientAddress, index, address)
    put(handle, P.MessageRecipientName, index, name)
    put(handle, P.MessageRecipientType, index, kind)


# -- the three texts --------------------------------------------------------------------------------------------------


@each_text
def test_text_makes_entries_of_its_type(handle: int, text: PropertyID):
    put(handle, text, 'Bob <bob@example.test>, "Doe, J." <j.doe@example.test>,carol@example.test')
    kind = TEXTS[text]
    assert entries(handle) == [
        (kind, "Bob", "bob@example.test"),
        (kind, "Doe, J.", "j.doe@example.test"),
        (kind, "", "carol@example.test"),
    ]


@each_text
def test_new_text_takes_the_place_of_the_old_one(handle: int, text: PropertyID):
    put(handle, text, "first@example.test, second@example.test")
    put(handle, text, "third@example.test")
    assert take(handle, text) == "third@example.test"
    assert entries(handle) == [(TEXTS[text], "", "third@example.test")]
    put(handle, text, "")
    assert (take(handle, text), entries(handle)) == ("", [])


@each_text
def test_new_text_leaves_the_other_texts_alone(handle: int, text: PropertyID):
    for other in TEXTS:
        put(handle, other, f"{other.name}@example.test")
    put(handle, text, "new@example.test")
    for other in TEXTS:
        assert take(handle, other) == ("new@example.test" if other is text else f"{other.name}@example.test")


@each_text
def test_new_text_leaves_entries_of_the_arrays_alone(handle: int, text: PropertyID):
    add(handle, "kept@example.test", "Kept", TEXTS[text])
    put(handle, text, "first@example.test")
    assert take(handle, text) == "Kept <kept@example.test>, first@example.test"
    put(handle, text, "second@example.test")
    assert take(handle, text) == "Kept <kept@example.test>, second@example.test"
    put(handle, text, "")
    assert entries(handle) == [(TEXTS[text], "Kept", "kept@example.test")]


@each_text
def test_malformed_text_names_the_part_and_changes_nothing(handle: int, text: PropertyID):
    put(handle, text, "good@example.test")
    for bad in ("a b@example.test", "x@y@z", "<>", "Bob <bob@example.test", "ok@example.test; more@example.test", "@x"):
        reason = refused(handle, ssmtp_set(handle, text, bad), ErrorCode.INVALID_ADDRESS)
        assert text.name in reason
        assert bad.split(";")[0].split("<")[-1] in reason
    assert take(handle, text) == "good@example.test"
    assert len(entries(handle)) == 1


@each_text
def test_text_reads_as_every_entry_of_its_type(handle: int, text: PropertyID):
    put(handle, text, "first@example.test")
    add(handle, "second@example.test", "Second, the", TEXTS[text])
    add(handle, "other@example.test", kind=(TEXTS[text] + 1) % 3)
    add(handle, "", "nobody", TEXTS[text])
    assert take(handle, text) == 'first@example.test, "Second, the" <second@example.test>'


def test_entry_whose_type_changes_still_belongs_to_the_text_that_made_it(handle: int):
    put(handle, P.SendTo, "bob@example.test")
    put(handle, P.MessageRecipientType, 0, CC)
    assert (take(handle, P.SendTo), take(handle, P.Cc)) == ("", "bob@example.test")
    put(handle, P.SendTo, "carol@example.test")
    assert entries(handle) == [(TO, "", "carol@example.test")]


@each_text
@pytest.mark.parametrize(
    ("group", "members"),
    [
        ("Team: a@example.test, b@example.test;", 2),
        ("x@example.test, Team: a@example.test;, y@example.test", 3),
        ('"The Team": "Doe, J." <j@example.test>;', 1),
        ("undisclosed-recipients: ;", 0),
    ],
)
def test_groups_read_back_and_their_members_are_entries(handle: int, text: PropertyID, group: str, members: int):
    put(handle, text, group)
    assert take(handle, text) == group.replace('"The Team"', "The Team")
    assert len(entries(handle)) == members
    put(handle, text, "")
    assert (take(handle, text), entries(handle)) == ("", [])


# -- the arrays -------------------------------------------------------------------------------------------------------


def test_larger_count_adds_empty_entries_of_type_to(handle: int):
    put(handle, P.Cc, "carol@example.test")
    put(handle, P.MessageRecipientCount, 3)
    assert entries(handle) == [(CC, "", "carol@example.test"), (TO, "", ""), (TO, "", "")]


def test_smaller_count_drops_entries_from_the_end(handle: int):
    put(handle, P.SendTo, "a@example.test, b@example.test")
    put(handle, P.Cc, "c@example.test")
    put(handle, P.MessageRecipientCount, 1)
    assert entries(handle) == [(TO, "", "a@example.test")]
    put(handle, P.MessageRecipientCount, 2)
    assert entries(handle)[1] == (TO, "", "")


def test_count_zero_drops_all_and_empty_groups_too(handle: int):
    put(handle, P.SendTo, "undisclosed-recipients: ;, a@example.test")
    put(handle, P.MessageRecipientCount, 0)
    assert (take(handle, P.SendTo), entries(handle)) == ("", [])


@pytest.mark.parametrize("bad", ["a b@example.test", "a@example.test, b@example.test", "Team: a@example.test;", "<>"])
def test_malformed_address_is_refused_with_its_place(handle: int, bad: str):
    put(handle, P.SendTo, "a@example.test, b@example.test")
    text = refused(handle, ssmtp_set(handle, P.MessageRecipientAddress, 1, bad), ErrorCode.INVALID_ADDRESS)
    assert "MessageRecipientAddress[1]" in text
    assert take(handle, P.SendTo) == "a@example.test, b@example.test"


@pytest.mark.parametrize("kind", [-1, 3, "rtSomebody", None])
def test_type_is_one_of_three(handle: int, kind: Any):
    add(handle, "a@example.test", kind=BCC)
    if kind is None:
        put(handle, P.MessageRecipientType, 0, value=None)
        assert take(handle, P.MessageRecipientType) == TO
    else:
        refused(handle, ssmtp_set(handle, P.MessageRecipientType, 0, kind), ErrorCode.INVALID_VALUE)
        assert take(handle, P.MessageRecipientType) == BCC


# -- what goes out ----------------------------------------------------------------------------------------------------


def test_arrays_make_the_header_and_the_envelope(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    put(handle, P.SendTo, "")
    add(handle, "bob@example.test", "Bob, the first")
    add(handle, "carol@example.test", "Carol", CC)
    add(handle, "dave@example.test", "Dave", BCC)
    add(handle, "bob2@example.test")
    add(handle, "", "an entry without an address")
    header = take(handle, P.MessageHeadersString)
    assert 'To: "Bob, the first" <bob@example.test>, bob2@example.test\r\n' in header
    assert "Cc: Carol <carol@example.test>\r\n" in header
    assert ssmtp_do_send(handle) == 0
    (message,) = server.messages
    assert message.recipients == [f"{name}@example.test" for name in ("bob", "bob2", "carol", "dave")]
    assert b"dave" not in message.content.lower()


def test_an_entry_that_was_changed_is_sent_as_it_stands_now(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    put(handle, P.SendTo, "Bob <bob@example.test>")
    assert ssmtp_do_send(handle) == 0
    put(handle, P.MessageRecipientAddress, 0, "carol@example.test")
    assert ssmtp_do_send(handle) == 0
    put(handle, P.MessageRecipientName, 0, "Carol")
    assert ssmtp_do_send(handle) == 0
    to = [next(line for line in message.content.splitlines() if line.startswith(b"To:")) for message in server.messages]
    assert [message.recipients for message in server.messages] == [
        ["bob@example.test"],
        ["carol@example.test"],
        ["carol@example.test"],
    ]
    assert to == [b"To: Bob <bob@example.test>", b"To: Bob <carol@example.test>", b"To: Carol <carol@example.test>"]


def test_blind_recipients_are_in_no_header(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    put(handle, P.MessageId, "")  # whose random digits may spell anything
    put(handle, P.BCc, "Secret Team: spy@example.test;, Mole <mole@example.test>")
    add(handle, "ghost@example.test", "Ghost", BCC)
    header = take(handle, P.MessageHeadersString)
    names = [take(handle, P.MessageHeaderField, index) for index in range(take(handle, P.MessageHeaderCount))]
    values = [take(handle, P.MessageHeaderValue, index) for index in range(len(names))]
    assert ssmtp_do_send(handle) == 0
    (message,) = server.messages
    everything = f"{header}{names}{values}{message.content.decode()}".lower()
    for hidden in ("spy", "secret", "mole", "ghost", "bcc"):
        assert hidden not in everything
    assert {"spy@example.test", "mole@example.test", "ghost@example.test"} < set(message.recipients)


def test_blind_field_of_the_callers_own_is_refused(handle: int):
    put(handle, P.OtherHeaders, "Bcc: spy@example.test")
    assert ssmtp_get(handle, P.MessageHeadersString) == ""
    assert "BCc" in refused(handle, int(ErrorCode.INVALID_VALUE), ErrorCode.INVALID_VALUE)


def test_blind_field_of_a_raw_message_is_left_out(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    put(handle, P.Message, b"Subject: raw\r\nBcc: spy@example.test,\r\n mole@example.test\r\n\r\nbody")
    assert take(handle, P.MessageHeadersString) == "Subject: raw\r\n"
    assert ssmtp_do_send(handle) == 0
    assert b"spy" not in server.messages[0].content
    assert b"mole" not in server.messages[0].content


def test_recipient_named_twice_gets_the_message_once(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    put(handle, P.Cc, "Bob <bob@example.test>, carol@example.test")
    put(handle, P.BCc, "carol@example.test")
    assert ssmtp_do_send(handle) == 0
    assert server.messages[0].recipients == ["bob@example.test", "carol@example.test"]


def test_members_of_a_group_get_the_message_and_the_group_is_in_the_header(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    put(handle, P.SendTo, "Team: a@example.test, b@example.test;, bob@example.test")
    assert "To: Team: a@example.test, b@example.test;, bob@example.test\r\n" in take(handle, P.MessageHeadersString)
    assert ssmtp_do_send(handle) == 0
    assert server.messages[0].recipients == ["a@example.test", "b@example.test", "bob@example.test"]


def test_blind_recipients_alone_need_allow_empty_to(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    put(handle, P.SendTo, "undisclosed-recipients: ;")
    put(handle, P.BCc, "spy@example.test")
    assert "AllowEmptyTo" in refused(handle, ssmtp_do_send(handle), ErrorCode.NO_RECIPIENT)
    ssmtp_do_config(handle, "AllowEmptyTo=True")
    assert ssmtp_do_send(handle) == 0
    (message,) = server.messages
    assert message.recipients == ["spy@example.test"]
    assert b"To: undisclosed-recipients:;\r\n" in message.content


def test_reused_handle_does_not_mail_the_previous_customer(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    for customer in ("first", "second"):
        put(handle, P.SendTo, f"{customer}@example.test")
        put(handle, P.BCc, f"{customer}.archive@example.test")
        assert ssmtp_do_send(handle) == 0
    assert server.messages[1].recipients == ["second@example.test", "second.archive@example.test"]


def test_two_groups_of_one_name_stay_two(handle: int):
    put(handle, PropertyID.SendTo, "Team: a@x.test;, Team: b@x.test;")
    assert take(handle, PropertyID.SendTo) == "Team: a@x.test;, Team: b@x.test;"
