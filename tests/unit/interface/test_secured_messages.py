"""Signing and encrypting one message after another on one handle."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ssmtp_compat import (
    PropertyID,
    ssmtp_do_addrecipientcert,
    ssmtp_do_config,
    ssmtp_do_encrypt,
    ssmtp_do_processqueue,
    ssmtp_do_queue,
    ssmtp_do_send,
    ssmtp_do_sign,
    ssmtp_do_signandencrypt,
    ssmtp_get,
    ssmtp_get_last_error,
)
from unit.interface.scripts import put, take
from unit.pki.authority import issue, name
from wire.scripted_server import ScriptedServer


@pytest.fixture(scope="module")
def signer():
    return issue(name(("CN", "Signer")), emails=("signer@example.test",))


@pytest.fixture
def secured(handle: int, signer) -> int:
    """A handle that can sign and encrypt."""
    put(handle, PropertyID.CertStoreType, 7)
    key = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    put(handle, PropertyID.CertStore, key + signer.certificate.pem())
    put(handle, PropertyID.CertSubject, "*")
    assert ssmtp_do_addrecipientcert(handle, signer.certificate.der) == 0
    put(handle, PropertyID.OtherHeaders, "X-Kept: yes\r\nContent-Type: text/html; charset=utf-8")
    put(handle, PropertyID.MessageText, "<p>erste ä")
    return handle


@pytest.mark.parametrize("secure", [ssmtp_do_sign, ssmtp_do_encrypt, ssmtp_do_signandencrypt])
def test_a_new_text_gets_its_own_headers_back(secured: int, secure):
    before = take(secured, PropertyID.OtherHeaders)
    assert secure(secured) == 0, ssmtp_get_last_error(secured)
    assert take(secured, PropertyID.OtherHeaders) != before
    put(secured, PropertyID.MessageText, "<p>zweite")
    assert take(secured, PropertyID.OtherHeaders) == before
    assert secure(secured) == 0, ssmtp_get_last_error(secured)


def test_sign_then_encrypt_goes_back_to_what_the_caller_gave(secured: int):
    before = take(secured, PropertyID.OtherHeaders)
    assert ssmtp_do_sign(secured) == 0
    assert ssmtp_do_encrypt(secured) == 0
    put(secured, PropertyID.MessageText, "<p>zweite")
    assert take(secured, PropertyID.OtherHeaders) == before


def test_headers_that_the_caller_set_since_stay(secured: int):
    assert ssmtp_do_sign(secured) == 0
    put(secured, PropertyID.OtherHeaders, "X-New: yes")
    put(secured, PropertyID.MessageText, "zweite")
    assert take(secured, PropertyID.OtherHeaders) == "X-New: yes"


@pytest.mark.parametrize("secure", [ssmtp_do_sign, ssmtp_do_encrypt, ssmtp_do_signandencrypt])
def test_message_is_not_sent_in_clear_in_place_of_the_secured_text(secured: int, secure):
    put(secured, PropertyID.Message, b"Subject: s\r\n\r\ntop secret")
    assert secure(secured) == 20005
    assert "Message is set" in ssmtp_get_last_error(secured)
    assert ssmtp_get(secured, PropertyID.MessageText) == "<p>erste ä"


@pytest.mark.parametrize("code_page", [65000, 65001, 1200, 1252])
def test_what_was_encrypted_is_not_encoded_again(secured: int, server: ScriptedServer, code_page: int):
    ssmtp_do_config(secured, f"CodePage={code_page}")
    assert ssmtp_do_encrypt(secured) == 0, ssmtp_get_last_error(secured)
    for property_id, value in {
        PropertyID.MailServer: server.host,
        PropertyID.MailPort: server.port,
        PropertyID.From: "a@example.test",
        PropertyID.SendTo: "b@example.test",
    }.items():
        put(secured, property_id, value)
    text = take(secured, PropertyID.MessageText)
    assert ssmtp_do_send(secured) == 0, ssmtp_get_last_error(secured)
    server.wait_closed()
    assert server.messages[0].content.partition(b"\r\n\r\n")[2] == text.encode("ascii")


@pytest.mark.parametrize("secure", [ssmtp_do_sign, ssmtp_do_encrypt, ssmtp_do_signandencrypt])
def test_it_is_queued_as_it_would_be_sent_and_in_little_memory(secured: int, secure, tmp_path: Path):
    put(secured, PropertyID.MessageText, "Ein Absatz mit Umlauten: ä, ö, ü.\r\n" * 100_000)
    put(secured, PropertyID.From, "signer@example.test")
    put(secured, PropertyID.SendTo, "bob@example.test")
    put(secured, PropertyID.MailServer, "127.0.0.1")
    put(secured, PropertyID.MessageId, "<1@example.test>")
    put(secured, PropertyID.MessageDate, "Mon, 1 Jun 2026 12:00:00 +0000")
    assert secure(secured) == 0, ssmtp_get_last_error(secured)
    tracemalloc.start()
    try:
        name = ssmtp_do_queue(secured, str(tmp_path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1_500_000 < (tmp_path / name).stat().st_size
    with ScriptedServer() as server:
        put(secured, PropertyID.MailPort, server.port)
        assert ssmtp_do_send(secured) == 0, ssmtp_get_last_error(secured)
        assert ssmtp_do_processqueue(secured, str(tmp_path)) == 0, ssmtp_get_last_error(secured)
    sent, queued = (message.content for message in server.messages)
    assert sent == queued
