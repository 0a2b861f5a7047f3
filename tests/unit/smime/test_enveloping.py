from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from asn1crypto import cms
from cryptography.x509.oid import ExtendedKeyUsageOID

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError, SSMTPError
from ssmtp_compat.smime.ciphers import CIPHERS, ContentCipher, cipher_named
from ssmtp_compat.smime.enveloping import RecipientsSpec, encrypt
from ssmtp_compat.smime.suitability import CertificateRules
from unit.pki.authority import NOW, Issued, issue, name
from unit.smime.openssl_judge import Judge

CONTENT = b"Content-Type: text/plain\r\n\r\nHello\r\n"


def spec_for(*owners: Issued, cipher: str = "AESCBC256") -> RecipientsSpec:
    return RecipientsSpec(tuple(owner.certificate for owner in owners), cipher_named(cipher), NOW)


def enveloped(content: bytes, spec: RecipientsSpec) -> bytes:
    return b"".join(encrypt([content], len(content), spec))


@pytest.mark.parametrize("cipher", CIPHERS, ids=lambda cipher: cipher.name)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_every_recipient_reads_it(
    recipients: tuple[Issued, ...], judge: Judge, cipher: ContentCipher, number: int
) -> None:
    data = enveloped(CONTENT, spec_for(*recipients[:number], cipher=cipher.name))
    for owner in recipients[:number]:
        assert judge.decrypts(data, owner) == CONTENT
    for stranger in recipients[number:]:
        assert judge.decrypts(data, stranger) != CONTENT


@pytest.mark.parametrize("cipher", ["AESCBC128", "3DES", "AESGCM256", "RC2CBC40"])
@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 15, 16, 17, 100, 127, 128, 255, 256, 65535])
def test_lengths_around_blocks_and_der_limits(
    recipients: tuple[Issued, ...], judge: Judge, cipher: str, length: int
) -> None:
    content = bytes(itertools.islice(itertools.cycle(range(256)), length))
    spec = spec_for(recipients[0], cipher=cipher)
    data = enveloped(content, spec)
    cms.ContentInfo.load(data, strict=True)
    assert judge.decrypts(data, recipients[0]) == content


def test_the_structure_is_that_of_rfc_5652(recipients: tuple[Issued, ...]) -> None:
    data = enveloped(CONTENT, spec_for(*recipients))
    info = cms.ContentInfo.load(data, strict=True)
    assert info["content_type"].native == "enveloped_data"
    envelope = info["content"]
    assert envelope["version"].native == "v0"
    assert envelope["originator_info"].native is None
    assert envelope["unprotected_attrs"].native is None
    assert envelope["encrypted_content_info"]["content_type"].native == "data"
    infos = envelope["recipient_infos"]
    assert [one.dump() for one in infos] == sorted(one.dump() for one in infos)
    named = set()
    for one in infos:
        transport = one.chosen
        assert transport["version"].native == "v0"
        assert transport["key_encryption_algorithm"].dump().hex() == "300d06092a864886f70d0101010500"
        assert transport["rid"].name == "issuer_and_serial_number"
        named.add(transport["rid"].chosen.dump())
    assert named == {owner.certificate.issuer_and_serial_der for owner in recipients}


@pytest.mark.parametrize("cipher", CIPHERS, ids=lambda cipher: cipher.name)
def test_the_structure_is_that_of_rfc_5083_with_ciphers_that_authenticate(
    recipients: tuple[Issued, ...], cipher: ContentCipher
) -> None:
    info = cms.ContentInfo.load(enveloped(CONTENT, spec_for(*recipients, cipher=cipher.name)), strict=True)
    if "GCM" not in cipher.name:
        assert info["content_type"].native == "enveloped_data"
        return
    assert info["content_type"].native == "authenticated_enveloped_data"
    envelope = info["content"]
    assert envelope["version"].native == "v0"
    assert envelope["originator_info"].native is None
    assert envelope["auth_attrs"].native is None
    assert envelope["unauth_attrs"].native is None
    content = envelope["auth_encrypted_content_info"]
    assert content["content_type"].native == "data"
    assert len(content["encrypted_content"].native) == len(CONTENT)
    assert len(envelope["mac"].native) == 16
    assert len(envelope["recipient_infos"]) == len(recipients)


@pytest.mark.parametrize("at", [-1, -17, -30])
def test_a_change_of_authenticated_content_is_noticed(recipients: tuple[Issued, ...], judge: Judge, at: int) -> None:
    data = bytearray(enveloped(CONTENT, spec_for(recipients[0], cipher="AESGCM128")))
    assert judge.decrypts(data, recipients[0]) == CONTENT
    data[at] ^= 1
    assert judge.decrypts(data, recipients[0]) is None


@pytest.mark.parametrize("cipher", ["AESCBC256", "AESGCM256"])
def test_the_pieces_of_the_content_do_not_matter(recipients: tuple[Issued, ...], judge: Judge, cipher: str) -> None:
    pieces = [CONTENT[i : i + 3] for i in range(0, len(CONTENT), 3)]
    data = b"".join(encrypt(pieces, len(CONTENT), spec_for(recipients[0], cipher=cipher)))
    assert judge.decrypts(data, recipients[0]) == CONTENT


def test_key_and_iv_come_from_the_given_source_and_are_fresh(recipients: tuple[Issued, ...]) -> None:
    asked = []

    def random(count: int) -> bytes:
        asked.append(count)
        return bytes(count)

    list(encrypt([CONTENT], len(CONTENT), spec_for(recipients[0]), random))
    assert asked == [32, 16]
    list(encrypt([CONTENT], len(CONTENT), spec_for(recipients[0], cipher="AESGCM128"), random))
    assert asked == [32, 16, 16, 12]
    spec = spec_for(recipients[0])
    ivs = {
        cms.ContentInfo.load(enveloped(CONTENT, spec))["content"]["encrypted_content_info"][
            "content_encryption_algorithm"
        ].encryption_iv
        for _ in range(8)
    }
    assert len(ivs) == 8


def test_a_certificate_given_twice_counts_once(recipients: tuple[Issued, ...]) -> None:
    data = enveloped(CONTENT, spec_for(recipients[0], recipients[1], recipients[0]))
    assert len(cms.ContentInfo.load(data)["content"]["recipient_infos"]) == 2


def test_no_certificate_is_an_error() -> None:
    with pytest.raises(CertificateError, match="no recipient certificate") as caught:
        encrypt([CONTENT], len(CONTENT), spec_for())
    assert caught.value.code is ErrorCode.NO_RECIPIENT_CERTIFICATE


def test_one_bad_certificate_among_good_ones_stops_everything(
    recipients: tuple[Issued, ...], intermediate: Issued
) -> None:
    for changes, code, text in (
        ({"not_after": NOW - timedelta(days=1)}, ErrorCode.NO_RECIPIENT_CERTIFICATE, "expired on"),
        ({"not_before": NOW + timedelta(days=1)}, ErrorCode.NO_RECIPIENT_CERTIFICATE, "not valid"),
        ({"usage": ["digital_signature"]}, ErrorCode.WRONG_CERTIFICATE, "keyEncipherment is needed"),
        ({"purposes": [ExtendedKeyUsageOID.SERVER_AUTH]}, ErrorCode.WRONG_CERTIFICATE, "not for mail"),
    ):
        owner = issue(name(("CN", "Bad")), issuer=intermediate, **changes)
        with pytest.raises(CertificateError, match=text) as caught:
            encrypt([CONTENT], len(CONTENT), spec_for(recipients[0], owner))
        assert caught.value.code is code
        assert "CN=Bad" in caught.value.message


def test_dates_can_be_left_unchecked(intermediate: Issued, judge: Judge) -> None:
    old = issue(name(("CN", "Old")), issuer=intermediate, not_after=NOW - timedelta(days=1))
    spec = replace(spec_for(old), rules=CertificateRules(check_dates=False))
    assert judge.decrypts(enveloped(CONTENT, spec), old) == CONTENT


def test_a_certificate_without_key_usage_is_taken(intermediate: Issued) -> None:
    plain = issue(name(("CN", "Plain")), issuer=intermediate, usage=None, purposes=None)
    assert enveloped(CONTENT, spec_for(plain))


@pytest.mark.parametrize("announced", [len(CONTENT) - 1, len(CONTENT) + 1, 0])
def test_a_content_of_another_length_is_an_internal_error(recipients: tuple[Issued, ...], announced: int) -> None:
    with pytest.raises(SSMTPError, match=f"{announced} octets were announced") as caught:
        list(encrypt([CONTENT], announced, spec_for(recipients[0])))
    assert caught.value.code is ErrorCode.INTERNAL


@pytest.mark.parametrize("cipher", ["AESCBC256", "AESGCM256"])
def test_memory_does_not_grow_with_the_content(recipients: tuple[Issued, ...], cipher: str) -> None:
    spec = spec_for(recipients[0], cipher=cipher)
    piece = bytes(64 * 1024)

    def content() -> Iterator[bytes]:
        return itertools.repeat(piece, 256)

    total = 256 * len(piece)
    tracemalloc.start()
    try:
        seen = sum(len(part) for part in encrypt(content(), total, spec))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total < seen < total + 1024
    assert peak < 2 * 1024 * 1024
