"""A signer's key that stays on a PKCS #11 token: SoftHSM2, read and signed with by the library, judged by openssl."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from interop.processes import require, run, server_directory
from interop.softhsm import PIN, SoftHSM
from ssmtp_compat import PropertyID, ssmtp_do_sign, ssmtp_set
from ssmtp_compat.cli import main
from ssmtp_compat.errors import CertificateError, SSMTPError
from ssmtp_compat.pki.certificates import Certificate, KeyPair
from ssmtp_compat.pki.stores.opening import StoreFormat, StoreSource, open_store
from ssmtp_compat.smime.ciphers import cipher_named
from ssmtp_compat.smime.decrypting import decrypt_message
from ssmtp_compat.smime.enveloping import RecipientsSpec, encrypt
from ssmtp_compat.smime.key_transport import PKCS1, KeyTransport, oaep_named
from ssmtp_compat.smime.suitability import CertificateRules
from unit.pki.authority import Issued, issue, name
from unit.smime import forge
from wire.mailer import Mailer

pytestmark = pytest.mark.interop

PKCS11 = 20


@pytest.fixture(scope="module")
def softhsm(ca):
    """A token with alice's key and certificate and her issuer's, and one with a key of a curve and no certificate."""
    require("softhsm2-util", "openssl", modules=("pkcs11",))
    with server_directory("softhsm") as directory:
        hsm = SoftHSM(directory)
        hsm.add_token("mail")
        hsm.add_token("spare")
        hsm.add_token("agreeing")
        hsm.add_key("mail", ca.alice.key, "alice", "a1")
        curve = directory / "curve.pem"
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", curve)
        hsm.add_key("spare", curve, "curve", "c1")
        hsm.load()
        try:
            hsm.add_certificate("mail", ca.alice, "a1")
            hsm.add_agreement_key("agreeing", curve, "d1")
            yield hsm
        finally:
            hsm.unload()


def uri(hsm: SoftHSM, token: str, attributes: str = "") -> str:
    return f"pkcs11:token={token}{attributes}?module-path={hsm.module}"


def source(store: str, pin: str = PIN) -> StoreSource:
    return StoreSource(StoreFormat.PKCS11, None, store.encode(), pin, "CertStore")


def test_a_message_is_signed_on_the_token(softhsm, ca, openssl_cms):
    with Mailer(25, MessageText="signed on a token\r\n", OtherHeaders="") as mailer:
        mailer.set(CertStoreType=PKCS11, CertStore=uri(softhsm, "mail"), CertStorePassword=PIN, CertSubject="*")
        assert "CN=Alice" in mailer.get("CertSubject")
        for algorithm in ("SHA256", "SHA512", "SHA1"):
            mailer.set(MessageText="signed on a token\r\n", SigningAlgorithm=algorithm)
            assert ssmtp_do_sign(mailer.handle) == 0, mailer.error
            entity = (
                mailer.get("OtherHeaders").encode().rstrip(b"\r\n") + b"\r\n\r\n" + mailer.get("MessageText").encode()
            )
            verified = openssl_cms.verify(entity)
            assert verified.ok, verified.report
            assert b"signed on a token" in verified.content


def test_a_wrong_pin_and_a_wrong_token_are_explained(softhsm):
    for store, pin, text in (
        (uri(softhsm, "mail"), "wrong-pin", "the PIN is wrong"),
        (uri(softhsm, "mail"), "", "it wants a PIN"),
        (uri(softhsm, "other"), PIN, "no token fits; the module has: 'agreeing', 'mail', 'spare'"),
        (softhsm.module, PIN, "several tokens fit"),
        (f"pkcs11:?module-path={__file__}", PIN, "cannot be used"),
    ):
        with pytest.raises(CertificateError, match=text) as caught:
            open_store(source(store, pin))
        assert caught.value.code == 271
        assert PIN not in str(caught.value)
        assert "wrong-pin" not in str(caught.value)


def test_a_mail_script_meets_a_code_and_no_exception(softhsm):
    with Mailer(25) as mailer:
        mailer.set(CertStoreType=PKCS11, CertStore=uri(softhsm, "mail"), CertStorePassword="0000")
        assert ssmtp_set(mailer.handle, PropertyID.CertSubject, "*") == 271
        assert "the PIN is wrong" in mailer.error[1]


def test_the_uri_chooses_among_the_keys(softhsm):
    for attributes, found in (("", 1), (";object=alice", 1), (";id=%a1", 1), (";object=bob", 0), (";id=%a2", 0)):
        store = open_store(source(uri(softhsm, "mail", attributes)))
        assert len([entry for entry in store.entries if entry.private_key is not None]) == found
        assert store.loose_keys == ()


def test_both_paddings_of_rsa_verify(softhsm):
    (entry,) = open_store(source(uri(softhsm, "mail"))).entries
    key = entry.private_key
    for algorithm in (hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):
        for padding in (
            PKCS1v15(),
            PSS(MGF1(algorithm), algorithm.digest_size),
            PSS(MGF1(algorithm), PSS.DIGEST_LENGTH),
            PSS(MGF1(algorithm), PSS.MAX_LENGTH),
        ):
            signature = key.sign(b"data", padding, algorithm)
            key.public_key().verify(signature, b"data", padding, algorithm)
            with pytest.raises(InvalidSignature):
                key.public_key().verify(signature, b"other", padding, algorithm)


def test_a_curve_key_without_a_certificate_signs(softhsm):
    store = open_store(source(uri(softhsm, "spare")))
    (key,) = store.loose_keys
    assert store.describe() == "secp256r1 private key without a certificate"
    for algorithm in (hashes.SHA256(), hashes.SHA512()):
        key.public_key().verify(key.sign(b"data", ec.ECDSA(algorithm)), b"data", ec.ECDSA(algorithm))


def message_for(certificate: Certificate, transport: KeyTransport = PKCS1) -> bytes:
    rules = CertificateRules(check_dates=False, check_purpose=False)
    spec = RecipientsSpec((certificate,), cipher_named("AESGCM256"), datetime.now(UTC), rules, transport)
    return b"".join(encrypt([b"secret"], 6, spec))


def test_a_message_is_decrypted_on_the_token(softhsm):
    (entry,) = open_store(source(uri(softhsm, "mail"))).entries
    for transport in (PKCS1, oaep_named("SHA1")):
        message = message_for(entry.certificate, transport)
        assert decrypt_message(message, [entry.key_pair()]).content == b"secret"
        # The encrypted key stands ahead of the content; a change in it is told as any other damage.
        at = len(message) // 2 - 60
        changed = message[:at] + bytes((message[at] ^ 1,)) + message[at + 1 :]
        with pytest.raises(SSMTPError, match="it was damaged, or encrypted for another key"):
            decrypt_message(changed, [entry.key_pair()])


def test_what_a_token_cannot_decrypt_gives_a_random_key(softhsm):
    (entry,) = open_store(source(uri(softhsm, "mail"))).entries
    owner = Issued(entry.certificate, entry.private_key, None)
    for encrypted_key in (bytes(256), b"\xff" * 256, b"short", entry.certificate.public_key.encrypt(b"x", PKCS1v15())):
        info = forge.key_transport(owner, encrypted_key)
        message = forge.enveloped(info, encrypted=forge.cbc(key=b"\7" * 16))
        decrypted = decrypt_message(message, [entry.key_pair()], lambda size: b"\7" * size)
        assert decrypted.content == forge.CONTENT


def test_a_curve_key_on_a_token_agrees_on_secrets(softhsm):
    (key,) = open_store(source(uri(softhsm, "agreeing"))).loose_keys
    other = ec.generate_private_key(ec.SECP256R1())
    assert key.exchange(ec.ECDH(), other.public_key()) == other.exchange(ec.ECDH(), key.public_key())
    (signing,) = open_store(source(uri(softhsm, "spare"))).loose_keys
    with pytest.raises(CertificateError, match="not allowed to derive"):
        signing.exchange(ec.ECDH(), other.public_key())
    certificate = issue(name(("CN", "Curve")), other, usage=["key_agreement"]).certificate
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    certificate = Certificate(certificate.der.replace(certificate.public_key_der, spki))
    assert decrypt_message(message_for(certificate), [KeyPair(certificate, key)]).content == b"secret"


def test_the_command_decrypts_with_a_token(softhsm, tmp_path, monkeypatch, capsysbinary):
    (entry,) = open_store(source(uri(softhsm, "mail"))).entries
    message = tmp_path / "message.der"
    message.write_bytes(message_for(entry.certificate))
    monkeypatch.setenv("SSMTP_STORE_PASSWORD", PIN)
    assert main(["decrypt", str(message), "--store", uri(softhsm, "mail")]) == 0
    assert capsysbinary.readouterr().out == b"secret"


def test_threads_share_a_token(softhsm):
    (entry,) = open_store(source(uri(softhsm, "mail"))).entries

    def work(number: int) -> None:
        data = b"%d" % number
        assert open_store(source(uri(softhsm, "mail"))).entries
        signature = entry.private_key.sign(data, PKCS1v15(), hashes.SHA256())
        entry.private_key.public_key().verify(signature, data, PKCS1v15(), hashes.SHA256())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(20)))


def test_the_key_never_leaves_the_token(softhsm):
    (entry,) = open_store(source(uri(softhsm, "mail"))).entries
    with pytest.raises(TypeError, match="does not leave its token"):
        entry.private_key.private_numbers()
    assert PIN not in repr(entry.private_key)
    assert PIN not in repr(vars(entry.private_key))
    with Mailer(25) as mailer:
        mailer.set(
            SSLStartMode=1,
            SSLCertStoreType=PKCS11,
            SSLCertStore=uri(softhsm, "mail"),
            SSLCertStorePassword=PIN,
            SSLCertSubject="*",
        )
        assert "CN=Alice" in mailer.get("SSLCertSubject")
