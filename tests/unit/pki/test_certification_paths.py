"""A path is good only when every link of it is (RFC 5280 6)."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import core, keys
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from ssmtp_compat.pki.certificates import Certificate
from ssmtp_compat.pki.paths import find_path
from steps import steps
from unit.pki.authority import NOW, Encoding, Issued, issue, name, rsa_key
from unit.smime import rfc4134


def built(subject: str, key, issuer: Issued, *extensions: tuple[x509.ExtensionType, bool], algorithm=None) -> Issued:
    """A certificate with these extensions and no others."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(("CN", subject)))
        .issuer_name(issuer.x509.subject)
        .serial_number(x509.random_serial_number())
        .public_key(key.public_key())
        .not_valid_before(NOW - timedelta(days=10))
        .not_valid_after(NOW + timedelta(days=10))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    made = builder.sign(issuer.key, algorithm or hashes.SHA256())
    certificate = Certificate(made.public_bytes(Encoding.DER))
    return Issued(certificate, key, made, (issuer.certificate, *issuer.issuers))


def ca(path_length: int | None = None) -> tuple[x509.ExtensionType, bool]:
    return x509.BasicConstraints(ca=True, path_length=path_length), True


def problems(leaf: Issued, root: Issued, *others: Issued, moment=NOW) -> str:
    path = find_path(leaf.certificate, [each.certificate for each in others], [root.certificate], moment)
    return "; ".join(path.problems)


def mail(subject: str, issuer: Issued, *, key: int = 5, emails=("a@example.test",), **options) -> Issued:
    return issue(name(("CN", subject)), rsa_key(key), issuer=issuer, emails=emails, **options)


def test_a_path_over_an_intermediate(alice: Issued, intermediate: Issued, root: Issued):
    path = find_path(alice.certificate, [intermediate.certificate], [root.certificate], NOW)
    assert path.problems == ()
    assert path.certificates == (alice.certificate, intermediate.certificate, root.certificate)


def test_an_authority_below_a_root_may_be_the_anchor(alice: Issued, intermediate: Issued):
    assert find_path(alice.certificate, [], [intermediate.certificate], NOW).problems == ()


def test_a_missing_issuer_is_named(alice: Issued, root: Issued):
    assert "the issuer CN=Test Issuer, C=DE is not known" in problems(alice, root)


def test_a_certificate_that_its_issuer_did_not_sign(root: Issued):
    impostor = issue(name(("C", "DE"), ("CN", "Test Root")), rsa_key(12), authority=True)
    forged = Issued(root.certificate, impostor.key, root.x509)
    assert "did not sign" in problems(mail("Alice", forged), root)


def short_dsa_key() -> PrivateKeyTypes:
    """The example of FIPS 186 (1994), for nobody makes such keys any more."""
    parameters = {
        "p": int(
            "8DF2A494492276AA3D25759BB06869CBEAC0D83AFB8D0CF7CBB8324F0D7882E5"
            "D0762FC5B7210EAFC2E9ADAC32AB7AAC49693DFBF83724C2EC0736EE31C80291",
            16,
        ),
        "q": 0xC773218C737EC8EE993B4F2DED30F48EDACE915F,
        "g": int(
            "626D027839EA0A13413163A55B4CB500299D5522956CEFCB3BFF10F399CE2C2E"
            "71CB9DE5FA24BABF58E5B79521925C9CC42E9F6F464B088CC572AF53E6D78802",
            16,
        ),
    }
    secret = core.Integer(0x2070B3223DBA372FDE1C0FFC7B2E3B498B260614).dump()
    algorithm = {"algorithm": "dsa", "parameters": parameters}
    made = {"version": 0, "private_key_algorithm": algorithm, "private_key": core.ParsableOctetString(secret)}
    return load_der_private_key(keys.PrivateKeyInfo(made).dump(), None)


def short_rsa_key() -> PrivateKeyTypes:
    """cryptography makes none below 1024 bits."""
    made = subprocess.run(["openssl", "genrsa", "1016"], check=True, capture_output=True)
    return load_pem_private_key(made.stdout, None)


@pytest.mark.parametrize(
    ("make", "said"), [(short_dsa_key, "a DSA key of 512 bits"), (short_rsa_key, "an RSA key of 1016 bits")]
)
def test_an_authority_with_a_short_key_is_not_believed(make: Callable[[], PrivateKeyTypes], said: str):
    weak = issue(name(("CN", "Weak Root")), make(), authority=True)
    assert problems(mail("Alice", weak), weak) == f"the certificate of CN=Weak Root has {said}, which is too weak"


def test_an_authority_with_a_dsa_key_of_some_length_is_followed():
    old = issue(name(("CN", "Old Root")), rfc4134.ALICE_KEY, authority=True)
    assert problems(mail("Alice", old), old) == ""


def test_a_certificate_that_cannot_be_read_to_the_end_is_not_believed(root: Issued):
    """A version that does not exist: cryptography has an exception of its own for that."""
    good = mail("Alice", root).certificate.der
    version = bytes.fromhex("a003020102")
    assert good.count(version) == 1
    broken = Certificate(good.replace(version, version[:-1] + b"\x0a"))
    assert "did not sign" in str(find_path(broken, [], [root.certificate], NOW).problems)
    assert "cannot be read" in str(find_path(broken, [], [broken], NOW).problems)


@pytest.mark.parametrize("days", [-200, 200])
def test_dates_count_all_along_the_path(root: Issued, days: int):
    authority = issue(
        name(("CN", "Short")),
        rsa_key(6),
        issuer=root,
        authority=True,
        not_before=NOW - timedelta(days=10),
        not_after=NOW + timedelta(days=10),
    )
    leaf = mail("Alice", authority, not_before=NOW - timedelta(days=300), not_after=NOW + timedelta(days=300))
    old_root = issue(
        name(("CN", "Old")), rsa_key(7), authority=True, not_before=NOW - timedelta(days=10), not_after=NOW
    )
    assert problems(leaf, root, authority) == ""
    assert "CN=Short" in problems(leaf, root, authority, moment=NOW + timedelta(days=days))
    assert "CN=Old" in problems(mail("Alice", old_root), old_root, moment=NOW + timedelta(days=1))


def test_only_authorities_issue(root: Issued):
    person = issue(name(("CN", "Person")), rsa_key(6), issuer=root)
    assert "is not that of an authority" in problems(mail("Alice", person), root, person)
    unsaid = built("Unsaid", rsa_key(6), root)
    assert "is not that of an authority" in problems(mail("Alice", unsaid), root, unsaid)


def test_the_key_usage_of_an_authority_counts(root: Issued):
    usage = x509.KeyUsage(*(bit == 0 for bit in range(9)))
    authority = built("Signer", rsa_key(6), root, ca(), (usage, True))
    assert "not for signing certificates" in problems(mail("Alice", authority), root, authority)


def test_the_purpose_of_an_authority_counts(root: Issued):
    web = built("Web", rsa_key(6), root, ca(), (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False))
    assert "not for issuing mail certificates" in problems(mail("Alice", web), root, web)


def test_path_lengths_count(root: Issued):
    upper = built("Upper", rsa_key(6), root, ca(0))
    lower = built("Lower", rsa_key(7), upper, ca())
    assert problems(mail("Alice", upper), root, upper) == ""
    assert "allows only 0" in problems(mail("Alice", lower), root, upper, lower)


def test_an_unknown_critical_extension_is_refused(root: Issued):
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    assert problems(built("Alice", rsa_key(5), root, (unknown, False)), root) == ""
    assert "1.2.3.4" in problems(built("Alice", rsa_key(5), root, (unknown, True)), root)
    explicit = x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None)
    assert "2.5.29.36" in problems(built("Alice", rsa_key(5), root, (explicit, True)), root)


@pytest.mark.parametrize(
    ("subtrees", "email", "allowed"),
    [
        ("example.test", "a@example.test", True),
        ("example.test", "a@EXAMPLE.test", True),
        ("example.test", "a@sub.example.test", False),
        ("example.test", "a@evilexample.test", False),
        (".example.test", "a@sub.example.test", True),
        (".example.test", "a@example.test", False),
        ("a@example.test", "a@example.test", True),
        ("a@example.test", "b@example.test", False),
    ],
)
def test_name_constraints_on_addresses(root: Issued, subtrees: str, email: str, allowed: bool):
    constraint = x509.RFC822Name._init_without_validation(subtrees)
    permitting = built("Authority", rsa_key(6), root, ca(), (x509.NameConstraints([constraint], None), True))
    excluding = built("Authority", rsa_key(6), root, ca(), (x509.NameConstraints(None, [constraint]), True))
    for authority, expected in ((permitting, allowed), (excluding, not allowed)):
        found = problems(mail("Alice", authority, emails=[email]), root, authority)
        assert (found == "") == expected
        assert expected or f"may not vouch for {email}" in found


def test_a_trailing_dot_does_not_get_around_an_exclusion(root: Issued):
    """CVE-2026-8763."""
    for constraint, email in (("example.test", "a@example.test."), ("example.test.", "a@example.test")):
        excluded = x509.NameConstraints(None, [x509.RFC822Name._init_without_validation(constraint)])
        authority = built("Authority", rsa_key(6), root, ca(), (excluded, True))
        leaf = mail("Alice", authority, emails=())
        general = x509.SubjectAlternativeName([x509.RFC822Name._init_without_validation(email)])
        leaf = built("Alice", rsa_key(5), authority, (general, False))
        assert "may not vouch" in problems(leaf, root, authority)


def test_the_address_in_the_subject_is_constrained_too(root: Issued):
    permitted = x509.NameConstraints([x509.RFC822Name._init_without_validation("example.test")], None)
    authority = built("Authority", rsa_key(6), root, ca(), (permitted, True))
    leaf = issue(name(("CN", "Bob"), ("E", "bob@evil.test")), rsa_key(5), issuer=authority)
    assert "may not vouch for bob@evil.test" in problems(leaf, root, authority)


def test_name_constraints_on_subjects(root: Issued):
    subtree = x509.DirectoryName(name(("C", "DE"), ("O", "Acme")))
    authority = built("Authority", rsa_key(6), root, ca(), (x509.NameConstraints([subtree], None), True))
    inside = issue(name(("C", "DE"), ("O", "ACME"), ("CN", "Alice")), rsa_key(5), issuer=authority)
    outside = issue(name(("C", "DE"), ("O", "Other"), ("CN", "Alice")), rsa_key(5), issuer=authority)
    assert problems(inside, root, authority) == ""
    assert "this subject" in problems(outside, root, authority)
    excluding = built("Authority", rsa_key(6), root, ca(), (x509.NameConstraints(None, [subtree]), True))
    leaf = issue(name(("C", "DE"), ("O", "Acme"), ("CN", "Alice")), rsa_key(5), issuer=excluding)
    assert "this subject" in problems(leaf, root, excluding)


def test_a_leaf_with_the_name_of_its_issuer_is_constrained_too(root: Issued):
    """Only an authority's own new certificate is exempt (RFC 5280 6.1.4)."""
    permitted = x509.NameConstraints([x509.RFC822Name._init_without_validation("example.test")], None)
    authority = built("Same", rsa_key(6), root, ca(), (permitted, True))
    leaf = mail("Same", authority, emails=["a@evil.test"])
    assert "may not vouch for a@evil.test" in problems(leaf, root, authority)
    renewed = built(
        "Same", rsa_key(7), authority, ca(), (x509.SubjectAlternativeName([x509.RFC822Name("ca@ca.test")]), False)
    )
    assert problems(mail("Alice", renewed), root, authority, renewed) == ""


@pytest.mark.parametrize("broken", ["sha1", "md5"])
def test_a_certificate_that_is_signed_with_a_broken_hash(root: Issued, tmp_path: Path, broken: str):
    key = root.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    leaf = mail("Alice", root)
    request = x509.CertificateSigningRequestBuilder(leaf.x509.subject).sign(leaf.key, hashes.SHA256())
    files = {"root.pem": root.certificate.pem(), "root.key": key, "csr": request.public_bytes(Encoding.PEM)}
    for file, content in files.items():
        (tmp_path / file).write_bytes(content)
    command = ["openssl", "x509", "-req", "-in", "csr", "-CA", "root.pem", "-CAkey", "root.key", "-set_serial", "7"]
    command += [f"-{broken}", "-outform", "DER", "-days", "2", "-out", "made"]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    made = Certificate((tmp_path / "made").read_bytes())
    path = find_path(made, [], [root.certificate], made.not_before)
    assert f"is signed with {broken.upper()}, which is broken" in "; ".join(path.problems)


def test_a_second_path_is_found_where_the_first_is_bad(alice: Issued, intermediate: Issued, root: Issued):
    """Two certificates of one authority, one of them out of date."""
    old = issue(intermediate.x509.subject, rsa_key(11), issuer=root, authority=True, not_after=NOW - timedelta(days=1))
    for others in ([old, intermediate], [intermediate, old]):
        assert problems(alice, root, *others) == ""
    assert "expired" in problems(alice, root, old)


def test_two_authorities_that_certify_each_other_do_not_go_round_for_ever(root: Issued):
    def authority(subject: str, key: int, issuer: str, issuer_key: int) -> Issued:
        above = Issued(root.certificate, rsa_key(issuer_key), built(issuer, rsa_key(issuer_key), root).x509)
        return built(subject, rsa_key(key), above, ca())

    one, two = authority("One", 6, "Two", 7), authority("Two", 7, "One", 6)
    assert "not known" in problems(mail("Alice", one), root, one, two)


def test_the_work_for_a_maze_of_certificates_is_bounded(root: Issued):
    """Certificates of one name and one key sign each other, so that every order of them is a path."""
    authority = built("Maze", rsa_key(6), root, ca())
    maze = [built("Maze", rsa_key(6), authority, ca()) for _ in range(10)]
    leaf = mail("Alice", authority)
    assert "too many chains" in problems(leaf, root, *maze)
    assert steps(lambda: problems(leaf, root, *maze)) < 200_000
    assert problems(leaf, root, authority, *maze) == ""
