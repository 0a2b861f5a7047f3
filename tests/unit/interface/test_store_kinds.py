"""The kinds of store as a script names them: what each gives for signing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs7, pkcs12

from ssmtp_compat import ErrorCode, PropertyID, ssmtp_do_sign, ssmtp_set
from unit.interface.scripts import put, refused, take
from unit.pki.authority import Issued, issue, name, rsa_key
from unit.pki.mutations import PASSWORD, data
from unit.pki.pfx_builder import parts_of, store

P = PropertyID
FOR_EVER = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def people() -> tuple[Issued, Issued]:
    return tuple(issue(name(("CN", who)), rsa_key(), not_after=FOR_EVER) for who in ("Alice", "Bob"))


@pytest.fixture(scope="module")
def pfx(people: tuple[Issued, Issued]) -> bytes:
    """A store with a key for each."""
    protection = BestAvailableEncryption(PASSWORD)
    made = (pkcs12.serialize_key_and_certificates(None, one.key, one.x509, None, protection) for one in people)
    return store([part for content in made for part in parts_of(content)], PASSWORD.decode())


@pytest.mark.parametrize("kind", [2, 3, 4, 5, 99])
def test_each_key_of_a_store_signs(handle: int, pfx: bytes, tmp_path: Path, kind: int):
    path = tmp_path / "store"
    path.write_bytes(pfx)
    put(handle, P.CertStoreType, kind)
    put(handle, P.CertStore, pfx if kind in (3, 5) else str(path))
    put(handle, P.CertStorePassword, PASSWORD.decode())
    for who in ("Bob", "Alice"):
        put(handle, P.CertSubject, who)
        assert take(handle, P.CertSubject) == f"CN={who}"
        put(handle, P.MessageText, "text")
        assert ssmtp_do_sign(handle) == 0
        assert "multipart/signed" in take(handle, P.OtherHeaders)


@pytest.mark.parametrize("kind", [4, 5, 99])
def test_a_java_store_is_selected_from(handle: int, tmp_path: Path, kind: int):
    path = tmp_path / "store"
    path.write_bytes(data("keytool.jks"))
    put(handle, P.CertStoreType, kind)
    put(handle, P.CertStore, data("keytool.jks") if kind == 5 else str(path))
    put(handle, P.CertStorePassword, "wrong")
    assert "The password does not open" in refused(handle, ssmtp_set(handle, P.CertSubject, "*"), 271)
    put(handle, P.CertStorePassword, PASSWORD.decode())
    put(handle, P.CertSubject, "CN=bob")
    assert take(handle, P.CertSubject) == "CN=bob, O=Keytool"


@pytest.mark.parametrize("kind", [8, 9, 11, 12, 99])
def test_a_store_without_keys_gives_certificates(handle: int, people: tuple[Issued, Issued], tmp_path: Path, kind: int):
    content = people[0].certificate.der
    if kind in (11, 12):
        content = pkcs7.serialize_certificates([one.x509 for one in people], Encoding.DER)
    path = tmp_path / "store"
    path.write_bytes(content)
    put(handle, P.CertStoreType, kind)
    put(handle, P.CertStore, content if kind in (9, 12) else str(path))
    put(handle, P.CertSubject, "Alice")
    assert take(handle, P.CertEncoded) == people[0].certificate.pem()
    put(handle, P.MessageText, "text")
    text = refused(handle, ssmtp_do_sign(handle), ErrorCode.NO_SIGNING_CERTIFICATE)
    assert "No private key for the certificate of CN=Alice" in text


@pytest.mark.parametrize("kind", [0, 1])
def test_the_stores_of_windows_are_refused_with_a_way_out(handle: int, kind: int):
    put(handle, P.CertStoreType, kind)
    text = refused(handle, ssmtp_set(handle, P.CertSubject, "*"), ErrorCode.NOT_SUPPORTED)
    assert f"CertStoreType {kind} is a certificate store of Windows, which is not read, on Windows neither" in text
    assert "set CertStoreType and CertStore to a PFX or PEM file first" in text
