"""What the properties and settings of Encrypt make of the message, read by the openssl command."""

from __future__ import annotations

import email
import email.policy
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.asymmetric import ec

from ssmtp_compat import PropertyID, ssmtp_do_addrecipientcert, ssmtp_do_config, ssmtp_do_encrypt, ssmtp_get_last_error
from unit.interface.scripts import put, reason, take
from unit.pki.authority import Issued, issue, name, rsa_key
from unit.smime.openssl_judge import Judge

TEXT = "Grüße an alle\r\n"
WEAK_AND_OLD = ["3DES", "des", "RC2", "RC2CBC40", "rc2cbc64", "RC2CBC128", "1.2.840.113549.3.2", "1.3.14.3.2.7"]
STRONG = ["AES", "AES-CBC-192", "2.16.840.1.101.3.4.1.42"]
AUTHENTICATED = ["AESGCM128", "aesgcm192", "2.16.840.1.101.3.4.1.46"]


@pytest.fixture(scope="module")
def bob() -> Issued:
    return issue(name(("CN", "Bob")), rsa_key(2))


@pytest.fixture(scope="module")
def eve() -> Issued:
    return issue(name(("CN", "Eve")), ec.generate_private_key(ec.SECP384R1()), usage=["key_agreement"])


@pytest.fixture
def judge(tmp_path: Path, bob: Issued) -> Judge:
    return Judge(tmp_path, bob)


@pytest.fixture
def encrypting(handle: int) -> int:
    ssmtp_do_config(handle, "CheckCertificateDates=False")
    put(handle, PropertyID.MessageText, TEXT)
    return handle


def encrypted(handle: int, *owners: Issued) -> bytes:
    for owner in owners:
        assert ssmtp_do_addrecipientcert(handle, owner.certificate.pem()) == 0
    assert ssmtp_do_encrypt(handle) == 0, ssmtp_get_last_error(handle)
    return (take(handle, PropertyID.OtherHeaders) + "\r\n" + take(handle, PropertyID.MessageText)).encode("ascii")


def structure(message: bytes) -> cms.ContentInfo:
    encoded = email.message_from_bytes(message, policy=email.policy.default).get_payload(decode=True)
    return cms.ContentInfo.load(encoded, strict=True)


def assert_read(judge: Judge, message: bytes, *owners: Issued) -> None:
    for owner in owners:
        plain = judge.decrypts(message, owner, "SMIME")
        assert plain is not None
        assert email.message_from_bytes(plain, policy=email.policy.default).get_content() == TEXT


@pytest.mark.parametrize("algorithm", [*STRONG, *AUTHENTICATED, *WEAK_AND_OLD])
def test_encryptingalgorithm_is_the_cipher_and_reads_back_as_it_was_set(
    encrypting: int, bob: Issued, judge: Judge, algorithm: str
):
    put(encrypting, PropertyID.EncryptingAlgorithm, algorithm)
    message = encrypted(encrypting, bob)
    assert_read(judge, message, bob)
    kind = "authEnveloped-data" if algorithm in AUTHENTICATED else "enveloped-data"
    assert f"smime-type={kind};" in take(encrypting, PropertyID.OtherHeaders)
    assert take(encrypting, PropertyID.EncryptingAlgorithm) == algorithm


def test_a_message_is_for_every_certificate_that_was_added(encrypting: int, bob: Issued, eve: Issued, judge: Judge):
    message = encrypted(encrypting, bob, eve)
    assert_read(judge, message, bob, eve)
    assert len(structure(message)["content"]["recipient_infos"]) == 2


@pytest.mark.parametrize(
    ("settings", "algorithm", "hash_name"),
    [
        (("UseOAEP=True",), "rsaes_oaep", "sha256"),
        (("UseOAEP=True", "OAEPHashAlgorithm=sha-512"), "rsaes_oaep", "sha512"),
        (("OAEPHashAlgorithm=SHA512",), "rsaes_pkcs1v15", None),
    ],
)
def test_useoaep_and_its_hash_are_in_the_message(
    encrypting: int, bob: Issued, judge: Judge, settings: tuple[str, ...], algorithm: str, hash_name: str | None
):
    for setting in settings:
        ssmtp_do_config(encrypting, setting)
    message = encrypted(encrypting, bob)
    assert_read(judge, message, bob)
    (info,) = structure(message)["content"]["recipient_infos"]
    used = info.chosen["key_encryption_algorithm"]
    assert used["algorithm"].native == algorithm
    assert not hash_name or used["parameters"]["hash_algorithm"]["algorithm"].native == hash_name


def test_a_wrong_hash_of_oaep_is_reported_when_encrypting(encrypting: int, bob: Issued):
    assert ssmtp_do_addrecipientcert(encrypting, bob.certificate.pem()) == 0
    for setting in ("UseOAEP=True", "OAEPHashAlgorithm=MD5"):
        ssmtp_do_config(encrypting, setting)
    assert ssmtp_do_encrypt(encrypting) == 10194
    assert "MD5" in reason(encrypting, 10194)
    assert take(encrypting, PropertyID.MessageText) == TEXT


def test_a_cipher_too_weak_for_a_reader_with_an_elliptic_curve_is_reported(encrypting: int, bob: Issued, eve: Issued):
    put(encrypting, PropertyID.EncryptingAlgorithm, "DES")
    for owner in (bob, eve):
        assert ssmtp_do_addrecipientcert(encrypting, owner.certificate.pem()) == 0
    assert ssmtp_do_encrypt(encrypting) == 10194
    assert "64-bit key of DES" in reason(encrypting, 10194)
