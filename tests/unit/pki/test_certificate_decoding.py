from __future__ import annotations

import base64
import textwrap
import time
from datetime import UTC, datetime

import pytest
from asn1crypto import cms, parser
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError
from ssmtp_compat.pki.certificates import Certificate, decode_certificate
from unit.pki.authority import Issued, issue, name

OTHER_BLOCK = b"-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n"


def spellings(certificate: Certificate) -> dict[str, bytes | str]:
    bare = base64.b64encode(certificate.der).decode()
    pem = certificate.pem()
    return {
        "DER": certificate.der,
        "PEM": pem,
        "PEM as text": pem.decode(),
        "PEM with CRLF": pem.replace(b"\n", b"\r\n"),
        "PEM behind a remark and a key": b"subject=CN = Alice\n" + OTHER_BLOCK + pem,
        "PEM with a text behind it": pem + b"the end\n",
        "PEM behind a byte order mark": b"\xef\xbb\xbf" + pem,
        "bare base64 behind a byte order mark": b"\xef\xbb\xbf" + bare.encode(),
        "old label": pem.replace(b" CERTIFICATE", b" X509 CERTIFICATE"),
        "bare base64": bare,
        "wrapped base64": "\r\n".join(textwrap.wrap(bare, 76)),
        "indented base64": "\n".join("   " + line for line in textwrap.wrap(bare, 64)) + "\n\n",
    }


def test_every_spelling_gives_the_same_certificate(alice: Issued) -> None:
    for spelling, data in spellings(alice.certificate).items():
        assert decode_certificate(data) == alice.certificate, spelling


def test_a_second_certificate_is_not_left_out_in_silence(alice: Issued, bob: Issued) -> None:
    with pytest.raises(CertificateError, match="2 certificates") as caught:
        decode_certificate(bob.certificate.pem() + alice.certificate.pem())
    assert caught.value.code is ErrorCode.CERTIFICATE_DECODING


def self_signed(*extensions: x509.ExtensionType) -> x509.CertificateBuilder:
    key = ec.generate_private_key(ec.SECP256R1())
    somebody = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Somebody")])
    builder = x509.CertificateBuilder(somebody, somebody, key.public_key(), 1)
    builder = builder.not_valid_before(datetime(2026, 1, 1)).not_valid_after(datetime(2027, 1, 1))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, SHA256())


@pytest.mark.parametrize(
    ("emails", "holder"),
    [
        (["zoe@example.test", "z@example.test"], "zoe@example.test"),
        (["z\n@example.test", "zoe@example.test"], "zoe@example.test"),
        ([], "serial number 1"),
    ],
)
def test_a_certificate_without_a_subject_is_named_by_what_else_it_has(emails: list[str], holder: str) -> None:
    names = [x509.RFC822Name(email) for email in emails]
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder(x509.Name([]), x509.Name([]), key.public_key(), 1)
    builder = builder.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2027, 1, 1, tzinfo=UTC)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
    assert Certificate(builder.sign(key, SHA256()).public_bytes(Encoding.DER)).holder == holder


KEY_USAGE = ObjectIdentifier("2.5.29.15")


def test_bits_of_key_usage_that_nobody_knows_mean_nothing() -> None:
    # digitalSignature, keyEncipherment, decipherOnly, and seven bits beyond that last one of RFC 5280
    certificate = self_signed(x509.UnrecognizedExtension(KEY_USAGE, bytes.fromhex("030300a0ff")))
    decoded = Certificate(certificate.public_bytes(Encoding.DER))
    assert decoded.key_usage == {"digitalSignature", "keyEncipherment", "decipherOnly"}


@pytest.mark.parametrize("octets", ["0300", "0302", "030108", "", "0500", "30"])
def test_a_broken_extension_is_a_certificate_error(octets: str) -> None:
    certificate = self_signed(x509.UnrecognizedExtension(KEY_USAGE, bytes.fromhex(octets)))
    with pytest.raises(CertificateError) as caught:
        Certificate(certificate.public_bytes(Encoding.DER))
    assert caught.value.code is ErrorCode.CERTIFICATE_DECODING


@pytest.mark.parametrize(
    ("old", "new", "date"),
    [
        (b"\x17\x0d270101000000Z", b"\x18\x0e20270101000000", datetime(2027, 1, 1, tzinfo=UTC)),
        (b"\x17\x0d270101000000Z", b"\x18\x0f00000101000000Z", None),
    ],
)
def test_odd_dates_are_read_or_refused(old: bytes, new: bytes, date: datetime | None) -> None:
    der = self_signed().public_bytes(Encoding.DER)
    parsed = asn1_x509.Certificate.load(der)
    validity = parsed["tbs_certificate"]["validity"].dump()
    changed = validity.replace(old, new)
    changed = changed[:1] + bytes([len(changed) - 2]) + changed[2:]
    tbs = parser.emit(0, 1, 16, parsed["tbs_certificate"].contents.replace(validity, changed))
    whole = parser.emit(0, 1, 16, tbs + parsed["signature_algorithm"].dump() + parsed["signature_value"].dump())
    if date is None:
        with pytest.raises(CertificateError):
            Certificate(whole)
    else:
        assert Certificate(whole).not_after == date


def test_what_is_no_certificate_is_refused_with_the_decoding_code(alice: Issued) -> None:
    der, pem = alice.certificate.der, alice.certificate.pem()
    private_key = alice.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for data, text in {
        b"": "empty",
        " \r\n": "empty",
        "not a certificate": "neither PEM, base64 nor DER",
        "zażółć": "neither PEM, base64 nor DER",
        "\udcff": "neither PEM, base64 nor DER",
        der[:-1]: "no certificate",
        der + b"\0": "no certificate",
        base64.b64encode(der + b"x"): "no certificate",
        b"\x30\x82\x00\x02\x05\x00": "no certificate",
        pem[:-40]: "unfinished block",
        pem.replace(b"M", b"!", 1): "neither PEM, base64 nor DER",
        private_key: "PRIVATE KEY",
    }.items():
        with pytest.raises(CertificateError, match=text) as caught:
            decode_certificate(data)
        assert caught.value.code is ErrorCode.CERTIFICATE_DECODING
        assert private_key.decode().splitlines()[1] not in str(caught.value)


@given(st.binary(max_size=60))
def test_any_octets_give_a_certificate_error(data: bytes) -> None:
    with pytest.raises(CertificateError):
        decode_certificate(data)


def test_one_flipped_octet_never_gives_another_exception(alice: Issued) -> None:
    der = alice.certificate.der
    for position in range(len(der)):
        try:
            changed = Certificate(der[:position] + bytes((der[position] ^ 0xFF,)) + der[position + 1 :])
        except CertificateError:
            continue
        assert changed != alice.certificate


def test_the_fields_say_what_the_certificate_says(alice: Issued, bob: Issued, intermediate: Issued) -> None:
    certificate = alice.certificate
    assert certificate.subject == 'CN=Alice, O="Acme, Inc", C=DE'
    assert certificate.issuer == "CN=Test Issuer, C=DE"
    assert certificate.serial == alice.x509.serial_number
    assert certificate.emails == ("alice@example.test",)
    assert bob.certificate.emails == ("bob@example.test",)
    assert certificate.not_before == alice.x509.not_valid_before_utc
    assert certificate.not_after == alice.x509.not_valid_after_utc
    assert certificate.key_usage == {"digitalSignature", "keyEncipherment"}
    assert certificate.extended_key_usage == {"1.3.6.1.5.5.7.3.4"}
    assert certificate.public_key == alice.key.public_key()
    assert certificate.subject_key_id == x509.SubjectKeyIdentifier.from_public_key(alice.key.public_key()).digest
    assert certificate.authority_key_id == intermediate.certificate.subject_key_id


def test_absent_extensions_are_none_and_addresses_come_once() -> None:
    plain = issue(name(("E", "a@x.test")), usage=None, purposes=None, emails=["b@x.test", "a@x.test"]).certificate
    assert plain.key_usage is None
    assert plain.extended_key_usage is None
    assert plain.authority_key_id is None
    assert plain.emails == ("b@x.test", "a@x.test")


def test_times_beyond_2049_are_read() -> None:
    far = datetime(2076, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert issue(name(("CN", "far")), not_after=far).certificate.not_after == far


def test_issuer_and_serial_is_what_cms_calls_so(alice: Issued) -> None:
    value = cms.IssuerAndSerialNumber.load(alice.certificate.issuer_and_serial_der, strict=True)
    assert value["serial_number"].native == alice.certificate.serial
    assert value["issuer"].dump() == alice.x509.issuer.public_bytes()


def test_certificates_are_equal_by_content_and_immutable(alice: Issued, bob: Issued) -> None:
    again = Certificate(bytes(alice.certificate.der))
    assert again == alice.certificate
    assert hash(again) == hash(alice.certificate)
    assert alice.certificate != bob.certificate
    with pytest.raises(AttributeError):
        again.subject = "CN=Mallory"  # type: ignore[misc]


def test_repr_shows_no_key(alice: Issued) -> None:
    text = repr(alice.key_pair)
    assert "CN=Alice" in text
    assert "key" not in text.replace("KeyPair", "")


def test_pem_reads_back(alice: Issued) -> None:
    pem = alice.certificate.pem()
    assert x509.load_pem_x509_certificate(pem) == alice.x509
    assert max(map(len, pem.splitlines())) == 64


def test_other_kinds_of_keys_are_read() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    assert issue(name(("CN", "curve")), key).certificate.public_key == key.public_key()


def test_a_large_certificate_is_read_and_one_with_an_endless_name_refused_at_once(alice: Issued) -> None:
    large = issue(name(("CN", "Post")), emails=[f"{number}@example.test" for number in range(1000)])
    assert len(large.certificate.der) > 8192
    assert len(large.certificate.emails) == 1000
    parsed = asn1_x509.Certificate.load(alice.certificate.der)
    # Its text takes time by the square of its length.
    endless = parser.emit(0, 0, 6, b"\x81" * 500_000 + b"\x01")
    attribute = parser.emit(0, 1, 16, endless + parser.emit(0, 0, 12, b"x"))
    hostile = parser.emit(0, 1, 16, parser.emit(0, 1, 17, attribute))
    body = parsed["tbs_certificate"].contents.replace(parsed["tbs_certificate"]["subject"].dump(), hostile)
    signature = parsed["signature_algorithm"].dump() + parsed["signature_value"].dump()
    started = time.process_time()
    with pytest.raises(CertificateError):
        Certificate(parser.emit(0, 1, 16, parser.emit(0, 1, 16, body) + signature))
    assert time.process_time() - started < 2
