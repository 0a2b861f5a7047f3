from __future__ import annotations

import base64
import email
import email.policy
import itertools
import tracemalloc
from dataclasses import replace
from email.message import EmailMessage

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError, InvalidValueError
from ssmtp_compat.message.ascii_text import AsciiText
from ssmtp_compat.smime.ciphers import CIPHERS, cipher_named
from ssmtp_compat.smime.digests import DIGESTS, digest_named
from ssmtp_compat.smime.enveloping import RecipientsSpec
from ssmtp_compat.smime.secure import Secured, encrypt_message, sign_and_encrypt_message, sign_message
from ssmtp_compat.smime.signing import Signer, SignerSpec
from ssmtp_compat.smime.sources import Joined
from unit.pki.authority import NOW, Issued, issue, name
from unit.smime.openssl_judge import Judge

TEXT = "Grüße an alle,\r\n.\r\nFrom here on: ein Text.\r\n"


@pytest.fixture
def signer(alice: Issued) -> SignerSpec:
    return SignerSpec(alice.key_pair, digest_named("SHA256"), NOW, include_chain=True)


@pytest.fixture
def readers(recipients: tuple[Issued, ...]) -> RecipientsSpec:
    return RecipientsSpec(tuple(one.certificate for one in recipients), cipher_named("AESCBC256"), NOW)


def wire(message: Secured) -> bytes:
    """The message as it is sent: computed fields, then the others, then the body."""
    return f"From: alice@example.test\r\n{message.other_headers}\r\n{message.message_text}".encode("ascii")


def parsed(octets: bytes) -> EmailMessage:
    return email.message_from_bytes(octets, policy=email.policy.default)


def assert_fit_for_relays(octets: bytes) -> None:
    assert octets.isascii()
    assert octets.count(b"\r\n") == octets.count(b"\n") == octets.count(b"\r")
    assert max(map(len, octets.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    "text", [TEXT, "plain\n", "bare\nline\rends\r\n", "x" * 3000, "", "äöü" * 50, "no line end", "trailing \t \r\n"]
)
def test_a_signed_message_verifies(signer: SignerSpec, judge: Judge, text: str) -> None:
    message = wire(sign_message(text.encode(), "utf-8", "X-Mailer: test", signer))
    assert_fit_for_relays(message)
    part = judge.verifies_message(message)
    assert part is not None
    expected = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    assert parsed(part).get_payload(decode=True).decode() == expected


def test_a_signed_message_says_what_it_is(signer: SignerSpec) -> None:
    message = parsed(wire(sign_message(TEXT.encode(), "utf-8", "Subject: hi\r\nContent-Type: text/plain", signer)))
    assert message.get_content_type() == "multipart/signed"
    assert message["MIME-Version"] == "1.0"
    assert message["Subject"] == "hi"
    parameters = dict(message.get_params()[1:])
    assert parameters["protocol"] == "application/pkcs7-signature"
    assert parameters["micalg"] == "sha-256"
    part, signature = message.iter_parts()
    assert part.get_content_type() == "text/plain"
    assert signature.get_content_type() == "application/pkcs7-signature"
    assert signature.get_filename() == "smime.p7s"
    encoded = signature.get_payload().splitlines()
    assert {len(line) for line in encoded[:-2]} == {76}


def test_tampering_is_noticed(signer: SignerSpec, judge: Judge) -> None:
    message = wire(sign_message(b"Pay 100 EUR\r\n", "utf-8", "", signer))
    assert judge.verifies_message(message) is not None
    for old, new in ((b"Pay 100", b"Pay 900"), (b"text/plain", b"text/html "), (b" EUR\r\n", b" EUR \r\n")):
        assert message.count(old) == 1
        assert judge.verifies_message(message.replace(old, new)) is None


@pytest.mark.parametrize("text", [TEXT, "plain\n", "x" * 3000, "", "äöü" * 50, "no line end"])
def test_an_opaque_message_verifies_with_the_content_inside(signer: SignerSpec, judge: Judge, text: str) -> None:
    opaque = replace(signer, detached=False)
    secured = sign_message(text.encode(), "utf-8", "Subject: hi\r\nContent-Type: text/html; charset=utf-8", opaque)
    message = wire(secured)
    assert_fit_for_relays(message)
    assert parsed(message).get_content_type() == "application/pkcs7-mime"
    assert parsed(message).get_param("smime-type") == "signed-data"
    assert parsed(message).get_filename() == "smime.p7m"
    assert "text/html" not in secured.other_headers
    part = judge.verifies_message(message)
    assert part is not None
    assert parsed(part).get_content_type() == "text/html"
    assert parsed(part).get_payload(decode=True).decode() == text.replace("\r\n", "\n").replace("\n", "\r\n")


@pytest.mark.parametrize("length", [0, 50, 60, 127, 128, 200, 255, 256, 65400, 65535, 70000, 600_000])
def test_an_opaque_signature_has_the_lengths_that_it_announced(signer: SignerSpec, length: int) -> None:
    content = Joined(b"x" * length)
    octets = Signer(signer).opaque(content)
    data = b"".join(octets.chunks())
    assert len(octets) == len(data)
    assert b"".join(octets.chunks()) == data
    inside = cms.ContentInfo.load(data, strict=True)["content"]["encap_content_info"]
    assert inside["content_type"].native == "data"
    assert inside["content"].native == b"x" * length


def test_tampering_with_an_opaque_message_is_noticed(signer: SignerSpec, judge: Judge) -> None:
    message = wire(sign_message(b"Pay 100 EUR\r\n", "utf-8", "", replace(signer, detached=False)))
    head, _, body = message.partition(b"\r\n\r\n")
    data = base64.b64decode(body)
    assert data.count(b"Pay 100") == 1
    changed = base64.encodebytes(data.replace(b"Pay 100", b"Pay 900"))
    assert judge.verifies_message(message) is not None
    assert judge.verifies_message(head + b"\r\n\r\n" + changed) is None


def test_octets_that_a_relay_would_change_may_stand_in_an_opaque_message(signer: SignerSpec, judge: Judge) -> None:
    headers = "Content-Type: multipart/mixed; boundary=b"
    body = "--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\nä\r\n--b--\r\n".encode()
    message = wire(sign_message(body, "utf-8", headers, replace(signer, detached=False)))
    assert_fit_for_relays(message)
    part = judge.verifies_message(message)
    assert part is not None
    assert part.endswith(body)


@pytest.mark.parametrize("outer", [True, False])
@pytest.mark.parametrize("inner", [True, False])
def test_a_signed_message_can_be_signed_again(
    signer: SignerSpec, recipients: tuple[Issued, ...], judge: Judge, inner: bool, outer: bool
) -> None:
    second = replace(signer, key_pair=recipients[0].key_pair, detached=outer)
    once = sign_message(TEXT.encode(), "utf-8", "X-One: 1\r\n", replace(signer, detached=inner))
    twice = sign_message(once.message_text.encode(), "utf-8", once.other_headers, second)
    assert twice.other_headers.startswith("X-One: 1\r\nMIME-Version: 1.0\r\n")
    part = judge.verifies_message(wire(twice))
    assert part is not None
    assert parsed(part).get_content_type() == ("multipart/signed" if inner else "application/pkcs7-mime")
    innermost = judge.verifies_message(b"MIME-Version: 1.0\r\n" + part)
    assert innermost is not None
    assert parsed(innermost).get_payload(decode=True).decode() == TEXT
    if inner and outer:
        # What is inside was not touched: its signature holds only for exactly these octets.
        assert once.message_text.encode() in twice.message_text.encode()
        changed = wire(twice).replace(b"=C3=BC", b"=C3=9C")
        assert judge.verifies_message(changed) is None


@pytest.mark.parametrize("key", [ed25519.Ed25519PrivateKey.generate(), ed448.Ed448PrivateKey.generate()])
def test_the_micalg_is_that_of_the_digest_which_was_used(intermediate: Issued, key: PrivateKeyTypes) -> None:
    owner = issue(name(("CN", "Edwards")), key, issuer=intermediate)
    spec = SignerSpec(owner.key_pair, digest_named("SHA256"), NOW)
    message = parsed(wire(sign_message(b"x", "utf-8", "", spec)))
    assert message.get_param("micalg") == ("sha-512" if isinstance(key, ed25519.Ed25519PrivateKey) else "shake256")


def test_signed_inside_and_encrypted_outside(
    signer: SignerSpec, readers: RecipientsSpec, recipients: tuple[Issued, ...], judge: Judge
) -> None:
    opaque = replace(signer, detached=False)
    secured = sign_and_encrypt_message(TEXT.encode(), "utf-8", "X-One: 1\r\n", opaque, readers)
    inner = judge.decrypts(wire(secured), recipients[0], "SMIME")
    assert inner is not None
    assert inner.startswith(b"Content-Type: application/pkcs7-mime; smime-type=signed-data;")
    part = judge.verifies_message(b"MIME-Version: 1.0\r\n" + inner)
    assert part is not None
    assert parsed(part).get_payload(decode=True).decode() == TEXT


@pytest.mark.parametrize("detached", [True, False])
def test_memory_does_not_grow_with_the_copies_that_are_made(
    signer: SignerSpec, readers: RecipientsSpec, detached: bool
) -> None:
    spec = replace(signer, detached=detached)
    sign_and_encrypt_message(b"warm", "utf-8", "", spec, readers)
    text = b"x" * 70 + b"\r\n"
    text *= 10_000_000 // len(text)
    tracemalloc.start()
    try:
        for secured in (
            sign_message(text, "utf-8", "", spec),
            sign_and_encrypt_message(text, "utf-8", "", spec, readers),
        ):
            assert sum(map(len, secured.chunks)) > len(text)
        assert tracemalloc.get_traced_memory()[1] < 2_500_000
    finally:
        tracemalloc.stop()


def test_the_boundary_is_fresh(signer: SignerSpec) -> None:
    assert len({sign_message(b"x", "utf-8", "", signer).other_headers for _ in range(4)}) == 4


def test_an_encrypted_message_reads_back(readers: RecipientsSpec, recipients: tuple[Issued, ...], judge: Judge) -> None:
    headers = "Subject: hi\r\nContent-Type: text/html; charset=utf-8\r\n"
    secured = encrypt_message(TEXT.encode(), "utf-8", headers, readers)
    message = wire(secured)
    assert_fit_for_relays(message)
    assert max(map(len, secured.message_text.split("\r\n"))) == 76
    assert parsed(message).get_content_type() == "application/pkcs7-mime"
    assert parsed(message).get_param("smime-type") == "enveloped-data"
    assert parsed(message).get_param("name") == "smime.p7m"
    assert parsed(message).get_filename() == "smime.p7m"
    assert "text/html" not in secured.other_headers
    for owner in recipients:
        inner = parsed(judge.decrypts(message, owner, "SMIME"))
        assert inner.get_content_type() == "text/html"
        assert inner.get_payload(decode=True).decode() == TEXT


@pytest.mark.parametrize(("cipher", "kind"), [("AESCBC128", "enveloped-data"), ("AESGCM128", "authEnveloped-data")])
def test_the_header_says_whether_the_message_is_authenticated(
    readers: RecipientsSpec, recipients: tuple[Issued, ...], judge: Judge, cipher: str, kind: str
) -> None:
    message = wire(encrypt_message(TEXT.encode(), "utf-8", "", replace(readers, cipher=cipher_named(cipher))))
    assert parsed(message).get_content_type() == "application/pkcs7-mime"
    assert parsed(message).get_param("smime-type") == kind
    assert judge.decrypts(message, recipients[0], "SMIME")


@pytest.mark.parametrize(
    ("digest", "cipher"), list(zip(itertools.cycle(one.name for one in DIGESTS), [one.name for one in CIPHERS]))
)
def test_signed_and_encrypted_with_every_algorithm(
    alice: Issued, recipients: tuple[Issued, ...], judge: Judge, digest: str, cipher: str
) -> None:
    signer = SignerSpec(alice.key_pair, digest_named(digest), NOW, include_chain=True)
    readers = RecipientsSpec((recipients[0].certificate,), cipher_named(cipher), NOW)
    secured = sign_and_encrypt_message(TEXT.encode(), "utf-8", "X-One: 1\r\n", signer, readers)
    assert secured.other_headers.startswith("X-One: 1\r\nMIME-Version: 1.0\r\n")
    inner = judge.decrypts(wire(secured), recipients[0], "SMIME")
    assert inner is not None
    assert inner.startswith(b"Content-Type: multipart/signed;")
    part = judge.verifies_message(b"MIME-Version: 1.0\r\n" + inner)
    assert part is not None
    assert parsed(part).get_payload(decode=True).decode() == TEXT


def test_signing_then_encrypting_is_the_same_as_both_at_once(
    signer: SignerSpec, readers: RecipientsSpec, recipients: tuple[Issued, ...], judge: Judge
) -> None:
    signed = sign_message(TEXT.encode(), "utf-8", "", signer, bytes)
    twice = encrypt_message(signed.message_text.encode(), "utf-8", signed.other_headers, readers, bytes)
    once = sign_and_encrypt_message(TEXT.encode(), "utf-8", "", signer, readers, bytes)
    assert twice.other_headers == once.other_headers
    assert judge.decrypts(wire(twice), recipients[0], "SMIME") == judge.decrypts(wire(once), recipients[0], "SMIME")


def test_a_multipart_message_is_signed_as_it_is(signer: SignerSpec, judge: Judge) -> None:
    headers = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="in"\r\n'
    body = b"--in\n\none\n--in\nContent-Transfer-Encoding: base64\n\nw6Q=\n--in--\n"
    part = judge.verifies_message(wire(sign_message(body, "utf-8", headers, signer)))
    assert part is not None
    assert part.endswith(body.replace(b"\n", b"\r\n"))
    assert part.startswith(b"Content-Type: multipart/mixed;")


def test_a_failure_gives_no_message(signer: SignerSpec, readers: RecipientsSpec) -> None:
    nobody = RecipientsSpec((), readers.cipher, NOW)
    with pytest.raises(CertificateError) as caught:
        sign_and_encrypt_message(b"x", "utf-8", "", signer, nobody)
    assert caught.value.code is ErrorCode.NO_RECIPIENT_CERTIFICATE
    with pytest.raises(InvalidValueError):
        sign_message(b"x", "utf-8", "X-A: 1\r\n\r\nbody", signer)
    with pytest.raises(InvalidValueError, match="before signing"):
        sign_message("ä".encode(), "utf-8", "Content-Type: multipart/mixed; boundary=b", signer)


def test_nothing_of_the_content_shows_in_an_encrypted_message(signer: SignerSpec, readers: RecipientsSpec) -> None:
    secured = sign_and_encrypt_message(b"Geheimnis", "utf-8", "Content-Description: Verrat", signer, readers)
    assert "Geheimnis" not in secured.message_text
    assert "Verrat" not in secured.other_headers


def test_encrypting_a_long_text_takes_less_than_twice_its_size(readers: RecipientsSpec) -> None:
    text = AsciiText(("x" * 70 + "\r\n") * 100_000)
    tracemalloc.start()
    try:
        assert encrypt_message(text, "us-ascii", "", readers).message_text
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # The result is longer than the text by a good third.
    assert peak < 2 * len(text)
