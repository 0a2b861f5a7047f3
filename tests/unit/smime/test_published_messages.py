"""Messages that others have published are read: every example of RFC 4134 that mail can be."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.pki.certificates import Certificate
from ssmtp_compat.smime import der
from ssmtp_compat.smime.algorithms import encode_oid
from ssmtp_compat.smime.decrypting import decrypt_message
from ssmtp_compat.smime.verifying import SignerVerdict, Trust, Verification, verify_message
from unit.pki.authority import NOW, Issued
from unit.smime import forge
from unit.smime.rfc4134 import ALICE, ALICE_RSA, BOB, CARL, CARL_RSA, CONTENT, DIANE, DUMP_5_2, FILES

DSA = ("AliceDSS@example.com", ALICE, "DSA")
RSA = ("AliceRSA@example.com", ALICE_RSA, "RSA")
IN_MAIL = b"\r\n" + CONTENT
"""A MIME entity: the empty line that ends an empty header stands ahead."""
SIGNED = {
    "4.1.bin": (DSA, CONTENT),
    "4.2.bin": (RSA, CONTENT),
    "4.3.bin": (DSA, CONTENT),
    "4.4.bin": (DSA, CONTENT),
    "4.5.bin": (RSA, CONTENT),
    "4.7.bin": (DSA, CONTENT),
    "4.8.eml": (DSA, IN_MAIL),
    "4.9.eml": (DSA, IN_MAIL),
    "4.10.bin": (DSA, CONTENT),
}
DETACHED = "4.3.bin"


def verified(name: str, message: bytes, anchor: Certificate, **options: object) -> Verification:
    content = CONTENT if name == DETACHED else None
    return verify_message(message, Trust((anchor,), NOW), **{"content": content} | options)


def only(verification: Verification) -> SignerVerdict:
    (signer,) = verification.signers
    return signer


@pytest.mark.parametrize("name", SIGNED)
def test_what_alice_signed_is_verified_where_she_herself_is_trusted(name: str):
    (sender, alice, algorithm), content = SIGNED[name]
    verification = verified(name, FILES[name], alice, sender=sender)
    assert (verification.verified, verification.content) == (True, content), verification
    signer = only(verification)
    assert (signer.certificate, signer.algorithm, signer.digest) == (alice, algorithm, "SHA1")
    weaknesses = " ".join(signer.weaknesses)
    assert "SHA1 is weak" in weaknesses
    assert "only 1024 bits" in weaknesses
    assert ("DSA is withdrawn" in weaknesses) == (algorithm == "DSA")


CHANGES = {
    **dict.fromkeys(SIGNED, (b"some sample", b"same sample")),
    "4.9.eml": (b"IHNvbWUg", b"IHNhbWUg"),  # the same word in its base64
}


@pytest.mark.parametrize("name", [name for name in SIGNED if name != DETACHED])
def test_a_changed_copy_is_refused(name: str):
    (sender, alice, _), content = SIGNED[name]
    message = FILES[name].replace(*CHANGES[name])
    verification = verified(name, message, alice, sender=sender)
    assert verification.content == content.replace(b"some", b"same")
    assert (verification.verified, only(verification).signature_ok) == (False, False)


def test_a_detached_signature_over_something_else_is_refused():
    changed = CONTENT.replace(b"some", b"same")
    assert not only(verified(DETACHED, FILES[DETACHED], ALICE, content=changed)).signature_ok
    with pytest.raises(SSMTPError, match="the content that it is over is missing"):
        verify_message(FILES[DETACHED], Trust((ALICE,), NOW))


@pytest.mark.parametrize("name", ["4.1.bin", "4.2.bin", "4.3.bin", "4.7.bin", "4.10.bin"])
def test_a_changed_signature_is_refused(name: str):
    message = FILES[name][:-1] + bytes((FILES[name][-1] ^ 1,))
    signer = only(verified(name, message, SIGNED[name][0][1]))
    assert not signer.signature_ok
    assert "the signature does not fit" in signer.problems


def test_a_changed_attribute_of_example_4_10_is_refused():
    message = FILES["4.10.bin"].replace(b"General ASN", b"general ASN")
    assert "the signature does not fit" in only(verified("4.10.bin", message, ALICE)).problems


def test_the_time_of_example_4_4_is_told_and_what_is_not_signed_does_not_count():
    moment = datetime(2003, 5, 14, 15, 39, tzinfo=UTC)
    assert only(verified("4.4.bin", FILES["4.4.bin"], ALICE)).signing_time == moment
    # Content hints and the counter signature stand among the unsigned attributes, which anybody may add or change.
    changed = FILES["4.4.bin"].replace(b"Content Hints", b"Content hints")
    assert only(verified("4.4.bin", changed, ALICE)).verified


def test_each_signer_of_example_4_6_is_told():
    """One key has its parameters in another certificate. All signers have to be verified, so the whole is not."""
    verification = verify_message(FILES["4.6.bin"], Trust((ALICE, DIANE), NOW), sender="AliceDSS@example.com")
    assert (verification.verified, verification.content) == (False, CONTENT)
    assert {signer.certificate: signer.verified for signer in verification.signers} == {ALICE: True, DIANE: False}
    (diane,) = (signer for signer in verification.signers if signer.certificate == DIANE)
    assert "CN=DianeDSS leaves the parameters of its DSA key to that of its issuer" in " ".join(diane.problems)


@pytest.mark.parametrize("name", ["4.8.eml", "4.9.eml"])
def test_the_sender_of_the_mail_is_not_the_one_of_the_certificate(name: str):
    verification = verified(name, FILES[name], ALICE)
    assert only(verification).verified
    assert verification.senders == ("aliceDss@examples.com",)
    assert verification.problems == ("no verified signature is aliceDss@examples.com's",)


@pytest.mark.parametrize(("name", "carl"), [("4.1.bin", CARL), ("4.2.bin", CARL_RSA), ("4.5.bin", CARL_RSA)])
def test_the_chains_are_too_weak_today(name: str, carl: Certificate):
    signer = only(verified(name, FILES[name], carl))
    assert (signer.signature_ok, signer.verified) == (True, False)
    (problem,) = signer.problems
    assert problem.endswith("is signed with SHA1, which is broken")


def test_the_certificates_of_example_4_11_are_no_signature():
    with pytest.raises(SSMTPError, match="list of certificates") as caught:
        verify_message(FILES["4.11.bin"], Trust((ALICE,), NOW))
    assert caught.value.code is ErrorCode.NO_SIGNERS


ENCRYPTED = {"5.1.bin": "3DES", "5.2.bin": "RC2CBC40", "5.3.eml": "3DES"}


@pytest.mark.parametrize("name", ENCRYPTED)
def test_what_was_encrypted_for_bob_is_decrypted(name: str):
    decrypted = decrypt_message(FILES[name], [BOB])
    assert (decrypted.content, decrypted.cipher) == (CONTENT, ENCRYPTED[name])
    assert (decrypted.recipient, decrypted.authenticated) == (BOB.certificate, False)
    assert f"{ENCRYPTED[name]} is no protection any more" in decrypted.weaknesses


def test_the_header_of_example_5_3_is_kept():
    assert b"Subject: Example 5.3\r\n" in decrypt_message(FILES["5.3.eml"], [BOB]).message


def test_example_5_2_is_decrypted_as_the_text_shows_it():
    """Its dump is another message than its file: RC2 with 128 bits, and Bob alone."""
    parameters = der.wrap(der.SEQUENCE, b"\x02\x01\x3a", der.wrap(der.OCTET_STRING, DUMP_5_2.iv))
    cms = forge.enveloped(
        forge.key_transport(Issued(BOB.certificate, BOB.private_key, None), DUMP_5_2.encrypted_key),
        encrypted=DUMP_5_2.content,
        algorithm=der.wrap(der.SEQUENCE, encode_oid("1.2.840.113549.3.2"), parameters),
    )
    decrypted = decrypt_message(cms, [BOB])
    assert (decrypted.content, decrypted.cipher) == (CONTENT, "RC2CBC128")


ENCRYPTED_KEYS = {
    "5.1.bin": (b"\x0b\x71\x0d\xe6", b"\x0b\x71\x0d\xe7"),
    "5.2.bin": (b"\x94\x26\x42\x88", b"\x94\x26\x42\x89"),
    "5.3.eml": (b"C3EN", b"C3EM"),
}


@pytest.mark.parametrize("name", ENCRYPTED)
def test_a_changed_key_decrypts_nothing(name: str):
    changed = FILES[name].replace(*ENCRYPTED_KEYS[name])
    assert changed != FILES[name]
    with pytest.raises(SSMTPError, match="cannot be decrypted"):
        decrypt_message(changed, [BOB], lambda size: b"\7" * size)


OTHERS = {
    "3.1.bin": "it is plain data",
    "3.2.bin": "it is plain data",
    "6.0.bin": "it is a DigestedData, which nobody signed",
    "7.1.bin": "it is an EncryptedData, whose key is agreed on beforehand",
    "7.2.bin": "it is an EncryptedData, whose key is agreed on beforehand",
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_mail_is_not_made_of_is_called_by_its_name(name: str):
    with pytest.raises(SSMTPError, match=f"not signed: {OTHERS[name]}") as caught:
        verify_message(FILES[name], Trust((ALICE,), NOW))
    assert caught.value.code is ErrorCode.MESSAGE_TYPE
    with pytest.raises(SSMTPError, match=f"not encrypted for a certificate: {OTHERS[name]}") as caught:
        decrypt_message(FILES[name], [BOB])
    assert caught.value.code is ErrorCode.MESSAGE_TYPE


def test_an_encrypted_example_is_not_signed_and_a_signed_one_not_encrypted():
    with pytest.raises(SSMTPError, match="not signed: it is encrypted"):
        verify_message(FILES["5.3.eml"], Trust((ALICE,), NOW))
    with pytest.raises(SSMTPError, match="not encrypted for a certificate: it is signed"):
        decrypt_message(FILES["4.9.eml"], [BOB])
