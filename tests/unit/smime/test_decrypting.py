"""What goes wrong with a key tells nothing, and nothing comes out before it may (security checklist 26 to 29)."""

from __future__ import annotations

import os
from collections.abc import Callable
from unittest.mock import create_autospec

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.pki.certificates import KeyPair
from ssmtp_compat.smime import der
from ssmtp_compat.smime.algorithms import encode_oid
from ssmtp_compat.smime.decrypting import Decrypted, decrypt_message
from ssmtp_compat.smime.verifying import Trust, verify_message
from steps import steps
from unit.pki.authority import NOW, Issued, issue, name, rsa_key
from unit.smime import forge
from unit.smime.forge import CONTENT, KEY, auth_enveloped, cbc, enveloped, gcm, gcm_algorithm, key_transport

AES128_WRAP = der.wrap(der.SEQUENCE, encode_oid("2.16.840.1.101.3.4.1.5"))
STD_DH_SHA256 = der.wrap(der.SEQUENCE, encode_oid("1.3.132.1.11.1"), AES128_WRAP)
HKDF_SHA256 = der.wrap(der.SEQUENCE, encode_oid("1.2.840.113549.1.9.16.3.19"), AES128_WRAP)
X25519_OID = "1.3.101.110"


@pytest.fixture(scope="session")
def bob(root: Issued) -> Issued:
    return issue(name(("CN", "Bob"), ("E", "bob@example.test")), rsa_key(2), issuer=root)


@pytest.fixture(scope="session")
def eve(root: Issued) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    return issue(name(("CN", "Eve")), key, issuer=root, usage=["key_agreement"])


@pytest.fixture(scope="session")
def xaver(root: Issued) -> Issued:
    return issue(name(("CN", "Xaver")), x25519.X25519PrivateKey.generate(), issuer=root, usage=["key_agreement"])


def read(cms: bytes, *owners: Issued) -> Decrypted:
    return decrypt_message(cms, [owner.key_pair for owner in owners])


def refusal(cms: bytes, *owners: Issued, random: Callable[[int], bytes] = os.urandom) -> SSMTPError:
    with pytest.raises(SSMTPError) as caught:
        decrypt_message(cms, [owner.key_pair for owner in owners], random)
    return caught.value


def test_an_encrypted_message_is_read(bob: Issued):
    message = forge.opaque(enveloped(key_transport(bob), encrypted=cbc()))
    decrypted = read(message, bob)
    assert (decrypted.content, decrypted.authenticated, decrypted.cipher) == (CONTENT, False, "AESCBC128")
    assert decrypted.message == (
        b"From: Alice <alice@example.test>\r\nSubject: Lunch\r\nMIME-Version: 1.0\r\n" + CONTENT
    )


def test_an_authenticated_message_is_read(bob: Issued):
    encrypted, tag = gcm()
    decrypted = read(auth_enveloped(key_transport(bob), encrypted=encrypted, tag=tag), bob)
    assert (decrypted.content, decrypted.authenticated, decrypted.weaknesses) == (CONTENT, True, ())


def test_what_was_secret_is_in_no_repr(bob: Issued):
    decrypted = read(forge.opaque(enveloped(key_transport(bob), encrypted=cbc())), bob)
    assert b"Hello" in decrypted.message
    assert "Hello" not in repr(decrypted)


def pkcs1(owner: Issued, block: bytes) -> bytes:
    """``block``, padding and all, encrypted with the bare RSA operation."""
    numbers = owner.key.public_key().public_numbers()
    number = pow(int.from_bytes(block, "big"), numbers.e, numbers.n)
    return number.to_bytes(256, "big")


def bad_keys(owner: Issued) -> dict[str, bytes]:
    filling = b"\x01" * (256 - 3 - len(KEY))
    public = owner.key.public_key()
    return {
        "padding of another type": pkcs1(owner, b"\x00\x01" + filling + b"\x00" + KEY),
        "first octet not zero": pkcs1(owner, b"\x01\x02" + filling + b"\x00" + KEY)[:256],
        "no end of the padding": pkcs1(owner, b"\x00\x02" + b"\x01" * 254),
        "padding too short": pkcs1(owner, b"\x00\x02" + b"\x01" * 7 + b"\x00" + b"\x01" * 246),
        "key too short": public.encrypt(KEY[:-1], PKCS1v15()),
        "key too long": public.encrypt(KEY + b"\0", PKCS1v15()),
        "no key": public.encrypt(b"", PKCS1v15()),
        "another key": public.encrypt(bytes(16), PKCS1v15()),
        "above the modulus": b"\xff" * 256,
        "zero": bytes(256),
        "one octet less": bytes(255),
        "empty": b"",
    }


def test_whatever_is_wrong_with_an_encrypted_key_the_answer_is_the_same(bob: Issued):
    """Bleichenbacher's attack asks a million times whether the padding was right (CVE-2019-1563)."""
    damaged = [cbc(padding=b"\0" * (16 - len(CONTENT) % 16)), cbc()[:-1], cbc()[:-16] + bytes(16), b""]
    contents = [enveloped(key_transport(bob), encrypted=encrypted) for encrypted in damaged]
    messages = [enveloped(key_transport(bob, key), encrypted=cbc()) for key in bad_keys(bob).values()]
    encrypted, tag = gcm()
    messages += [
        auth_enveloped(key_transport(bob, key), encrypted=encrypted, tag=tag) for key in bad_keys(bob).values()
    ]
    messages.append(auth_enveloped(key_transport(bob), encrypted=encrypted, tag=bytes(16)))

    # One random key in 256 finds its padding right and gives rubbish; with this one the outcome is always the same.
    def random(size: int) -> bytes:
        return b"\x07" * size

    errors = [refusal(each, bob, random=random) for each in (*contents, *messages)]
    assert {(type(each), each.code, each.message) for each in errors} == {
        (SSMTPError, ErrorCode.MESSAGE_DECODING, errors[0].message)
    }


def test_the_error_does_not_carry_its_cause(bob: Issued):
    for key in bad_keys(bob).values():
        error = refusal(enveloped(key_transport(bob, key), encrypted=cbc()), bob, random=lambda size: bytes(size))
        assert (error.__cause__, error.__context__) == (None, None)


def test_whatever_is_wrong_with_an_encrypted_key_the_work_is_the_same(bob: Issued):
    def work(key: bytes) -> int:
        cms = enveloped(key_transport(bob, key), encrypted=cbc())
        return steps(lambda: refusal(cms, bob, random=lambda size: b"\x07" * size))

    keys = bad_keys(bob)
    counts = [work(key) for key in keys.values() if len(key) == 256]
    assert max(counts) - min(counts) <= 5  # lines of several hundred: that which takes the key over, or None


def test_a_random_key_is_made_whether_it_is_needed_or_not(bob: Issued):
    asked: list[int] = []

    def random(size: int) -> bytes:
        asked.append(size)
        return b"\x07" * size

    decrypt_message(enveloped(key_transport(bob), encrypted=cbc()), [bob.key_pair], random)
    refusal(enveloped(key_transport(bob, bytes(256)), encrypted=cbc()), bob, random=random)
    assert asked == [16, 16]


def test_only_the_first_fitting_recipient_is_tried(bob: Issued, alice: Issued):
    """Whether the second one's key was taken would tell whether the first one's fitted."""
    broken, good = key_transport(bob, bytes(256)), key_transport(bob)
    for infos, fails in (((broken, good), True), ((good, broken), False), ((key_transport(alice), good), False)):
        cms = enveloped(*infos, encrypted=cbc())
        if fails:
            assert "cannot be decrypted" in refusal(cms, bob, random=lambda size: b"\x07" * size).message
        else:
            assert read(cms, bob).content == CONTENT


def test_a_key_of_another_size_than_the_ciphers_is_not_used(bob: Issued):
    longer = bytes(24)
    cms = enveloped(key_transport(bob, bob.key.public_key().encrypt(longer, PKCS1v15())), encrypted=cbc(key=longer))
    assert "cannot be decrypted" in refusal(cms, bob, random=lambda size: b"\x07" * size).message


def test_a_message_for_others_names_no_key(alice: Issued, bob: Issued):
    cms = enveloped(key_transport(alice), encrypted=cbc())
    assert refusal(cms, bob).code == ErrorCode.NO_DECRYPTION_CERTIFICATE
    assert refusal(cms).code == ErrorCode.NO_DECRYPTION_CERTIFICATE
    assert refusal(enveloped(encrypted=cbc()), bob).code == ErrorCode.NO_DECRYPTION_CERTIFICATE


def test_recipients_of_other_kinds_are_passed_over(bob: Issued):
    """A password recipient whose lengths do not fit has crashed readers (CVE-2025-9230)."""
    password = der.wrap(0xA3, b"\x02\x01\x00", der.wrap(der.SEQUENCE, encode_oid("1.2.3")), b"\x04\x00")
    others = [password, der.wrap(0xA2), der.wrap(0xA4, encode_oid("1.2.3"), der.NULL)]
    assert read(enveloped(*others, key_transport(bob), encrypted=cbc()), bob).content == CONTENT


@pytest.mark.parametrize("size", range(12, 17))
def test_tags_of_12_to_16_octets_are_taken(bob: Issued, size: int):
    encrypted, tag = gcm()
    lengths = (size, None) if size == 12 else (size,)
    for length in lengths:
        cms = auth_enveloped(
            key_transport(bob), encrypted=encrypted, tag=tag[:size], algorithm=gcm_algorithm(size=length)
        )
        assert read(cms, bob).content == CONTENT


@pytest.mark.parametrize(
    ("nonce", "size", "tag_size"),
    [
        (forge.NONCE, 11, 11),
        (forge.NONCE, 4, 4),
        (forge.NONCE, 0, 0),
        (forge.NONCE, 17, 17),
        (forge.NONCE, 16, 12),
        (forge.NONCE, 12, 16),
        (forge.NONCE, None, 16),
        (bytes(8), 16, 16),
        (bytes(16), 16, 16),
        (b"", 16, 16),
        (bytes(5000), 16, 16),
    ],
)
def test_other_lengths_of_tag_and_nonce_are_refused(bob: Issued, nonce: bytes, size: int | None, tag_size: int):
    """A shorter tag is guessed; a longer vector has overflowed a stack (CVE-2025-15467)."""
    encrypted, tag = gcm()
    algorithm = gcm_algorithm(nonce, size)
    cms = auth_enveloped(key_transport(bob), encrypted=encrypted, tag=(tag + b"\0")[:tag_size], algorithm=algorithm)
    assert "not allowed" in refusal(cms, bob).message


def test_nothing_is_released_before_the_tag_is_verified(bob: Issued):
    encrypted, tag = gcm()
    for changed in (encrypted[:-1] + b"\0", b"\0" + encrypted[1:], encrypted[:-1], encrypted + b"\0", b""):
        assert (
            "cannot be decrypted"
            in refusal(auth_enveloped(key_transport(bob), encrypted=changed, tag=tag), bob).message
        )


def test_authenticated_attributes_are_authenticated(bob: Issued):
    attributes = [forge.content_type(), forge.signing_time()]
    for order in (attributes, attributes[::-1]):
        encrypted, tag = gcm(aad=der.wrap(der.SET, *order))
        cms = auth_enveloped(key_transport(bob), encrypted=encrypted, tag=tag, attributes=order)
        assert read(cms, bob).content == CONTENT
        assert "cannot be decrypted" in refusal(cms.replace(b"260601120000Z", b"260601120001Z"), bob).message
        without = auth_enveloped(key_transport(bob), encrypted=encrypted, tag=tag)
        assert "cannot be decrypted" in refusal(without, bob).message


def test_the_content_type_among_the_attributes_has_to_be_the_contents(bob: Issued):
    signed_data = encode_oid(forge.SIGNED_DATA)
    for attributes, content_oid in (
        ([forge.content_type(signed_data)], forge.ID_DATA),
        ([forge.content_type(), forge.content_type()], forge.ID_DATA),
        ([forge.signing_time()], signed_data),
        (None, signed_data),
    ):
        encrypted, tag = gcm(aad=b"" if attributes is None else der.wrap(der.SET, *attributes))
        cms = auth_enveloped(
            key_transport(bob), encrypted=encrypted, tag=tag, attributes=attributes, content_oid=content_oid
        )
        assert "content-type" in refusal(cms, bob).message


def test_a_cipher_in_the_wrong_structure_is_refused(bob: Issued):
    """GCM taken for plain EnvelopedData would be released without a look at its tag (PKI.js 531)."""
    encrypted, tag = gcm()
    inside = enveloped(key_transport(bob), encrypted=encrypted, algorithm=gcm_algorithm())
    outside = auth_enveloped(key_transport(bob), encrypted=cbc(), tag=tag, algorithm=forge.AES128)
    assert "does not go with the structure" in refusal(inside, bob).message
    assert "does not go with the structure" in refusal(outside, bob).message


def cipher_algorithm(oid: str, *parameters: bytes) -> bytes:
    return der.wrap(der.SEQUENCE, encode_oid(oid), *parameters)


BAD_CIPHERS = [
    (cipher_algorithm(forge.AES128_OID), ErrorCode.MESSAGE_DECODING),
    (cipher_algorithm(forge.AES128_OID, der.NULL), ErrorCode.MESSAGE_DECODING),
    (cipher_algorithm(forge.AES128_OID, b"\x04\x08" + bytes(8)), ErrorCode.MESSAGE_DECODING),
    (cipher_algorithm(forge.AES128_OID, b"\x04\x20" + bytes(32)), ErrorCode.MESSAGE_DECODING),
    (cipher_algorithm(forge.AES128_OID, der.NULL, der.NULL), ErrorCode.MESSAGE_DECODING),
    (cipher_algorithm("1.2.840.113549.3.2", b"\x30\x0d\x02\x01\x01\x04\x08" + bytes(8)), ErrorCode.MESSAGE_DECODING),
    (cipher_algorithm("1.2.840.113549.3.4", der.NULL), ErrorCode.UNSUPPORTED_ALGORITHM),
]


@pytest.mark.parametrize(("algorithm", "code"), BAD_CIPHERS, ids=range(len(BAD_CIPHERS)))
def test_ciphers_that_cannot_be_used_are_refused(bob: Issued, algorithm: bytes, code: ErrorCode):
    assert refusal(enveloped(key_transport(bob), encrypted=cbc(), algorithm=algorithm), bob).code == code


def test_a_key_encryption_that_is_not_known_is_refused(bob: Issued, eve: Issued):
    unknown = der.wrap(der.SEQUENCE, encode_oid("1.2.3.4"), AES128_WRAP)
    wrap_unknown = der.wrap(der.SEQUENCE, encode_oid("1.3.132.1.11.1"), der.wrap(der.SEQUENCE, encode_oid("1.2.3.4")))
    assert refusal(enveloped(key_transport(bob, algorithm=unknown), encrypted=cbc()), bob).code == 10194
    for scheme in (unknown, wrap_unknown):
        cms = enveloped(forge.key_agreement(eve, scheme, bytes(65), bytes(24)), encrypted=cbc())
        assert refusal(cms, eve).code == ErrorCode.UNSUPPORTED_ALGORITHM


OAEP_OID = encode_oid("1.2.840.113549.1.1.7")


@pytest.mark.parametrize(
    "parameters",
    [
        (),
        (der.NULL,),
        (der.wrap(der.SEQUENCE, der.wrap(der.CONTEXT_0)),),
        (der.wrap(der.SEQUENCE, der.wrap(der.CONTEXT_0, der.wrap(der.SEQUENCE, encode_oid("1.2.3")))),),
        (der.wrap(der.SEQUENCE, der.wrap(der.CONTEXT_1, der.wrap(der.SEQUENCE, encode_oid("1.2.3")))),),
        (der.wrap(der.SEQUENCE, der.wrap(der.CONTEXT_2, der.wrap(der.SEQUENCE, encode_oid("1.2.3")))),),
        (der.wrap(der.SEQUENCE, der.NULL),),
    ],
    ids=range(7),
)
def test_oaep_with_parameters_that_cannot_be_used_is_refused(bob: Issued, parameters: tuple[bytes, ...]):
    algorithm = der.wrap(der.SEQUENCE, OAEP_OID, *parameters)
    assert refusal(enveloped(key_transport(bob, algorithm=algorithm), encrypted=cbc()), bob).code in (10192, 10194)


def test_a_padding_that_the_system_forbids_is_no_unknown_one(bob: Issued):
    """In FIPS mode OpenSSL takes no SHA-1, which is the default of OAEP."""
    key = create_autospec(RSAPrivateKey, instance=True)
    key.decrypt.side_effect = UnsupportedAlgorithm("no")
    algorithm = der.wrap(der.SEQUENCE, OAEP_OID, der.wrap(der.SEQUENCE))
    cms = enveloped(key_transport(bob, bytes(256), algorithm), encrypted=cbc())
    with pytest.raises(
        SSMTPError, match=r"with 1\.2\.840\.113549\.1\.1\.7, which this system does not allow"
    ) as caught:
        decrypt_message(cms, [KeyPair(bob.certificate, key)])
    assert caught.value.code is ErrorCode.UNSUPPORTED_ALGORITHM


def test_a_wrong_oaep_padding_gives_the_same_answer(bob: Issued):
    """Manger's attack on OAEP asks the same kind of question."""
    algorithm = der.wrap(der.SEQUENCE, OAEP_OID, der.wrap(der.SEQUENCE))
    good = bob.key.public_key().encrypt(KEY, OAEP(MGF1(hashes.SHA1()), hashes.SHA1(), None))
    assert read(enveloped(key_transport(bob, good, algorithm), encrypted=cbc()), bob).content == CONTENT
    for key in (bytes(256), good[:-1] + b"\0", bob.key.public_key().encrypt(KEY, PKCS1v15())):
        cms = enveloped(key_transport(bob, key, algorithm), encrypted=cbc())
        assert "cannot be decrypted" in refusal(cms, bob, random=lambda size: b"\x07" * size).message


def shared_info(ukm: bytes | None) -> bytes:
    """ECC-CMS-SharedInfo for a 128-bit key (RFC 5753 7.2)."""
    added = b"" if ukm is None else der.wrap(der.CONTEXT_0, der.wrap(der.OCTET_STRING, ukm))
    return der.wrap(der.SEQUENCE, AES128_WRAP, added, der.wrap(der.CONTEXT_2, b"\x04\x04\0\0\0\x80"))


@pytest.mark.parametrize("ukm", [None, b"", b"some more"])
def test_user_keying_material_goes_into_the_key(eve: Issued, xaver: Issued, ukm: bytes | None):
    one = ec.generate_private_key(ec.SECP256R1())
    key = X963KDF(hashes.SHA256(), 16, shared_info(ukm)).derive(one.exchange(ec.ECDH(), eve.key.public_key()))
    for form in (PublicFormat.UncompressedPoint, PublicFormat.CompressedPoint):
        point = one.public_key().public_bytes(Encoding.X962, form)
        info = forge.key_agreement(eve, STD_DH_SHA256, point, aes_key_wrap(key, KEY), ukm=ukm)
        assert read(enveloped(info, encrypted=cbc()), eve).content == CONTENT
    two = x25519.X25519PrivateKey.generate()
    secret = two.exchange(xaver.key.public_key())
    # RFC 8418 2.2: the material is the salt too.
    for scheme, key in (
        (HKDF_SHA256, HKDF(hashes.SHA256(), 16, ukm, shared_info(ukm)).derive(secret)),
        (STD_DH_SHA256, X963KDF(hashes.SHA256(), 16, shared_info(ukm)).derive(secret)),
    ):
        public = two.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        info = forge.key_agreement(xaver, scheme, public, aes_key_wrap(key, KEY), kind=X25519_OID, ukm=ukm)
        assert read(enveloped(info, encrypted=cbc()), xaver).content == CONTENT


def test_a_recipient_of_an_agreed_key_may_be_named_by_key_identifier(eve: Issued):
    one = ec.generate_private_key(ec.SECP256R1())
    key = X963KDF(hashes.SHA256(), 16, shared_info(None)).derive(one.exchange(ec.ECDH(), eve.key.public_key()))
    point = one.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    identifier = der.wrap(der.CONTEXT_0, der.wrap(der.OCTET_STRING, eve.certificate.subject_key_id))
    info = forge.key_agreement(eve, STD_DH_SHA256, point, aes_key_wrap(key, KEY), identifier=identifier)
    assert read(enveloped(info, encrypted=cbc()), eve).content == CONTENT


def test_public_keys_that_are_none_give_the_same_answer(eve: Issued, xaver: Issued):
    """A point beside the curve, or of small order, gives away the recipient's private key bit by bit."""
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    right = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    other = ec.generate_private_key(ec.SECP384R1()).public_key()
    beside = right[:-1] + bytes((right[-1] ^ 1,))
    points = [beside, right[:-1], b"\0", b"", other.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint), right]
    infos = [(forge.key_agreement(eve, STD_DH_SHA256, each, bytes(24)), eve) for each in points]
    infos += [
        (forge.key_agreement(xaver, HKDF_SHA256, each, bytes(24), kind=X25519_OID), xaver)
        for each in (bytes(32), b"\x01" + bytes(31), bytes(31), b"", os.urandom(32))
    ]
    found = {
        refusal(enveloped(info, encrypted=cbc()), owner, random=lambda size: b"\x07" * size).message
        for info, owner in infos
    }
    assert len(found) == 1
    assert "cannot be decrypted" in found.pop()


def test_a_key_of_another_kind_is_refused(bob: Issued, eve: Issued, xaver: Issued):
    for cms, owner in (
        (enveloped(key_transport(eve, bytes(256)), encrypted=cbc()), eve),
        (enveloped(forge.key_agreement(bob, STD_DH_SHA256, bytes(65), bytes(24)), encrypted=cbc()), bob),
        (enveloped(forge.key_agreement(xaver, STD_DH_SHA256, bytes(65), bytes(24)), encrypted=cbc()), xaver),
    ):
        assert refusal(cms, owner).code == ErrorCode.MESSAGE_DECODING


def test_a_certificate_with_the_key_of_somebody_else_reads_nothing(bob: Issued, alice: Issued):
    cms = enveloped(key_transport(bob), encrypted=cbc())
    wrong = KeyPair(bob.certificate, alice.key)
    with pytest.raises(SSMTPError, match="cannot be decrypted"):
        decrypt_message(cms, [wrong], lambda size: b"\x07" * size)


def test_what_is_not_encrypted_is_an_error(bob: Issued):
    for message in (
        forge.opaque(forge.signed(forge.signer_info(bob))),
        forge.detached(forge.signed(forge.signer_info(bob), content=None)),
        b"Subject: x\r\n\r\nHello.\r\n",
    ):
        assert refusal(message, bob).code == ErrorCode.MESSAGE_TYPE


def test_ber_is_taken(bob: Issued):
    encrypted = cbc()
    pieces = b"".join(der.wrap(der.OCTET_STRING, encrypted[i : i + 5]) for i in range(0, len(encrypted), 5))
    content = forge.ber(forge.ID_DATA + forge.AES128 + forge.ber(pieces, der.CONTEXT_0))
    value = forge.ber(b"\x02\x01\x00" + forge.ber(key_transport(bob), der.SET) + content)
    cms = forge.ber(encode_oid(forge.ENVELOPED_DATA) + forge.ber(value, der.CONTEXT_0))
    assert read(cms, bob).content == CONTENT


def test_a_signed_message_inside_an_encrypted_one_is_verified_with_the_outer_sender(
    bob: Issued, alice: Issued, root: Issued
):
    certificates = [alice.certificate.der, alice.issuers[0].der]
    inner = forge.detached(
        forge.signed(forge.signer_info(alice, forge.rules()), certificates=certificates, content=None), header=b""
    )
    outer = forge.opaque(enveloped(key_transport(bob), encrypted=cbc(inner)))
    decrypted = read(outer, bob)
    trust = Trust((root.certificate,), NOW)
    assert verify_message(decrypted.message, trust).verified
    # Whoever encrypts may put any fields inside; two senders are not verified.
    forged = forge.opaque(enveloped(key_transport(bob), encrypted=cbc(b"From: alice@example.test\r\n" + inner)))
    mallory = forged.replace(b"From: Alice <alice@example.test>", b"From: mallory@example.test")
    assert not verify_message(read(mallory, bob).message, trust).verified
