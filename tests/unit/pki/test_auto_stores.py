"""A store whose kind is not said: the value is a path or content, and the content says which format it is."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, pkcs7

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError
from ssmtp_compat.pki.stores.auto import open_any
from ssmtp_compat.pki.stores.entries import Store
from ssmtp_compat.pki.stores.opening import MAXIMUM_PATH, StoreFormat, StoreSource, open_store
from unit.pki.authority import Issued
from unit.pki.mutations import PASSWORD, data, survives

ALICE = "CN=alice, O=Keytool"


def opened(value: bytes, password: str = PASSWORD.decode()) -> Store:
    return open_store(StoreSource(StoreFormat.AUTO, None, value, password, "the store"))


def pem(owner: Issued) -> bytes:
    key = owner.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key + owner.certificate.pem()


def public(owner: Issued, encoding: Encoding, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> bytes:
    return owner.key.public_key().public_bytes(encoding, form)


def der(owner: Issued) -> bytes:
    return base64.b64encode(owner.certificate.der)


def modulus(owner: Issued) -> bytes:
    number = owner.key.public_key().public_numbers().n
    return base64.urlsafe_b64encode(number.to_bytes(owner.key.key_size // 8, "big")).rstrip(b"=")


STORES: dict[str, tuple[Callable[[Issued], bytes], str]] = {
    "PFX": (lambda _: data("keytool.p12"), ALICE),
    "PFX in PEM": (
        lambda _: b"-----BEGIN PKCS12-----\n%b-----END PKCS12-----\n" % base64.encodebytes(data("keytool.p12")),
        ALICE,
    ),
    "JKS": (lambda _: data("keytool.jks"), ALICE),
    "PEM": (pem, "Alice"),
    "PPK": (lambda _: data("rsa-v3-secret.ppk"), "RSA private key"),
    "SSH public key": (lambda _: data("p256.pub"), "secp256r1 public key"),
    "SSH public key of RFC 4716": (lambda _: data("rsa.rfc4716"), "RSA public key"),
    "XML": (
        lambda alice: b"\xef\xbb\xbf\n <KeyInfo><X509Certificate>%s</X509Certificate></KeyInfo>" % der(alice),
        "Alice",
    ),
    "XML in UTF-16": (
        lambda alice: f"<a><X509Certificate>{der(alice).decode()}</X509Certificate></a>".encode("utf-16"),
        "Alice",
    ),
    "JWK": (lambda alice: b' {"kty": "RSA", "n": "%s", "e": "AQAB"}' % modulus(alice), "RSA public key"),
    "certificate in DER": (lambda alice: alice.certificate.der, "Alice"),
    "certificate in PEM": (lambda alice: alice.certificate.pem(), "Alice"),
    "key in DER": (lambda alice: public(alice, Encoding.DER), "RSA public key"),
    "key in PEM": (lambda alice: public(alice, Encoding.PEM), "RSA public key"),
    "numbers of a key": (lambda alice: public(alice, Encoding.DER, PublicFormat.PKCS1), "RSA public key"),
    "key and certificate": (lambda alice: public(alice, Encoding.PEM) + alice.certificate.pem(), "Alice"),
    "P7B": (lambda alice: pkcs7.serialize_certificates([alice.x509], Encoding.DER), "Alice"),
    "P7B in PEM": (lambda alice: pkcs7.serialize_certificates([alice.x509], Encoding.PEM), "Alice"),
}


@pytest.mark.parametrize("kind", STORES)
def test_each_format_is_known_by_its_content(kind: str, alice: Issued, tmp_path: Path) -> None:
    make, held = STORES[kind]
    content = make(alice)
    path = tmp_path / "a store with a name that says nothing"
    path.write_bytes(content)
    for value in (content, base64.b64encode(content), base64.encodebytes(content), str(path).encode()):
        assert held in opened(value).describe()


def test_a_file_whose_name_could_be_base64_is_a_file(
    alice: Issued, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("MIIBpath").write_bytes(pem(alice))
    assert opened(b"MIIBpath").entries[0].certificate == alice.certificate


def test_a_changed_file_is_noticed_and_an_unchanged_one_decoded_once(
    alice: Issued, bob: Issued, tmp_path: Path
) -> None:
    path = tmp_path / "store"
    path.write_bytes(pem(alice))
    first = opened(str(path).encode())
    assert opened(str(path).encode()) is first
    path.write_bytes(bob.certificate.pem())
    assert opened(str(path).encode()).entries[0].certificate == bob.certificate


def test_a_file_in_no_known_format_is_named(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear secret friend")
    with pytest.raises(CertificateError, match=r"letter\.txt.*is none that is known") as caught:
        opened(str(path).encode())
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b" \n",
        b"MY",
        b"/home/secret/nobody.pfx",
        b"secret\0\xff",
        b"secret" * MAXIMUM_PATH,
        b"\\\\secret\\share\\a.pfx",
        b"https://secret.example/a.pfx",
        b"/",
        b"0secret",
        base64.b64encode(b"0secret, which is no DER"),
        b"-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n",
    ],
    ids=lambda value: repr(value[:20]),
)
def test_what_is_neither_path_nor_store_is_refused_without_being_shown(value: bytes) -> None:
    with pytest.raises(CertificateError, match="the store") as caught:
        opened(value, "")
    assert caught.value.code is ErrorCode.CANNOT_OPEN_STORE
    assert ("neither the path of a file that is there nor a store" in caught.value.message) != (b"BEGIN" in value)
    assert "secret" not in str(caught.value)
    assert base64.b64encode(b"secret")[:6].decode() not in str(caught.value)


@pytest.mark.parametrize("value", [r"\\host\share\a.pfx", "file://host/a.pfx"])
def test_a_name_on_the_network_is_not_even_looked_for(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_file", lambda self: pytest.fail(f"{self} was looked for"))
    with pytest.raises(CertificateError, match="neither the path"):
        opened(value.encode())


def test_damaged_stores_give_documented_errors(alice: Issued) -> None:
    survives(open_any, *(make(alice) for make, _ in STORES.values()))
