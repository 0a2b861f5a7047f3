from __future__ import annotations

import functools
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError
from ssmtp_compat.pki.certificates import Certificate
from ssmtp_compat.smime.suitability import CertificateRules, check_recipient, check_signer
from unit.pki.authority import NOW, Issued, issue, name, rsa_key
from unit.smime.openssl_keys import pss_owner

Check = Callable[[Certificate, CertificateRules, datetime], None]
STRICT = CertificateRules()
SERVER = ExtendedKeyUsageOID.SERVER_AUTH
CURVE = ec.generate_private_key(ec.SECP256R1())


@functools.cache
def short_rsa_key(bits: int) -> PrivateKeyTypes:
    made = subprocess.run(["openssl", "genrsa", str(bits)], check=True, capture_output=True)
    return load_pem_private_key(made.stdout, None)


def refusal(check: Check, owner: Issued, rules: CertificateRules = STRICT) -> CertificateError:
    with pytest.raises(CertificateError) as caught:
        check(owner.certificate, rules, NOW)
    assert owner.certificate.subject in caught.value.message
    return caught.value


@pytest.mark.parametrize(
    ("check", "code"),
    [(check_signer, ErrorCode.NO_SIGNING_CERTIFICATE), (check_recipient, ErrorCode.NO_RECIPIENT_CERTIFICATE)],
)
def test_the_time_of_a_certificate(intermediate: Issued, check: Check, code: ErrorCode) -> None:
    day = timedelta(days=1)
    old = issue(name(("CN", "Old")), issuer=intermediate, not_after=NOW - day)
    early = issue(name(("CN", "Early")), issuer=intermediate, not_before=NOW + day)
    for owner, text in ((old, "expired on 2026-05-31 12:00:00 UTC"), (early, "not valid before 2026-06-02 12:00:00")):
        error = refusal(check, owner)
        assert error.code is code
        assert text in error.message
        check(owner.certificate, CertificateRules(check_dates=False), NOW)
    for moment in (old.certificate.not_before, old.certificate.not_after):
        check(old.certificate, STRICT, moment)


@pytest.mark.parametrize(
    ("check", "key", "usage", "purposes", "text"),
    [
        (check_signer, None, ["key_encipherment"], None, "keyEncipherment, and digitalSignature or nonRepudiation is"),
        (check_signer, None, ["digital_signature"], [SERVER], "lacks emailProtection"),
        (check_recipient, None, ["digital_signature"], None, "allows digitalSignature, and keyEncipherment is needed"),
        (check_recipient, None, ["key_agreement"], None, "allows keyAgreement, and keyEncipherment is needed"),
        (check_recipient, None, [], None, "allows nothing, and keyEncipherment is needed"),
        (check_recipient, None, None, [SERVER], "lacks emailProtection"),
        (check_recipient, CURVE, ["key_encipherment"], None, "allows keyEncipherment, and keyAgreement is needed"),
        (check_recipient, x25519.X25519PrivateKey.generate(), ["digital_signature"], None, "keyAgreement is needed"),
    ],
)
def test_the_purpose_of_a_certificate(
    intermediate: Issued,
    check: Check,
    key: PrivateKeyTypes | None,
    usage: list[str] | None,
    purposes: list[object] | None,
    text: str,
) -> None:
    owner = issue(name(("CN", "Wrong")), key, issuer=intermediate, usage=usage, purposes=purposes)
    error = refusal(check, owner)
    assert error.code is ErrorCode.WRONG_CERTIFICATE
    assert text in error.message
    check(owner.certificate, CertificateRules(check_purpose=False), NOW)


@pytest.mark.parametrize(
    ("check", "key", "usage", "purposes"),
    [
        (check_signer, None, None, None),
        (check_signer, None, ["content_commitment"], [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]),
        (check_signer, CURVE, ["digital_signature"], [SERVER, ExtendedKeyUsageOID.EMAIL_PROTECTION]),
        (check_recipient, None, None, None),
        (check_recipient, None, ["key_encipherment"], [ExtendedKeyUsageOID.EMAIL_PROTECTION]),
        (check_recipient, CURVE, ["key_agreement"], [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]),
        (check_recipient, CURVE, None, None),
    ],
)
def test_certificates_that_are_fit(
    check: Check, key: PrivateKeyTypes | None, usage: list[str] | None, purposes: list[object] | None
) -> None:
    check(issue(name(("CN", "Right")), key, usage=usage, purposes=purposes).certificate, STRICT, NOW)


@pytest.mark.parametrize("check", [check_signer, check_recipient])
def test_the_length_of_an_rsa_key(intermediate: Issued, check: Check) -> None:
    weak = issue(name(("CN", "Weak")), short_rsa_key(1023), issuer=intermediate)
    error = refusal(check, weak)
    assert error.code is ErrorCode.UNSUPPORTED_KEY_SIZE
    assert "has 1023 bits, and at least 1024 are needed" in error.message
    check(weak.certificate, CertificateRules(minimum_rsa_bits=1023), NOW)
    check(issue(name(("CN", "Enough")), short_rsa_key(1024), issuer=intermediate).certificate, STRICT, NOW)
    today = issue(name(("CN", "Today")), rsa_key(1), issuer=intermediate)
    refusal(check, today, CertificateRules(minimum_rsa_bits=2049))
    check(today.certificate, CertificateRules(minimum_rsa_bits=2048), NOW)


def test_the_length_asked_of_rsa_keys_is_not_asked_of_others() -> None:
    owner = issue(name(("CN", "Curve")), CURVE, usage=["digital_signature", "key_agreement"])
    for check in (check_signer, check_recipient):
        check(owner.certificate, CertificateRules(minimum_rsa_bits=4096), NOW)


def test_an_rsa_key_that_is_for_pss_alone_is_not_encrypted_for(tmp_path: Path) -> None:
    owner = pss_owner(tmp_path).certificate
    with pytest.raises(CertificateError, match="CN=RSA-PSS is not for encryption: its key is for RSASSA-PSS") as caught:
        check_recipient(owner, STRICT, owner.not_before)
    assert caught.value.code is ErrorCode.WRONG_CERTIFICATE
    check_signer(owner, STRICT, owner.not_before)
    check_recipient(owner, CertificateRules(check_purpose=False), owner.not_before)
