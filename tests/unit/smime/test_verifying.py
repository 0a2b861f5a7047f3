"""What makes a signature believed, and what does not (security checklist 30 to 32 and 34)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509.oid import ExtendedKeyUsageOID

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import InvalidValueError, SSMTPError
from ssmtp_compat.smime import der
from ssmtp_compat.smime.algorithms import encode_oid
from ssmtp_compat.smime.signed_data import MAXIMUM_SIGNERS
from ssmtp_compat.smime.verifying import Trust, Verification, verify_message
from unit.pki.authority import NOW, Issued, issue, name, rsa_key
from unit.smime import forge
from unit.smime.forge import CONTENT, SHA256, content_type, message_digest, rules, signed, signer_info, signing_time

SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"


@pytest.fixture
def trust(root: Issued) -> Trust:
    return Trust((root.certificate,), NOW)


def made(signer: Issued, *infos: bytes, **options) -> bytes:
    """An opaque message of Alice's with the signer's certificate and its issuers in it."""
    certificates = [signer.certificate.der, *(each.der for each in signer.issuers)]
    return forge.opaque(signed(*infos, certificates=certificates, **options))


def reasons(verification: Verification) -> str:
    return "; ".join([*verification.problems, *(each for signer in verification.signers for each in signer.problems)])


def test_a_good_signature_is_verified(alice: Issued, root: Issued, trust: Trust):
    verification = verify_message(made(alice, signer_info(alice, rules())), trust)
    (signer,) = verification.signers
    assert (verification.verified, signer.verified, signer.signature_ok) == (True, True, True)
    assert (signer.problems, signer.weaknesses, verification.problems) == ((), (), ())
    assert (signer.certificate, signer.chain[-1]) == (alice.certificate, root.certificate)
    assert (signer.algorithm, signer.digest, signer.signing_time) == ("RSA", "SHA256", NOW)
    assert (verification.content, verification.senders) == (CONTENT, ("alice@example.test",))
    assert verification.message == (
        b"From: Alice <alice@example.test>\r\nSubject: Lunch\r\nMIME-Version: 1.0\r\n" + CONTENT
    )


def test_a_detached_signature_is_verified(alice: Issued, trust: Trust):
    cms = signed(signer_info(alice, rules()), certificates=[alice.certificate.der, alice.issuers[0].der], content=None)
    assert verify_message(forge.detached(cms), trust).verified
    assert verify_message(cms, trust, content=CONTENT, sender="alice@example.test").verified


def test_a_signature_without_signed_attributes_is_verified(alice: Issued, trust: Trust):
    assert verify_message(made(alice, signer_info(alice)), trust).verified


def test_a_changed_octet_is_noticed(alice: Issued, trust: Trust):
    changed = CONTENT.replace(b"Hello", b"Hallo")
    for info in (signer_info(alice, rules()), signer_info(alice)):
        verification = verify_message(made(alice, info, content=changed), trust)
        assert not verification.verified
        assert not verification.signers[0].signature_ok
        assert "not what was signed" in reasons(verification) or "does not fit" in reasons(verification)
        assert verification.problems == ("no verified signature is alice@example.test's",)


def test_changed_attributes_are_noticed(alice: Issued, trust: Trust):
    info = signer_info(alice, rules()).replace(b"260601120000Z", b"260601120001Z")
    verification = verify_message(made(alice, info), trust)
    assert (verification.verified, verification.signers[0].signature_ok) == (False, False)


BROKEN_RULES = [
    ("no content-type", [message_digest()]),
    ("no message-digest", [content_type()]),
    ("no attribute at all", []),
    ("two content-types", [content_type(), content_type(), message_digest()]),
    ("two message-digests", [content_type(), message_digest(), message_digest()]),
    ("two values of content-type", [forge.attribute(forge.CONTENT_TYPE, *[forge.ID_DATA] * 2), message_digest()]),
    ("two values of message-digest", [content_type(), forge.attribute(forge.MESSAGE_DIGEST, b"\x04\0", b"\x04\0")]),
    ("no value of message-digest", [content_type(), forge.attribute(forge.MESSAGE_DIGEST)]),
    ("another content-type", [content_type(encode_oid(forge.SIGNED_DATA)), message_digest()]),
    ("content-type that is no identifier", [content_type(b"\x04\x00"), message_digest()]),
    ("message-digest that is no octet string", [content_type(), forge.attribute(forge.MESSAGE_DIGEST, b"\x05\0")]),
    ("two signing-times", [*rules(), signing_time()]),
    ("signing-time that is none", [*rules()[::2], forge.attribute(forge.SIGNING_TIME, b"\x04\x03abc")]),
    ("signing-time of no day", [*rules()[::2], forge.attribute(forge.SIGNING_TIME, b"\x17\x0d260231120000Z")]),
    ("signing-time without Z", [*rules()[::2], forge.attribute(forge.SIGNING_TIME, b"\x17\x0d2606011200000")]),
]


@pytest.mark.parametrize("attributes", [case[1] for case in BROKEN_RULES], ids=[case[0] for case in BROKEN_RULES])
def test_attributes_that_break_a_rule_are_not_believed(alice: Issued, trust: Trust, attributes: list[bytes]):
    verification = verify_message(made(alice, signer_info(alice, attributes)), trust)
    assert not verification.verified
    assert not verification.signers[0].signature_ok
    assert "signed attributes" in reasons(verification)


def test_attributes_are_hashed_as_they_were_received(alice: Issued, trust: Trust):
    """Not every writer sorts the SET OF; the order of what was signed is on the wire (bc-java 1484)."""
    for order in (rules(), rules()[::-1]):
        assert verify_message(made(alice, signer_info(alice, order)), trust).verified


def test_attributes_that_are_not_in_der_are_refused(alice: Issued, trust: Trust):
    octets = der.wrap(der.SET, *rules())
    loose = bytes((der.CONTEXT_0, 0x80)) + b"".join(rules()) + b"\0\0"
    strict = bytes((der.CONTEXT_0,)) + octets[1:]
    info = signer_info(alice, rules())
    body = info[info.index(b"\x02\x01\x01") :].replace(strict, loose)
    with pytest.raises(SSMTPError, match="not in DER") as caught:
        verify_message(made(alice, der.wrap(der.SEQUENCE, body)), trust)
    assert caught.value.code == ErrorCode.MESSAGE_DECODING


def test_signed_attributes_presented_as_content_are_refused(alice: Issued, trust: Trust):
    """The signature over them would fit: the octets that are hashed do not say what they are."""
    octets = der.wrap(der.SET, *rules())
    info = signer_info(alice, signature=alice.key.sign(octets, PKCS1v15(), hashes.SHA256()))
    verification = verify_message(made(alice, info, content=octets), trust)
    assert (verification.verified, verification.signers[0].signature_ok) == (False, False)
    assert "form of signed attributes" in reasons(verification)


def test_other_content_types_are_signed_with_attributes_only(alice: Issued, trust: Trust):
    inner = encode_oid(forge.SIGNED_DATA)
    verification = verify_message(made(alice, signer_info(alice), content_oid=inner), trust)
    assert not verification.verified
    attributes = [content_type(inner), message_digest()]
    verification = verify_message(made(alice, signer_info(alice, attributes), content_oid=inner), trust)
    assert (verification.verified, verification.content_type) == (True, forge.SIGNED_DATA)


def test_a_digest_that_is_not_on_the_list_is_not_believed(alice: Issued, trust: Trust):
    md4 = der.wrap(der.SEQUENCE, encode_oid("1.2.840.113549.2.4"), der.NULL)
    verification = verify_message(made(alice, signer_info(alice, rules(), digest=md4), digests=[md4]), trust)
    assert not verification.verified
    assert "1.2.840.113549.2.4 is not known" in reasons(verification)


def test_a_digest_that_was_not_announced_is_not_believed(alice: Issued, trust: Trust):
    """An empty set of digest algorithms has crashed readers (CVE-2026-45447)."""
    for digests in ([], [der.wrap(der.SEQUENCE, encode_oid("1.3.14.3.2.26"))]):
        verification = verify_message(made(alice, signer_info(alice, rules()), digests=digests), trust)
        assert not verification.verified
        assert "announces" in reasons(verification)


def test_the_digest_of_the_signature_algorithm_has_to_be_the_same(alice: Issued, trust: Trust):
    sha512_with_rsa = der.wrap(der.SEQUENCE, encode_oid("1.2.840.113549.1.1.13"), der.NULL)
    verification = verify_message(made(alice, signer_info(alice, rules(), algorithm=sha512_with_rsa)), trust)
    assert "wants SHA512 and the digest algorithm is SHA256" in reasons(verification)


@pytest.mark.parametrize("micalg", [b"md5", b"unknown", b'"sha-512"'])
def test_micalg_is_not_what_counts(alice: Issued, trust: Trust, micalg: bytes):
    cms = signed(signer_info(alice, rules()), certificates=[alice.certificate.der, alice.issuers[0].der], content=None)
    assert verify_message(forge.detached(cms, micalg=micalg), trust).verified


def weakly_signed(signer: Issued, name: str, oid: str, algorithm: hashes.HashAlgorithm) -> bytes:
    digest = der.wrap(der.SEQUENCE, encode_oid(oid), der.NULL)
    attributes = [content_type(), message_digest(name=name)]
    signature = signer.key.sign(der.wrap(der.SET, *attributes), PKCS1v15(), algorithm)
    return made(signer, signer_info(signer, attributes, digest=digest, signature=signature), digests=[digest])


def test_md5_is_reported_and_never_verified(alice: Issued, trust: Trust):
    verification = verify_message(weakly_signed(alice, "md5", "1.2.840.113549.2.5", hashes.MD5()), trust)
    (signer,) = verification.signers
    assert (signer.signature_ok, signer.verified, verification.verified) == (True, False, False)
    assert "MD5 is broken" in reasons(verification)
    assert "MD5 is weak" in signer.weaknesses[0]


def test_sha1_is_verified_and_reported(alice: Issued, trust: Trust):
    verification = verify_message(weakly_signed(alice, "sha1", "1.3.14.3.2.26", hashes.SHA1()), trust)
    assert verification.verified
    assert "SHA1 is weak" in verification.signers[0].weaknesses[0]


def test_without_trust_anchors_nothing_is_verified(alice: Issued):
    verification = verify_message(made(alice, signer_info(alice, rules())), Trust((), NOW))
    assert (verification.verified, verification.signers[0].signature_ok) == (False, True)
    assert "no authority to be trusted was given" in reasons(verification)


def test_the_chain_has_to_end_in_a_trust_anchor(alice: Issued):
    other = issue(name(("C", "DE"), ("CN", "Test Root")), rsa_key(12), authority=True)
    verification = verify_message(made(alice, signer_info(alice, rules())), Trust((other.certificate,), NOW))
    assert not verification.verified
    assert "not among the authorities to be trusted" in reasons(verification)


def test_a_signer_may_be_trusted_himself(alice: Issued):
    assert verify_message(made(alice, signer_info(alice, rules())), Trust((alice.certificate,), NOW)).verified


def test_a_missing_certificate_is_looked_for_among_those_given(alice: Issued, trust: Trust):
    message = forge.opaque(signed(signer_info(alice, rules())))
    verification = verify_message(message, trust)
    assert (verification.verified, verification.signers[0].certificate) == (False, None)
    assert "certificate is not in the message" in reasons(verification)
    known = (alice.certificate, *alice.issuers)
    assert verify_message(message, replace(trust, certificates=known)).verified


def test_the_signer_may_be_named_by_key_identifier(alice: Issued, trust: Trust):
    identifier = der.wrap(der.CONTEXT_0_PRIMITIVE, alice.certificate.subject_key_id)
    assert verify_message(made(alice, signer_info(alice, rules(), identifier=identifier)), trust).verified


def test_the_signature_of_somebody_else_does_not_stand_for_the_sender(intermediate: Issued, trust: Trust):
    mallory = issue(name(("CN", "Mallory")), rsa_key(13), issuer=intermediate, emails=["mallory@example.test"])
    verification = verify_message(made(mallory, signer_info(mallory, rules())), trust)
    assert verification.signers[0].verified
    assert not verification.verified
    assert verification.problems == ("no verified signature is alice@example.test's",)


@pytest.mark.parametrize(
    "header",
    [
        b"Subject: Lunch\r\n",
        b"From: \r\n",
        b"From: Alice <alice@example.test>\r\nFrom: Bob <bob@example.test>\r\n",
        b"From: alice@example.test, bob@example.test\r\n",
        b"From: alice@example.test <mallory@example.test>\r\n",
        b'From: "alice@example.test" <mallory@example.test>\r\n',
        b"From: Alice@example.test\r\n",
        b"From: alice@example.test.evil.test\r\n",
        b"Sender: alice@example.test\r\nFrom: bob@example.test\r\n",
    ],
    ids=ascii,
)
def test_a_from_that_the_signer_does_not_answer_for_is_not_verified(alice: Issued, trust: Trust, header: bytes):
    cms = signed(signer_info(alice, rules()), certificates=[alice.certificate.der, alice.issuers[0].der])
    verification = verify_message(forge.opaque(cms, header), trust)
    assert (verification.signers[0].verified, verification.verified) == (True, False)
    assert verification.problems


@pytest.mark.parametrize(
    "header", [b"From: alice@EXAMPLE.test\r\n", b"from: =?utf-8?q?Al=C3=ADce?= <alice@example.test>\r\n"], ids=ascii
)
def test_a_from_that_is_the_signers_is_verified(alice: Issued, trust: Trust, header: bytes):
    cms = signed(signer_info(alice, rules()), certificates=[alice.certificate.der, alice.issuers[0].der])
    assert verify_message(forge.opaque(cms, header), trust).verified


def test_the_address_in_the_subject_of_a_certificate_counts_too(intermediate: Issued, trust: Trust):
    bob = issue(name(("CN", "Bob"), ("E", "bob@example.test")), rsa_key(2), issuer=intermediate)
    cms = signed(signer_info(bob, rules()), certificates=[bob.certificate.der, intermediate.certificate.der])
    assert verify_message(forge.opaque(cms, b"From: bob@example.test\r\n"), trust).verified


def test_a_bare_signature_is_verified_only_with_a_sender(alice: Issued, trust: Trust):
    cms = signed(signer_info(alice, rules()), certificates=[alice.certificate.der, alice.issuers[0].der])
    assert not verify_message(cms, trust).verified
    assert verify_message(cms, trust, sender="alice@example.test").verified
    assert not verify_message(cms, trust, sender="bob@example.test").verified
    with pytest.raises(InvalidValueError):
        verify_message(cms, trust, sender="")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"usage": ["key_encipherment"]}, "not for signing"),
        (
            {"purposes": [ExtendedKeyUsageOID.CODE_SIGNING]},
            "not for mail",
        ),
        ({"not_after": NOW - timedelta(days=1)}, "expired"),
        ({"not_before": NOW + timedelta(days=1)}, "not valid before"),
    ],
    ids=["usage", "purpose", "expired", "early"],
)
def test_a_certificate_for_something_else_or_out_of_date_is_not_believed(
    intermediate: Issued, trust: Trust, options: dict, reason: str
):
    subject = name(("CN", "Alice"))
    signer = issue(subject, rsa_key(14), issuer=intermediate, emails=["alice@example.test"], **options)
    verification = verify_message(made(signer, signer_info(signer, rules())), trust)
    assert (verification.verified, verification.signers[0].signature_ok) == (False, True)
    assert reason in reasons(verification)


def test_certificates_are_judged_now_unless_the_signing_time_is_asked_for(alice: Issued, trust: Trust):
    message = made(alice, signer_info(alice, rules()))
    later = replace(trust, now=NOW + timedelta(days=4000))
    assert "expired" in reasons(verify_message(message, later))
    assert verify_message(message, replace(later, at_signing_time=True)).verified
    # Without a signing time nothing says that it was signed in time.
    unsaid = made(alice, signer_info(alice, rules()[::2]))
    assert not verify_message(unsaid, replace(later, at_signing_time=True)).verified


@pytest.mark.parametrize(
    ("moment", "reason"),
    [(NOW + timedelta(hours=1), "in the future"), (NOW - timedelta(days=300), "not valid at the signing time")],
)
def test_a_signing_time_that_cannot_be_is_not_believed(alice: Issued, trust: Trust, moment, reason: str):
    attributes = [content_type(), signing_time(moment), message_digest()]
    verification = verify_message(made(alice, signer_info(alice, attributes)), trust)
    assert not verification.verified
    assert reason in reasons(verification)


def signing_certificate(hashed: bytes) -> bytes:
    one = der.wrap(der.SEQUENCE, der.wrap(der.OCTET_STRING, hashed))
    return forge.attribute(SIGNING_CERTIFICATE_V2, der.wrap(der.SEQUENCE, der.wrap(der.SEQUENCE, one)))


def test_the_certificate_that_the_attributes_name_has_to_be_the_signers(alice: Issued, trust: Trust):
    right = [*rules(), signing_certificate(hashlib.sha256(alice.certificate.der).digest())]
    assert verify_message(made(alice, signer_info(alice, right)), trust).verified
    wrong = [*rules(), signing_certificate(bytes(32))]
    verification = verify_message(made(alice, signer_info(alice, wrong)), trust)
    assert not verification.verified
    assert "another certificate" in reasons(verification)


def test_every_signature_has_to_be_good(alice: Issued, intermediate: Issued, trust: Trust):
    bob = issue(name(("CN", "Bob"), ("E", "bob@example.test")), rsa_key(2), issuer=intermediate)
    certificates = [alice.certificate.der, bob.certificate.der, intermediate.certificate.der]
    both = signed(signer_info(alice, rules()), signer_info(bob, rules()), certificates=certificates)
    assert verify_message(forge.opaque(both), trust).verified
    broken = signer_info(bob, rules(), signature=bytes(256))
    assert not verify_message(
        forge.opaque(signed(signer_info(alice, rules()), broken, certificates=certificates)), trust
    ).verified


def test_the_number_of_signatures_is_bounded(alice: Issued, trust: Trust):
    def signed_times(number: int) -> bytes:
        # DER leaves equal elements in a SET OF, each of which is a signature to be checked.
        infos = [signer_info(alice, rules())] * number
        return forge.opaque(signed(*infos, certificates=[alice.certificate.der, alice.issuers[0].der]))

    assert verify_message(signed_times(MAXIMUM_SIGNERS), trust).verified
    with pytest.raises(SSMTPError, match="The message has 33 signatures") as caught:
        verify_message(signed_times(MAXIMUM_SIGNERS + 1), trust)
    assert caught.value.code is ErrorCode.MESSAGE_DECODING


def test_a_signature_with_two_contents_is_refused(alice: Issued, trust: Trust):
    cms = signed(signer_info(alice, rules()), certificates=[alice.certificate.der, alice.issuers[0].der])
    for call in (
        lambda: verify_message(forge.detached(cms, b"Content-Type: text/plain\r\n\r\nPay!\r\n"), trust),
        lambda: verify_message(cms, trust, content=b"Pay!"),
    ):
        with pytest.raises(SSMTPError, match="content of its own"):
            call()


def test_what_has_no_signature_is_an_error(alice: Issued, trust: Trust):
    certificates_only = signed(certificates=[alice.certificate.der], content=None)
    for message, code in (
        (forge.opaque(certificates_only), ErrorCode.NO_SIGNERS),
        (forge.opaque(signed(certificates=[alice.certificate.der])), ErrorCode.NO_SIGNERS),
        (forge.opaque(signed(signer_info(alice), content=None)), ErrorCode.MESSAGE_DECODING),
        (b"From: a@b.test\r\nSubject: x\r\n\r\nHello.\r\n", ErrorCode.MESSAGE_TYPE),
        (forge.opaque(forge.content_info("1.2.840.113549.1.7.3", b"\x30\x00")), ErrorCode.MESSAGE_TYPE),
        (forge.opaque(b"\x30\x82\x01"), ErrorCode.MESSAGE_DECODING),
    ):
        with pytest.raises(SSMTPError) as caught:
            verify_message(message, trust)
        assert caught.value.code == code


def test_ber_is_taken(alice: Issued, trust: Trust):
    """Indefinite lengths and content in pieces, as writers that do not know the length ahead make them."""
    pieces = b"".join(der.wrap(der.OCTET_STRING, CONTENT[i : i + 7]) for i in range(0, len(CONTENT), 7))
    value = forge.ber(
        b"\x02\x01\x01"
        + der.wrap(der.SET, SHA256)
        + forge.ber(forge.ID_DATA + forge.ber(forge.ber(pieces, 0x24), der.CONTEXT_0))
        + forge.ber(alice.certificate.der + alice.issuers[0].der, der.CONTEXT_0)
        + forge.ber(signer_info(alice, rules()), der.SET)
    )
    cms = forge.ber(encode_oid(forge.SIGNED_DATA) + forge.ber(value, der.CONTEXT_0))
    verification = verify_message(forge.opaque(cms), trust)
    assert (verification.verified, verification.content) == (True, CONTENT)


def test_a_signed_message_inside_a_signed_message_is_read_in_turn(alice: Issued, trust: Trust):
    inner = signed(
        signer_info(alice, rules()), certificates=[alice.certificate.der, alice.issuers[0].der], content=None
    )
    entity = forge.detached(inner, header=b"")
    outer = verify_message(made(alice, signer_info(alice, rules(entity)), content=entity), trust)
    assert outer.verified
    again = verify_message(outer.message, trust)
    assert (again.verified, again.content) == (True, CONTENT)
