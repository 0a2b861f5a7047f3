"""Wycheproof's vectors inside CMS, where they go through this library's code; ``data/select_wycheproof.py`` chose them.

What a vector calls invalid must not be told from another failure: with a wrong encrypted key the random one is used.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.pki.ber import Element, read_elements
from ssmtp_compat.pki.certificates import Certificate
from ssmtp_compat.smime import der, oids
from ssmtp_compat.smime.algorithms import RSA_ENCRYPTION, encode_oid
from ssmtp_compat.smime.decrypting import decrypt_message
from ssmtp_compat.smime.digests import SHA512, SHAKE256, digest_named
from ssmtp_compat.smime.enveloped_data import read_enveloped_data
from ssmtp_compat.smime.key_agreement import AgreementScheme
from ssmtp_compat.smime.key_recovery import recover_key
from ssmtp_compat.smime.schemes import ECDSA_WITH, ED448_OID, ED25519_OID
from ssmtp_compat.smime.structures import open_content_info
from ssmtp_compat.smime.verifying import Trust, verify_message
from unit.pki.authority import NOW, Issued, issue, name, rsa_key
from unit.smime import forge

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "wycheproof.json").read_text())
FALLBACK = b"\7"
"""What the random octets of a test consist of."""


def vectors(*files: str) -> pytest.MarkDecorator:
    found = [vector for file in files for vector in VECTORS[file]]
    return pytest.mark.parametrize("vector", found, ids=[vector["name"] for vector in found])


def octets(vector: dict[str, Any], field: str) -> bytes:
    return bytes.fromhex(vector[field])


def owner_of(key: PrivateKeyTypes) -> Issued:
    return issue(name(("CN", "Owner")), key, issuer=AUTHORITY)


AUTHORITY = issue(name(("CN", "Authority")), rsa_key(), authority=True)


def fallback(size: int) -> bytes:
    return FALLBACK * size


def outcome(cms: bytes, owner: Issued) -> bytes:
    """What is decrypted, or nothing where the one error that says no more is raised."""
    try:
        return decrypt_message(cms, [owner.key_pair], fallback).content
    except SSMTPError as error:
        refusal = error
    assert refusal.code == ErrorCode.MESSAGE_DECODING
    assert "it was damaged, or encrypted for another key" in refusal.message
    return b""


def oaep(vector: dict[str, Any]) -> bytes:
    def hash_der(key: str) -> bytes:
        return der.wrap(der.SEQUENCE, encode_oid(digest_named(vector[key]).oid), der.NULL)

    label = der.wrap(
        der.SEQUENCE, encode_oid("1.2.840.113549.1.1.9"), der.wrap(der.OCTET_STRING, octets(vector, "label"))
    )
    parameters = (
        der.wrap(der.CONTEXT_0, hash_der("sha")),
        der.wrap(der.CONTEXT_1, der.wrap(der.SEQUENCE, encode_oid(oids.MGF1), hash_der("mgfSha"))),
        der.wrap(der.CONTEXT_2, label),
    )
    return der.wrap(der.SEQUENCE, encode_oid(oids.RSAES_OAEP), der.wrap(der.SEQUENCE, *parameters))


@vectors(
    "rsa_pkcs1_2048",
    "rsa_oaep_2048_sha1_mgf1sha1",
    "rsa_oaep_2048_sha256_mgf1sha256",
    "rsa_oaep_2048_sha512_mgf1sha1",
)
def test_an_encrypted_key_is_the_right_one_or_a_random_one(vector: dict[str, Any]):
    key = load_der_private_key(bytes.fromhex(VECTORS["keys"][vector["privateKeyPkcs8"]]), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    owner = owner_of(key)
    algorithm = oaep(vector) if "label" in vector else RSA_ENCRYPTION
    info = forge.key_transport(owner, octets(vector, "ct"), algorithm)
    hidden = octets(vector, "msg")
    message = forge.enveloped(info, encrypted=forge.cbc(key=FALLBACK * 16))
    (recipient,) = read_enveloped_data(open_content_info(message)[1]).recipients
    valid = vector["result"] == "valid"
    assert (recover_key(recipient, key) == hidden) == valid
    # Only a key of the cipher's size is used.
    assert outcome(message, owner) == (b"" if valid and len(hidden) == 16 else forge.CONTENT)


WRAP = der.wrap(der.SEQUENCE, encode_oid("2.16.840.1.101.3.4.1.5"))
# ECC-CMS-SharedInfo (RFC 5753 7.2) for a key of 128 bits.
SHARED_INFO = der.wrap(
    der.SEQUENCE, WRAP, der.wrap(der.CONTEXT_2, der.wrap(der.OCTET_STRING, (128).to_bytes(4, "big")))
)
CURVES = {
    "secp256r1": (ec.SECP256R1(), "1.3.132.1.11.1", hashes.SHA256()),
    "secp384r1": (ec.SECP384R1(), "1.3.132.1.11.2", hashes.SHA384()),
    "secp521r1": (ec.SECP521R1(), "1.3.132.1.11.3", hashes.SHA512()),
}


@vectors("ecdh_secp256r1_ecpoint", "ecdh_secp384r1_ecpoint", "ecdh_secp521r1_ecpoint")
def test_a_secret_is_agreed_on_only_with_a_point_of_the_curve(vector: dict[str, Any]):
    curve, scheme, digest = CURVES[vector["curve"]]
    owner = owner_of(ec.derive_private_key(int(vector["private"], 16), curve))
    key = X963KDF(digest, 16, SHARED_INFO).derive(octets(vector, "shared"))
    algorithm = der.wrap(der.SEQUENCE, encode_oid(scheme), WRAP)
    info = forge.key_agreement(owner, algorithm, octets(vector, "public"), aes_key_wrap(key, forge.KEY))
    content = outcome(forge.enveloped(info, encrypted=forge.cbc()), owner)
    assert content == (b"" if vector["result"] == "invalid" else forge.CONTENT)


@vectors("x25519")
def test_a_secret_that_everybody_knows_is_none(vector: dict[str, Any]):
    owner = owner_of(x25519.X25519PrivateKey.from_private_bytes(octets(vector, "private")))
    key = HKDF(hashes.SHA256(), 16, None, SHARED_INFO).derive(octets(vector, "shared"))
    algorithm = der.wrap(der.SEQUENCE, encode_oid("1.2.840.113549.1.9.16.3.19"), WRAP)
    info = forge.key_agreement(
        owner, algorithm, octets(vector, "public"), aes_key_wrap(key, forge.KEY), kind=oids.X25519
    )
    content = outcome(forge.enveloped(info, encrypted=forge.cbc()), owner)
    assert content == (b"" if "ZeroSharedSecret" in vector["flags"] else forge.CONTENT)


@vectors("aes_wrap")
def test_a_wrapped_key_is_the_right_one_or_none(vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    # Nobody can choose what a secret is made into, so this takes the vector's key in place of it.
    monkeypatch.setattr(AgreementScheme, "key_encryption_key", lambda *_: octets(vector, "key"))
    private_key = ec.derive_private_key(4711, ec.SECP256R1())
    point = private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    info = forge.key_agreement(
        owner_of(private_key), der.wrap(der.SEQUENCE, encode_oid("1.3.132.1.11.1"), WRAP), point, octets(vector, "ct")
    )
    (recipient,) = read_enveloped_data(open_content_info(forge.enveloped(info, encrypted=b""))[1]).recipients
    recovered = recover_key(recipient, private_key)
    if vector["result"] == "valid":
        assert recovered == octets(vector, "msg")
    elif vector["result"] == "invalid":
        assert recovered is None


@pytest.fixture(scope="module")
def bob() -> Issued:
    return issue(name(("CN", "Bob")), rsa_key(1))


def transported(bob: Issued, vector: dict[str, Any]) -> bytes:
    encrypted = bob.key.public_key().encrypt(octets(vector, "key"), forge.PKCS1v15())  # type: ignore[union-attr]
    return forge.key_transport(bob, encrypted)


@vectors("aes_cbc_pkcs5")
def test_wrong_padding_is_told_as_any_other_damage(vector: dict[str, Any], bob: Issued):
    algorithm = der.wrap(der.SEQUENCE, encode_oid(forge.AES128_OID), der.wrap(der.OCTET_STRING, octets(vector, "iv")))
    cms = forge.enveloped(transported(bob, vector), encrypted=octets(vector, "ct"), algorithm=algorithm)
    if vector["result"] == "invalid":
        with pytest.raises(SSMTPError, match="it was damaged, or encrypted for another key"):
            decrypt_message(cms, [bob.key_pair], fallback)
    else:
        assert decrypt_message(cms, [bob.key_pair]).content == octets(vector, "msg")


@vectors("aes_gcm")
def test_what_gcm_protects_is_released_only_with_its_tag(vector: dict[str, Any], bob: Issued):
    size = len(octets(vector, "key"))
    oid = {16: forge.AES128_GCM_OID, 24: "2.16.840.1.101.3.4.1.26", 32: "2.16.840.1.101.3.4.1.46"}[size]
    parameters = der.wrap(der.SEQUENCE, der.wrap(der.OCTET_STRING, octets(vector, "iv")), b"\x02\x01\x10")
    cms = forge.auth_enveloped(
        transported(bob, vector),
        encrypted=octets(vector, "ct"),
        tag=octets(vector, "tag"),
        algorithm=der.wrap(der.SEQUENCE, encode_oid(oid), parameters),
    )
    if len(octets(vector, "iv")) != 12:
        # RFC 5084 3.2 recommends 12 octets, and no mail program writes another number.
        with pytest.raises(SSMTPError, match="length that is not allowed"):
            decrypt_message(cms, [bob.key_pair])
    elif vector["result"] == "invalid":
        with pytest.raises(SSMTPError, match="it was damaged, or encrypted for another key"):
            decrypt_message(cms, [bob.key_pair])
    else:
        decrypted = decrypt_message(cms, [bob.key_pair])
        assert (decrypted.content, decrypted.authenticated) == (octets(vector, "msg"), True)


def certified(public_key: bytes) -> Certificate:
    """A certificate with this SubjectPublicKeyInfo, octet for octet."""
    issued = owner_of(ec.derive_private_key(1, ec.SECP256R1()))
    at = issued.certificate.der.index(issued.certificate.public_key_der)
    end = at + len(issued.certificate.public_key_der)
    outer, body = read_elements(issued.certificate.der, Element), issued.certificate.der
    tbs, *behind = outer.children
    changed = der.wrap(der.SEQUENCE, body[tbs.body : at], public_key, body[end : tbs.end])
    return Certificate(der.wrap(der.SEQUENCE, changed, *(each.octets for each in behind)))


DSA_WITH = {"SHA224": "2.16.840.1.101.3.4.3.1", "SHA256": "2.16.840.1.101.3.4.3.2"}  # RFC 5754 3.1


def signature_algorithm(vector: dict[str, Any], public_key: bytes) -> tuple[bytes, bytes]:
    """AlgorithmIdentifier of the signature and of the digest."""
    if vector["name"].startswith("ed"):
        oid, digest = (ED25519_OID, SHA512) if vector["name"].startswith("ed25519") else (ED448_OID, SHAKE256)
        return der.wrap(der.SEQUENCE, encode_oid(oid)), digest.algorithm_der
    digest = digest_named(vector["sha"])
    if vector["name"].startswith("ecdsa"):
        return der.wrap(der.SEQUENCE, encode_oid(ECDSA_WITH[digest.name])), digest.algorithm_der
    if vector["name"].startswith("dsa"):
        return der.wrap(der.SEQUENCE, encode_oid(DSA_WITH[digest.name])), digest.algorithm_der
    if vector["name"].startswith("rsa_pss"):
        # The key's own parameters are the signature's.
        return read_elements(public_key, Element).children[0].octets, digest.algorithm_der
    return RSA_ENCRYPTION, digest.algorithm_der


@vectors(
    "rsa_signature_2048_sha256",
    "rsa_signature_2048_sha3_256",
    "rsa_pss_2048_sha256_mgf1_32_params",
    "rsa_pss_misc_params",
    "ecdsa_secp256r1_sha256",
    "ecdsa_secp384r1_sha384",
    "ecdsa_secp521r1_sha512",
    "ed25519",
    "ed448",
    "dsa_2048_224_sha224",
    "dsa_2048_224_sha256",
)
def test_a_signature_is_good_or_bad_as_its_vector_says(vector: dict[str, Any]):
    public_key = bytes.fromhex(VECTORS["keys"][vector["publicKeyDer"]])
    certificate = certified(public_key)
    algorithm, digest = signature_algorithm(vector, public_key)
    content = octets(vector, "msg")
    signer = Issued(certificate, AUTHORITY.key, AUTHORITY.x509)
    info = forge.signer_info(signer, digest=digest, algorithm=algorithm, signature=octets(vector, "sig"))
    cms = forge.signed(info, certificates=[certificate.der], content=content, digests=[digest])
    verdict = verify_message(cms, Trust((certificate,), NOW), sender="a@example.test").signers[0]
    if vector["result"] != "acceptable":
        assert verdict.signature_ok == (vector["result"] == "valid"), verdict.problems


def test_what_the_vectors_need_is_there():
    """A file without tests would prove nothing."""
    assert all(VECTORS.values())
    assert {vector["result"] for vector in VECTORS["rsa_pkcs1_2048"]} == {"valid", "invalid"}
