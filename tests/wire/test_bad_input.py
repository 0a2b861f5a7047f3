"""What a script gets wrong: a code and a text that help, nothing sent, the message as it was, and a usable handle."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from loopback_identity import LoopbackIdentity
from ssmtp_compat import (
    PropertyID,
    procedural,
    ssmtp_close,
    ssmtp_do_addrecipientcert,
    ssmtp_do_config,
    ssmtp_do_encrypt,
    ssmtp_do_sign,
    ssmtp_do_signandencrypt,
    ssmtp_get,
    ssmtp_get_last_error,
    ssmtp_get_last_error_code,
    ssmtp_open,
    ssmtp_register_callback,
    ssmtp_set,
)
from ssmtp_compat.catalog.properties import PROPERTIES
from ssmtp_compat.catalog.schema import Access
from unit.pki.authority import Issued, issue, name, rsa_key
from wire.mailer import CONTENT, MESSAGE, Mailer
from wire.scripted_server import ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaks")

P = PropertyID
PFX_FILE, PFX_BLOB, PEM_FILE, PEM_BLOB = 2, 3, 6, 7
IN_CLEAR = {"MessageText": MESSAGE["MessageText"]}
"""What is set again for a message that could not be encrypted to be sent as it is."""


class Desk:
    """A server that never misbehaves and a handle that a test mistreats."""

    def __init__(self, server: ScriptedServer, mailer: Mailer) -> None:
        self.server = server
        self.mailer = mailer
        self.handle = mailer.handle

    def refused(self, code: int, outcome: int, *words: str) -> None:
        """The call that returned ``outcome`` has failed with ``code`` and a text with these words in it."""
        assert (outcome, self.mailer.error[0]) == (code, code), self.mailer.error
        text = self.mailer.error[1]
        assert not [word for word in words if word not in text], text
        assert not text.startswith(str(code))

    def good_send(self, **repairs: Any) -> None:
        """Nothing was sent so far, the message is as it was, and with ``repairs`` it goes out."""
        assert self.server.connections == []
        self.mailer.set(**repairs)
        unchanged = {key: value for key, value in MESSAGE.items() if key not in repairs}
        assert {key: self.mailer.get(key) for key in unchanged} == unchanged
        assert self.mailer.get("OtherHeaders") == ""
        assert self.mailer.send() == 0, self.mailer.error
        assert [message.content for message in self.server.messages] == [CONTENT]


@pytest.fixture
def desk() -> Iterator[Desk]:
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        yield Desk(server, mailer)


# -- characters that do not belong in a line --------------------------------------------------------------------------

SINGLE_LINES = [row for row in PROPERTIES.values() if row.single_line and row.access is not Access.READ_ONLY]
INTRUDERS = {
    "CRLF": "\r\nRCPT TO:<eve@example.test>",
    "LF": "\nBcc: eve@example.test",
    "CR": "\rDATA",
    "LF at the end": "\n",
    "NUL": "\0",
    "DEL": "\x7f",
    "ESC": "\x1b[2J",
    "NEL": "\x85x",
    "LINE SEPARATOR": "\u2028x",
}


def test_every_address_and_header_property_is_a_single_line():
    """So that the next test covers them all."""
    texts = {row.name for row in PROPERTIES.values() if row.header and isinstance(row.default, str)}
    assert texts - {"OtherHeaders"} <= {row.name for row in SINGLE_LINES}
    assert {"MailServer", "User", "LocalHost"} <= {row.name for row in SINGLE_LINES}


@pytest.mark.parametrize("intruder", INTRUDERS.values(), ids=INTRUDERS)
@pytest.mark.parametrize("row", SINGLE_LINES, ids=lambda row: row.name)
def test_no_control_gets_into_a_line(desk: Desk, row: Any, intruder: str):
    before = ssmtp_get(desk.handle, row.id)
    for value in (f"bob@example.test{intruder}", f'"bob{intruder}"@example.test', f"Bob {intruder} <bob@example.test>"):
        desk.refused(20005, ssmtp_set(desk.handle, row.id, value), row.name, "U+")
        assert ssmtp_get(desk.handle, row.id) == before
    desk.good_send()


@pytest.mark.parametrize("setting", ["Hello", "AuthorizationIdentity", "DSNReturn", "DSNEnvelopeId"])
@pytest.mark.parametrize("intruder", INTRUDERS.values(), ids=INTRUDERS)
def test_no_control_gets_into_a_setting_for_a_command(desk: Desk, setting: str, intruder: str):
    before = desk.mailer.setting(setting)
    ssmtp_do_config(desk.handle, f"{setting}=x{intruder}")
    desk.refused(20005, ssmtp_get_last_error_code(desk.handle), setting)
    assert desk.mailer.setting(setting) == before
    desk.good_send()


@pytest.mark.parametrize(
    "headers",
    [
        "X: a\0b",
        "X: a\x7fb",
        "no colon",
        "X: 1\r\n\r\nsecond body",
        "X y: 1",
        ": 1",
        " X: folded first",
        "X: a\rb: c\x1b",
    ],
)
def test_headers_of_ones_own_are_checked_line_by_line(desk: Desk, headers: str):
    desk.mailer.set(OtherHeaders=headers)
    code = desk.mailer.send()
    desk.refused(20005, code, "OtherHeaders")
    assert desk.mailer.get("OtherHeaders") == headers
    desk.good_send(OtherHeaders="")


# -- addresses --------------------------------------------------------------------------------------------------------

MALFORMED = [
    "bob@",
    "@example.test",
    "bob@example..test",
    "bob smith@example.test",
    "<bob@example.test",
    "bob@exa_mple@x",
]


@pytest.mark.parametrize("address", [*MALFORMED, "ann@example.test, bob@", "friends: bob@example.test"])
@pytest.mark.parametrize("place", ["SendTo", "Cc", "BCc"])
def test_a_malformed_recipient_is_refused_when_it_is_set(desk: Desk, place: str, address: str):
    before = desk.mailer.get(place)
    desk.refused(20012, ssmtp_set(desk.handle, P[place], address), place)
    assert desk.mailer.get(place) == before
    desk.good_send()


@pytest.mark.parametrize("address", MALFORMED)
@pytest.mark.parametrize("place", ["From", "ReplyTo", "ReturnPath", "ReadReceiptTo", "DeliveryNotificationTo"])
def test_a_malformed_address_is_refused_before_the_connection(desk: Desk, place: str, address: str):
    code = ssmtp_set(desk.handle, P[place], address) or desk.mailer.send()
    desk.refused(20012, code, place)
    desk.good_send(**{place: MESSAGE.get(place, "")})


def test_a_malformed_address_in_the_arrays_is_refused(desk: Desk):
    desk.refused(20012, ssmtp_set(desk.handle, P.MessageRecipientAddress, 0, "bob@"), "MessageRecipientAddress[0]")
    desk.good_send()


def test_nobody_to_send_to(desk: Desk):
    desk.mailer.set(SendTo="")
    desk.refused(167, desk.mailer.send(), "SendTo")
    desk.mailer.set(Cc="carol@example.test")
    desk.refused(167, desk.mailer.send(), "AllowEmptyTo")
    desk.good_send(SendTo=MESSAGE["SendTo"], Cc="")


def test_nobody_to_send_from(desk: Desk):
    desk.mailer.set(From="")
    desk.refused(165, desk.mailer.send(), "From", "ReturnPath")
    desk.good_send(From=MESSAGE["From"])


# -- the server -------------------------------------------------------------------------------------------------------


def test_an_unknown_host(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    getaddrinfo = socket.getaddrinfo

    def without_network(host: str, *arguments: Any, flags: int = 0, **options: Any) -> Any:
        if host == "nosuchhost.invalid" and not flags & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return getaddrinfo(host, *arguments, flags=flags, **options)

    monkeypatch.setattr(socket, "getaddrinfo", without_network)
    desk.mailer.set(MailServer="nosuchhost.invalid")
    desk.refused(11001, desk.mailer.send(), "nosuchhost.invalid")
    desk.good_send(MailServer="127.0.0.1")


def test_a_refused_port(desk: Desk, closed_port: int):
    desk.mailer.set(MailPort=closed_port)
    desk.refused(10061, desk.mailer.send(), f"127.0.0.1 port {closed_port}")
    desk.good_send(MailPort=desk.server.port)


def test_no_server_and_no_port(desk: Desk):
    desk.mailer.set(MailServer="")
    desk.refused(163, desk.mailer.send(), "MailServer")
    desk.refused(116, ssmtp_set(desk.handle, P.MailPort, 0), "port")
    desk.good_send(MailServer="127.0.0.1")


def test_a_wrong_password_and_an_untrusted_server(loopback_identity: LoopbackIdentity):
    tls = loopback_identity.server_context()
    with ScriptedServer(users={"alice": "secret"}, tls=tls) as server, Mailer(server.port, User="alice") as mailer:
        mailer.set(Password="wrong")
        assert mailer.send() == 161
        assert "535" in mailer.error[1]
        mailer.set(Password="secret", SSLStartMode=2)
        assert mailer.send() == 280
        assert "Server certificate" in mailer.error[1]
        mailer.config(SSLCACertFilePaths=loopback_identity.ca_file)
        assert mailer.send() == 0, mailer.error
    assert [message.content for message in server.messages] == [CONTENT]


# -- certificates -----------------------------------------------------------------------------------------------------

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@dataclass
class People:
    """Certificates as of today, and the stores they are kept in."""

    directory: Path
    alice: Issued = field(default_factory=lambda: person("Alice"))
    expired: Issued = field(default_factory=lambda: person("Old", NOW - 9 * DAY, NOW - DAY))
    early: Issued = field(default_factory=lambda: person("Young", NOW + DAY, NOW + 9 * DAY))

    def pfx(self, who: Issued, password: str = "open", *, key: bool = True) -> bytes:
        private = who.key if key else None
        lock = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        return pkcs12.serialize_key_and_certificates(b"x", private, who.x509, None, lock)  # type: ignore[arg-type]

    def file(self, content: bytes) -> str:
        path = self.directory / f"store-{len(list(self.directory.iterdir()))}"
        path.write_bytes(content)
        return str(path)


def person(who: str, not_before: datetime = NOW - DAY, not_after: datetime = NOW + 9 * DAY) -> Issued:
    subject = name(("CN", who), ("E", f"{who.lower()}@example.test"))
    return issue(subject, rsa_key(), not_before=not_before, not_after=not_after)


def pem(who: Issued) -> bytes:
    return who.x509.public_bytes(Encoding.PEM)


def private_pem(who: Issued) -> bytes:
    return who.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    return People(tmp_path_factory.mktemp("stores"))


def select(desk: Desk, kind: int, store: str | bytes, password: str = "open", subject: str = "*") -> int:
    desk.mailer.set(CertStoreType=kind, CertStore=store, CertStorePassword=password)
    return ssmtp_set(desk.handle, P.CertSubject, subject)


@pytest.mark.parametrize("sign", [ssmtp_do_sign, ssmtp_do_signandencrypt])
@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ("missing file", ("no-such-file.pfx",)),
        ("directory", ("CertStore",)),
        ("corrupt file", ("CertStore",)),
        ("corrupt blob", ("CertStore",)),
        ("truncated file", ("CertStore",)),
        ("empty file", ("CertStore",)),
        ("wrong password", ("password",)),
        ("no password", ("password",)),
        ("windows store", ("Windows",)),
    ],
)
def test_a_store_that_cannot_be_opened(
    desk: Desk, people: People, problem: str, words: tuple[str, ...], sign: Callable[[int], int]
):
    good = people.pfx(people.alice)
    kind, store, password = {
        "missing file": (PFX_FILE, f"{people.directory}/no-such-file.pfx", "open"),
        "directory": (PFX_FILE, str(people.directory), "open"),
        "corrupt file": (PFX_FILE, people.file(b"this is no PFX"), "open"),
        "corrupt blob": (PFX_BLOB, good[:40] + bytes(40) + good[80:], "open"),
        "truncated file": (PFX_FILE, people.file(good[: len(good) // 2]), "open"),
        "empty file": (PFX_FILE, people.file(b""), "open"),
        "wrong password": (PFX_FILE, people.file(good), "letmein-7"),
        "no password": (PFX_BLOB, good, ""),
        "windows store": (0, "MY", ""),
    }[problem]
    code = select(desk, kind, store, password)
    desk.refused(20008 if problem == "windows store" else 271, code, *words)
    assert "letmein-7" not in desk.mailer.error[1]
    assert desk.mailer.get("CertSubject") == ""
    assert ssmtp_do_addrecipientcert(desk.handle, pem(people.alice)) == 0
    desk.refused(10199, sign(desk.handle), "CertSubject")
    desk.good_send(**IN_CLEAR)


def test_a_subject_that_fits_nobody(desk: Desk, people: People):
    desk.refused(272, select(desk, PFX_BLOB, people.pfx(people.alice), subject="Zoe"), "'Zoe'", "Alice")
    desk.refused(10199, ssmtp_do_sign(desk.handle))
    desk.good_send()


@pytest.mark.parametrize("kind", ["PFX", "PEM", "no certificate at all"])
def test_no_private_key(desk: Desk, people: People, kind: str):
    if kind == "PFX":
        select(desk, PFX_BLOB, people.pfx(people.alice, key=False), subject="Alice")
    elif kind == "PEM":
        select(desk, PEM_BLOB, pem(people.alice), subject="Alice")
    desk.refused(10199, ssmtp_do_sign(desk.handle), "private key" if kind != "no certificate at all" else "CertSubject")
    desk.good_send()


def test_nobody_to_encrypt_for(desk: Desk, people: People):
    desk.refused(10202, ssmtp_do_encrypt(desk.handle), "AddRecipientCert")
    assert select(desk, PFX_BLOB, people.pfx(people.alice)) == 0, desk.mailer.error
    desk.refused(10202, ssmtp_do_signandencrypt(desk.handle), "AddRecipientCert")
    desk.good_send(**IN_CLEAR)


@pytest.mark.parametrize(
    "certificate", [b"", "", b"nonsense", "bm90IGEgY2VydA==", b"-----BEGIN CERTIFICATE-----\nAAAA\n", 7]
)
def test_what_is_no_certificate(desk: Desk, certificate: Any):
    desk.refused(10280, ssmtp_do_addrecipientcert(desk.handle, certificate), "certificate")
    desk.refused(10202, ssmtp_do_encrypt(desk.handle))
    desk.good_send(**IN_CLEAR)


@pytest.mark.parametrize(("who", "words"), [("expired", "expired on"), ("early", "not valid before")])
def test_certificates_out_of_their_time(desk: Desk, people: People, who: str, words: str):
    other: Issued = getattr(people, who)
    assert ssmtp_do_addrecipientcert(desk.handle, pem(other)) == 0
    desk.refused(10202, ssmtp_do_encrypt(desk.handle), words, other.certificate.subject)
    assert select(desk, PFX_BLOB, people.pfx(other)) == 0, desk.mailer.error
    desk.refused(10199, ssmtp_do_sign(desk.handle), words, other.certificate.subject)
    desk.refused(10199, ssmtp_do_signandencrypt(desk.handle), words)
    # With a good signer the second half of the work fails, and the first one leaves no trace.
    assert select(desk, PFX_BLOB, people.pfx(people.alice)) == 0, desk.mailer.error
    desk.refused(10202, ssmtp_do_signandencrypt(desk.handle), words)
    desk.good_send(**IN_CLEAR)


@pytest.mark.parametrize(
    ("place", "method"), [("SigningAlgorithm", ssmtp_do_sign), ("EncryptingAlgorithm", ssmtp_do_encrypt)]
)
def test_an_unknown_algorithm(desk: Desk, people: People, place: str, method: Callable[[int], int]):
    assert select(desk, PFX_BLOB, people.pfx(people.alice)) == 0, desk.mailer.error
    assert ssmtp_do_addrecipientcert(desk.handle, pem(people.alice)) == 0
    desk.mailer.set(**{place: "ROT13"})
    desk.refused(10194, method(desk.handle), "ROT13")
    desk.good_send(**IN_CLEAR)


def test_a_failed_attempt_leaves_a_handle_that_signs_and_encrypts(desk: Desk, people: People):
    select(desk, PFX_FILE, f"{people.directory}/no-such-file.pfx")
    ssmtp_do_sign(desk.handle)
    ssmtp_do_encrypt(desk.handle)
    assert select(desk, PEM_BLOB, private_pem(people.alice) + pem(people.alice)) == 0, desk.mailer.error
    assert ssmtp_do_addrecipientcert(desk.handle, pem(people.alice)) == 0
    assert ssmtp_do_signandencrypt(desk.handle) == 0, desk.mailer.error
    assert desk.mailer.send() == 0, desk.mailer.error
    (message,) = desk.server.messages
    assert b"application/pkcs7-mime" in message.content
    assert b"Hello Bob" not in message.raw


# -- the interface itself ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unknown", [63, -1, 10**30, 2010, None, "nonsense", 1.5, object()])
def test_unknown_numbers(desk: Desk, unknown: Any):
    desk.refused(20002, ssmtp_set(desk.handle, unknown, "x"), "Unknown property")
    assert ssmtp_get(desk.handle, unknown) == ""
    assert ssmtp_get_last_error_code(desk.handle) == 20002
    desk.refused(20007, ssmtp_register_callback(desk.handle, unknown, print), "1 to 9")
    desk.good_send()


def test_unknown_setting(desk: Desk):
    for text in ("NoSuchSetting", "NoSuchSetting=1", "", "=", "=1"):
        assert ssmtp_do_config(desk.handle, text) == ""
        desk.refused(20006, ssmtp_get_last_error_code(desk.handle), "setting")
    desk.good_send()


def test_wrong_index(desk: Desk):
    for index in (-1, 1, 10**30, "x", "1.5", object()):
        desk.refused(20004, ssmtp_set(desk.handle, P.MessageRecipientType, index, 1), "index")
        assert ssmtp_get(desk.handle, P.MessageRecipientAddress, index) == ""
        assert ssmtp_get_last_error_code(desk.handle) == 20004
    desk.refused(20004, ssmtp_set(desk.handle, P.Subject, 1, "x"), "Subject")
    desk.good_send()


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("MailPort", "smtp"),
        ("MailPort", 65536),
        ("MailPort", -1),
        ("MailPort", 25.5),
        ("MailPort", [25]),
        ("Timeout", -1),
        ("Timeout", 10**30),
        ("SSLStartMode", 4),
        ("SSLEnabled", "perhaps"),
        ("AllowExtensions", object()),
        ("Importance", 9),
        ("MessageText", object()),
        ("MessageText", b"\xff"),
        ("Message", object()),
        ("Subject", {}),
        ("MessageRecipientCount", -1),
        ("MessageRecipientCount", 10**9),
    ],
)
def test_wrong_type_or_range(desk: Desk, place: str, value: Any):
    before = desk.mailer.get(place)
    desk.refused(20005, ssmtp_set(desk.handle, P[place], value), place)
    assert desk.mailer.get(place) == before
    desk.good_send()


@pytest.mark.parametrize("place", ["Version", "Idle", "LastReply", "MessageHeaderCount", "SSLServerCertEncoded"])
def test_read_only(desk: Desk, place: str):
    desk.refused(20003, ssmtp_set(desk.handle, P[place], "1"), place)
    desk.good_send()


def test_a_callback_that_cannot_be_called(desk: Desk):
    desk.refused(20005, ssmtp_register_callback(desk.handle, 5, "print"), "str")  # type: ignore[arg-type]
    desk.good_send()


def test_a_wrong_number_of_arguments_is_a_mistake_of_the_program(desk: Desk):
    for arguments in ((), (1, 2, 3)):
        with pytest.raises(TypeError):
            ssmtp_set(desk.handle, P.Subject, *arguments)  # type: ignore[call-overload]
    desk.good_send()


ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "register_callback": (5, None),
    "set": (P.Subject, "x"),
    "get": (P.Subject,),
    "do_config": ("Hello",),
    **dict.fromkeys(("do_addrecipientcert", "do_expand", "do_processqueue", "do_queue", "do_verify"), ("x",)),
}


@pytest.mark.parametrize("handle", ["closed", 0, -1, 10**30, None, "1", 1.0, True])
def test_every_function_refuses_a_handle_that_is_not_open(handle: Any):
    if handle == "closed":
        handle = ssmtp_open()
        assert ssmtp_close(handle) == 0
    functions = [each for each in procedural.__all__ if each.startswith("ssmtp_")]
    for function in functions:
        short = function.removeprefix("ssmtp_")
        if short in ("open", "get_last_error", "get_last_error_code"):
            continue
        outcome = getattr(procedural, function)(handle, *ARGUMENTS.get(short, ()))
        assert outcome == ("" if short in ("get", "do_config", "do_queue") else 20001), function
        assert ssmtp_get_last_error_code(handle) == 20001
        assert "handle" in ssmtp_get_last_error(handle)


def test_the_generated_certificates_are_what_they_claim(people: People):
    """Or the refusals above would have other reasons."""
    assert isinstance(people.alice.x509, x509.Certificate)
    assert people.expired.x509.not_valid_after_utc < NOW < people.early.x509.not_valid_before_utc
    assert people.alice.x509.not_valid_before_utc < NOW < people.alice.x509.not_valid_after_utc
