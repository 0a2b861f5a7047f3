"""A message that was to be encrypted and could not be does not go out in the clear, whatever the script does next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from ssmtp_compat import (
    PropertyID,
    handles,
    ssmtp_do_addrecipientcert,
    ssmtp_do_encrypt,
    ssmtp_do_reset,
    ssmtp_do_send,
    ssmtp_do_sendtoterminalandemail,
    ssmtp_do_sendtoterminalonly,
    ssmtp_do_sendtoterminaloremail,
    ssmtp_do_sign,
    ssmtp_do_signandencrypt,
)
from unit.pki.authority import Issued, issue, name, rsa_key
from wire.mailer import MESSAGE, Mailer
from wire.scripted_server import ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaks")

DAY = timedelta(days=1)
TODAY = datetime.now(UTC).replace(microsecond=0)


def person(who: str, **changes: object) -> Issued:
    usual = {"key": rsa_key(), "not_before": TODAY - DAY, "not_after": TODAY + DAY}
    return issue(name(("CN", who)), **{**usual, **changes})


def add(mailer: Mailer, owner: Issued) -> None:
    assert ssmtp_do_addrecipientcert(mailer.handle, owner.certificate.pem()) == 0, mailer.error


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def mailer(server: ScriptedServer) -> Iterator[Mailer]:
    with Mailer(server.port) as opened:
        yield opened


@pytest.mark.parametrize("encrypt", [ssmtp_do_encrypt, ssmtp_do_signandencrypt])
@pytest.mark.parametrize(
    "send",
    [
        ssmtp_do_send,
        ssmtp_do_sendtoterminalonly,
        ssmtp_do_sendtoterminaloremail,
        ssmtp_do_sendtoterminalandemail,
    ],
)
def test_a_script_that_overlooks_the_failure_sends_nothing(
    server: ScriptedServer, mailer: Mailer, encrypt: Callable[[int], int], send: Callable[[int], int]
):
    code = encrypt(mailer.handle)
    assert code in (10199, 10202)
    assert send(mailer.handle) == code
    assert "not sent in the clear" in mailer.error[1]
    assert send(mailer.handle) == code
    assert server.connections == []
    assert mailer.get("MessageText") == MESSAGE["MessageText"]


def test_one_recipient_whose_certificate_cannot_be_used_keeps_the_message_from_all(
    server: ScriptedServer, mailer: Mailer
):
    add(mailer, person("Bob"))
    add(mailer, person("Old", not_after=TODAY - timedelta(hours=1)))
    assert ssmtp_do_encrypt(mailer.handle) == 10202
    assert ssmtp_do_send(mailer.handle) == 10202
    assert server.connections == []
    mailer.config(CheckCertificateDates=False)
    assert ssmtp_do_encrypt(mailer.handle) == 0, mailer.error
    assert ssmtp_do_send(mailer.handle) == 0, mailer.error
    (message,) = server.messages
    assert b"application/pkcs7-mime" in message.content
    assert b"Hello Bob" not in message.raw


def test_message_in_the_way_of_encryption_is_not_sent_either(server: ScriptedServer, mailer: Mailer):
    add(mailer, person("Bob"))
    mailer.set(Message=b"Subject: raw\r\n\r\nHello Bob\r\n")
    assert ssmtp_do_encrypt(mailer.handle) == 20005
    assert ssmtp_do_send(mailer.handle) == 20005
    assert server.connections == []


@pytest.mark.parametrize(
    "change", [{"MessageText": MESSAGE["MessageText"]}, {"Message": b"Subject: raw\r\n\r\nHello Bob\r\n"}]
)
def test_a_text_that_is_set_again_may_go_out_as_it_is(server: ScriptedServer, mailer: Mailer, change: dict):
    assert ssmtp_do_encrypt(mailer.handle) == 10202
    mailer.set(**change)
    assert ssmtp_do_send(mailer.handle) == 0, mailer.error
    assert b"Hello Bob" in server.messages[0].content


@pytest.mark.parametrize("between", [b"", b"Subject: raw\r\n\r\nanother\r\n"])
def test_a_message_that_is_emptied_does_not_let_the_text_out(server: ScriptedServer, mailer: Mailer, between: bytes):
    """What Encrypt says of a Message in its way is: empty it."""
    add(mailer, person("Bob"))
    mailer.set(Message=b"Subject: raw\r\n\r\nin the way\r\n")
    assert ssmtp_do_encrypt(mailer.handle) == 20005
    mailer.set(Message=between)
    assert ssmtp_do_send(mailer.handle) == (0 if between else 20005)
    mailer.set(Message=b"")
    assert ssmtp_do_send(mailer.handle) == 20005
    assert all(b"Hello Bob" not in message.content for message in server.messages)


@pytest.mark.parametrize("name", ["Message", "MessageText"])
def test_another_thread_sends_what_was_before_a_change_or_behind_it(
    mailer: Mailer, name: str, monkeypatch: pytest.MonkeyPatch
):
    settings = handles.invoke(mailer.handle, lambda client: client.settings, lambda _: None)
    put, free = settings.put, []

    def looking(key: PropertyID, value: object) -> None:
        def look() -> None:
            free.append(settings.lock.acquire(blocking=False))  # as Send does before it reads a message

        other = threading.Thread(target=look)
        other.start()
        other.join()
        put(key, value)

    monkeypatch.setattr(settings, "put", looking)
    mailer.set(**{name: "x"})
    assert free == [False]


def test_reset_forgets_the_failure(server: ScriptedServer, mailer: Mailer):
    assert ssmtp_do_encrypt(mailer.handle) == 10202
    assert ssmtp_do_reset(mailer.handle) == 0
    mailer.set(MailServer="127.0.0.1", MailPort=server.port, From="a@x.example", SendTo="b@x.example")
    assert ssmtp_do_send(mailer.handle) == 0, mailer.error


def test_signing_that_fails_keeps_nothing_secret(server: ScriptedServer, mailer: Mailer):
    assert ssmtp_do_sign(mailer.handle) == 10199
    assert ssmtp_do_send(mailer.handle) == 0, mailer.error


@pytest.mark.parametrize(
    ("owner", "code", "words", "setting"),
    [
        (lambda: person("Signer", usage=["digital_signature"]), 10201, "not for encryption", "CheckCertificatePurpose"),
        (lambda: person("Short", key=rsa.generate_private_key(65537, 1024)), 10223, "too weak", "MinimumRSAKeyBits"),
    ],
)
def test_certificates_for_something_else_and_weak_ones_can_be_allowed(
    mailer: Mailer, owner: Callable[[], Issued], code: int, words: str, setting: str
):
    mailer.config(MinimumRSAKeyBits=2048)
    add(mailer, owner())
    assert ssmtp_do_encrypt(mailer.handle) == code
    assert words in mailer.error[1]
    mailer.config(**{setting: 0})
    assert ssmtp_do_encrypt(mailer.handle) == 0, mailer.error
