"""What each setting of the dialogue and of the message changes in what the server gets."""

from __future__ import annotations

import email
import email.policy
import re

import pytest

from ssmtp_compat import __version__
from ssmtp_compat.catalog.config import SETTINGS
from wire.mailer import Mailer
from wire.scripted_server import Message, ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaks")


def send(settings: dict[str, object], **properties: object) -> Message:
    with ScriptedServer() as server, Mailer(server.port, **properties) as mailer:
        mailer.config(**settings)
        assert mailer.send() == 0, mailer.error
    (message,) = server.messages
    return message


def field(message: Message, name: str) -> bytes:
    """The lines of one header field."""
    found = re.search(rb"(?m)^%s:.*\r\n(?:[ \t].*\r\n)*" % name.encode(), message.content)
    assert found
    return found.group()


@pytest.mark.parametrize(("limit", "longest"), [(40, 40), (None, 80), (200, 200), (0, 998)])
def test_maxheaderlength_is_where_header_lines_are_folded(limit: int | None, longest: int):
    words = "word " * 300
    message = send({} if limit is None else {"MaxHeaderLength": limit}, Subject=words.strip())
    lines = field(message, "Subject").removesuffix(b"\r\n").split(b"\r\n")
    assert longest - 5 < max(map(len, lines)) <= longest
    assert b"".join(lines) == b"Subject: " + words.strip().encode()


@pytest.mark.parametrize("limit", [0, 60, 80, 998])
@pytest.mark.parametrize("charset", ["", "ISO-8859-1"])
def test_a_line_with_an_encoded_word_has_at_most_76_characters(limit: int, charset: str):
    words = "Grüße und noch mehr davon, " * 20
    message = send(
        {"MaxHeaderLength": limit, "Charset": charset},
        Subject=words.strip(),
        SendTo=", ".join(f'"{words}" <user{number}@example.test>' for number in range(3)),
        Cc=f'"{words}": "Bäcker" <b@example.test>;',
        OtherHeaders=f"X-A-Field-With-A-Name: {words}",
    )
    lines = message.content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    encoded = [line for line in lines if b"=?" in line]
    assert len(encoded) > 50
    assert max(map(len, encoded)) <= min(limit or 76, 76)


def test_messageidalgorithm_is_the_hash_in_the_message_id():
    lengths = {}
    for number, name in SETTINGS["messageidalgorithm"].choices:
        message = send({"MessageIdAlgorithm": number}, MessageId="*")
        digest = re.fullmatch(rb"Message-ID: <([0-9a-f]+)@example\.test>\r\n", field(message, "Message-ID"))
        assert digest
        lengths[name] = len(digest[1])
    assert lengths.pop("RIPEMD160") in (40, 64)  # SHA-256 stands in where OpenSSL lacks it
    assert lengths == {"None": 64, "SHA1": 40, "SHA224": 56, "SHA256": 64, "SHA384": 96, "SHA512": 128}


@pytest.mark.parametrize(
    ("charset", "subject"),
    [
        ("", b"=?utf-8?Q?only_one_=C3=BC?="),
        ("ISO-8859-1", b"=?ISO-8859-1?Q?only_one_=FC?="),
        ("UTF-8", b"=?UTF-8?Q?only_one_=C3=BC?="),
    ],
)
def test_charset_is_that_of_encoded_words(charset: str, subject: bytes):
    message = send({"Charset": charset}, Subject="only one ü", From="Jürgen <j@example.test>")
    assert field(message, "Subject") == b"Subject: " + subject + b"\r\n"
    assert (charset or "utf-8").encode() + b"?Q?J" in field(message, "From")


@pytest.mark.parametrize(
    ("number", "charset", "octets"),
    [
        (65001, "utf-8", "Grüße".encode()),
        (1252, "windows-1252", "Grüße".encode("cp1252")),
        (28605, "iso-8859-15", "Grüße".encode("iso-8859-15")),
        (437, "ibm437", "Grüße".encode("cp437")),
    ],
)
def test_codepage_is_that_of_the_body(number: int, charset: str, octets: bytes):
    message = send({"CodePage": number}, MessageText="Grüße")
    header, _, body = message.content.partition(b"\r\n\r\n")
    assert body == octets + b"\r\n"
    parsed = email.message_from_bytes(header + b"\r\n\r\n", policy=email.policy.default)
    assert str(parsed.get_content_charset()).lower() == charset
    assert send({"CodePage": number}, MessageText="Hello").content.endswith(b"\r\n\r\nHello\r\n")


@pytest.mark.parametrize("number", [1200, 37])
def test_a_codepage_whose_line_ends_are_not_those_of_mail_goes_as_utf_8_also_in_a_long_text(number: int):
    text = "Grüße\r\n" * 200_000  # 1.4 million characters
    message = send({"CodePage": number}, MessageText=text)
    assert message.content.partition(b"\r\n\r\n")[2] == text.encode()
    assert b"charset=utf-8\r\n" in message.content[:500]


def test_otherheaders_as_a_setting_is_in_the_message():
    assert field(send({"OtherHeaders": "X-Own: a=b"}), "X-Own") == b"X-Own: a=b\r\n"


@pytest.mark.parametrize(
    "headers", ["Subject: b", "X-Own: 1\r\nDate: Mon, 1 Jun 2026 12:00:00 +0000", "Message-ID: <2@example.test>"]
)
def test_otherheaders_with_a_second_subject_date_or_id_are_refused_before_the_connection(headers: str):
    name = headers.rpartition("\n")[2].partition(":")[0]
    with ScriptedServer() as server, Mailer(server.port, OtherHeaders=headers) as mailer:
        assert mailer.send() == 20005
        assert f"second {name} field" in mailer.error[1]
        mailer.set(Subject="", MessageDate="", MessageId="")
        assert mailer.send() == 0, mailer.error
    assert server.messages[0].content.count(f"\n{name}:".encode()) == 1
    assert len(server.connections) == 1


def test_returnpath_as_a_setting_is_in_the_envelope():
    assert send({"ReturnPath": "bounces@example.test"}).sender == "bounces@example.test"


def test_messageheadersstring_as_a_setting_is_what_is_sent():
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        said = mailer.setting("MessageHeadersString")
        assert mailer.send() == 0
    assert server.messages[0].content.startswith(said.encode() + b"\r\n")


@pytest.mark.parametrize(
    ("author", "own", "sender"),
    [
        ("alice@example.test", "", []),
        ("Al <al@example.test>, bob@example.test", "", ["Sender: Al <al@example.test>"]),
        ("Sales: al@example.test, bob@example.test;", "", ["Sender: al@example.test"]),
        ("al@example.test, bob@example.test", "sender: eve@example.test", ["sender: eve@example.test"]),
    ],
)
def test_several_authors_get_a_sender(author: str, own: str, sender: list[str]):
    lines = send({"OtherHeaders": own}, From=author).content.decode().partition("\r\n\r\n")[0].split("\r\n")
    assert [line for line in lines if line.lower().startswith("sender:")] == sender


def test_buildinfo_and_licenseinfo_tell_of_this_library_and_go_nowhere():
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        build, licence = mailer.setting("BuildInfo"), mailer.setting("LicenseInfo")
        assert mailer.send() == 0
    assert build == f"ssmtp_compat {__version__}, independent open-source software"
    assert "MIT License" in licence
    wire = b"".join(server.connection.segments)
    assert b"ssmtp_compat" not in wire


@pytest.mark.parametrize(
    ("field", "made"), [("Date: Tue, 2 Jun 2026 12:00:00 +0000", "Date"), ("Message-ID: <mine@x.test>", "Message-ID")]
)
def test_a_field_of_ones_own_takes_the_place_of_the_one_made_by_itself(field: str, made: str):
    with ScriptedServer() as server, Mailer(server.port, MessageDate="*", MessageId="*") as mailer:
        mailer.set(OtherHeaders=field)
        assert mailer.send() == 0, mailer.error
    fields = server.messages[0].content.split(b"\r\n\r\n")[0].decode().split("\r\n")
    assert [line for line in fields if line.startswith(f"{made}:")] == [field]
    assert {line.partition(":")[0] for line in fields} >= {"Date", "Message-ID"}
