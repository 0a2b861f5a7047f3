"""What this library signs and encrypts, it verifies and decrypts: every kind of key with every digest and cipher."""

from __future__ import annotations

import quopri
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519

from ssmtp_compat.smime import schemes
from ssmtp_compat.smime.ciphers import cipher_named
from ssmtp_compat.smime.decrypting import decrypt_message
from ssmtp_compat.smime.digests import DIGESTS, Digest, digest_named
from ssmtp_compat.smime.enveloping import RecipientsSpec
from ssmtp_compat.smime.pss_keys import PssDemands
from ssmtp_compat.smime.secure import Secured, sign_and_encrypt_message, sign_message
from ssmtp_compat.smime.signing import SignerSpec
from ssmtp_compat.smime.verifying import Trust, verify_message
from unit.pki.authority import NOW, Issued, issue, name, rsa_key
from unit.smime import forge
from unit.smime.openssl_keys import pss_owner

TEXT = "Grüße\r\n.\r\nFrom here\r\n".encode()
SHA256 = digest_named("SHA256")
KEYS = {
    "RSA": lambda: rsa_key(20),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "Ed448": ed448.Ed448PrivateKey.generate,
}
CASES = [
    *(("RSA", digest, use_pss) for digest in DIGESTS for use_pss in (False, True)),
    *(("P-256", digest, False) for digest in DIGESTS if digest.name != "MD5"),
    *((kind, SHA256, False) for kind in ("P-384", "P-521", "Ed25519", "Ed448")),
]


@pytest.fixture(scope="session")
def signers(root: Issued) -> dict[str, Issued]:
    return {
        kind: issue(name(("CN", "Alice")), make(), issuer=root, emails=["alice@example.test"])
        for kind, make in KEYS.items()
    }


@pytest.fixture
def trust(root: Issued) -> Trust:
    return Trust((root.certificate,), NOW)


def message(secured: Secured) -> bytes:
    return f"From: alice@example.test\r\n{secured.other_headers}\r\n{secured.message_text}".encode("ascii")


@pytest.mark.parametrize(
    ("kind", "digest", "use_pss"), CASES, ids=lambda value: value.name if isinstance(value, Digest) else str(value)
)
def test_a_signed_message_comes_back(
    signers: dict[str, Issued], trust: Trust, kind: str, digest: Digest, use_pss: bool
):
    for detached in (True, False):
        spec = SignerSpec(signers[kind].key_pair, digest, NOW, use_pss=use_pss, detached=detached)
        verification = verify_message(message(sign_message(TEXT, "utf-8", "", spec)), trust)
        assert verification.verified == (digest.name != "MD5"), verification
        assert verification.signers[0].signature_ok
        header, _, body = verification.content.partition(b"\r\n\r\n")
        assert b"quoted-printable" in header
        assert quopri.decodestring(body) == TEXT


def test_a_signed_and_encrypted_message_comes_back(signers: dict[str, Issued], trust: Trust, root: Issued):
    reader = issue(name(("CN", "Bob")), rsa_key(2), issuer=root)
    spec = SignerSpec(signers["P-256"].key_pair, SHA256, NOW)
    for cipher, smime_type in (("AESCBC256", "enveloped-data"), ("AESGCM256", "authEnveloped-data")):
        recipients = RecipientsSpec((reader.certificate,), cipher_named(cipher), NOW)
        octets = message(sign_and_encrypt_message(TEXT, "utf-8", "Subject: Lunch", spec, recipients))
        assert smime_type.encode() in octets
        decrypted = decrypt_message(octets, [reader.key_pair])
        verification = verify_message(decrypted.message, trust)
        assert verification.verified
        assert b"\r\nSubject: Lunch\r\n" in verification.message


def test_a_key_for_pss_alone_verifies_nothing_else(tmp_path: Path):
    """RFC 4055 1.2."""
    owner = pss_owner(tmp_path)
    certificate = owner.certificate
    trust = Trust((certificate,), datetime.now(UTC))
    spec = SignerSpec(owner.key_pair, SHA256, datetime.now(UTC))
    assert verify_message(message(sign_message(TEXT, "utf-8", "", spec)), trust).verified
    info = forge.signer_info(owner)
    verification = verify_message(forge.opaque(forge.signed(info, certificates=[certificate.der])), trust)
    assert verification.signers[0].problems == ("the signer's key is for RSASSA-PSS only",)


@pytest.mark.parametrize(
    ("hash_name", "mask", "salt"), [("SHA256", "SHA256", 50), ("SHA256", "SHA1", 49), ("SHA512", "SHA1", 64)]
)
def test_a_pss_signature_with_other_parameters_than_the_keys_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hash_name: str, mask: str, salt: int
):
    """RFC 4055 3.3."""
    owner = pss_owner(tmp_path, "md:sha256", "mgf1_md:sha1", "saltlen:50")
    trust = Trust((owner.certificate,), datetime.now(UTC))

    def signed(digest: Digest) -> bytes:
        schemes.signature_scheme.cache_clear()
        return message(sign_message(TEXT, "utf-8", "", SignerSpec(owner.key_pair, digest, datetime.now(UTC))))

    assert verify_message(signed(SHA256), trust).verified
    digest = digest_named(hash_name)
    other = PssDemands(digest.oid, digest_named(mask).oid, salt)
    monkeypatch.setattr(schemes, "pss_demands", lambda certificate: other)
    (verdict,) = verify_message(signed(digest), trust).signers
    assert verdict.problems == ("the parameters of the signature algorithm cannot be used",)
