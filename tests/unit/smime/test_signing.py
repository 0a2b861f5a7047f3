from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from asn1crypto import algos, cms, tsp
from asn1crypto.core import SetOf
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, x25519
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError, SSMTPError, UnsupportedError
from ssmtp_compat.pki.certificates import KeyPair
from ssmtp_compat.smime.ciphers import cipher_named
from ssmtp_compat.smime.digests import DIGESTS, Digest, digest_named
from ssmtp_compat.smime.signing import Signer, SignerSpec
from ssmtp_compat.smime.suitability import CertificateRules
from unit.pki.authority import NOW, Issued, issue, name, rsa_key
from unit.smime.openssl_judge import Judge

CONTENT = b"Content-Type: text/plain\r\n\r\nHello\r\n"


def sign_detached(content: Iterable[bytes], spec: SignerSpec) -> bytes:
    return Signer(spec).detached(content)


def spec_of(owner: Issued, digest: str = "SHA256") -> SignerSpec:
    return SignerSpec(owner.key_pair, digest_named(digest), NOW)


def signed_data(signature: bytes) -> cms.SignedData:
    info = cms.ContentInfo.load(signature, strict=True)
    assert info["content_type"].native == "signed_data"
    return info["content"]


def attributes_of(signer: cms.SignerInfo) -> dict[str, list[object]]:
    return {attribute["type"].dotted: list(attribute["values"]) for attribute in signer["signed_attrs"]}


@pytest.mark.parametrize("digest", DIGESTS, ids=lambda digest: digest.name)
def test_openssl_accepts_every_digest(alice: Issued, intermediate: Issued, judge: Judge, digest: Digest) -> None:
    signature = sign_detached([CONTENT], spec_of(alice, digest.name))
    assert judge.verifies(signature, CONTENT, [intermediate.certificate])
    assert not judge.verifies(signature, CONTENT.replace(b"Hello", b"Hallo"), [intermediate.certificate])


def test_the_pieces_of_the_content_do_not_matter(alice: Issued) -> None:
    whole = sign_detached([CONTENT], spec_of(alice))
    assert sign_detached((CONTENT[i : i + 1] for i in range(len(CONTENT))), spec_of(alice)) == whole


def test_the_structure_is_that_of_rfc_5652(alice: Issued) -> None:
    data = signed_data(sign_detached([CONTENT], spec_of(alice)))
    assert data["version"].native == "v1"
    assert data["encap_content_info"]["content_type"].native == "data"
    assert data["encap_content_info"]["content"].native is None
    assert [algorithm["algorithm"].native for algorithm in data["digest_algorithms"]] == ["sha256"]
    (signer,) = data["signer_infos"]
    assert signer["version"].native == "v1"
    assert signer["sid"].name == "issuer_and_serial_number"
    assert signer["sid"].chosen.dump() == alice.certificate.issuer_and_serial_der
    assert signer["digest_algorithm"]["algorithm"].native == "sha256"
    assert signer["signature_algorithm"].dump().hex() == "300d06092a864886f70d0101010500"
    assert signer["unsigned_attrs"].native is None


def test_the_signed_attributes_say_what_was_signed(alice: Issued) -> None:
    (signer,) = signed_data(sign_detached([CONTENT], spec_of(alice)))["signer_infos"]
    values = attributes_of(signer)
    assert set(values) == {
        "1.2.840.113549.1.9.3",
        "1.2.840.113549.1.9.4",
        "1.2.840.113549.1.9.5",
        "1.2.840.113549.1.9.15",
        "1.2.840.113549.1.9.16.2.47",
    }
    assert all(len(each) == 1 for each in values.values())
    assert values["1.2.840.113549.1.9.3"][0].native == "data"
    assert values["1.2.840.113549.1.9.4"][0].native == hashlib.sha256(CONTENT).digest()
    assert values["1.2.840.113549.1.9.5"][0].native == NOW
    reference = tsp.SigningCertificateV2.load(values["1.2.840.113549.1.9.16.2.47"][0].dump(), strict=True)
    (identifier,) = reference["certs"]
    assert identifier["cert_hash"].native == hashlib.sha256(alice.certificate.der).digest()
    assert identifier["issuer_serial"]["serial_number"].native == alice.certificate.serial
    assert identifier["issuer_serial"]["issuer"][0].chosen.untag().dump() == alice.certificate.issuer_der
    # DER leaves a default out (X.690 11.5): the ESSCertIDv2 begins with the hash and not with an AlgorithmIdentifier.
    assert identifier.contents[0] == 0x04


def test_the_capabilities_are_every_aes_the_best_first_and_nothing_weak(alice: Issued) -> None:
    (signer,) = signed_data(sign_detached([CONTENT], spec_of(alice)))["signer_infos"]
    (value,) = attributes_of(signer)["1.2.840.113549.1.9.15"]
    capabilities = [algos.AlgorithmIdentifier.load(one.dump(), strict=True) for one in value]
    names = [cipher_named(one["algorithm"].dotted).name for one in capabilities]
    assert names == ["AESCBC256", "AESGCM256", "AESCBC192", "AESGCM192", "AESCBC128", "AESGCM128"]
    assert {one["parameters"].dump() for one in capabilities} == {b""}


def test_the_signature_is_over_the_attributes_as_a_set(alice: Issued) -> None:
    (signer,) = signed_data(sign_detached([CONTENT], spec_of(alice)))["signer_infos"]
    attributes = signer["signed_attrs"].untag()
    public_key = alice.key.public_key()
    public_key.verify(signer["signature"].native, attributes.dump(), PKCS1v15(), digest_named("SHA256").hash)


def test_the_attributes_are_in_the_order_of_der(alice: Issued) -> None:
    # The attribute that names the certificate sorts behind the capabilities, or ahead of them where it is short.
    short = issue(name(("CN", "A")), serial=1)
    for owner, digest in itertools.product((alice, short), DIGESTS):
        (signer,) = signed_data(sign_detached([CONTENT], spec_of(owner, digest.name)))["signer_infos"]
        attributes = signer["signed_attrs"]
        assert isinstance(attributes, SetOf)
        encodings = [attribute.dump() for attribute in attributes]
        assert encodings == sorted(encodings)


@pytest.mark.parametrize(
    ("moment", "tag", "text"),
    [
        (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), 0x17, b"491231235959Z"),
        (datetime(2050, 1, 1, tzinfo=UTC), 0x18, b"20500101000000Z"),
        (datetime(2050, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))), 0x17, b"491231233000Z"),
    ],
)
def test_the_signing_time_is_utc_and_changes_its_type_in_2050(
    alice: Issued, moment: datetime, tag: int, text: bytes
) -> None:
    spec = replace(spec_of(alice), signing_time=moment, rules=CertificateRules(check_dates=False))
    assert bytes((tag, len(text))) + text in sign_detached([CONTENT], spec)


@pytest.mark.parametrize(
    ("certificate", "chain", "expected"),
    [(False, False, 0), (False, True, 0), (True, False, 1), (True, True, 2)],
)
def test_certificates_go_along_as_asked_and_never_the_root(
    alice: Issued, intermediate: Issued, judge: Judge, certificate: bool, chain: bool, expected: int
) -> None:
    spec = replace(spec_of(alice), include_certificate=certificate, include_chain=chain)
    signature = sign_detached([CONTENT], spec)
    included = [one.chosen.dump() for one in signed_data(signature)["certificates"]]
    assert len(included) == expected
    wanted = [alice.certificate.der, intermediate.certificate.der][:expected]
    assert included == sorted(wanted)
    others = [] if chain and certificate else [intermediate.certificate]
    assert judge.verifies(signature, CONTENT, others, None if certificate else alice.certificate)


def test_a_certificate_that_is_not_for_signing_is_refused(intermediate: Issued) -> None:
    for usage, purposes, text in (
        (("key_encipherment",), None, "allows keyEncipherment, and digitalSignature or nonRepudiation is needed"),
        (("digital_signature",), (ExtendedKeyUsageOID.SERVER_AUTH,), "lacks emailProtection"),
    ):
        owner = issue(name(("CN", "Wrong")), issuer=intermediate, usage=usage, purposes=purposes)
        with pytest.raises(CertificateError, match=text) as caught:
            sign_detached([CONTENT], spec_of(owner))
        assert caught.value.code is ErrorCode.WRONG_CERTIFICATE
        assert "CN=Wrong" in caught.value.message


@pytest.mark.parametrize(
    ("usage", "purposes"),
    [
        (None, None),
        (("content_commitment",), None),
        (("digital_signature",), (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)),
        (("digital_signature",), (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION)),
    ],
)
def test_a_certificate_that_may_sign_mail_does(intermediate: Issued, usage: object, purposes: object) -> None:
    owner = issue(name(("CN", "Right")), issuer=intermediate, usage=usage, purposes=purposes)
    assert sign_detached([CONTENT], spec_of(owner))


def test_a_certificate_out_of_its_time_is_refused_unless_dates_do_not_matter(alice: Issued) -> None:
    certificate = alice.certificate
    for moment, text in (
        (certificate.not_before - timedelta(seconds=1), f"not valid before {certificate.not_before:%Y-%m-%d}"),
        (certificate.not_after + timedelta(seconds=1), f"expired on {certificate.not_after:%Y-%m-%d}"),
    ):
        spec = replace(spec_of(alice), signing_time=moment)
        with pytest.raises(CertificateError, match=text) as caught:
            sign_detached([CONTENT], spec)
        assert caught.value.code is ErrorCode.NO_SIGNING_CERTIFICATE
        assert sign_detached([CONTENT], replace(spec, rules=CertificateRules(check_dates=False)))
    for moment in (certificate.not_before, certificate.not_after):
        assert sign_detached([CONTENT], replace(spec_of(alice), signing_time=moment))


@pytest.mark.parametrize("key", [x25519.X25519PrivateKey.generate(), dsa.generate_private_key(1024)])
def test_a_key_that_cannot_sign_mail_is_refused(intermediate: Issued, key: PrivateKeyTypes) -> None:
    owner = issue(name(("CN", "Other")), key, issuer=intermediate)
    with pytest.raises(UnsupportedError, match="CN=Other cannot sign mail: RSA, EC, Ed25519 and Ed448 keys can"):
        sign_detached([CONTENT], spec_of(owner))


class _TokenKey:
    """What a key on a token has, and no more: sign() with the arguments that its kind takes."""

    def __init__(self, key: Any) -> None:
        self._key = key

    def sign(self, *arguments: object) -> bytes:
        return self._key.sign(*arguments)


def test_a_key_needs_no_more_than_to_sign(alice: Issued, intermediate: Issued, judge: Judge) -> None:
    curve = issue(name(("CN", "Curve")), ec.generate_private_key(ec.SECP256R1()), issuer=intermediate)
    for owner in (alice, curve):
        pair = replace(owner.key_pair, private_key=_TokenKey(owner.key))
        signature = sign_detached([CONTENT], replace(spec_of(owner), key_pair=pair))
        assert judge.verifies(signature, CONTENT, [intermediate.certificate])


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (ValueError("Digest too large"), ErrorCode.UNSUPPORTED_KEY_SIZE, r"2048-bit key of CN=Alice.* with SHA512"),
        (UnsupportedAlgorithm("x"), ErrorCode.UNSUPPORTED_ALGORITHM, "does not allow signatures with SHA512"),
    ],
)
def test_a_key_that_cannot_sign_with_the_digest_is_an_error_of_ours(
    alice: Issued, error: Exception, code: ErrorCode, text: str
) -> None:
    class Refusing:
        def sign(self, *arguments: object) -> bytes:
            raise error

    pair = replace(alice.key_pair, private_key=Refusing())
    with pytest.raises(SSMTPError, match=text) as caught:
        sign_detached([CONTENT], replace(spec_of(alice, "SHA512"), key_pair=pair))
    assert caught.value.code is code


def test_nothing_is_read_before_the_signer_is_known_to_be_fit(alice: Issued) -> None:
    spec = replace(spec_of(alice), signing_time=NOW + timedelta(days=9999))
    content = iter([CONTENT])
    with pytest.raises(CertificateError):
        sign_detached(content, spec)
    assert next(content) == CONTENT


def test_two_signers_do_not_share_what_is_remembered_of_a_certificate(alice: Issued, intermediate: Issued) -> None:
    twin = issue(alice.x509.subject, rsa_key(1), issuer=intermediate)
    for owner in (alice, twin, alice):
        pair = KeyPair(owner.certificate, owner.key)
        (signer,) = signed_data(sign_detached([CONTENT], SignerSpec(pair, digest_named("SHA256"), NOW)))["signer_infos"]
        assert hashlib.sha256(owner.certificate.der).digest() in signer["signed_attrs"].dump()
