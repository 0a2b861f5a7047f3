"""Stores that other programs write are opened, and what the keys in them sign is verified by OpenSSL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from interop.authority import Authority, Identity
from interop.processes import require, run
from ssmtp_compat import (
    PropertyID,
    ssmtp_close,
    ssmtp_do_config,
    ssmtp_do_sign,
    ssmtp_get,
    ssmtp_get_last_error,
    ssmtp_open,
    ssmtp_set,
)

pytestmark = pytest.mark.interop

P = PropertyID
PASSWORD = "store-secret"


@pytest.fixture
def handle() -> Iterator[int]:
    opened = ssmtp_open()
    yield opened
    ssmtp_close(opened)


@pytest.fixture
def plain(ca: Authority, tmp_path: Path) -> dict[str, Path]:
    """A PFX file for each person, made by OpenSSL, with a password that every program can take."""
    people = {"alice": ca.alice, "bob": ca.bob}
    return {name: pfx(person, ca, tmp_path / f"{name}.pfx", name) for name, person in people.items()}


def pfx(person: Identity, ca: Authority, path: Path, name: str, *options: str, password: str = PASSWORD) -> Path:
    pair = ("-in", person.certificate, "-inkey", person.key, "-certfile", ca.certificate, "-name", name)
    run("openssl", "pkcs12", "-export", *pair, "-out", path, "-passout", f"pass:{password}", *options)
    return path


def check_signature(
    handle: int, ca: Authority, tmp_path: Path, kind: int, store: str | bytes, who: str, password: str = PASSWORD
) -> None:
    """``who`` signs with the key in ``store``."""
    for property_id, given in (
        (P.CertStoreType, kind),
        (P.CertStore, store),
        (P.CertStorePassword, password),
        (P.CertSubject, f"{who}@example.test"),
        (P.MessageText, f"from {who}"),
    ):
        assert ssmtp_set(handle, property_id, given) == 0, ssmtp_get_last_error(handle)
    ssmtp_do_config(handle, "CheckCertificateDates=False")
    assert ssmtp_do_sign(handle) == 0, ssmtp_get_last_error(handle)
    entity = tmp_path / "signed.eml"
    text = f"{ssmtp_get(handle, P.OtherHeaders).rstrip()}\r\n\r\n{ssmtp_get(handle, P.MessageText)}"
    entity.write_bytes(text.encode())
    signer = tmp_path / "signer.pem"
    run("openssl", "cms", "-verify", "-in", entity, "-CAfile", ca.certificate, "-signer", signer)
    assert f"{who}@example.test" in run("openssl", "x509", "-in", signer, "-noout", "-email").decode()


@pytest.mark.parametrize("options", [(), ("-legacy",), ("-keypbe", "NONE", "-certpbe", "NONE")], ids=str)
@pytest.mark.parametrize("password", [PASSWORD, ""], ids=["password", "no password"])
def test_openssl_writes_pfx(
    handle: int, ca: Authority, tmp_path: Path, options: tuple[str, ...], password: str
) -> None:
    store = pfx(ca.alice, ca, tmp_path / "store", "alice", *options, password=password)
    for kind, value in ((2, str(store)), (3, store.read_bytes()), (99, str(store)), (99, store.read_bytes())):
        check_signature(handle, ca, tmp_path, kind, value, "alice", password)


@pytest.mark.parametrize("kind", ["JKS", "JCEKS", "PKCS12"])
def test_keytool_writes_several_keys(
    handle: int, ca: Authority, plain: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    require("keytool")
    store = tmp_path / "store"
    for source in plain.values():
        wanted = ("-destkeystore", store, "-deststoretype", kind, "-deststorepass", PASSWORD)
        given = ("-srckeystore", source, "-srcstoretype", "PKCS12", "-srcstorepass", PASSWORD)
        run("keytool", "-importkeystore", "-noprompt", *given, *wanted)
    for who in plain:
        check_signature(handle, ca, tmp_path, 4, str(store), who)
        check_signature(handle, ca, tmp_path, 5, store.read_bytes(), who)
        check_signature(handle, ca, tmp_path, 99, str(store), who)


@pytest.mark.parametrize("cipher", ["", "PKCS #12 V2 PBE With SHA-1 And 40 Bit RC2 CBC"])
def test_nss_writes_pfx_in_ber(handle: int, ca: Authority, plain: dict[str, Path], tmp_path: Path, cipher: str) -> None:
    require("certutil", "pk12util")
    (tmp_path / "nss").mkdir()
    database = ("-d", f"sql:{tmp_path / 'nss'}")
    run("certutil", "-N", *database, "--empty-password")
    run("pk12util", "-i", plain["alice"], *database, "-W", PASSWORD)
    store = tmp_path / "store"
    chosen = ("-C", cipher, "-c", cipher) if cipher else ()
    run("pk12util", "-o", store, "-n", "alice", *database, "-W", PASSWORD, *chosen)
    assert store.read_bytes().startswith(b"\x30\x80")
    check_signature(handle, ca, tmp_path, 2, str(store), "alice")


@pytest.mark.parametrize(
    ("options", "password"),
    [
        (("--password", PASSWORD), PASSWORD),
        (("--password", PASSWORD, "--pkcs-cipher", "rc2-40"), PASSWORD),
        (("--password", PASSWORD, "--pkcs-cipher", "aes-192"), PASSWORD),
        (("--null-password", "--pkcs-cipher", "3des-pkcs12"), ""),
        (("--empty-password", "--pkcs-cipher", "3des-pkcs12"), ""),
    ],
    ids=str,
)
def test_gnutls_writes_pfx(handle: int, ca: Authority, tmp_path: Path, options: tuple[str, ...], password: str) -> None:
    require("certtool")
    store = tmp_path / "store"
    pair = ("--load-certificate", ca.alice.certificate, "--load-privkey", ca.alice.key, "--p12-name", "alice")
    run("certtool", "--to-p12", *pair, "--outder", "--outfile", store, *options)
    check_signature(handle, ca, tmp_path, 2, str(store), "alice", password)
