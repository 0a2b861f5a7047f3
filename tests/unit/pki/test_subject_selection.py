from __future__ import annotations

import hashlib

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from ssmtp_compat.pki.names import parse_name
from ssmtp_compat.pki.stores.entries import StoreEntry
from ssmtp_compat.pki.subjects import select
from unit.pki.authority import issue, name, rsa_key

ACME = issue(name(("C", "DE"), ("S", "Hessen"), ("O", "Acme, Inc"), ("CN", "Alice")), emails=["alice@Example.test"])
JACOB = issue(name(("CN", "Jacob"), ("E", "jacob@a.test")))
BOB = issue(name(("CN", "Bob"), ("E", "bob@a.test")))
QUOTED = issue(name(("CN", 'The "Best"; <x> #1')))
OLD = issue(name(("CN", "Twice")), serial=1)
NEW = issue(name(("CN", "Twice")), serial=2)
NUMBERED = issue(name(("CN", "Plant 7")), serial=0xC0FFEE0123456789)
SHA1 = hashlib.sha1(NUMBERED.certificate.der).hexdigest()
SHA256 = hashlib.sha256(NUMBERED.certificate.der).hexdigest()

STORE = (
    StoreEntry(OLD.certificate),
    StoreEntry(JACOB.certificate, JACOB.key),
    StoreEntry(ACME.certificate, ACME.key),
    StoreEntry(BOB.certificate, BOB.key),
    StoreEntry(QUOTED.certificate),
    StoreEntry(NEW.certificate, NEW.key),
    StoreEntry(NUMBERED.certificate),
)


def in_pairs(digits: str, separator: str) -> str:
    return separator.join(digits[start : start + 2] for start in range(0, len(digits), 2))


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("*", JACOB),
        (" * ", JACOB),
        ('CN=Alice, O="Acme, Inc", S=Hessen, C=DE', ACME),
        ('C=DE,S=Hessen,O="Acme, Inc",CN=Alice', ACME),
        (r"CN=Alice,O=Acme\, Inc,ST=Hessen,C=DE", ACME),
        (r"CN=Alice,O=Acme\2C Inc,ST=Hessen,C=DE", ACME),
        ('cn = Alice ; o = "Acme, Inc" ; st=Hessen ; countryName=DE', ACME),
        ('cn=ALICE,o="acme,  inc",st=hessen,c=de', ACME),
        ("2.5.4.3=Bob,OID.1.2.840.113549.1.9.1=bob@a.test", BOB),
        ("emailAddress=bob@a.test,CN=Bob", BOB),
        ("CN=#0C03426F62,1.2.840.113549.1.9.1=#160A626F6240612E74657374", BOB),
        ("CN=#0c03426f62,E=bob@a.test", BOB),
        ("CN=#0C03426F,E=bob@a.test", None),
        ("bob@a.test", BOB),
        ("bob@A.TEST", BOB),
        ("alice@example.test", ACME),
        ("Alice@example.test", None),
        ("b@a.test", JACOB),
        ("acme", ACME),
        ("CN=Al", ACME),
        ("O=Acme", None),
        ('O="Acme', ACME),
        ('CN="The ""Best""; <x> #1"', QUOTED),
        (r"CN=The \"Best\"\; \<x\> \#1", QUOTED),
        ("CN=Twice", NEW),
        (SHA1, NUMBERED),
        (SHA1.upper(), NUMBERED),
        (in_pairs(SHA1, ":"), NUMBERED),
        (in_pairs(SHA1.upper(), " "), NUMBERED),
        (SHA256, NUMBERED),
        (in_pairs(SHA256.upper(), ":"), NUMBERED),
        (f"0x{SHA256}", NUMBERED),
        (SHA1[:-1], None),
        (SHA1[:-1] + ("0" if SHA1[-1] != "0" else "1"), None),
        ("13907095862997510025", NUMBERED),
        ("C0FFEE0123456789", NUMBERED),
        ("c0:ff:ee:01:23:45:67:89", NUMBERED),
        ("0xC0FFEE0123456789", NUMBERED),
        ("00C0FFEE0123456789", NUMBERED),
        ("2", NEW),
        ("1", QUOTED),
        ("7", NUMBERED),
        ("99", None),
        ("9" * 5000, None),
        ("\u0662", None),
        ("", None),
        ("   ", None),
        ("Mallory", None),
        ("CN=Mallory", None),
        ("CN=Alice, CN=Bob", None),
    ],
)
def test_selection(subject: str, expected: object) -> None:
    found = select(STORE, subject)
    assert (found.certificate if found else None) == (expected.certificate if expected else None)


@pytest.mark.parametrize(
    "subject",
    [
        r"CN=\ Bob\ ",
        r"CN=\ Bob\20",
        r" CN = \ Bob\   ",
        r"CN=\ Bob\ ,O=",
        r"CN=\ Bob\  , O=",
        'CN=" Bob "',
        r"CN=\ Bob\\ ",
    ],
)
def test_blanks_at_the_ends_of_a_value_count_where_they_are_escaped(subject: str) -> None:
    blank = issue(name(("CN", " Bob ")))
    both = issue(name(("CN", " Bob "), ("O", "")))
    slash = issue(name(("CN", " Bob\\")))
    found = select([StoreEntry(each.certificate) for each in (BOB, both, slash, blank)], subject)
    expected = both if "O=" in subject else slash if "\\\\" in subject else blank
    assert found is not None
    assert found.certificate == expected.certificate


def test_any_is_the_first_when_none_has_a_key() -> None:
    entries = (StoreEntry(BOB.certificate), StoreEntry(ACME.certificate))
    assert select(entries, "*") is entries[0]
    assert select((), "*") is None


def test_an_exact_name_wins_over_an_earlier_part() -> None:
    longer = issue(name(("CN", "Bobby"), ("E", "bob@a.test")))
    plain = issue(name(("CN", "Bobby")))
    entries = (StoreEntry(longer.certificate, longer.key), StoreEntry(plain.certificate))
    found = select(entries, "CN=Bobby")
    assert found is entries[1]


def test_an_exact_name_wins_over_one_that_differs_in_case() -> None:
    entries = [StoreEntry(issue(name(("C", "DE"), ("CN", common))).certificate) for common in ("BOB", "Bob")]
    assert select(entries, "CN=Bob,C=DE") is entries[1]
    assert select(entries, "CN=bob,C=DE") is entries[0]


def test_a_subject_as_it_reads_selects_although_its_backslash_could_begin_an_escape() -> None:
    entry = StoreEntry(issue(name(("CN", r"DOMAIN\bader"), ("O", "Acme"))).certificate)
    assert entry.certificate.subject == r"O=Acme, CN=DOMAIN\bader"
    other = StoreEntry(issue(name(("CN", r"DOMAIN\bader"), ("O", "Acme"), ("C", "DE"))).certificate)
    assert select([other, entry], entry.certificate.subject) is entry


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ("plain", _ASN1Type.UTF8String, "plain"),
        ("Jürgen", _ASN1Type.UTF8String, "Jürgen"),
        ("Jürgen", _ASN1Type.BMPString, "Jürgen"),
        ("Jürgen", _ASN1Type.T61String, None),
        ('say "hi"', _ASN1Type.UTF8String, '"say ""hi"""'),
        ("a+b", _ASN1Type.UTF8String, '"a+b"'),
        (" blank", _ASN1Type.UTF8String, '" blank"'),
        ("line\r\nbreak\x7f", _ASN1Type.UTF8String, r"line\0D\0Abreak\7F"),
        (r"DOMAIN\alice", _ASN1Type.UTF8String, r"DOMAIN\alice"),
        ("a\u202eb\u2028c\x9bd", _ASN1Type.UTF8String, r"a\E2\80\AEb\E2\80\A8c\C2\9Bd"),
        ("山田\u3000太郎", _ASN1Type.UTF8String, "山田\u3000太郎"),
    ],
)
def test_values_are_written_so_that_they_read_back(value: str, kind: _ASN1Type, shown: str | None) -> None:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, value, kind)])
    certificate = issue(subject).certificate
    if shown is not None:
        assert certificate.subject == f"CN={shown}"
    entry = StoreEntry(certificate)
    assert select((entry,), certificate.subject) is entry
    assert parse_name(certificate.subject) == certificate.subject_names or shown is None


def test_several_attributes_in_one_part_and_unknown_types() -> None:
    subject = x509.Name(
        [
            x509.RelativeDistinguishedName(
                [
                    x509.NameAttribute(NameOID.COMMON_NAME, "Alice"),
                    x509.NameAttribute(x509.ObjectIdentifier("1.2.3.4"), "value"),
                ]
            )
        ]
    )
    certificate = issue(subject, rsa_key()).certificate
    assert sorted(certificate.subject.split(" + ")) == ["1.2.3.4=value", "CN=Alice"]
    entry = StoreEntry(certificate)
    assert select((entry,), "1.2.3.4=value+CN=Alice") is entry
    assert select((entry,), "1.2.3.4=value,CN=Alice") is None


@pytest.mark.parametrize("text", ["Alice", "=Alice", "CN=Alice, Bob", ""])
def test_a_text_that_is_no_name_is_not_read_as_one(text: str) -> None:
    assert parse_name(text) is None
