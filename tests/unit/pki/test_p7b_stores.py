from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from asn1crypto import cms, core
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError
from ssmtp_compat.pki.stores.p7b import open_p7b
from unit.pki.authority import Issued
from unit.pki.mutations import WHAT, survives


@pytest.fixture(scope="module")
def people(alice: Issued, intermediate: Issued, root: Issued, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PEM text of three certificates, and of the key of the first."""
    path = tmp_path_factory.mktemp("people") / "people.pem"
    key = alice.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(b"".join(one.certificate.pem() for one in (alice, root, intermediate)) + key)
    return path


def openssl(*arguments: str | Path) -> bytes:
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, input=b"text").stdout


@pytest.mark.parametrize("encoding", ["DER", "PEM"])
def test_certificates_alone_as_openssl_writes_them(
    people: Path, alice: Issued, intermediate: Issued, root: Issued, encoding: str
) -> None:
    content = openssl("crl2pkcs7", "-nocrl", "-certfile", people, "-outform", encoding)
    for form in (content, base64.encodebytes(content)):
        entries = {entry.certificate: entry for entry in open_p7b(form, b"", WHAT).entries}
        assert set(entries) == {alice.certificate, intermediate.certificate, root.certificate}
        assert entries[alice.certificate].chain == (intermediate.certificate, root.certificate)
        assert all(entry.private_key is None for entry in entries.values())


def test_a_signed_message_in_ber_is_a_store_of_its_certificates(people: Path, alice: Issued) -> None:
    content = openssl("cms", "-sign", "-signer", people, "-stream", "-nodetach", "-outform", "DER")
    assert content.startswith(b"\x30\x80")
    assert open_p7b(content, b"", WHAT).entries[0].certificate == alice.certificate


def test_other_kinds_of_certificates_are_passed_over(alice: Issued) -> None:
    info = cms.ContentInfo.load(pkcs7.serialize_certificates([alice.x509], Encoding.DER))
    other = cms.OtherCertificateFormat({"other_cert_format": "1.2.3", "other_cert": core.Null()})
    info["content"]["certificates"].append(cms.CertificateChoices("other", other))
    (entry,) = open_p7b(info.dump(force=True), b"", WHAT).entries
    assert entry.certificate == alice.certificate


def test_several_blocks_are_one_store(alice: Issued, bob: Issued) -> None:
    blocks = [pkcs7.serialize_certificates([one.x509], Encoding.PEM) for one in (alice, bob)]
    content = b"\n".join(blocks).replace(b"PKCS7", b"CMS", 2)
    assert [entry.certificate for entry in open_p7b(content, b"", WHAT).entries] == [
        alice.certificate,
        bob.certificate,
    ]


def test_what_cannot_be_opened_is_explained(alice: Issued) -> None:
    good = pkcs7.serialize_certificates([alice.x509], Encoding.DER)
    empty = cms.ContentInfo.load(good)
    empty["content"]["certificates"] = []
    other = cms.ContentInfo({"content_type": "data", "content": b"text"}).dump()
    for content, text in (
        (b"", "is empty"),
        (good[:-30], "cut short"),
        (good + b"0", "is no PKCS#7"),
        (alice.certificate.der, "is no PKCS#7"),
        (other, "is no PKCS#7"),
        (alice.certificate.pem(), "needs a block that begins with -----BEGIN PKCS7-----"),
        (b"-----BEGIN PKCS7-----\n!\n-----END PKCS7-----\n", "is damaged"),
        (b"hello, world", "is no PKCS#7"),
        (empty.dump(force=True), "There is no certificate"),
    ):
        with pytest.raises(CertificateError, match=text) as caught:
            open_p7b(content, b"", WHAT)
        assert caught.value.code is ErrorCode.CANNOT_OPEN_STORE
        assert WHAT in caught.value.message


def test_damaged_stores_give_documented_errors(alice: Issued, bob: Issued, people: Path) -> None:
    plain = pkcs7.serialize_certificates([alice.x509, bob.x509], Encoding.DER)
    streamed = openssl("cms", "-sign", "-signer", people, "-stream", "-nodetach", "-outform", "DER")
    survives(open_p7b, plain, streamed, pkcs7.serialize_certificates([alice.x509], Encoding.PEM))
