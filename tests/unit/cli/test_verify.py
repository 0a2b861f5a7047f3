"""ssmtp-compat verify: the report, the exit status, and what is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs7

from ssmtp_compat.pki.certificates import Certificate
from unit.cli.conftest import NOBODY, Run, status_for_nobody
from unit.pki.authority import Issued, issue, name, rsa_key
from unit.smime import forge
from unit.smime.forge import CONTENT, content_type, message_digest, signed, signer_info, signing_time

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture(scope="session")
def authority() -> Issued:
    return issue(name(("CN", "Root")), rsa_key(10), authority=True, not_before=YESTERDAY)


@pytest.fixture(scope="session")
def alice(authority: Issued) -> Issued:
    subject = name(("CN", "Alice\x1b[2J"))
    return issue(subject, rsa_key(1), issuer=authority, emails=["alice@example.test"], not_before=YESTERDAY)


@pytest.fixture
def ca(authority: Issued, tmp_path: Path) -> str:
    path = tmp_path / "root.pem"
    path.write_bytes(authority.certificate.pem())
    return str(path)


def attributes(content: bytes = CONTENT) -> list[bytes]:
    return [content_type(), signing_time(datetime.now(UTC)), message_digest(content)]


def message(signer: Issued, content: bytes = CONTENT) -> bytes:
    cms = signed(signer_info(signer, attributes(content)), certificates=[signer.certificate.der], content=None)
    return forge.detached(cms, content)


def written(directory: Path, content: bytes) -> str:
    path = directory / "message.eml"
    path.write_bytes(content)
    return str(path)


def test_a_good_message_is_verified(run: Run, alice: Issued, ca: str, tmp_path: Path):
    outcome = run("verify", written(tmp_path, message(alice)), "--ca", ca)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.splitlines()[:3] == ["verified", "sender: alice@example.test", "signer: CN=Alice\\1B[2J"]
    assert "  signature: RSA with SHA256, fits" in outcome.out
    assert "chain: CN=Alice\\1B[2J < CN=Root" in outcome.out
    assert "revocation of certificates was not checked" in outcome.out


def test_a_serial_number_below_zero_shows_no_warning_of_a_library(
    run: Run, alice: Issued, authority: Issued, ca: str, tmp_path: Path
):
    certificate = asn1_x509.Certificate.load(alice.certificate.der)
    certificate["tbs_certificate"]["serial_number"] = -5
    octets = certificate["tbs_certificate"].dump()
    certificate["signature_value"] = authority.key.sign(octets, PKCS1v15(), SHA256())
    signer = replace(alice, certificate=Certificate(certificate.dump()))
    outcome = run("verify", written(tmp_path, message(signer)), "--ca", ca)
    assert (outcome.status, outcome.err) == (0, "")


@pytest.mark.parametrize("nobody", NOBODY)
def test_the_status_says_it_without_the_report(alice: Issued, ca: str, tmp_path: Path, nobody: str):
    assert status_for_nobody(nobody, "verify", written(tmp_path, message(alice)), "--ca", ca) == 0


def test_authorities_are_taken_from_any_store_without_a_password(
    run: Run, alice: Issued, authority: Issued, tmp_path: Path
):
    for content in (
        authority.certificate.der,
        pkcs7.serialize_certificates([authority.x509], Encoding.DER),
        pkcs7.serialize_certificates([authority.x509], Encoding.PEM),
    ):
        assert run("verify", "-", "--ca", written(tmp_path, content), stdin=message(alice)).status == 0
    key = alice.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    outcome = run("verify", "-", "--ca", written(tmp_path, key), stdin=message(alice))
    assert outcome.status == 65
    assert "public key without a certificate" in outcome.err


def test_the_standard_input_is_read(run: Run, alice: Issued, ca: str):
    assert run("verify", "-", "--ca", ca, stdin=message(alice)).status == 0
    assert run("verify", "-", "--ca", ca, stdin=message(alice).replace(b"\r\n", b"\n")).status == 0


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda octets: octets.replace(b"Hello", b"Hallo"), "problem: the content is not what was signed"),
        (lambda octets: octets.replace(b"From: Alice <alice", b"From: Alice <bob"), "no verified signature is bob@"),
    ],
)
def test_what_is_not_verified_is_told_and_not_written(run: Run, alice: Issued, ca: str, tmp_path: Path, change, text):
    target = tmp_path / "content"
    outcome = run("verify", "-", "--ca", ca, "--output", str(target), stdin=change(message(alice)))
    assert (outcome.status, outcome.out.splitlines()[0]) == (1, "NOT VERIFIED")
    assert text in outcome.out
    assert not target.exists()
    assert run("verify", "-", "--ca", ca, "--output", "-", stdin=change(message(alice))).out == ""


def test_without_an_authority_nothing_is_verified(run: Run, alice: Issued):
    outcome = run("verify", "-", stdin=message(alice))
    assert outcome.status == 1
    assert "no authority to be trusted was given" in outcome.out


def test_what_was_signed_is_written_when_it_is_verified(run: Run, alice: Issued, ca: str, tmp_path: Path):
    target = tmp_path / "content"
    assert run("verify", "-", "--ca", ca, "--output", str(target), stdin=message(alice)).status == 0
    assert target.read_bytes() == CONTENT
    outcome = run("verify", "-", "--ca", ca, "--output", "-", stdin=message(alice))
    assert outcome.out == CONTENT.decode()
    assert outcome.err.startswith("verified\n")


def test_a_bare_signature_with_its_content_and_sender(run: Run, alice: Issued, ca: str, tmp_path: Path):
    cms = signed(signer_info(alice, attributes()), content=None)
    content, certificate = tmp_path / "content", tmp_path / "alice.der"
    content.write_bytes(CONTENT)
    certificate.write_bytes(alice.certificate.der)
    given = (
        "verify",
        written(tmp_path, cms),
        "--ca",
        ca,
        "--content",
        str(content),
        "--certificates",
        str(certificate),
    )
    assert run(*given).status == 1
    assert run(*given, "--from", "alice@example.test").status == 0
    assert run(*given, "--from", "bob@example.test").status == 1


def test_old_mail_is_judged_at_its_time_when_that_is_asked_for(run: Run, authority: Issued, ca: str):
    old = datetime.now(UTC) - timedelta(hours=2)
    signer = issue(
        name(("CN", "Old")),
        rsa_key(1),
        issuer=authority,
        emails=["alice@example.test"],
        not_before=YESTERDAY,
        not_after=old + timedelta(hours=1),
    )
    info = signer_info(signer, [content_type(), signing_time(old), message_digest()])
    octets = forge.opaque(signed(info, certificates=[signer.certificate.der]))
    assert run("verify", "-", "--ca", ca, stdin=octets).status == 1
    assert run("verify", "-", "--ca", ca, "--at-signing-time", stdin=octets).status == 0


def test_each_layer_of_a_message_signed_twice_is_checked(run: Run, alice: Issued, ca: str):
    inner = message(alice).partition(b"MIME-Version: 1.0\r\n")[2]

    def around(entity: bytes) -> bytes:
        info = signer_info(alice, attributes(entity))
        return forge.opaque(signed(info, certificates=[alice.certificate.der], content=entity))

    outcome = run("verify", "-", "--ca", ca, "--output", "-", stdin=around(inner))
    assert (outcome.status, outcome.out) == (0, CONTENT.decode())
    assert "inside: verified" in outcome.err
    outcome = run("verify", "-", "--ca", ca, stdin=around(inner.replace(b"Hello", b"Hallo")))
    assert (outcome.status, outcome.out.splitlines()[0]) == (1, "verified")
    assert "inside: NOT VERIFIED" in outcome.out


def test_wrong_data_is_one_line_and_65(run: Run, alice: Issued, ca: str, tmp_path: Path):
    missing = str(tmp_path / "missing")
    for arguments, stdin, text in (
        (("verify", missing), b"", "missing"),
        (("verify", "-"), b"Subject: x\r\n\r\nHello\r\n", "10193: "),
        (("verify", "-"), b"", "10193: "),
        (("verify", "-"), b"\x30\x80", "10192: "),
        (("verify", "-", "--ca", missing), message(alice), "--ca"),
        (("verify", "-", "--ca", written(tmp_path, b"no certificate")), message(alice), "--ca"),
        (("verify", "-", "--from", "no address@"), message(alice), "20012: "),
        (("verify", "-", "--ca", ca, "--output", f"{missing}/x"), message(alice), "--output"),
    ):
        outcome = run(*arguments, stdin=stdin)
        assert outcome.status == 65, arguments
        assert text in outcome.err
        assert outcome.err.startswith("ssmtp-compat: ")
        assert outcome.err.count("\n") == 1
