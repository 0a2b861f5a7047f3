"""The demo's readers refuse what is not whole, not for the reader, or not from the authority."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import ssmtp_compat as ssmtp
from ssmtp_compat import CertStoreTypes
from ssmtp_compat import PropertyID as P
from ssmtp_compat.cli.demo.people import Authority, Identity
from ssmtp_compat.cli.demo.readers import OpenSSLReader, PythonReader, Reader, UnreadableError


@pytest.fixture(params=["openssl", "python"])
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> Reader:
    if request.param == "python":
        return PythonReader()
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl command here; Debian package openssl")
    return OpenSSLReader(program, "OpenSSL", tmp_path)


@pytest.fixture
def message(zoe: Identity, juergen: Identity) -> bytes:
    """Signed by Zoë, encrypted for Jürgen."""
    handle = ssmtp.ssmtp_open()
    values = {
        P.MessageText: "one\ntwo\n",
        P.CertStoreType: CertStoreTypes.cstPFXBlob,
        P.CertStore: zoe.pfx("x"),
        P.CertStorePassword: "x",
        P.CertSubject: "*",
    }
    assert {ssmtp.ssmtp_set(handle, property_id, value) for property_id, value in values.items()} == {0}
    assert ssmtp.ssmtp_do_addrecipientcert(handle, juergen.certificate_pem()) == 0
    assert ssmtp.ssmtp_do_signandencrypt(handle) == 0, ssmtp.ssmtp_get_last_error(handle)
    header, text = (ssmtp.ssmtp_get(handle, property_id) for property_id in (P.OtherHeaders, P.MessageText))
    ssmtp.ssmtp_close(handle)
    return f"{header.rstrip()}\r\n\r\n{text}".encode("ascii")


def test_whole(reader: Reader, message: bytes, authority: Authority, zoe: Identity, juergen: Identity) -> None:
    content, certificate = reader.verify(reader.decrypt(message, juergen), authority.pem())
    assert content.endswith(b"\r\n\r\none\r\ntwo\r\n")
    assert certificate == zoe.certificate


def test_not_for_this_reader(reader: Reader, message: bytes, zoe: Identity) -> None:
    with pytest.raises(UnreadableError):
        reader.decrypt(message, zoe)


def test_changed_content(reader: Reader, message: bytes, authority: Authority, juergen: Identity) -> None:
    entity = reader.decrypt(message, juergen)
    assert b"\r\ntwo\r\n" in entity
    with pytest.raises(UnreadableError):
        reader.verify(entity.replace(b"\r\ntwo\r\n", b"\r\ntoo\r\n"), authority.pem())


def test_another_authority(reader: Reader, message: bytes, juergen: Identity) -> None:
    with pytest.raises(UnreadableError):
        reader.verify(reader.decrypt(message, juergen), Authority().pem())


def test_not_signed(reader: Reader, authority: Authority) -> None:
    with pytest.raises(UnreadableError):
        reader.verify(b"Content-Type: text/plain\r\n\r\nhello\r\n", authority.pem())
