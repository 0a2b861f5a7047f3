"""Properties whose value follows from another one, or that change another one."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ssmtp_compat import (
    CertStoreTypes,
    ErrorCode,
    FirewallTypes,
    PropertyID,
    SSLStartModes,
    ssmtp_do_send,
    ssmtp_do_sign,
    ssmtp_set,
)
from unit.interface.scripts import put, refused, take, write_mail
from unit.pki.authority import Issued, issue, name
from wire.scripted_server import ScriptedServer

P = PropertyID

# -- TLS --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", list(SSLStartModes))
def test_ssl_enabled_follows_the_start_mode(handle: int, mode: SSLStartModes):
    put(handle, P.SSLStartMode, mode)
    assert take(handle, P.SSLEnabled) is (mode is not SSLStartModes.sslNone)


@pytest.mark.parametrize("mode", list(SSLStartModes))
def test_ssl_enabled_true_keeps_every_mode_that_has_tls(handle: int, mode: SSLStartModes):
    put(handle, P.SSLStartMode, mode)
    put(handle, P.SSLEnabled, True)
    expected = SSLStartModes.sslAutomatic if mode is SSLStartModes.sslNone else mode
    assert (take(handle, P.SSLStartMode), take(handle, P.SSLEnabled)) == (expected, True)


@pytest.mark.parametrize("mode", list(SSLStartModes))
def test_ssl_enabled_false_makes_the_mode_none(handle: int, mode: SSLStartModes):
    put(handle, P.SSLStartMode, mode)
    put(handle, P.SSLEnabled, False)
    assert (take(handle, P.SSLStartMode), take(handle, P.SSLEnabled)) == (SSLStartModes.sslNone, False)


def test_refused_mode_leaves_both_as_they_were(handle: int):
    put(handle, P.SSLStartMode, SSLStartModes.sslExplicit)
    refused(handle, ssmtp_set(handle, P.SSLStartMode, 4), ErrorCode.INVALID_VALUE)
    refused(handle, ssmtp_set(handle, P.SSLEnabled, "maybe"), ErrorCode.INVALID_VALUE)
    assert (take(handle, P.SSLStartMode), take(handle, P.SSLEnabled)) == (2, True)


# -- the proxy --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "port"),
    [
        (FirewallTypes.fwNone, 0),
        (FirewallTypes.fwTunnel, 80),
        (FirewallTypes.fwSOCKS4, 1080),
        (FirewallTypes.fwSOCKS5, 1080),
        (FirewallTypes.fwSOCKS4A, 1080),
    ],
)
def test_firewall_type_sets_the_usual_port(handle: int, kind: FirewallTypes, port: int):
    put(handle, P.FirewallPort, 9)
    put(handle, P.FirewallType, kind)
    assert (take(handle, P.FirewallType), take(handle, P.FirewallPort)) == (kind, port)
    put(handle, P.FirewallPort, 3128)
    assert (take(handle, P.FirewallType), take(handle, P.FirewallPort)) == (kind, 3128)


def test_refused_firewall_type_leaves_the_port(handle: int):
    put(handle, P.FirewallPort, 3128)
    refused(handle, ssmtp_set(handle, P.FirewallType, 4), ErrorCode.INVALID_VALUE)
    assert take(handle, P.FirewallPort) == 3128


# -- Message and MessageText ------------------------------------------------------------------------------------------


def test_message_goes_before_message_text_until_it_is_emptied(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    put(handle, P.Message, b"Subject: whole\r\nX-Own: yes\r\n\r\nwhole body\r\n")
    assert ssmtp_do_send(handle) == 0
    put(handle, P.Message, "")
    assert ssmtp_do_send(handle) == 0
    whole, composed = (message.content for message in server.messages)
    assert whole == b"Subject: whole\r\nX-Own: yes\r\n\r\nwhole body\r\n"
    assert b"Subject: Greetings\r\n" in composed
    assert composed.endswith(b"\r\n\r\nHello Bob\r\n")


def test_message_and_message_text_read_back_by_themselves(handle: int):
    put(handle, P.Message, b"A: b\n\nwhole")
    put(handle, P.MessageText, "text")
    assert (take(handle, P.Message), take(handle, P.MessageText)) == (b"A: b\n\nwhole", "text")


def test_sender_of_a_whole_message_comes_from_the_properties(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    put(handle, P.Message, b"From: other@example.test\r\nTo: eve@example.test\r\n\r\nbody")
    put(handle, P.ReturnPath, "bounces@example.test")
    assert ssmtp_do_send(handle) == 0
    (message,) = server.messages
    assert (message.sender, message.recipients) == ("bounces@example.test", ["bob@example.test"])


def test_null_return_path(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    put(handle, P.ReturnPath, "<>")
    assert ssmtp_do_send(handle) == 0
    assert server.messages[0].sender == ""
    assert b"Return-Path" not in server.messages[0].content


# -- the signing certificate ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def signer() -> Issued:
    return issue(name(("CN", "Signer")), ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture(scope="module")
def stranger() -> Issued:
    return issue(name(("CN", "Stranger")), ec.generate_private_key(ec.SECP256R1()))


def open_store(handle: int, signer: Issued) -> None:
    key = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    put(handle, P.CertStoreType, CertStoreTypes.cstPEMKeyBlob)
    put(handle, P.CertStore, key + signer.certificate.pem())


@pytest.mark.parametrize("text", ["*", "Signer", "sign", "CN=Signer", "cn=signer"])
def test_subject_selects_and_reads_as_the_whole_subject(handle: int, signer: Issued, text: str):
    open_store(handle, signer)
    put(handle, P.CertSubject, text)
    assert take(handle, P.CertSubject) == "CN=Signer"
    assert take(handle, P.CertEncoded) == signer.certificate.pem()


def test_subject_that_fits_nothing_selects_nothing(handle: int, signer: Issued):
    open_store(handle, signer)
    put(handle, P.CertSubject, "*")
    refused(handle, ssmtp_set(handle, P.CertSubject, "Nobody"), ErrorCode.CERTIFICATE_NOT_FOUND)
    assert (take(handle, P.CertSubject), take(handle, P.CertEncoded)) == ("", b"")
    refused(handle, ssmtp_do_sign(handle), ErrorCode.NO_SIGNING_CERTIFICATE)


def test_empty_subject_selects_nothing(handle: int, signer: Issued):
    open_store(handle, signer)
    put(handle, P.CertSubject, "*")
    put(handle, P.CertSubject, "")
    assert (take(handle, P.CertSubject), take(handle, P.CertEncoded)) == ("", b"")


def test_stores_of_windows_are_refused_in_words(handle: int):
    text = refused(handle, ssmtp_set(handle, P.CertSubject, "*"), ErrorCode.NOT_SUPPORTED)
    assert "Windows" in text


@pytest.mark.parametrize("change", [(P.CertStore, b"other"), (P.CertStoreType, 2), (P.CertStorePassword, "other")])
def test_another_store_forgets_what_was_selected(handle: int, signer: Issued, change: tuple[PropertyID, object]):
    open_store(handle, signer)
    put(handle, P.CertSubject, "*")
    put(handle, *change)
    assert (take(handle, P.CertSubject), take(handle, P.CertEncoded)) == ("", b"")


@pytest.mark.parametrize("form", ["pem", "text", "der", "base64"])
def test_certificate_itself_selects_with_the_key_of_the_store(handle: int, signer: Issued, form: str):
    open_store(handle, signer)
    pem, der = signer.certificate.pem(), signer.certificate.der
    encoded = {"pem": pem, "text": pem.decode(), "der": der, "base64": base64.b64encode(der).decode()}[form]
    put(handle, P.CertEncoded, encoded)
    assert take(handle, P.CertEncoded) == pem
    assert take(handle, P.CertSubject) == "CN=Signer"


def test_certificate_without_its_key_shows_no_subject_and_cannot_sign(handle: int, signer: Issued, stranger: Issued):
    open_store(handle, signer)
    put(handle, P.CertEncoded, stranger.certificate.pem())
    assert (take(handle, P.CertEncoded), take(handle, P.CertSubject)) == (stranger.certificate.pem(), "")
    refused(handle, ssmtp_do_sign(handle), ErrorCode.NO_SIGNING_CERTIFICATE)


def test_certificate_is_held_without_any_store(handle: int, signer: Issued):
    put(handle, P.CertEncoded, signer.certificate.pem())
    assert (take(handle, P.CertEncoded), take(handle, P.CertSubject)) == (signer.certificate.pem(), "")
    put(handle, P.CertEncoded, b"")
    assert take(handle, P.CertEncoded) == b""


def test_what_is_no_certificate_leaves_the_old_one(handle: int, signer: Issued):
    open_store(handle, signer)
    put(handle, P.CertSubject, "*")
    refused(handle, ssmtp_set(handle, P.CertEncoded, "no certificate"), ErrorCode.CERTIFICATE_DECODING)
    assert (take(handle, P.CertEncoded), take(handle, P.CertSubject)) == (signer.certificate.pem(), "CN=Signer")
