"""A password, a key or a token is in no error text, whatever goes wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ssmtp_compat import CertStoreTypes, ErrorCode, PropertyID, ssmtp_do_config, ssmtp_set
from ssmtp_compat.catalog.config import SETTINGS
from ssmtp_compat.catalog.properties import PROPERTIES
from ssmtp_compat.catalog.schema import ConfigDef, PropertyDef
from unit.interface.scripts import each, put, reason, refused

P = PropertyID

SECRET = "hunter2"
CURVE_KEY = "MC4CAQAwBQYDK2VwBCIEIA" + "hunter2" * 6 + "="
"""Ed25519, in base64 of PKCS #8: not longer than many a path."""
ON_ONE_LINE = (
    CURVE_KEY,
    f" {CURVE_KEY}",
    f"-----BEGIN PRIVATE KEY----- {SECRET} -----END PRIVATE KEY-----",
    f'{{"kty": "OKP", "crv": "Ed25519", "d": "{SECRET}", "x5u": "https://a.test/"}}',
    f'[{{"kty": "OKP", "d": "{SECRET}"}}]',
    f"<RSAKeyValue xmlns='http://www.w3.org/2000/09/xmldsig#'><D>{SECRET}</D></RSAKeyValue>",
    f"PuTTY-User-Key-File-3: {SECRET}",
    f"Bag Attributes: <No Attributes> -----BEGIN PRIVATE KEY----- {SECRET} -----END PRIVATE KEY-----",
    f"\ufeff{CURVE_KEY}",
    f"pkcs11:token=mail?pin-value={SECRET}",
    f"https://alice:{SECRET}@a.test/alice.pfx",
)
PRIVATE_KEY = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"


@each([row for row in PROPERTIES.values() if row.secret])
def test_refused_value_of_a_secret_property(handle: int, row: PropertyDef):
    values = [[SECRET], {SECRET: SECRET}, SECRET + "\ud800"]
    if row.single_line:
        values += [SECRET + "\r", f"\x00{SECRET}", f"{SECRET}\n{SECRET}"]
    for value in values:
        text = refused(handle, ssmtp_set(handle, row.id, value), ErrorCode.INVALID_VALUE)
        assert SECRET not in text
        # The vendor's other order, and a value that was taken for an index.
        assert ssmtp_set(handle, row.id, value, 0) != 0
        assert ssmtp_set(handle, row.id, SECRET, 1) != 0
        assert SECRET not in reason(handle, ErrorCode.INVALID_INDEX)


@each([row for row in SETTINGS.values() if row.secret and row.single_line])
def test_refused_value_of_a_secret_setting(handle: int, row: ConfigDef):
    for value in (f"{SECRET}\r", f"\x00{SECRET}"):
        assert ssmtp_do_config(handle, f"{row.name}={value}") == ""
        assert SECRET not in reason(handle, ErrorCode.INVALID_VALUE)


def test_setting_whose_name_is_misspelt(handle: int):
    assert ssmtp_do_config(handle, f"FirewalPassword={SECRET}") == ""
    assert SECRET not in reason(handle, ErrorCode.UNKNOWN_SETTING)


def test_secret_properties_and_settings():
    assert {row.name for row in PROPERTIES.values() if row.secret} == {
        "CertStore",
        "CertStorePassword",
        "FirewallPassword",
        "Password",
        "SSLCertStore",
        "SSLCertStorePassword",
    }
    assert {row.name for row in SETTINGS.values() if row.secret} == {
        "AuthorizationIdentity",
        "FirewallData",
        "FirewallPassword",
        "OpenSSLPrngSeedData",
    }


@pytest.mark.parametrize("kind", list(CertStoreTypes))
def test_private_key_where_a_store_is_opened(handle: int, kind: CertStoreTypes):
    put(handle, P.CertStoreType, kind)
    put(handle, P.CertStore, PRIVATE_KEY)
    put(handle, P.CertStorePassword, SECRET)
    assert ssmtp_set(handle, P.CertSubject, "*") in (ErrorCode.CANNOT_OPEN_STORE, ErrorCode.NOT_SUPPORTED)
    assert SECRET not in reason(handle, ssmtp_set(handle, P.CertSubject, "*"))


@pytest.mark.parametrize("kind", list(CertStoreTypes))
@pytest.mark.parametrize("content", ON_ONE_LINE, ids=lambda content: ascii(content[:12]))
def test_private_key_on_one_line_where_a_store_is_opened(handle: int, kind: CertStoreTypes, content: str):
    put(handle, P.CertStoreType, kind)
    put(handle, P.CertStore, content)
    assert ssmtp_set(handle, P.CertSubject, "*") in (ErrorCode.CANNOT_OPEN_STORE, ErrorCode.NOT_SUPPORTED)
    text = reason(handle, ssmtp_set(handle, P.CertSubject, "*"))
    assert not [part for part in (SECRET, CURVE_KEY) if part in text], text


def test_the_path_of_a_missing_store_is_named(handle: int):
    put(handle, P.CertStoreType, CertStoreTypes.cstPFXFile)
    for path in ("missing.pfx", "/srv/mail/keys and certificates/of the year 2026/alice.pfx", "C:\\keys\\alice.pfx"):
        put(handle, P.CertStore, path)
        text = refused(handle, ssmtp_set(handle, P.CertSubject, "*"), ErrorCode.CANNOT_OPEN_STORE)
        assert f"{path!r} (CertStore) cannot be read: No such file or directory." in text


def test_password_of_a_store_file_that_is_none(handle: int, tmp_path: Path):
    path = tmp_path / "store.pfx"
    path.write_bytes(b"no store")
    put(handle, P.CertStoreType, CertStoreTypes.cstPFXFile)
    put(handle, P.CertStore, str(path))
    put(handle, P.CertStorePassword, SECRET)
    text = refused(handle, ssmtp_set(handle, P.CertSubject, "*"), ErrorCode.CANNOT_OPEN_STORE)
    assert SECRET not in text
