from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError, SSMTPError, UnsupportedError
from ssmtp_compat.smime.ciphers import CIPHERS, ContentCipher, cipher_named
from ssmtp_compat.smime.enveloping import RecipientsSpec, encrypt, encrypted_length
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


@pytest.mark.parametrize("cipher", ["AESCBC128", "3DES"])
@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 15, 16, 17, 127, 128, 255, 256, 65535, 65536])
def test_lengths_around_blocks_and_der_limits(
    recipients: tuple[Issued, ...], judge: Judge, cipher: str, length: int
) -> None:
    content = bytes(itertools.islice(itertools.cycle(range(256)), length))
    spec = spec_for(recipients[0], cipher=cipher)
    data = enveloped(content, spec)
    assert len(data) == encrypted_length(length, spec)
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


def test_the_pieces_of_the_content_do_not_matter(recipients: tuple[Issued, ...], judge: Judge) -> None:
    pieces = [CONTENT[i : i + 3] for i in range(0, len(CONTENT), 3)]
    data = b"".join(encrypt(pieces, len(CONTENT), spec_for(recipients[0])))
    assert judge.decrypts(data, recipients[0]) == CONTENT


def test_key_and_iv_come_from_the_given_source_and_are_fresh(recipients: tuple[Issued, ...]) -> None:
    asked = []

    def random(count: int) -> bytes:
        asked.append(count)
        return bytes(count)

    list(encrypt([CONTENT], len(CONTENT), spec_for(recipients[0]), random))
    assert asked == [32, 16]
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
    def bad(**changes: object) -> Issued:
        return issue(name(("CN", "Bad")), issuer=intermediate, **changes)

    curve = issue(name(("CN", "Bad")), ec.generate_private_key(ec.SECP256R1()), usage=None)
    for owner, kind, code, text in (
        (bad(not_after=NOW - timedelta(days=1)), CertificateError, ErrorCode.NO_RECIPIENT_CERTIFICATE, "expired on"),
        (bad(not_before=NOW + timedelta(days=1)), CertificateError, ErrorCode.NO_RECIPIENT_CERTIFICATE, "not valid"),
        (bad(usage=["digital_signature"]), CertificateError, ErrorCode.WRONG_CERTIFICATE, "keyEncipherment is needed"),
        (
            bad(purposes=[ExtendedKeyUsageOID.SERVER_AUTH]),
            CertificateError,
            ErrorCode.WRONG_CERTIFICATE,
            "not for mail",
        ),
        (curve, UnsupportedError, ErrorCode.NOT_SUPPORTED, "no RSA key"),
    ):
        with pytest.raises(kind, match=text) as caught:
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


def test_a_key_too_small_for_the_content_key_is_refused(
    monkeypatch: pytest.MonkeyPatch, recipients: tuple[Issued, ...]
) -> None:
    class TinyKey:
        key_size = 128

        def encrypt(self, data: bytes, padding: object) -> bytes:
            raise ValueError("Encryption failed")

    monkeypatch.setattr("ssmtp_compat.smime.enveloping.recipient_key", lambda certificate: TinyKey())
    with pytest.raises(CertificateError, match=r"128-bit key of .*CN=Bob cannot encrypt a 256-bit key") as caught:
        encrypt([CONTENT], len(CONTENT), spec_for(recipients[0]))
    assert caught.value.code is ErrorCode.UNSUPPORTED_KEY_SIZE


def test_memory_does_not_grow_with_the_content(recipients: tuple[Issued, ...]) -> None:
    piece = bytes(64 * 1024)

    def content() -> Iterator[bytes]:
        return itertools.repeat(piece, 256)

    total = 256 * len(piece)
    tracemalloc.start()
    try:
        seen = sum(len(part) for part in encrypt(content(), total, spec_for(recipients[0])))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seen == encrypted_length(total, spec_for(recipients[0]))
    assert peak < 2 * 1024 * 1024
