"""The key of a message for recipients of every kind: RSA, P-256, P-384, P-521, X25519, and mixtures of them."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError, SSMTPError, UnsupportedError
from ssmtp_compat.smime.ciphers import CIPHERS, cipher_named
from ssmtp_compat.smime.digests import digest_named
from ssmtp_compat.smime.enveloping import RecipientsSpec, encrypt
from ssmtp_compat.smime.key_transport import PKCS1, KeyTransport, oaep_named
from unit.pki.authority import NOW, Issued, issue, name, rsa_key
from unit.smime.openssl_judge import Judge

CONTENT = b"Content-Type: text/plain\r\n\r\nHello\r\n"
TOO_SHORT = ("DES", "RC2CBC40", "RC2CBC64")
WRAPPABLE = [cipher.name for cipher in CIPHERS if cipher.name not in TOO_SHORT]
OAEP_HASHES = ["SHA1", "SHA224", "SHA256", "SHA384", "SHA512"]
KEYS = {
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
    "X25519": x25519.X25519PrivateKey.generate(),
}
CURVES = ["P-256", "P-384", "P-521"]


@pytest.fixture(scope="module")
def people(intermediate: Issued) -> Mapping[str, Issued]:
    """One recipient with a key of each kind."""
    found = {
        kind: issue(name(("CN", kind)), key, issuer=intermediate, usage=["key_agreement"]) for kind, key in KEYS.items()
    }
    return {"RSA": issue(name(("CN", "RSA")), rsa_key(2), issuer=intermediate), **found}


def enveloped(*owners: Issued, cipher: str = "AESCBC256", transport: KeyTransport = PKCS1) -> bytes:
    spec = RecipientsSpec(tuple(owner.certificate for owner in owners), cipher_named(cipher), NOW, transport=transport)
    return b"".join(encrypt([CONTENT], len(CONTENT), spec))


def recipient_infos(data: bytes) -> list[Any]:
    return [info.chosen for info in cms.ContentInfo.load(data, strict=True)["content"]["recipient_infos"]]


@pytest.mark.parametrize(("curve", "cipher"), list(itertools.product(CURVES, WRAPPABLE)))
def test_openssl_reads_what_is_for_an_elliptic_curve(
    people: Mapping[str, Issued], judge: Judge, curve: str, cipher: str
) -> None:
    assert judge.decrypts(enveloped(people[curve], cipher=cipher), people[curve]) == CONTENT


@pytest.mark.parametrize(
    ("curve", "scheme", "octets"),
    [("P-256", "1.3.132.1.11.1", 65), ("P-384", "1.3.132.1.11.2", 97), ("P-521", "1.3.132.1.11.3", 133)],
)
def test_the_structure_is_that_of_rfc_5753(people: Mapping[str, Issued], curve: str, scheme: str, octets: int) -> None:
    (info,) = recipient_infos(enveloped(people[curve]))
    assert info["version"].native == "v3"
    assert info["ukm"].native is None
    originator = info["originator"].chosen
    assert info["originator"].name == "originator_key"
    assert originator["algorithm"].dump().hex() == "300906072a8648ce3d0201"
    assert len(bytes(originator["public_key"])) == octets
    algorithm = info["key_encryption_algorithm"]
    assert algorithm["algorithm"].dotted == scheme
    # id-aes256-wrap, without parameters
    assert algorithm["parameters"].dump().hex() == "300b060960864801650304012d"
    (key,) = info["recipient_encrypted_keys"]
    assert key["rid"].name == "issuer_and_serial_number"
    assert key["rid"].chosen.dump() == people[curve].certificate.issuer_and_serial_der
    assert len(key["encrypted_key"].native) == 32 + 8


@pytest.mark.parametrize(
    ("cipher", "wrap"),
    [
        ("AESCBC128", "5"),
        ("AESCBC192", "25"),
        ("AESCBC256", "45"),
        ("AESGCM128", "5"),
        ("AESGCM256", "45"),
        ("3DES", "5"),
        ("RC2CBC128", "5"),
    ],
)
def test_the_key_is_wrapped_as_strongly_as_the_content(people: Mapping[str, Issued], cipher: str, wrap: str) -> None:
    (info,) = recipient_infos(enveloped(people["P-384"], cipher=cipher))
    parameters = cms.KeyEncryptionAlgorithm.load(info["key_encryption_algorithm"]["parameters"].dump())
    assert parameters["algorithm"].dotted == f"2.16.840.1.101.3.4.1.{wrap}"


def hkdf(secret: bytes, info: bytes, length: int) -> bytes:
    """HKDF with SHA-256 and without salt (RFC 5869), for one block."""
    extracted = hmac.digest(bytes(32), secret, hashlib.sha256)
    return hmac.digest(extracted, info + b"\x01", hashlib.sha256)[:length]


@pytest.mark.parametrize(("cipher", "wrap", "size"), [("AESGCM128", 0x05, 16), ("AESGCM256", 0x2D, 32)])
def test_x25519_is_that_of_rfc_8418(people: Mapping[str, Issued], cipher: str, wrap: int, size: int) -> None:
    data = enveloped(people["X25519"], cipher=cipher)
    (info,) = recipient_infos(data)
    assert info["version"].native == "v3"
    assert info["ukm"].native is None
    originator = info["originator"].chosen
    assert originator["algorithm"].dump().hex() == "300506032b656e"
    wrap_der = bytes.fromhex("300b0609608648016503040100")[:-1] + bytes((wrap,))
    scheme = bytes.fromhex("060b2a864886f70d0109100313")
    assert info["key_encryption_algorithm"].dump() == b"\x30\x1a" + scheme + wrap_der
    # ECC-CMS-SharedInfo, written out by hand
    length = bytes.fromhex("a2060404") + (8 * size).to_bytes(4, "big")
    shared_info = bytes((0x30, len(wrap_der + length))) + wrap_der + length
    sender = x25519.X25519PublicKey.from_public_bytes(bytes(originator["public_key"]))
    (encrypted,) = info["recipient_encrypted_keys"]
    key = aes_key_unwrap(hkdf(KEYS["X25519"].exchange(sender), shared_info, size), encrypted["encrypted_key"].native)
    envelope = cms.ContentInfo.load(data, strict=True)["content"]
    content = envelope["auth_encrypted_content_info"]
    nonce = content["content_encryption_algorithm"]["parameters"].dump()[4:16]
    sealed = content["encrypted_content"].native + envelope["mac"].native
    assert AESGCM(key).decrypt(nonce, sealed, None) == CONTENT


@pytest.mark.parametrize(("cipher", "version"), [("AESCBC256", "v2"), ("AESGCM256", "v0")])
def test_recipients_of_every_kind_may_be_mixed(
    people: Mapping[str, Issued], judge: Judge, cipher: str, version: str
) -> None:
    data = enveloped(*people.values(), cipher=cipher)
    assert cms.ContentInfo.load(data, strict=True)["content"]["version"].native == version
    infos = recipient_infos(data)
    assert len(infos) == len(people)
    assert [info.dump() for info in infos] == sorted(info.dump() for info in infos)
    for kind in ("RSA", *CURVES):
        assert judge.decrypts(data, people[kind]) == CONTENT


def test_each_recipient_of_each_message_has_an_ephemeral_key_of_its_own(
    people: Mapping[str, Issued], intermediate: Issued
) -> None:
    twins = [
        issue(name(("CN", who)), KEYS["P-256"], issuer=intermediate, usage=["key_agreement"]) for who in ("One", "Two")
    ]
    seen = [
        info["originator"].chosen["public_key"].native
        for data in (enveloped(*twins), enveloped(*twins))
        for info in recipient_infos(data)
    ]
    assert len(set(seen)) == 4


@pytest.mark.parametrize("hash_name", OAEP_HASHES)
def test_openssl_reads_oaep(people: Mapping[str, Issued], judge: Judge, hash_name: str) -> None:
    data = enveloped(people["RSA"], people["P-256"], transport=oaep_named(hash_name))
    assert judge.decrypts(data, people["RSA"]) == CONTENT
    assert judge.decrypts(data, people["P-256"]) == CONTENT
    (info,) = (info for info in recipient_infos(data) if isinstance(info, cms.KeyTransRecipientInfo))
    assert info["version"].native == "v0"
    parameters = info["key_encryption_algorithm"]["parameters"]
    hash_oid = digest_named(hash_name).oid
    assert info["key_encryption_algorithm"]["algorithm"].native == "rsaes_oaep"
    assert parameters["hash_algorithm"]["algorithm"].dotted == hash_oid
    assert parameters["mask_gen_algorithm"]["parameters"]["algorithm"].dotted == hash_oid


def test_oaep_leaves_the_defaults_of_its_parameters_out(people: Mapping[str, Issued]) -> None:
    (info,) = recipient_infos(enveloped(people["RSA"], transport=oaep_named("SHA1")))
    assert info["key_encryption_algorithm"].dump().hex() == "300d06092a864886f70d0101073000"


@pytest.mark.parametrize("cipher", TOO_SHORT)
def test_a_key_too_short_to_be_wrapped_is_refused(people: Mapping[str, Issued], cipher: str) -> None:
    for kind in KEYS:
        with pytest.raises(SSMTPError, match=rf"-bit key of {cipher} is too short") as caught:
            enveloped(people["RSA"], people[kind], cipher=cipher)
        assert caught.value.code is ErrorCode.UNSUPPORTED_ALGORITHM


@pytest.mark.parametrize(
    "key", [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.BrainpoolP256R1())], ids=["Ed25519", "EC"]
)
def test_a_key_that_nothing_can_be_encrypted_for(
    people: Mapping[str, Issued], intermediate: Issued, key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
) -> None:
    owner = issue(name(("CN", "Other")), key, issuer=intermediate, usage=["key_agreement"])
    with pytest.raises(UnsupportedError, match=r"the key of CN=Other; supported are RSA, P-256") as caught:
        enveloped(people["RSA"], owner)
    assert caught.value.code is ErrorCode.NOT_SUPPORTED


def test_an_rsa_key_too_short_for_the_hash_of_oaep_is_refused(intermediate: Issued) -> None:
    owner = issue(name(("CN", "Short")), rsa.generate_private_key(65537, 1024), issuer=intermediate)
    assert enveloped(owner, transport=oaep_named("SHA256"))
    with pytest.raises(CertificateError, match=r"1024-bit key of CN=Short cannot encrypt a 256-bit key") as caught:
        enveloped(owner, transport=oaep_named("SHA512"))
    assert caught.value.code is ErrorCode.UNSUPPORTED_KEY_SIZE
    assert "with OAEP and SHA512" in caught.value.message


@dataclass
class PublicOnly:
    """In place of a private key, where a certificate needs none."""

    key: x25519.X25519PublicKey

    def public_key(self) -> x25519.X25519PublicKey:
        return self.key


def test_an_x25519_key_that_would_give_the_secret_away_is_refused(intermediate: Issued) -> None:
    zero = PublicOnly(x25519.X25519PublicKey.from_public_bytes(bytes(32)))
    owner = issue(name(("CN", "Zero")), zero, issuer=intermediate, usage=["key_agreement"])
    with pytest.raises(CertificateError, match="CN=Zero is of small order") as caught:
        enveloped(owner)
    assert caught.value.code is ErrorCode.UNSUPPORTED_KEY_SIZE
