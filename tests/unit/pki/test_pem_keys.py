"""Private keys in PEM text: every notation and encryption that is still met, and a key whose certificate is missing."""

from __future__ import annotations

import base64
import re
import sys
from typing import Any

import pytest
from asn1crypto import core
from asn1crypto.keys import EncryptedPrivateKeyInfo
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_public_key,
)

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError, UnsupportedError
from ssmtp_compat.pki.armor import pem_blocks
from ssmtp_compat.pki.stores.entries import MAXIMUM_CERTIFICATES, MAXIMUM_KEYS
from ssmtp_compat.pki.stores.pem import open_pem
from unit.pki.authority import Issued, issue, name, rsa_key
from unit.pki.mutations import PASSWORD, WHAT, data, survives


def public(kind: str) -> Any:
    return load_ssh_public_key(data(f"{kind}.pub"))


def armored(label: str, der: bytes) -> bytes:
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label.encode(), base64.encodebytes(der), label.encode())


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("traditional-des.pem", "rsa"),
        ("traditional-des3.pem", "rsa"),
        ("traditional-aes128.pem", "rsa"),
        ("traditional-aes192.pem", "rsa"),
        ("traditional-aes256.pem", "rsa"),
        ("sec1-aes256.pem", "p256"),
        ("pkcs8-PBE-MD5-DES.pem", "rsa"),
        ("pkcs8-PBE-MD5-RC2-64.pem", "rsa"),
        ("pkcs8-PBE-SHA1-DES.pem", "rsa"),
        ("pkcs8-PBE-SHA1-RC2-64.pem", "rsa"),
        ("pkcs8-PBE-SHA1-3DES.pem", "rsa"),
        ("pkcs8-PBE-SHA1-RC2-40.pem", "rsa"),
        ("pkcs8-PBE-SHA1-RC2-128.pem", "rsa"),
        ("pkcs8-PBE-SHA1-2DES.pem", "rsa"),
        ("pkcs8-aes256.pem", "rsa"),
        ("pkcs8-scrypt.pem", "rsa"),
    ],
)
def test_every_encryption_of_openssl_opens_with_its_password_only(file: str, kind: str) -> None:
    (key,) = open_pem(data(file), PASSWORD, WHAT).loose_keys
    assert key.public_key() == public(kind)
    for password, text in ((b"", "no password was given"), (b"wrong-secret", "the password does not open it")):
        with pytest.raises(CertificateError, match=text) as caught:
            open_pem(data(file), password, WHAT)
        assert caught.value.code is ErrorCode.CANNOT_OPEN_STORE
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("file", ["traditional-aes256.pem", "traditional-des3.pem", "sec1-aes256.pem"])
@pytest.mark.parametrize("vector", ["AA", "00" * 32, "", "XY"])
def test_an_initialization_vector_of_a_wrong_length_is_damage(file: str, vector: str) -> None:
    content = re.sub(rb"(?m)^(DEK-Info: [A-Z0-9-]+),.*$", rb"\1," + vector.encode(), data(file))
    assert content != data(file)
    with pytest.raises(CertificateError, match="or it is damaged"):
        open_pem(content, PASSWORD, WHAT)


@pytest.mark.parametrize(
    ("file", "text"), [("traditional-camellia256.pem", r"\(CAMELLIA-256-CBC\)"), ("pkcs8-camellia256.pem", "way, that")]
)
def test_an_encryption_that_is_not_known_is_named_as_such(file: str, text: str) -> None:
    with pytest.raises(CertificateError, match=f"encrypted in a way.*{text}.*is not supported|{text} is not supported"):
        open_pem(data(file), PASSWORD, WHAT)


@pytest.mark.parametrize("kind", ["rsa", "p256", "ed25519"])
def test_the_form_of_openssh_opens(kind: str) -> None:
    (key,) = open_pem(data(f"{kind}.openssh"), b"", WHAT).loose_keys
    assert key.public_key() == public(kind)


def test_an_encrypted_key_of_openssh_opens_with_its_password() -> None:
    pytest.importorskip("bcrypt")
    content = data("ed25519-secret.openssh")
    (key,) = open_pem(content, PASSWORD, WHAT).loose_keys
    assert key.public_key() == public("ed25519")
    with pytest.raises(CertificateError, match="the password does not open it"):
        open_pem(content, b"wrong-secret", WHAT)


def without_bcrypt(*_: object) -> bytes:
    """What cryptography puts in the place of bcrypt where that is not installed."""
    raise UnsupportedAlgorithm("Need bcrypt module")


def test_an_encrypted_key_of_openssh_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    content = data("ed25519-secret.openssh")
    with pytest.raises(CertificateError, match="no password was given"):
        open_pem(content, b"", WHAT)
    ssh = sys.modules["cryptography.hazmat.primitives.serialization.ssh"]
    monkeypatch.setattr(ssh, "_bcrypt_kdf", without_bcrypt)
    with pytest.raises(UnsupportedError, match=r"pip install 'ssmtp_compat\[openssh\]'") as caught:
        open_pem(content, PASSWORD, WHAT)
    assert caught.value.code is ErrorCode.MISSING_EXTRA


def test_key_and_certificate_stand_in_any_order_and_notation(alice: Issued) -> None:
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL, PrivateFormat.OpenSSH):
        key = alice.key.private_bytes(Encoding.PEM, form, NoEncryption())
        for content in (key + alice.certificate.pem(), alice.certificate.pem() + key):
            (entry,) = open_pem(content, b"", WHAT).entries
            assert entry.private_key.public_key() == alice.key.public_key()


def test_base64_of_pem_text_is_taken(alice: Issued) -> None:
    assert open_pem(base64.b64encode(alice.certificate.pem()), b"", WHAT).entries[0].certificate == alice.certificate


def test_a_key_finds_the_certificate_that_writes_it_in_another_way() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    issued = issue(name(("CN", "compressed")), key)
    compressed = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    plain = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    der = issued.certificate.der
    at = der.index(plain)
    # The lengths around the point: BIT STRING, SubjectPublicKeyInfo, TBSCertificate, Certificate; all of them shrink.
    shrunk = bytearray(der[:at] + compressed + der[at + len(plain) :])
    shrunk[at - 2] -= 32
    information = at - 3 - 21 - 1
    assert shrunk[information - 1] == 0x30
    shrunk[information] -= 32
    for place in (2, 6):
        length = int.from_bytes(shrunk[place : place + 2], "big") - 32
        shrunk[place : place + 2] = length.to_bytes(2, "big")
    content = armored("CERTIFICATE", bytes(shrunk)) + key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    (entry,) = open_pem(content, b"", WHAT).entries
    assert entry.private_key is not None


def test_keys_without_a_certificate_are_kept_apart(alice: Issued, bob: Issued) -> None:
    strange = ed25519.Ed25519PrivateKey.generate()
    content = b"".join(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for key in (strange, alice.key)
    )
    store = open_pem(content + alice.certificate.pem() + bob.certificate.pem(), b"", WHAT)
    assert [entry.private_key is not None for entry in store.entries] == [True, False]
    assert [key.public_key() for key in store.loose_keys] == [strange.public_key()]
    assert store.describe().endswith("; Ed25519 private key without a certificate")
    assert "object at" not in repr(store)


def test_a_certificate_from_elsewhere_finds_its_key_and_its_issuers(alice: Issued, intermediate: Issued) -> None:
    renewed = issue(name(("CN", "Alice, renewed")), alice.key, issuer=intermediate).certificate
    key = alice.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (key, key + alice.certificate.pem(), key + intermediate.certificate.pem()):
        store = open_pem(content, b"", WHAT)
        entry = store.entry_for(renewed)
        assert entry.certificate == renewed
        assert entry.private_key.public_key() == alice.key.public_key()
        assert entry.chain == ((intermediate.certificate,) if intermediate.certificate.pem() in content else ())
    assert store.entry_for(issue(name(("CN", "other")), rsa_key(2)).certificate).private_key is None


def pbkdf2(iterations: int) -> bytes:
    parsed = EncryptedPrivateKeyInfo.load(base64.b64decode(next(pem_blocks(data("pkcs8-aes256.pem"))).body))
    derivation = parsed["encryption_algorithm"]["parameters"]["key_derivation_func"]
    derivation["parameters"]["iteration_count"] = iterations
    return armored("ENCRYPTED PRIVATE KEY", parsed.dump(force=True))


def pbes1(iterations: int) -> bytes:
    parsed = EncryptedPrivateKeyInfo.load(base64.b64decode(next(pem_blocks(data("pkcs8-PBE-SHA1-3DES.pem"))).body))
    parsed["encryption_algorithm"]["parameters"]["iterations"] = iterations
    return armored("ENCRYPTED PRIVATE KEY", parsed.dump(force=True))


def scrypt(**changed: int) -> bytes:
    der = base64.b64decode(next(pem_blocks(data("pkcs8-scrypt.pem"))).body)
    # N = 16384, r = 8, p = 1, which stand one behind the other
    old = core.Integer(16384).dump() + core.Integer(8).dump() + core.Integer(1).dump()
    values = {"n": 16384, "r": 8, "p": 1} | changed
    new = b"".join(core.Integer(value).dump() for value in values.values())
    grown = len(new) - len(old)
    at = der.index(old)
    octets = bytearray(der[:at] + new + der[at + len(old) :])
    # The lengths of the parameters around them: the outermost has two octets, those inside have one.
    octets[2:4] = (int.from_bytes(octets[2:4], "big") + grown).to_bytes(2, "big")
    for match in re.finditer(rb"\x30(.)", bytes(octets[4:at]), re.DOTALL):
        octets[4 + match.start(1)] += grown if 4 + match.end() + match[1][0] > at else 0
    return armored("ENCRYPTED PRIVATE KEY", bytes(octets))


def bcrypt(rounds: int) -> bytes:
    der = base64.b64decode(next(pem_blocks(data("ed25519-secret.openssh"))).body)
    at = der.index(b"bcrypt") + len(b"bcrypt") + 4 + 4 + 16
    assert der[at : at + 4] == b"\0\0\0\2"
    return armored("OPENSSH PRIVATE KEY", der[:at] + rounds.to_bytes(4, "big") + der[at + 4 :])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (pbkdf2(2_000_000_000), "2000000000 iterations"),
        (pbes1(2_000_000_000), "2000000000 iterations"),
        (pbkdf2(2_500_001) * 2, "2500001 iterations; at most 5000000 are done for one store"),
        (scrypt(n=2**24), "more memory than"),
        (scrypt(r=2**24), "more memory than"),
        (scrypt(p=2**24), "4398046511104 iterations|far too many"),
        (bcrypt(2**31), "2147483648 rounds"),
        (armored("PRIVATE KEY", bytes(8192)), "too large"),
    ],
)
def test_endless_work_is_refused_before_it_starts(content: bytes, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for loader in ("pem.load_pem_private_key", "pkcs8.load_der_private_key", "openssh.load_ssh_private_key"):
        monkeypatch.setattr(
            f"ssmtp_compat.pki.stores.{loader}",
            lambda *_: rsa_key() if content.startswith(pbkdf2(2_500_001)) else pytest.fail("the work was begun"),
        )
    with pytest.raises(CertificateError, match=text) as caught:
        open_pem(content, PASSWORD, WHAT)
    assert caught.value.code is ErrorCode.CANNOT_OPEN_STORE


def test_the_untouched_forms_open_as_they_are_built_here() -> None:
    for content in (pbkdf2(2048), pbes1(2048), scrypt()):
        assert open_pem(content, PASSWORD, WHAT).loose_keys


def test_a_store_holds_a_bounded_number_of_things(alice: Issued) -> None:
    key = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content, text in (
        (key * (MAXIMUM_KEYS + 1), "more than 100 private keys"),
        (alice.certificate.pem() * (MAXIMUM_CERTIFICATES + 1), "more than 1000 certificates"),
    ):
        with pytest.raises(CertificateError, match=text):
            open_pem(content, b"", WHAT)


def test_any_change_gives_a_documented_error_or_a_store(alice: Issued) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    short = issue(name(("CN", "s")), key, usage=None, purposes=None).certificate.pem()
    survives(
        open_pem,
        short + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        short + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD)),
        data("sec1-aes256.pem"),
        data("traditional-des.pem"),
        data("p256.openssh"),
        data("ed25519-secret.openssh"),
        data("pkcs8-PBE-MD5-DES.pem"),
    )
