from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError
from ssmtp_compat.pki.stores.entries import MAXIMUM_CERTIFICATES, MAXIMUM_KEYS
from ssmtp_compat.pki.stores.xmlkey import open_xml
from unit.pki.authority import Issued, rsa_key
from unit.pki.mutations import WHAT, survives

PUBLIC = ("Modulus", "Exponent")
PRIVATE = (*PUBLIC, "P", "Q", "DP", "DQ", "InverseQ", "D")
"""The members in the order of RSA.ToXmlString of .NET."""
NAMESPACE = "http://www.w3.org/2000/09/xmldsig#"


def rsa_key_value(key: RSAPrivateKey, members: tuple[str, ...] = PRIVATE, **changed: str) -> str:
    numbers = key.private_numbers()
    values = {
        "Modulus": numbers.public_numbers.n,
        "Exponent": numbers.public_numbers.e,
        "P": numbers.p,
        "Q": numbers.q,
        "DP": numbers.dmp1,
        "DQ": numbers.dmq1,
        "InverseQ": numbers.iqmp,
        "D": numbers.d,
    }
    texts = {name: base64.b64encode(_octets(values[name])).decode() for name in members} | changed
    return f"<RSAKeyValue>{''.join(f'<{name}>{text}</{name}>' for name, text in texts.items())}</RSAKeyValue>"


def _octets(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def x509_data(*owners: Issued) -> str:
    texts = (base64.encodebytes(owner.certificate.der).decode() for owner in owners)
    return "<X509Data>" + "".join(f"<X509Certificate>\n{text}</X509Certificate>" for text in texts) + "</X509Data>"


def key_info(*children: str) -> str:
    inside = "".join(children).replace("</", "</ds:").replace("<ds:", "<").replace("<", "<ds:").replace("<ds:/", "</")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<ds:KeyInfo xmlns:ds="{NAMESPACE}">{inside}</ds:KeyInfo>'


def test_what_dotnet_writes_opens() -> None:
    key = rsa_key(1)
    store = open_xml(rsa_key_value(key).encode(), b"", WHAT)
    assert store.loose_keys[0].private_numbers() == key.private_numbers()
    public = open_xml(rsa_key_value(key, PUBLIC).encode(), b"", WHAT)
    assert public.public_keys == (key.public_key(),)
    assert public.loose_keys == ()


def test_a_key_without_its_primes_is_completed() -> None:
    (key,) = open_xml(rsa_key_value(rsa_key(1), (*PUBLIC, "D")).encode(), b"", WHAT).loose_keys
    assert key.public_key() == rsa_key(1).public_key()


def test_key_info_joins_key_and_certificates(alice: Issued, intermediate: Issued) -> None:
    key_value = f"<KeyValue>{rsa_key_value(alice.key)}</KeyValue>"
    document = key_info("<KeyName>Alicé</KeyName>", key_value, x509_data(intermediate, alice))
    assert "ds:X509Certificate" in document
    store = open_xml(document.encode(), b"", WHAT)
    entry = next(entry for entry in store.entries if entry.certificate == alice.certificate)
    assert entry.private_key.public_key() == alice.key.public_key()
    assert entry.chain == (intermediate.certificate,)
    assert store.loose_keys == ()


def test_certificates_alone_are_a_store(alice: Issued) -> None:
    (entry,) = open_xml(x509_data(alice).encode(), b"", WHAT).entries
    assert (entry.certificate, entry.private_key) == (alice.certificate, None)


@pytest.mark.parametrize("form", ["indented", "utf-8-sig", "utf-16", "base64", "cdata", "entities"])
def test_other_spellings_open(form: str) -> None:
    plain = rsa_key_value(rsa_key(1))
    exponent = base64.b64encode(b"\1\0\1").decode()
    content = {
        "indented": plain.replace("><", ">\n   <").encode(),
        "utf-8-sig": plain.encode("utf-8-sig"),
        "utf-16": plain.encode("utf-16"),
        "base64": base64.encodebytes(plain.encode()),
        "cdata": plain.replace(exponent, f"<![CDATA[{exponent}]]>").encode(),
        "entities": plain.replace(exponent, "&#65;QAB").encode(),
    }[form]
    assert open_xml(content, b"", WHAT).loose_keys


BILLION_LAUGHS = (
    """<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><RSAKeyValue>&b;</RSAKeyValue>"""
)


def test_a_document_type_is_refused_whatever_it_declares(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = rsa_key_value(rsa_key(1))
    for doctype in (
        "<!DOCTYPE RSAKeyValue>",
        '<!DOCTYPE RSAKeyValue SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE RSAKeyValue PUBLIC "x" "http://127.0.0.1/x.dtd">',
        '<!DOCTYPE RSAKeyValue [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE RSAKeyValue [<!ENTITY % x SYSTEM "http://127.0.0.1/x">%x;]>',
    ):
        with pytest.raises(CertificateError, match="it has a document type declaration"):
            open_xml((doctype + plain).encode(), b"", WHAT)
    with pytest.raises(CertificateError, match="it has a document type declaration"):
        open_xml(BILLION_LAUGHS.encode(), b"", WHAT)


def changed(old: str, new: str) -> str:
    plain = rsa_key_value(rsa_key(1))
    assert old in plain
    return plain.replace(old, new)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", "no well-formed XML"),
        ("<a>", "no well-formed XML"),
        ("<a>&b;</a>", "no well-formed XML"),
        ("<a/>", "neither RSAKeyValue nor X509Certificate"),
        ('<a xmlns="urn:other">' + rsa_key_value(rsa_key(1)) + "</a>", "neither RSAKeyValue nor X509Certificate"),
        ("<DSAKeyValue/>", "but DSAKeyValue, which is not supported"),
        ("<ECKeyValue/>", "but ECKeyValue, which is not supported"),
        ("<RSAKeyValue/>", "RSAKeyValue in the store under test is damaged"),
        (changed("<Exponent>AQAB</Exponent>", ""), "is damaged"),
        (changed("AQAB", "AAAA"), "is damaged"),
        (changed("AQAB", "A?AB"), "is damaged"),
        (changed("AQAB", "Aé"), "is damaged"),
        (rsa_key_value(rsa_key(1), P="AQAB"), "is damaged"),
        (rsa_key_value(rsa_key(1), (*PUBLIC, "D", "P")), "is damaged"),
        (rsa_key_value(rsa_key(1), D="AQAB"), "is damaged"),
        (rsa_key_value(rsa_key(1), Modulus="AQAB" * 1025), "too long"),
        (rsa_key_value(rsa_key(1), Modulus="AQAB" * 400), "too large or too many"),
        (changed("<D>", "<D></D><D>"), "stands there twice"),
        ("<a>" * 33 + "</a>" * 33, "nested more than 32 deep"),
        ("<a>" * 1_000_000, "nested more than 32 deep"),
        ("<a>" + "<RSAKeyValue/>" * (MAXIMUM_KEYS + 1) + "</a>", "more than 100 keys"),
        ("<a>" + "<X509Certificate/>" * (MAXIMUM_CERTIFICATES + 1) + "</a>", "more than 1000 certificates"),
        ("<X509Certificate>AAAA</X509Certificate>", "A certificate in the store under test is damaged"),
        ("<X509Certificate>!</X509Certificate>", "A certificate in the store under test is damaged"),
        ("<a>" + " " * 4_194_304 + "</a>", "longer than 4194304 octets"),
        ('<?xml version="1.0" encoding="unicode_escape"?><a/>', "its encoding is not UTF-8"),
        ('<?xml version="1.0" encoding="idna"?><a/>', "its encoding is not UTF-8"),
    ],
)
def test_what_cannot_be_opened_is_explained(content: str, text: str) -> None:
    with pytest.raises(CertificateError, match=text) as caught:
        open_xml(content.encode(), b"", WHAT)
    assert caught.value.code is ErrorCode.CANNOT_OPEN_STORE


def test_any_change_gives_a_documented_error_or_a_store(alice: Issued) -> None:
    document = key_info(f"<KeyValue>{rsa_key_value(alice.key)}</KeyValue>", x509_data(alice))
    survives(open_xml, rsa_key_value(rsa_key(1)).encode(), document.encode())
