"""What a script has set becomes the message, its envelope, and the orders to signer and recipients."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from ssmtp_compat.catalog.config import SETTINGS
from ssmtp_compat.catalog.enums import CertStoreTypes, Importance, Priority, PropertyID, RecipientTypes, Sensitivity
from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.catalog.properties import PROPERTIES
from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.message.addresses import Group, Mailbox
from ssmtp_compat.message.compose import MessageSpec
from ssmtp_compat.pki.stores.opening import StoreFormat
from ssmtp_compat.settings import views
from ssmtp_compat.settings.store import Settings
from ssmtp_compat.smime.key_transport import PKCS1, oaep_named
from ssmtp_compat.smime.suitability import CertificateRules
from ssmtp_compat.smtp.dsn import MessageDsn
from ssmtp_compat.smtp.envelope import Role
from ssmtp_compat.smtp.options import DeliveryOptions

P = PropertyID
NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=timezone(timedelta(hours=2)))
SEED = bytes(32)


def put(settings: Settings, key: PropertyID | str, value: Any, index: int | None = None) -> None:
    if isinstance(key, str):
        settings.set_setting(SETTINGS[key.lower()], value)
    else:
        settings.set(PROPERTIES[key], value, index)


def spec(settings: Settings) -> MessageSpec:
    return views.message_spec(settings, NOW, SEED)


def mailbox(name: str) -> Mailbox:
    return Mailbox("", name, "example.test")


# -- the message ------------------------------------------------------------------------------------------------------


def test_fresh_message_has_a_date_and_an_identifier_and_nothing_else(settings: Settings):
    made = spec(settings)
    assert made.date == "Mon, 01 Jun 2026 12:00:00 +0200"
    assert made.message_id.endswith("@localhost>")
    assert (made.from_, made.to, made.cc, made.reply_to, made.subject, made.body) == ((), (), (), (), "", b"")


@pytest.mark.parametrize(
    ("key", "value", "field", "expected"),
    [
        (P.From, "alice@example.test", "from_", (mailbox("alice"),)),
        (P.SendTo, "bob@example.test", "to", (mailbox("bob"),)),
        (P.Cc, "T: a@example.test;", "cc", (Group("T", (mailbox("a"),)),)),
        (P.ReplyTo, "r@example.test", "reply_to", (mailbox("r"),)),
        (P.ReadReceiptTo, "r@example.test", "disposition_notification_to", (mailbox("r"),)),
        (P.DeliveryNotificationTo, "r@example.test", "return_receipt_to", (mailbox("r"),)),
        (P.Subject, "Grüße", "subject", "Grüße"),
        (P.MessageDate, "yesterday", "date", "yesterday"),
        (P.MessageDate, "", "date", ""),
        (P.MessageId, "a@b", "message_id", "<a@b>"),
        (P.MessageId, "", "message_id", ""),
        (P.OtherHeaders, "X-A: b", "other_headers", "X-A: b"),
        (P.MessageText, "Grüße", "body", "Grüße".encode()),
        (P.Importance, Importance.miHigh, "importance", "high"),
        (P.Importance, Importance.miNormal, "importance", "normal"),
        (P.Importance, Importance.miLow, "importance", "low"),
        (P.Priority, Priority.epNormal, "priority", "normal"),
        (P.Priority, Priority.epUrgent, "priority", "urgent"),
        (P.Priority, Priority.epNonUrgent, "priority", "non-urgent"),
        (P.Sensitivity, Sensitivity.esPersonal, "sensitivity", "Personal"),
        (P.Sensitivity, Sensitivity.esPrivate, "sensitivity", "Private"),
        (P.Sensitivity, Sensitivity.esCompanyConfidential, "sensitivity", "Company-Confidential"),
        ("Charset", "iso-8859-1", "header_charset", "iso-8859-1"),
        ("MaxHeaderLength", "70", "line_limit", 70),
    ],
)
def test_each_value_has_its_part_of_the_message(settings: Settings, key: Any, value: Any, field: str, expected: Any):
    before = getattr(spec(settings), field)
    put(settings, key, value)
    assert getattr(spec(settings), field) == expected != before


@pytest.mark.parametrize("key", [P.Importance, P.Priority, P.Sensitivity])
def test_unspecified_makes_no_field(settings: Settings, key: PropertyID):
    put(settings, key, 1)
    put(settings, key, 0)
    assert getattr(spec(settings), key.name.lower()) == ""


def test_blind_recipients_are_no_part_of_the_message(settings: Settings):
    put(settings, P.BCc, "spy@example.test")
    assert "spy" not in repr(spec(settings))


def test_code_page_decides_octets_and_charset_of_the_body(settings: Settings):
    put(settings, P.MessageText, "Grüße")
    put(settings, "CodePage", "1252")
    made = spec(settings)
    assert (made.body, made.body_charset) == (b"Gr\xfc\xdfe", "windows-1252")
    put(settings, P.MessageText, "你好")
    with pytest.raises(SSMTPError) as caught:
        spec(settings)
    assert caught.value.code is ErrorCode.CODE_PAGE


def test_identifier_follows_its_algorithm_and_the_sender(settings: Settings):
    put(settings, P.From, "T: x@example.test;, alice@second.test")
    lengths = {}
    for number, hash_name in SETTINGS["messageidalgorithm"].choices:
        put(settings, "MessageIdAlgorithm", str(number))
        left, _, right = spec(settings).message_id.strip("<>").partition("@")
        lengths[hash_name] = len(left)
        assert right == "example.test"
    assert lengths.pop("RIPEMD160") in (40, 64)  # SHA-256 stands in where OpenSSL lacks it
    assert lengths == {"None": 64, "SHA1": 40, "SHA224": 56, "SHA256": 64, "SHA384": 96, "SHA512": 128}
    assert views.message_spec(settings, NOW, b"other seed").message_id != spec(settings).message_id


# -- the envelope -----------------------------------------------------------------------------------------------------


def test_reverse_path_is_the_first_sender(settings: Settings):
    put(settings, P.From, "Alice <alice@example.test>, second@example.test")
    assert views.reverse_path(settings) == Mailbox("Alice", "alice", "example.test")
    put(settings, P.From, "Team: x@example.test;, Alice <alice@example.test>")  # RFC 6854 allows a group
    assert views.reverse_path(settings) == mailbox("x")


def test_return_path_goes_before_the_sender(settings: Settings):
    put(settings, P.From, "alice@example.test")
    put(settings, P.ReturnPath, " bounces@example.test ")
    assert views.reverse_path(settings) == mailbox("bounces")
    put(settings, P.ReturnPath, "<>")
    assert views.reverse_path(settings) is None


@pytest.mark.parametrize("sender", ["", "T:;"])
def test_message_needs_a_sender(settings: Settings, sender: str):
    put(settings, P.From, sender)
    with pytest.raises(SSMTPError) as caught:
        views.reverse_path(settings)
    assert caught.value.code is ErrorCode.NO_SENDER


@pytest.mark.parametrize(("key", "value"), [(P.From, "a b"), (P.ReturnPath, "a@example.test, b@example.test")])
def test_malformed_sender_is_refused_by_name(settings: Settings, key: PropertyID, value: str):
    put(settings, key, value)
    with pytest.raises(SSMTPError, match=key.name) as caught:
        views.reverse_path(settings)
    assert caught.value.code is ErrorCode.INVALID_ADDRESS


def test_recipients_are_ordered_by_role_and_named_once(settings: Settings):
    put(settings, P.BCc, "d@example.test, a@example.test")
    put(settings, P.Cc, "T: c@example.test;, A <a@example.test>")
    put(settings, P.SendTo, "a@example.test, b@example.test, a@example.test")
    put(settings, P.MessageRecipientCount, 8)
    put(settings, P.MessageRecipientAddress, "e@example.test", 7)
    put(settings, P.MessageRecipientType, RecipientTypes.rtTo, 7)
    found = [(entry.local_part, role) for entry, role, _ in views.recipients(settings)]
    assert found == [("a", Role.TO), ("b", Role.TO), ("e", Role.TO), ("c", Role.CC), ("d", Role.BCC)]


def test_delivery_options(settings: Settings):
    assert views.delivery_options(settings) == DeliveryOptions(stop_on_refusal=frozenset({Role.TO, Role.CC}))
    for text in (
        "StopOnToErrors=0",
        "StopOnCcErrors=0",
        "StopOnBccErrors=1",
        "AllowEmptyTo=1",
        "SendRSET=0",
        "UseChunking=1",
    ):
        put(settings, *text.split("="))
    assert views.delivery_options(settings) == DeliveryOptions(
        stop_on_refusal=frozenset({Role.BCC}), allow_empty_to=True, reset_after_failure=False, use_chunking=True
    )


def test_notifications_that_are_asked_for(settings: Settings):
    assert views.message_dsn(settings) == MessageDsn()
    put(settings, "DSNReturn", "hdrs")
    put(settings, "DSNEnvelopeId", "a b")
    put(settings, P.DeliveryNotificationTo, "n@example.test")
    asked = MessageDsn(ret="HDRS", envelope_id="a b", notify=("SUCCESS", "FAILURE"))
    assert views.message_dsn(settings) == asked


def test_the_options_of_an_address_are_the_first_it_has_anywhere(settings: Settings):
    put(settings, P.SendTo, "a@example.test, b@example.test, A@example.test")
    put(settings, P.Cc, "a@EXAMPLE.test, b@example.test")
    put(settings, P.MessageRecipientOptions, " ", 0)
    put(settings, P.MessageRecipientOptions, "NOTIFY=DELAY", 3)
    put(settings, P.MessageRecipientOptions, "NOTIFY=SUCCESS", 1)
    put(settings, P.MessageRecipientOptions, "NOTIFY=NEVER", 4)
    found = [(entry.local_part, role, dsn.notify) for entry, role, dsn in views.recipients(settings)]
    assert found == [("a", Role.TO, ("DELAY",)), ("b", Role.TO, ("SUCCESS",)), ("A", Role.TO, ())]


# -- signing and encrypting -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "store_format", "is_file"),
    [
        (CertStoreTypes.cstPFXFile, StoreFormat.PFX, True),
        (CertStoreTypes.cstPFXBlob, StoreFormat.PFX, False),
        (CertStoreTypes.cstJKSFile, StoreFormat.JKS, True),
        (CertStoreTypes.cstJKSBlob, StoreFormat.JKS, False),
        (CertStoreTypes.cstPEMKeyFile, StoreFormat.PEM, True),
        (CertStoreTypes.cstPEMKeyBlob, StoreFormat.PEM, False),
        (CertStoreTypes.cstPublicKeyFile, StoreFormat.PUBLIC, True),
        (CertStoreTypes.cstPublicKeyBlob, StoreFormat.PUBLIC, False),
        (CertStoreTypes.cstP7BFile, StoreFormat.P7B, True),
        (CertStoreTypes.cstP7BBlob, StoreFormat.P7B, False),
        (CertStoreTypes.cstAuto, StoreFormat.AUTO, False),
        (CertStoreTypes.cstSSHPublicKeyFile, StoreFormat.SSH_PUBLIC, True),
        (CertStoreTypes.cstSSHPublicKeyBlob, StoreFormat.SSH_PUBLIC, False),
        (CertStoreTypes.cstPPKFile, StoreFormat.PPK, True),
        (CertStoreTypes.cstPPKBlob, StoreFormat.PPK, False),
        (CertStoreTypes.cstXMLFile, StoreFormat.XML, True),
        (CertStoreTypes.cstXMLBlob, StoreFormat.XML, False),
        (CertStoreTypes.cstJWKFile, StoreFormat.JWK, True),
        (CertStoreTypes.cstJWKBlob, StoreFormat.JWK, False),
        (CertStoreTypes.cstSecurityKey, StoreFormat.PKCS11, False),
    ],
)
def test_store_is_a_path_or_the_content_itself(settings: Settings, kind: int, store_format: StoreFormat, is_file: bool):
    put(settings, P.CertStoreType, kind)
    put(settings, P.CertStore, "Schlüssel.pem")
    put(settings, P.CertStorePassword, "hunter2")
    source = views.certificate_store(settings, views.SIGNER)
    assert (source.format, source.password) == (store_format, "hunter2")
    path_and_content = ("Schlüssel.pem", None) if is_file else (None, "Schlüssel.pem".encode())
    assert (source.path, source.content) == path_and_content


@pytest.mark.parametrize(
    ("kind", "blob"), [(2, 3), (4, 5), (6, 7), (8, 9), (11, 12), (13, 10), (14, 15), (16, 17), (18, 19)]
)
@pytest.mark.parametrize("content", ["-----BEGIN PRIVATE KEY-----\nhunter2", b"\x30\x82\x00hunter2"])
def test_content_where_a_path_belongs_is_refused_without_being_shown(
    settings: Settings, kind: int, blob: int, content: Any
):
    put(settings, P.CertStoreType, kind)
    put(settings, P.CertStore, content)
    with pytest.raises(SSMTPError, match=f"CertStoreType {blob} takes the content") as caught:
        views.certificate_store(settings, views.SIGNER)
    assert caught.value.code is ErrorCode.CANNOT_OPEN_STORE
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("kind", [CertStoreTypes.cstUser, CertStoreTypes.cstMachine])
def test_other_kinds_of_store_are_refused_in_words(settings: Settings, kind: int):
    put(settings, P.CertStoreType, kind)
    with pytest.raises(SSMTPError, match=f"CertStoreType (is )?{int(kind)}\\b") as caught:
        views.certificate_store(settings, views.SIGNER)
    assert caught.value.code is ErrorCode.NOT_SUPPORTED


def test_orders_to_the_recipients_engine(settings: Settings):
    now = NOW.astimezone(UTC)
    plain = views.recipients_spec(settings, (), now)
    assert (plain.certificates, plain.now, plain.rules) == ((), now, CertificateRules())
    put(settings, "CheckCertificateDates", "False")
    put(settings, P.EncryptingAlgorithm, "3des")
    changed = views.recipients_spec(settings, (), now)
    assert changed.rules == CertificateRules(check_dates=False)
    assert changed.cipher != plain.cipher
    put(settings, P.EncryptingAlgorithm, "ROT13")
    with pytest.raises(SSMTPError) as caught:
        views.recipients_spec(settings, (), now)
    assert caught.value.code is ErrorCode.UNSUPPORTED_ALGORITHM


def test_the_hash_of_oaep_counts_when_oaep_is_used(settings: Settings):
    now = NOW.astimezone(UTC)
    put(settings, "OAEPHashAlgorithm", "sha-384")
    assert views.recipients_spec(settings, (), now).transport == PKCS1
    put(settings, "UseOAEP", "True")
    # By their octets: cryptography 47 takes one OAEP for another one than the next.
    transport = views.recipients_spec(settings, (), now).transport
    assert transport.algorithm_der == oaep_named("SHA384").algorithm_der
    put(settings, "OAEPHashAlgorithm", "MD5")
    with pytest.raises(SSMTPError, match="'MD5'") as caught:
        views.recipients_spec(settings, (), now)
    assert caught.value.code is ErrorCode.UNSUPPORTED_ALGORITHM


def test_orders_to_the_signer(settings: Settings, signer: Any):
    now = NOW.astimezone(UTC)
    plain = views.signer_spec(settings, signer, now)
    assert (plain.key_pair, plain.signing_time, plain.digest.micalg) == (signer, now, "sha-256")
    assert (plain.include_certificate, plain.include_chain, plain.rules) == (True, False, CertificateRules())
    put(settings, P.IncludeCertificate, False)
    put(settings, P.IncludeChain, True)
    put(settings, "CheckCertificateDates", "no")
    put(settings, "CheckCertificatePurpose", "no")
    put(settings, "MinimumRSAKeyBits", "768")
    put(settings, P.SigningAlgorithm, "sha512")
    changed = views.signer_spec(settings, signer, now)
    assert changed.digest.micalg == "sha-512"
    assert (changed.include_certificate, changed.include_chain) == (False, True)
    assert changed.rules == CertificateRules(check_dates=False, check_purpose=False, minimum_rsa_bits=768)
    assert (plain.detached, plain.use_pss) == (True, False)
    put(settings, "DetachedSignature", "False")
    put(settings, "UsePSS", "True")
    assert (views.signer_spec(settings, signer, now).detached, views.signer_spec(settings, signer, now).use_pss) == (
        False,
        True,
    )
