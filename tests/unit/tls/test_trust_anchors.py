"""Whom the client trusts, and what happens where a named file of CA certificates is no good."""

import os
import subprocess
from pathlib import Path

import certifi
import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import TLSError
from ssmtp_compat.net.deadline import Deadline
from ssmtp_compat.tls.context import TlsOptions, make_context
from ssmtp_compat.tls.handshake import start_tls
from wire.tls_certificates import authority, good, issue


@pytest.fixture
def ca_file(tmp_path):
    path = tmp_path / "ca.pem"
    path.write_bytes(b"Our own authority\n" + authority().pem)
    return str(path)


@pytest.fixture
def trusts(serve):
    """Whether options of these trust anchors accept a server of the tests' own authority."""

    def ask(**anchors):
        try:
            start_tls(serve(good()), TlsOptions(server_name="localhost", **anchors), Deadline(5))
        except TLSError as error:
            assert error.code is ErrorCode.CERTIFICATE_REJECTED  # noqa: PT017
            return False
        return True

    return ask


def test_nothing_named_means_certifi(trusts, monkeypatch, ca_file):
    assert not trusts()
    monkeypatch.setattr(certifi, "where", lambda: ca_file)
    assert trusts()
    assert trusts(ca_file_candidates=("/nonexistent/bundle.pem",))


def test_the_first_candidate_that_exists_counts(trusts, ca_file):
    assert trusts(ca_file_candidates=("/nonexistent/bundle.pem", ca_file))
    assert not trusts(ca_file_candidates=(certifi.where(), ca_file))


def test_file_directory_and_text_add_up(trusts, ca_file, tmp_path):
    directory = tmp_path / "cas"
    directory.mkdir()
    (directory / "ca.pem").write_bytes(authority().pem)
    subprocess.run(["openssl", "rehash", str(directory)], check=True)
    other = (certifi.where(),)
    assert trusts(ca_file_candidates=other, ca_file=ca_file)
    assert trusts(ca_file_candidates=other, ca_dir=str(directory))
    assert trusts(ca_file_candidates=other, ca_pem=authority().pem.decode())
    assert not trusts(ca_file_candidates=other)


def test_an_own_authority_shuts_certifi_out(trusts, monkeypatch, ca_file):
    monkeypatch.setattr(certifi, "where", lambda: ca_file)
    assert not trusts(ca_pem=issue(is_ca=True).pem.decode())


def test_the_same_anchors_share_a_context(ca_file):
    first = make_context(TlsOptions(server_name="a.example", ca_file=ca_file))
    assert make_context(TlsOptions(server_name="b.example", ca_file=ca_file)) is first


def test_a_file_that_changed_is_read_again(ca_file, trusts):
    assert trusts(ca_file=ca_file)
    state = Path(ca_file).stat()
    Path(ca_file).write_bytes(Path(certifi.where()).read_bytes())
    os.utime(ca_file, ns=(state.st_atime_ns, state.st_mtime_ns))  # not even then
    assert not trusts(ca_file=ca_file)


@pytest.mark.parametrize("content", [b"", b"no certificates here\n", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
@pytest.mark.parametrize("setting", ["ca_file", "ca_file_candidates"])
def test_a_damaged_file_is_named(serve, tmp_path, content, setting):
    path = tmp_path / "bad.pem"
    path.write_bytes(content)
    value = str(path) if setting == "ca_file" else (str(path),)
    server = serve(good())
    with pytest.raises(TLSError, match=r"bad\.pem' is not in PEM form or is damaged") as caught:
        start_tls(server, TlsOptions(server_name="localhost", **{setting: value}), Deadline(5))
    assert caught.value.code is ErrorCode.CANNOT_OPEN_STORE
    assert server.closed


@pytest.mark.parametrize(
    ("anchors", "text"),
    [
        ({"ca_file": "/nonexistent/ca.pem"}, "'/nonexistent/ca.pem' cannot be read: No such file or directory."),
        ({"ca_file": "/etc"}, "'/etc' cannot be read: Is a directory."),
        ({"ca_dir": "/nonexistent"}, "no directory of CA certificates '/nonexistent'"),
        ({"ca_pem": "rubbish"}, "The text with CA certificates is not in PEM form"),
    ],
)
def test_what_cannot_be_read_is_named(anchors, text):
    with pytest.raises(TLSError) as caught:
        make_context(TlsOptions(server_name="localhost", **anchors))
    assert caught.value.code is ErrorCode.CANNOT_OPEN_STORE
    assert text in caught.value.message


def test_an_authority_taken_out_of_the_directory_is_trusted_no_more(trusts, tmp_path):
    directory = tmp_path / "cas"
    directory.mkdir()
    (directory / "ca.pem").write_bytes(authority().pem)
    subprocess.run(["openssl", "rehash", str(directory)], check=True)
    assert trusts(ca_dir=str(directory))
    (directory / "ca.pem").unlink()
    subprocess.run(["openssl", "rehash", str(directory)], check=True)
    assert not trusts(ca_dir=str(directory))
