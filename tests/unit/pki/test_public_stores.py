from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError
from ssmtp_compat.pki.stores import public
from ssmtp_compat.pki.stores.public import open_public
from unit.pki.authority import Issued
from unit.pki.mutations import WHAT, survives


def test_certificates_in_every_notation(alice: Issued, bob: Issued) -> None:
    der, pem = alice.certificate.der, alice.certificate.pem()
    for content in (der, pem, base64.b64encode(der), base64.encodebytes(pem), b"\xef\xbb\xbfintroduction\n" + pem):
        (entry,) = open_public(content, b"", WHAT).entries
        assert (entry.certificate, entry.private_key) == (alice.certificate, None)
    both = open_public(pem + bob.certificate.pem(), b"", WHAT)
    assert [entry.certificate for entry in both.entries] == [alice.certificate, bob.certificate]


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
@pytest.mark.parametrize("form", [PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1])
def test_a_bare_public_key_is_told_apart(alice: Issued, encoding: Encoding, form: PublicFormat) -> None:
    store = open_public(alice.key.public_key().public_bytes(encoding, form), b"", WHAT)
    assert not store.entries
    assert store.public_keys == (alice.key.public_key(),)
    assert store.describe() == "2048-bit RSA public key without a certificate or a private key"


def test_what_cannot_be_opened_is_explained(alice: Issued, monkeypatch: pytest.MonkeyPatch) -> None:
    der = alice.certificate.der
    key = alice.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    monkeypatch.setattr(public, "MAXIMUM_KEYS", 1)
    for content, text in (
        (b"", "is empty"),
        (der[:-30], "cut short"),
        (der + b"0", "is no certificate or public key"),
        (b"\x30\x08" + b"\x30\x00" * 4, "is no certificate or public key"),
        (b"\x30\x06" + b"\x30\x00" * 3, "Certificate number 1 in the store under test is damaged"),
        (b"\x30\x00", "is no certificate or public key"),
        (base64.b64encode(b"\x04\x03abc"), "is no certificate or public key"),
        (b"hello, world", "is no certificate or public key"),
        (b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", "is damaged"),
        (b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", "There is no certificate or public key"),
        (key * 2, "more than 1 public keys"),
    ):
        with pytest.raises(CertificateError, match=text) as caught:
            open_public(content, b"", WHAT)
        assert caught.value.code is ErrorCode.CANNOT_OPEN_STORE
        assert WHAT in caught.value.message


def test_damaged_stores_give_documented_errors(alice: Issued) -> None:
    key = alice.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    survives(open_public, alice.certificate.der, alice.certificate.pem(), key)
