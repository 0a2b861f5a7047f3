from __future__ import annotations

import base64
import hashlib

import pytest
from asn1crypto import parser

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError
from ssmtp_compat.pki.stores.jks import open_jks
from unit.pki.authority import Issued
from unit.pki.mutations import PASSWORD, WHAT, data, survives

SECRET = PASSWORD.decode()
NAMES = ["CN=alice, O=Keytool", "CN=bob, O=Keytool"]


def resealed(content: bytes, password: str = SECRET) -> bytes:
    """``content`` with a new digest behind it."""
    records = content[:-20]
    return records + hashlib.sha1(password.encode("utf-16-be") + b"Mighty Aphrodite" + records).digest()


def store_of(*records: bytes, version: int = 2, magic: str = "feedfeed", count: int | None = None) -> bytes:
    header = bytes.fromhex(magic) + _number(version) + _number(len(records) if count is None else count)
    return resealed(header + b"".join(records) + bytes(20))


def certificate_record(der: bytes, kind: bytes | None = b"X.509") -> bytes:
    named = b"" if kind is None else len(kind).to_bytes(2, "big") + kind
    return _number(2) + b"\0\1a" + bytes(8) + named + _number(len(der)) + der


def _number(value: int) -> bytes:
    return value.to_bytes(4, "big")


@pytest.mark.parametrize("file", ["keytool.jks", "keytool.jceks", "keytool.p12"])
def test_each_store_of_keytool_opens_with_all_its_keys(file: str) -> None:
    for content in (data(file), base64.encodebytes(data(file))):
        entries = open_jks(content, PASSWORD, WHAT).entries
        assert sorted(entry.certificate.subject for entry in entries) == NAMES
        for entry in entries:
            assert entry.private_key is not None
            assert entry.private_key.public_key() == entry.certificate.public_key


def test_a_trusted_certificate_is_an_entry_without_a_key() -> None:
    (entry,) = open_jks(data("certificate.jks"), PASSWORD, WHAT).entries
    assert (entry.certificate.subject, entry.private_key) == (NAMES[0], None)


@pytest.mark.parametrize("password", ["größe", "пароль", "\U0001f511"])
def test_a_password_is_hashed_as_java_keeps_text(alice: Issued, password: str) -> None:
    content = resealed(store_of(certificate_record(alice.certificate.der)), password)
    assert [entry.certificate for entry in open_jks(content, password.encode(), WHAT).entries] == [alice.certificate]


def test_a_certificate_in_the_first_version_of_the_format_and_one_of_another_kind(alice: Issued) -> None:
    first = store_of(certificate_record(alice.certificate.der, kind=None), version=1)
    mixed = store_of(certificate_record(b"?", kind=b"PGP"), certificate_record(alice.certificate.der))
    for content in (first, mixed):
        assert [entry.certificate for entry in open_jks(content, PASSWORD, WHAT).entries] == [alice.certificate]


def test_a_key_with_a_password_of_its_own_leaves_the_others_usable() -> None:
    entries = open_jks(data("mixed-passwords.jks"), PASSWORD, WHAT).entries
    held = {entry.certificate.subject: entry.private_key is not None for entry in entries}
    assert held == {"CN=alice, O=Keytool": True, "CN=carol, O=Keytool": False}
    with pytest.raises(CertificateError, match="not the private key in it, which another password protects"):
        open_jks(data("other-password.jks"), PASSWORD, WHAT)


def test_a_key_is_given_only_when_its_check_is_right() -> None:
    content = bytearray(data("mixed-passwords.jks"))
    position = content.find(_KEY_PROTECTOR)
    while position > 0:
        start = content.rindex(b"\0\0\0", 0, position) + 4  # behind its length
        # The check is the end of the protected key.
        content[start + parser.peek(bytes(content[start:])) - 1] ^= 1
        position = content.find(_KEY_PROTECTOR, position + 1)
    with pytest.raises(CertificateError, match="not the private key in it"):
        open_jks(resealed(bytes(content)), PASSWORD, WHAT)


_KEY_PROTECTOR = bytes.fromhex("060a2b060104012a02110101")


def test_a_secret_key_in_jceks_is_explained() -> None:
    with pytest.raises(CertificateError, match=r"secret key.*keytool -importkeystore"):
        open_jks(data("secret-key.jceks"), PASSWORD, WHAT)


def test_what_cannot_be_opened_is_explained(alice: Issued) -> None:
    good = data("keytool.jks")
    for content, password, text in (
        (good, "wrong-secret", "The password does not open the store under test"),
        (good, "", "needs a password, and none was given"),
        (good[:-1], SECRET, "damaged or cut short"),
        (good[:4], SECRET, "damaged or cut short"),
        (good[:50] + b"?" + good[51:], SECRET, "damaged or cut short"),
        (b"", SECRET, "is empty"),
        (b"hello, world", SECRET, "is no Java key store"),
        (b"\xfe\xed\xfe\xee" + good[4:], SECRET, "is no Java key store"),
        (alice.certificate.pem(), SECRET, "is PEM text, not Java key store"),
        (store_of(), SECRET, "no certificate and no private key"),
        (store_of(version=3), SECRET, "is damaged"),
        (store_of(certificate_record(alice.certificate.der), count=2), SECRET, "is damaged"),
        (store_of(certificate_record(alice.certificate.der), count=0xFFFFFFFF), SECRET, "is damaged"),
        (store_of(certificate_record(alice.certificate.der)[:-1]), SECRET, "is damaged"),
        (store_of(certificate_record(b"?")), SECRET, "Certificate number 1 in the store under test is damaged"),
    ):
        with pytest.raises(CertificateError, match=text) as caught:
            open_jks(content, password.encode(), WHAT)
        assert caught.value.code is ErrorCode.CANNOT_OPEN_STORE
        assert WHAT in caught.value.message
        assert not password or password not in str(caught.value)


def test_a_derivation_without_end_is_refused() -> None:
    content = data("keytool.jceks")
    iterations = content.index(bytes.fromhex("0203030d40"))  # 200000
    changed = resealed(content[:iterations] + bytes.fromhex("02037fffff") + content[iterations + 5 :])
    with pytest.raises(CertificateError, match="8388607 iterations"):
        open_jks(changed, PASSWORD, WHAT)


def test_damaged_stores_give_documented_errors() -> None:
    def sealed_again(content: bytes, password: bytes, what: str):
        return open_jks(resealed(content) if len(content) > 20 else content, password, what)

    survives(open_jks, data("keytool.jks"), data("keytool.jceks"), data("certificate.jks"))
    # Under a digest that is right, changes reach what is behind it.
    survives(sealed_again, data("keytool.jks"), data("mixed-passwords.jks"), data("certificate.jks"))
