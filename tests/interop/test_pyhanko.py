"""X25519 with the only other implementation there is: pyHanko, which encrypts the keys of PDF files in CMS.

It derives keys with the function of X9.63 (RFC 8418 2.1) and lacks HKDF (RFC 8418 2.2), with which this library writes.
Its content is always a seed of 20 octets and what a reader may do with the file.
"""

from __future__ import annotations

import os

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from interop.authority import Identity
from interop.processes import require
from ssmtp_compat.pki.certificates import KeyPair, decode_certificate
from ssmtp_compat.smime import recipient_infos
from ssmtp_compat.smime.ciphers import cipher_named
from ssmtp_compat.smime.decrypting import decrypt_message
from ssmtp_compat.smime.enveloping import RecipientsSpec, encrypt
from ssmtp_compat.smime.key_agreement import AgreementScheme
from ssmtp_compat.smime.suitability import CertificateRules
from unit.pki.authority import NOW

pytestmark = pytest.mark.interop

KINDS = ("RSA", "P-256", "P-384", "P-521", "X25519")
SEED = bytes(range(20))
X963_SHA256 = AgreementScheme("1.3.132.1.11.1", hashes.SHA256())


@pytest.fixture(scope="module")
def pubkey():
    require("openssl", modules=("pyhanko",))
    from pyhanko.pdf_utils.crypt import pubkey

    return pubkey


def key_pair(person: Identity) -> KeyPair:
    key = load_pem_private_key(person.key.read_bytes(), None)
    return KeyPair(decode_certificate(person.certificate.read_bytes()), key)


def written(person: Identity, content: bytes) -> bytes:
    certificate = decode_certificate(person.certificate.read_bytes())
    spec = RecipientsSpec(
        (certificate,), cipher_named("AESCBC256"), NOW, CertificateRules(check_dates=False, check_purpose=False)
    )
    return b"".join(encrypt([content], len(content), spec))


@pytest.mark.parametrize("kind", KINDS)
def test_what_pyhanko_encrypts_is_read_here(pubkey, people, kind: str):
    from pyhanko.keys import load_cert_from_pemder

    certificate = load_cert_from_pemder(str(people[kind].certificate))
    policy = pubkey.RecipientEncryptionPolicy(ignore_key_usage=True)
    permissions = pubkey.PubKeyPermissions.allow_everything()
    message = pubkey.construct_recipient_cms([certificate], SEED, permissions, policy).dump()
    assert decrypt_message(message, [key_pair(people[kind])]).content[:20] == SEED


def test_what_is_encrypted_here_pyhanko_reads_but_for_hkdf(pubkey, people, monkeypatch: pytest.MonkeyPatch):
    from asn1crypto import cms

    person = people["X25519"]
    content = SEED + os.urandom(4)
    decrypter = pubkey.SimpleEnvelopeKeyDecrypter.load(str(person.key), str(person.certificate))
    with pytest.raises(Exception, match="Failed to decrypt envelope key") as caught:
        pubkey.read_seed_from_recipient_cms(cms.ContentInfo.load(written(person, content)), decrypter)
    assert "Only dhSinglePass-stdDH algorithms" in str(caught.value.__cause__)
    # Everything but the derivation of the key is the same, so that much of it has a judge.
    monkeypatch.setattr(recipient_infos, "X25519_SCHEME", X963_SHA256)
    seed, _ = pubkey.read_seed_from_recipient_cms(cms.ContentInfo.load(written(person, content)), decrypter)
    assert seed == SEED
