from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError
from ssmtp_compat.pki.stores.pem import open_pem
from unit.pki.authority import Issued, issue, name, rsa_key

PASSWORD = b"pem-secret"
WHAT = "the store under test"


def key_pem(owner: Issued, form: PrivateFormat = PrivateFormat.PKCS8, password: bytes = b"") -> bytes:
    protection = BestAvailableEncryption(password) if password else NoEncryption()
    return owner.key.private_bytes(Encoding.PEM, form, protection)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("password", [b"", PASSWORD])
def test_every_form_of_key_opens(alice: Issued, form: PrivateFormat, password: bytes) -> None:
    store = open_pem(key_pem(alice, form, password) + alice.certificate.pem(), password, WHAT)
    assert store.entries[0].certificate == alice.certificate
    assert store.entries[0].private_key.private_numbers() == alice.key.private_numbers()


def test_a_needless_password_does_no_harm(alice: Issued) -> None:
    store = open_pem(key_pem(alice) + alice.certificate.pem(), PASSWORD, WHAT)
    assert store.entries[0].private_key is not None


def test_blocks_may_stand_in_any_order(alice: Issued, bob: Issued, intermediate: Issued, root: Issued) -> None:
    blocks = [key_pem(alice), alice.certificate.pem(), intermediate.certificate.pem(), root.certificate.pem()]
    for order in itertools.permutations(blocks):
        store = open_pem(b"Bag Attributes: none\n" + b"\n# remark\r\n".join(order), b"", WHAT)
        entry = next(entry for entry in store.entries if entry.certificate == alice.certificate)
        assert entry.private_key is not None
        assert entry.chain == (intermediate.certificate, root.certificate)
        assert [one.private_key for one in store.entries if one is not entry] == [None, None]


def test_each_key_goes_to_its_own_certificate(alice: Issued, bob: Issued) -> None:
    content = key_pem(bob) + key_pem(alice) + alice.certificate.pem() + bob.certificate.pem()
    for entry, owner in zip(open_pem(content, b"", WHAT).entries, (alice, bob), strict=True):
        assert entry.certificate == owner.certificate
        assert entry.private_key.public_key() == owner.key.public_key()


def test_a_certificate_that_stands_twice_is_one_entry(alice: Issued) -> None:
    content = alice.certificate.pem() * 2 + key_pem(alice)
    assert len(open_pem(content, b"", WHAT).entries) == 1


def test_a_curve_key_opens() -> None:
    carol = issue(name(("CN", "Carol")), ec.generate_private_key(ec.SECP256R1()))
    content = key_pem(carol, PrivateFormat.TraditionalOpenSSL) + carol.certificate.pem()
    assert open_pem(content, b"", WHAT).entries[0].private_key is not None


def test_what_openssl_writes_opens(alice: Issued, tmp_path: Path) -> None:
    plain = tmp_path / "plain.pem"
    plain.write_bytes(key_pem(alice))
    command = ["openssl", "rsa", "-in", str(plain), "-aes256", "-traditional", "-passout", "pass:pem-secret"]
    encrypted = subprocess.run(command, check=True, capture_output=True).stdout
    assert b"DEK-Info" in encrypted
    assert open_pem(encrypted + alice.certificate.pem(), PASSWORD, WHAT).entries[0].private_key is not None


def test_of_two_authorities_with_one_name_the_one_with_the_right_key_is_the_issuer() -> None:
    subject = name(("CN", "Renewed Root"))
    old, new = (issue(subject, rsa_key(number), authority=True) for number in (10, 11))
    leaf = issue(name(("CN", "leaf")), rsa_key(1), issuer=new)
    content = b"".join(one.certificate.pem() for one in (old, leaf, new))
    entry = open_pem(content, b"", WHAT).entries[1]
    assert entry.chain == (new.certificate,)


def test_a_ring_of_issuers_ends() -> None:
    one, two = name(("CN", "one")), name(("CN", "two"))
    first = issue(one, rsa_key(10), issuer=issue(two, rsa_key(11), authority=True), authority=True)
    second = issue(two, rsa_key(11), issuer=issue(one, rsa_key(10), authority=True), authority=True)
    entries = open_pem(first.certificate.pem() + second.certificate.pem(), b"", WHAT).entries
    assert entries[0].chain == (second.certificate,)


def test_what_cannot_be_opened_is_explained(alice: Issued) -> None:
    certificate = alice.certificate.pem()
    sealed = key_pem(alice, password=PASSWORD)
    for content, password, text in (
        (sealed + certificate, b"", "is encrypted, and no password was given"),
        (sealed + certificate, b"wrong-secret", "the password does not open it"),
        (key_pem(alice, PrivateFormat.TraditionalOpenSSL, PASSWORD) + certificate, b"", "is encrypted"),
        (key_pem(alice, PrivateFormat.TraditionalOpenSSL, PASSWORD) + certificate, b"wrong-secret", "does not open"),
        (key_pem(alice).replace(b"MII", b"MIA", 1) + certificate, b"", "cannot be read: it is damaged"),
        (certificate + certificate.replace(b"MII", b"!!!", 1), b"", "Certificate number 2 .* is damaged"),
        (certificate + certificate.replace(b"MII", b"AII", 1), b"", "Certificate number 2 .* is damaged"),
        (certificate[:-30], b"", "cut short: the line -----END CERTIFICATE----- is missing"),
        (key_pem(alice) + certificate[:-3], b"", "cut short: the line -----END CERTIFICATE----- is missing"),
        (certificate + key_pem(alice)[:-30], b"", "cut short: the line -----END PRIVATE KEY----- is missing"),
        (certificate + key_pem(alice)[:28], b"", "cut short: the line -----END PRIVATE KEY----- is missing"),
        (b"hello", b"", "There is no certificate in the store under test"),
        (b"", b"", "There is no certificate"),
        (alice.certificate.der, b"", "binary and not PEM"),
    ):
        with pytest.raises(CertificateError, match=text) as caught:
            open_pem(content, password, WHAT)
        assert caught.value.code is ErrorCode.CANNOT_OPEN_STORE
        assert "secret" not in str(caught.value)


def test_blocks_that_never_end_cost_no_more_than_reading_them(alice: Issued) -> None:
    # Quadratic work over these octets takes minutes; the certificate behind them is still found.
    content = b"-----BEGIN CERTIFICATE-----\n" * 100_000 + alice.certificate.pem()
    assert open_pem(content, b"", WHAT).entries[0].certificate == alice.certificate
