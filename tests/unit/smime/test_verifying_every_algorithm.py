"""Every algorithm and form that is read, as the openssl command and cryptography write them."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ssmtp_compat.pki.certificates import Certificate
from ssmtp_compat.smime import der
from ssmtp_compat.smime.algorithms import encode_oid
from ssmtp_compat.smime.verifying import Trust, verify_message
from unit.pki.authority import NOW, Issued, issue, name, rsa_key
from unit.smime import forge, rfc4134
from unit.smime.forge import CONTENT, content_type, message_digest, signed, signer_info
from unit.smime.openssl_writer import Writer

HEADER = b"From: alice@example.test\n"  # openssl writes LF
SHA2 = {
    "sha1": "1.3.14.3.2.26",
    "sha224": "2.16.840.1.101.3.4.2.4",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
    "sha3-224": "2.16.840.1.101.3.4.2.7",
    "sha3-256": "2.16.840.1.101.3.4.2.8",
    "sha3-384": "2.16.840.1.101.3.4.2.9",
    "sha3-512": "2.16.840.1.101.3.4.2.10",
}
CURVES = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "brainpoolP256r1": ec.BrainpoolP256R1(),
    "brainpoolP384r1": ec.BrainpoolP384R1(),
    "brainpoolP512r1": ec.BrainpoolP512R1(),
}


@pytest.fixture(scope="session")
def keys() -> dict:
    return {"RSA": rsa_key(20)} | {curve: ec.generate_private_key(CURVES[curve]) for curve in CURVES}


@pytest.fixture(scope="session")
def today() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def signers(keys: dict, today: datetime) -> dict[str, Issued]:
    """What openssl signs has the real time in it, so these certificates are good now."""
    dates = {"not_before": today - timedelta(days=1), "not_after": today + timedelta(days=1)}
    authority = issue(name(("CN", "Root of Today")), rsa_key(10), authority=True, **dates)
    return {
        kind: issue(name(("CN", "Alice")), key, issuer=authority, emails=["alice@example.test"], **dates)
        for kind, key in keys.items()
    }


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    return Writer(tmp_path)


def trust_in(signer: Issued, moment: datetime) -> Trust:
    return Trust((signer.issuers[-1],), moment + timedelta(minutes=2))


FORMS = [
    ("-md", "sha256"),
    ("-md", "sha256", "-nodetach"),
    ("-md", "sha512", "-noattr"),
    ("-md", "sha384", "-nodetach", "-stream"),
    ("-md", "sha224", "-keyid"),
    ("-md", "sha1"),
]
PSS_OPTIONS = [
    ("-md", "sha256", "-keyopt", "rsa_padding_mode:pss"),
    ("-md", "sha384", "-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:0"),
    ("-md", "sha512", "-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_mgf1_md:sha1", "-noattr"),
    ("-md", "sha1", "-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:20"),
]


@pytest.mark.parametrize("kind", ["RSA", *CURVES])
@pytest.mark.parametrize("options", FORMS, ids=" ".join)
def test_what_openssl_signs_is_verified(
    signers: dict[str, Issued], today: datetime, writer: Writer, kind: str, options: tuple[str, ...]
):
    message = HEADER + writer.signs(CONTENT, signers[kind], *options)
    verification = verify_message(message, trust_in(signers[kind], today))
    assert (verification.verified, verification.content) == (True, CONTENT), verification


@pytest.mark.parametrize("options", PSS_OPTIONS, ids=" ".join)
def test_pss_as_openssl_writes_it_is_verified(
    signers: dict[str, Issued], today: datetime, writer: Writer, options: tuple[str, ...]
):
    message = HEADER + writer.signs(CONTENT, signers["RSA"], *options)
    verification = verify_message(message, trust_in(signers["RSA"], today))
    assert (verification.verified, verification.signers[0].algorithm) == (True, "RSASSA-PSS"), verification


@pytest.mark.parametrize("form", ["DER", "PEM"])
def test_bare_objects_are_verified(signers: dict[str, Issued], today: datetime, writer: Writer, form: str):
    cms = writer.signs(CONTENT, signers["RSA"], "-binary", form=form)
    trust = trust_in(signers["RSA"], today)
    assert verify_message(cms, trust, content=CONTENT, sender="alice@example.test").verified


def forged(signer: Issued, digest_name: str, algorithm: bytes, sign, *, attributes: bool = True) -> bytes:
    digest = der.wrap(der.SEQUENCE, encode_oid(SHA2[digest_name]))
    hashlib_name = digest_name.replace("-", "_")
    items = [content_type(), message_digest(name=hashlib_name)] if attributes else None
    octets = der.wrap(der.SET, *items) if items else CONTENT
    info = signer_info(signer, items, digest=digest, algorithm=algorithm, signature=sign(octets))
    certificates = [signer.certificate.der, *(each.der for each in signer.issuers)]
    return forge.opaque(signed(info, certificates=certificates, digests=[digest]))


SHA3 = {
    "sha3-224": hashes.SHA3_224(),
    "sha3-256": hashes.SHA3_256(),
    "sha3-384": hashes.SHA3_384(),
    "sha3-512": hashes.SHA3_512(),
}


@pytest.mark.parametrize("digest", SHA3)
@pytest.mark.parametrize("attributes", [True, False])
def test_sha3_is_verified(signers: dict[str, Issued], today: datetime, digest: str, attributes: bool):
    """RFC 9688: the object identifiers of RSA and ECDSA with SHA-3 count on in the order of the digests' lengths."""
    number = list(SHA3).index(digest)
    rsa_oid, ecdsa_oid = f"2.16.840.1.101.3.4.3.{13 + number}", f"2.16.840.1.101.3.4.3.{9 + number}"
    rsa, curve = signers["RSA"], signers["P-256"]
    hashed = SHA3[digest]
    for signer, oid, sign in (
        (rsa, rsa_oid, lambda octets: rsa.key.sign(octets, PKCS1v15(), hashed)),
        (curve, ecdsa_oid, lambda octets: curve.key.sign(octets, ec.ECDSA(hashed))),
    ):
        message = forged(signer, digest, der.wrap(der.SEQUENCE, encode_oid(oid)), sign, attributes=attributes)
        verification = verify_message(message, trust_in(signer, today))
        assert (verification.verified, verification.signers[0].digest.lower()) == (True, digest), verification


@pytest.fixture(scope="session")
def edward(root: Issued) -> Issued:
    key = ed25519.Ed25519PrivateKey.generate()
    return issue(name(("CN", "Alice")), key, issuer=root, emails=["alice@example.test"])


ED25519 = der.wrap(der.SEQUENCE, encode_oid("1.3.101.112"))


@pytest.mark.parametrize("attributes", [True, False])
def test_ed25519_is_verified(edward: Issued, root: Issued, attributes: bool):
    message = forged(edward, "sha512", ED25519, edward.key.sign, attributes=attributes)
    verification = verify_message(message, Trust((root.certificate,), NOW))
    assert (verification.verified, verification.signers[0].algorithm) == (True, "Ed25519"), verification


def test_ed25519_goes_with_sha512_only(edward: Issued, root: Issued):
    message = forged(edward, "sha256", ED25519, edward.key.sign)
    verification = verify_message(message, Trust((root.certificate,), NOW))
    assert "wants SHA512" in verification.signers[0].problems[0]


DSA = {
    "sha1": ("1.2.840.10040.4.3", hashes.SHA1()),
    "sha224": ("2.16.840.1.101.3.4.3.1", hashes.SHA224()),
    "sha256": ("2.16.840.1.101.3.4.3.2", hashes.SHA256()),
}
"""RFC 3370 3.1 and RFC 5754 3.1."""


@pytest.fixture(scope="session")
def dora(root: Issued) -> Issued:
    """With a DSA key."""
    return issue(name(("CN", "Alice")), rfc4134.ALICE_KEY, issuer=root, emails=["alice@example.test"])


def dsa_message(signer: Issued, digest: str, named: str = "", *, attributes: bool = True) -> bytes:
    algorithm = der.wrap(der.SEQUENCE, encode_oid(DSA[named or digest][0]))
    return forged(
        signer, digest, algorithm, lambda octets: signer.key.sign(octets, DSA[digest][1]), attributes=attributes
    )


@pytest.mark.parametrize("digest", DSA)
@pytest.mark.parametrize("attributes", [True, False])
def test_dsa_is_verified_and_reported(dora: Issued, root: Issued, digest: str, attributes: bool):
    message = dsa_message(dora, digest, attributes=attributes)
    verification = verify_message(message, Trust((root.certificate,), NOW))
    (signer,) = verification.signers
    assert (verification.verified, signer.algorithm, signer.digest.lower()) == (True, "DSA", digest), verification
    assert "DSA is withdrawn (FIPS 186-5)" in signer.weaknesses


def test_dsa_as_openssl_writes_it_is_verified(dora: Issued, root: Issued, today: datetime, writer: Writer):
    message = HEADER + writer.signs(CONTENT, dora, "-md", "sha256")
    moment = today + timedelta(minutes=2)
    verification = verify_message(message, Trust((root.certificate,), moment))
    assert (verification.verified, verification.signers[0].algorithm) == (True, "DSA"), verification


def test_dsa_goes_with_the_digest_that_it_names(dora: Issued, root: Issued):
    verification = verify_message(dsa_message(dora, "sha256", "sha1"), Trust((root.certificate,), NOW))
    assert "wants SHA1 and the digest algorithm is SHA256" in verification.signers[0].problems[0]


@pytest.mark.parametrize("algorithm", [forge.RSA_ENCRYPTION, der.wrap(der.SEQUENCE, encode_oid("1.2.840.10045.4.3.2"))])
def test_dsa_under_another_name_is_not_believed(dora: Issued, root: Issued, algorithm: bytes):
    message = forged(dora, "sha256", algorithm, lambda octets: dora.key.sign(octets, hashes.SHA256()))
    assert (
        "signer's key is not one for" in verify_message(message, Trust((root.certificate,), NOW)).signers[0].problems[0]
    )


def test_a_short_dsa_key_is_not_believed(dora: Issued):
    made = asn1_x509.Certificate.load(dora.certificate.der)
    made["tbs_certificate"]["subject_public_key_info"]["algorithm"]["parameters"]["p"] = 2**1022 + 1
    short = replace(dora, certificate=Certificate(made.dump(force=True)))
    (signer,) = verify_message(dsa_message(short, "sha256"), Trust((short.certificate,), NOW)).signers
    assert "the signer's DSA key has only 1023 bits" in signer.problems


def pss_algorithm(*fields: bytes) -> bytes:
    return der.wrap(der.SEQUENCE, encode_oid("1.2.840.113549.1.1.10"), der.wrap(der.SEQUENCE, *fields))


def with_tag(tag: int, *content: bytes) -> bytes:
    return der.wrap(tag, *content)


HASH = with_tag(0xA0, forge.SHA256)
MASK = with_tag(0xA1, der.wrap(der.SEQUENCE, encode_oid("1.2.840.113549.1.1.8"), forge.SHA256))
BAD_PSS = [
    der.wrap(der.SEQUENCE, encode_oid("1.2.840.113549.1.1.10")),
    pss_algorithm(),
    pss_algorithm(HASH, with_tag(0xA1, der.wrap(der.SEQUENCE, encode_oid("1.2.840.113549.1.1.9"), forge.SHA256))),
    pss_algorithm(HASH, with_tag(0xA1, der.wrap(der.SEQUENCE, encode_oid("1.2.840.113549.1.1.8")))),
    pss_algorithm(HASH, MASK, with_tag(0xA2, b"\x02\x01\xff")),
    pss_algorithm(HASH, MASK, with_tag(0xA2, b"\x02\x03\x7f\xff\xff")),
    pss_algorithm(HASH, MASK, with_tag(0xA2, b"\x02\x01\x20"), with_tag(0xA3, b"\x02\x01\x02")),
    pss_algorithm(HASH, MASK, with_tag(0xA2)),
    pss_algorithm(MASK, HASH),
    pss_algorithm(MASK, with_tag(0xA2, b"\x02\x01\x20")),
    pss_algorithm(HASH, MASK, with_tag(0xA2, b"\x02\x01\x1f")),
]


@pytest.mark.parametrize("algorithm", BAD_PSS, ids=range(len(BAD_PSS)))
def test_pss_with_other_parameters_than_it_was_made_with_is_not_believed(alice: Issued, root: Issued, algorithm: bytes):
    def sign(octets: bytes) -> bytes:
        return alice.key.sign(octets, PSS(MGF1(hashes.SHA256()), 32), hashes.SHA256())

    good = pss_algorithm(HASH, MASK, with_tag(0xA2, b"\x02\x01\x20"))
    trust = Trust((root.certificate,), NOW)
    assert verify_message(forged(alice, "sha256", good, sign), trust).verified
    verification = verify_message(forged(alice, "sha256", algorithm, sign), trust)
    assert (verification.verified, verification.signers[0].signature_ok) == (False, False)


def test_a_scheme_that_is_not_the_keys_is_not_believed(alice: Issued, root: Issued, signers: dict[str, Issued]):
    trust = Trust((root.certificate, signers["P-256"].issuers[-1]), NOW)
    ecdsa = der.wrap(der.SEQUENCE, encode_oid("1.2.840.10045.4.3.2"))
    for signer, algorithm in (
        (alice, ecdsa),
        (alice, ED25519),
        (signers["P-256"], forge.RSA_ENCRYPTION),
        (alice, der.wrap(der.SEQUENCE, encode_oid(DSA["sha256"][0]))),
        (alice, der.wrap(der.SEQUENCE, encode_oid("1.2.3.4"))),
    ):
        verification = verify_message(forged(signer, "sha256", algorithm, lambda octets: bytes(64)), trust)
        assert not verification.signers[0].signature_ok


def test_rsa_with_parameters_is_not_believed(root: Issued):
    alice = issue(name(("CN", "Alice")), rsa_key(20), issuer=root, emails=["alice@example.test"])
    rsa = encode_oid("1.2.840.113549.1.1.1")
    for parameters, problems in (
        (b"", ()),
        (der.NULL, ()),
        (der.wrap(der.OCTET_STRING, b"x"), ("the parameters of the signature algorithm cannot be used",)),
    ):
        algorithm = der.wrap(der.SEQUENCE, rsa, parameters)
        message = forged(alice, "sha256", algorithm, lambda octets: alice.key.sign(octets, PKCS1v15(), hashes.SHA256()))
        assert verify_message(message, Trust((root.certificate,), NOW)).signers[0].problems == problems


def test_a_curve_that_is_not_on_the_list_is_not_believed(root: Issued):
    signer = issue(
        name(("CN", "Alice")), ec.generate_private_key(ec.SECP256K1()), issuer=root, emails=["alice@example.test"]
    )
    algorithm = der.wrap(der.SEQUENCE, encode_oid("1.2.840.10045.4.3.2"))
    message = forged(signer, "sha256", algorithm, lambda octets: signer.key.sign(octets, ec.ECDSA(hashes.SHA256())))
    assert "secp256k1" in verify_message(message, Trust((root.certificate,), NOW)).signers[0].problems[0]


@pytest.mark.parametrize(("bits", "verified"), [(1024, True), (768, False)])
def test_short_rsa_keys_are_reported_and_the_shortest_not_believed(root: Issued, bits: int, verified: bool):
    made = subprocess.run(["openssl", "genrsa", str(bits)], check=True, capture_output=True).stdout
    key = load_pem_private_key(made, None)  # cryptography makes none below 1024 bits, and reads them
    signer = issue(name(("CN", "Alice")), key, issuer=root, emails=["alice@example.test"])

    def sign(octets: bytes) -> bytes:
        return key.sign(octets, PKCS1v15(), hashes.SHA256())

    message = forged(signer, "sha256", forge.RSA_ENCRYPTION, sign)
    verification = verify_message(message, Trust((root.certificate,), NOW))
    assert verification.verified == verified
    assert f"{bits} bits" in str(verification)
