"""Messages that others have published are read: those of RFC 4134 with RSA (most of its signatures are DSA)."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key

from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.pki.certificates import Certificate, KeyPair
from ssmtp_compat.smime import der
from ssmtp_compat.smime.algorithms import encode_oid
from ssmtp_compat.smime.decrypting import decrypt_message
from ssmtp_compat.smime.verifying import Trust, verify_message
from unit.pki.authority import NOW, Issued
from unit.smime import forge, rfc4134


@pytest.fixture
def bob() -> KeyPair:
    return KeyPair(Certificate(rfc4134.BOB_CERTIFICATE), load_der_private_key(rfc4134.BOB_KEY, None))


def test_example_4_5_is_verified_where_alice_herself_is_trusted():
    (signer,) = verify_message(rfc4134.EXAMPLE_4_5, Trust((), NOW)).signers
    verification = verify_message(rfc4134.EXAMPLE_4_5, Trust((signer.certificate,), NOW), sender="AliceRSA@example.com")
    assert (verification.verified, verification.content) == (True, rfc4134.CONTENT)
    weaknesses = " ".join(verification.signers[0].weaknesses)
    assert "SHA1 is weak" in weaknesses
    assert "only 1024 bits" in weaknesses
    assert (
        not verify_message(
            rfc4134.EXAMPLE_4_5.replace(b"some sample", b"same sample"), Trust((signer.certificate,), NOW)
        )
        .signers[0]
        .signature_ok
    )


def test_the_chain_of_example_4_5_is_too_weak_today():
    (signer,) = verify_message(rfc4134.EXAMPLE_4_5, Trust((Certificate(rfc4134.BOB_CERTIFICATE),), NOW)).signers
    assert signer.signature_ok
    assert "the certificate of CN=AliceRSA is signed with SHA1, which is broken" in signer.problems


def test_example_5_3_is_decrypted(bob: KeyPair):
    decrypted = decrypt_message(rfc4134.EXAMPLE_5_3, [bob])
    assert (decrypted.content, decrypted.cipher) == (rfc4134.CONTENT, "3DES")
    assert b"Subject: Example 5.3\r\n" in decrypted.message
    with pytest.raises(SSMTPError, match="cannot be decrypted"):
        decrypt_message(rfc4134.EXAMPLE_5_3.replace(b"C3EN", b"C3EM"), [bob], lambda size: b"\7" * size)


def test_example_5_2_is_decrypted(bob: KeyPair):
    parameters = der.wrap(der.SEQUENCE, b"\x02\x01\x3a", der.wrap(der.OCTET_STRING, rfc4134.EXAMPLE_5_2_IV))
    cms = forge.enveloped(
        forge.key_transport(Issued(bob.certificate, bob.private_key, None), rfc4134.EXAMPLE_5_2_KEY),
        encrypted=rfc4134.EXAMPLE_5_2_CONTENT,
        algorithm=der.wrap(der.SEQUENCE, encode_oid("1.2.840.113549.3.2"), parameters),
    )
    decrypted = decrypt_message(cms, [bob])
    assert (decrypted.content, decrypted.cipher) == (rfc4134.CONTENT, "RC2CBC128")
