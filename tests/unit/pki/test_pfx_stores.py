from __future__ import annotations

import base64
import hashlib
import hmac
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from asn1crypto import pkcs12 as asn1_pkcs12
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError
from ssmtp_compat.pki.stores.budget import MAXIMUM_ITERATIONS
from ssmtp_compat.pki.stores.pfx import open_pfx
from unit.pki.authority import Issued
from unit.pki.pfx_builder import parts_of, store

PASSWORD = "Gehe1m-größe"
WHAT = "the store under test"
OLD_FORM = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2048)


def pfx(owner: Issued, protection: KeySerializationEncryption, extra: tuple[Issued, ...] = ()) -> bytes:
    return pkcs12.serialize_key_and_certificates(
        b"friendly", owner.key, owner.x509, [other.x509 for other in extra] or None, protection
    )


def with_aes() -> KeySerializationEncryption:
    return BestAvailableEncryption(PASSWORD.encode())


def with_triple_des() -> KeySerializationEncryption:
    algorithm = pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC
    return OLD_FORM.key_cert_algorithm(algorithm).hmac_hash(hashes.SHA1()).build(PASSWORD.encode())


@pytest.mark.parametrize("protection", [with_aes, with_triple_des])
def test_key_certificate_and_chain_come_out(
    alice: Issued, intermediate: Issued, root: Issued, protection: Callable[[], KeySerializationEncryption]
) -> None:
    content = pfx(alice, protection(), (root, intermediate))
    store = open_pfx(content, PASSWORD.encode(), WHAT)
    first = store.entries[0]
    assert first.certificate == alice.certificate
    assert first.private_key.private_numbers() == alice.key.private_numbers()
    assert first.chain == (intermediate.certificate, root.certificate)
    assert {entry.certificate for entry in store.entries[1:]} == {intermediate.certificate, root.certificate}
    assert all(entry.private_key is None for entry in store.entries[1:])


def test_base64_of_it_is_accepted(alice: Issued) -> None:
    text = base64.encodebytes(pfx(alice, with_aes()))
    assert open_pfx(text, PASSWORD.encode(), WHAT).entries[0].certificate == alice.certificate


def test_pem_of_it_as_certtool_writes_it_is_accepted(alice: Issued) -> None:
    text = base64.encodebytes(pfx(alice, with_aes()))
    content = b"Text ahead of it\r\n-----BEGIN PKCS12-----\n" + text + b"-----END PKCS12-----\n"
    assert open_pfx(content, PASSWORD.encode(), WHAT).entries[0].certificate == alice.certificate
    with pytest.raises(CertificateError, match="is no PKCS#12"):
        open_pfx(content.replace(text, b"!\n"), PASSWORD.encode(), WHAT)


@pytest.mark.parametrize(
    "arguments",
    [
        ["-legacy"],
        ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"],
        ["-legacy", "-keypbe", "PBE-SHA1-RC2-40", "-certpbe", "PBE-SHA1-RC2-128"],
        ["-legacy", "-keypbe", "PBE-SHA1-2DES", "-certpbe", "PBE-SHA1-2DES", "-nomac"],
        ["-keypbe", "AES-128-CBC", "-certpbe", "AES-192-CBC", "-macalg", "sha512"],
        ["-keypbe", "AES-256-CBC", "-certpbe", "AES-256-CBC", "-nomac", "-iter", "1"],
        ["-keypbe", "DES-EDE3-CBC", "-certpbe", "NONE"],
        ["-keypbe", "NONE", "-certpbe", "NONE"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("password", [PASSWORD, "🔑 beyond the BMP", ""])
def test_stores_made_by_openssl_open(alice: Issued, tmp_path: Path, arguments: list[str], password: str) -> None:
    pem = tmp_path / "alice.pem"
    pem.write_bytes(
        alice.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + alice.certificate.pem()
    )
    command = ["openssl", "pkcs12", "-export", "-in", str(pem), "-passout", f"pass:{password}", *arguments]
    content = subprocess.run(command, check=True, capture_output=True).stdout
    entry = open_pfx(content, password.encode(), WHAT).entries[0]
    assert entry.certificate == alice.certificate
    assert entry.private_key is not None


def test_a_store_without_encryption_opens_with_no_password(alice: Issued) -> None:
    assert open_pfx(pfx(alice, NoEncryption()), b"", WHAT).entries[0].private_key is not None


def test_a_store_of_certificates_alone_opens(alice: Issued, bob: Issued) -> None:
    content = pkcs12.serialize_java_truststore(
        [pkcs12.PKCS12Certificate(one.x509, b"name") for one in (alice, bob)], with_aes()
    )
    entries = open_pfx(content, PASSWORD.encode(), WHAT).entries
    assert {entry.certificate for entry in entries} == {alice.certificate, bob.certificate}
    with pytest.raises(CertificateError, match="No private key") as caught:
        entries[0].key_pair()
    assert caught.value.code is ErrorCode.NO_SIGNING_CERTIFICATE


def test_what_cannot_be_opened_is_explained(alice: Issued) -> None:
    good = pfx(alice, with_aes())
    damaged = good[:-1] + bytes((good[-1] ^ 1,))
    for content, password, text in (
        (good, "wrong-secret", "The password does not open the store under test"),
        (good, "", "needs a password, and none was given"),
        (good, "nul\0secret", "holds a NUL character"),
        (damaged, PASSWORD, "The password does not open|damaged|no PKCS#12"),
        (good[:-30], PASSWORD, "cut short"),
        (good[:2], PASSWORD, "cut short"),
        (b"", PASSWORD, "is empty"),
        (b"hello, world", PASSWORD, "is no PKCS#12 store"),
        (alice.certificate.der, PASSWORD, "is no PKCS#12 store"),
        (base64.b64encode(b"0" * 50), PASSWORD, "cut short|is no PKCS#12 store"),
        (alice.certificate.pem(), PASSWORD, "is PEM text, not PKCS#12"),
        (good + b"trailing", PASSWORD, "is no PKCS#12 store"),
    ):
        with pytest.raises(CertificateError, match=text) as caught:
            open_pfx(content, password.encode(), WHAT)
        assert caught.value.code is ErrorCode.CANNOT_OPEN_STORE
        assert WHAT in caught.value.message
        assert not password or password not in str(caught.value)


def test_any_flipped_octet_gives_our_exception_or_the_same_certificate(alice: Issued) -> None:
    builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1)
    good = pfx(alice, builder.build(b"x"))
    for position in range(0, len(good), 3):
        changed = good[:position] + bytes((good[position] ^ 0x55,)) + good[position + 1 :]
        try:
            store = open_pfx(changed, b"x", WHAT)
        except CertificateError:
            continue
        assert store.entries[0].certificate == alice.certificate


def test_an_endless_key_derivation_is_refused_before_it_starts(alice: Issued) -> None:
    parsed = asn1_pkcs12.Pfx.load(pfx(alice, with_triple_des()))
    assert parsed["mac_data"]["iterations"].native < MAXIMUM_ITERATIONS
    parsed["mac_data"]["iterations"] = 2_000_000_000
    with pytest.raises(CertificateError, match="2000000000 iterations"):
        open_pfx(parsed.dump(force=True), PASSWORD.encode(), WHAT)


def test_an_endless_derivation_inside_is_refused_too(alice: Issued) -> None:
    for wanted in ("data", "encrypted_data"):
        (part,) = (one for one in parts_of(pfx(alice, with_aes())) if one["content_type"].native == wanted)
        if wanted == "data":
            bags = asn1_pkcs12.SafeContents.load(part["content"].native)
            algorithm = bags[0]["bag_value"]["encryption_algorithm"]
        else:
            algorithm = part["content"]["encrypted_content_info"]["content_encryption_algorithm"]
        algorithm["parameters"]["key_derivation_func"]["parameters"]["iteration_count"] = 1_999_999_999
        if wanted == "data":
            part["content"] = bags.dump(force=True)
        with pytest.raises(CertificateError, match="1999999999 iterations"):
            open_pfx(store([part], PASSWORD), PASSWORD.encode(), WHAT)


@pytest.mark.parametrize("password_block", [b"", bytes(64)], ids=["none", "empty"])
def test_no_password_opens_both_kinds_of_empty_password(alice: Issued, password_block: bytes) -> None:
    parsed = asn1_pkcs12.Pfx.load(pfx(alice, NoEncryption()))
    # RFC 7292 appendix B, with one iteration and one block: the MAC key is the hash of diversifier, salt and password.
    key = hashlib.sha1(b"\3" * 64 + b"saltsalt" * 8 + password_block).digest()
    parsed["mac_data"] = {
        "mac": {
            "digest_algorithm": {"algorithm": "sha1"},
            "digest": hmac.digest(key, parsed["auth_safe"]["content"].native, "sha1"),
        },
        "mac_salt": b"saltsalt",
        "iterations": 1,
    }
    assert open_pfx(parsed.dump(force=True), b"", WHAT).entries[0].private_key is not None
