"""What each setting of TLS changes, read from the handshake's octets or from the other side."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import SSL

from loopback_identity import LoopbackIdentity
from ssmtp_compat.catalog.errors import ErrorCode
from wire.client_hello import Hello, read_client_hello
from wire.mailer import Mailer
from wire.scripted_server import ScriptedServer
from wire.tls_certificates import DAY, NOW, Issued, authority, issue
from wire.tls_servers import Seen, plain_server, s_server

pytestmark = pytest.mark.usefixtures("no_leaks")

IMPLICIT = 1
AES_256_GCM, AES_128_GCM, CHACHA20 = 0x1302, 0x1301, 0x1303
ECDHE_RSA_AES_256_GCM, ECDHE_RSA_AES_128_GCM = 0xC030, 0xC02F
SECP256R1, SECP384R1, X25519, FFDHE2048 = 0x17, 0x18, 0x1D, 0x100


def offered(**settings: object) -> Hello:
    """The ClientHello under ``settings``."""

    def take(client, seen: Seen) -> None:
        seen.received += client.recv(65536)

    with plain_server(take) as seen, Mailer(seen.port, SSLStartMode=IMPLICIT) as mailer:
        mailer.config(**settings)
        assert mailer.send() == ErrorCode.HANDSHAKE
    return read_client_hello(bytes(seen.received))


def refused(**settings: object) -> str:
    """The error of settings that stop before the connection."""
    with ScriptedServer() as server, Mailer(server.port, SSLStartMode=IMPLICIT) as mailer:
        mailer.config(**settings)
        assert mailer.send() == ErrorCode.INVALID_VALUE
        assert server.connections == []
        return mailer.error[1]


# -- what is offered --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "versions"),
    [("3072", [0x0303]), ("0x3000", [0x0304]), ("15360", [0x0304, 0x0303]), ("0x2000", [0x0304]), ("768", [0x0302])],
)
def test_sslenabledprotocols_are_the_versions_offered(value: str, versions: list[int]):
    assert offered(SSLEnabledProtocols=value).versions == versions


@pytest.mark.parametrize(("value", "words"), [("60", "SSL 2 and SSL 3"), ("3120", "SSL 3"), ("0", "no version")])
def test_versions_that_are_gone_are_refused(value: str, words: str):
    text = refused(SSLEnabledProtocols=value)
    assert words in text
    assert "15360" in text


def test_sslenabledciphersuites_are_all_that_is_offered():
    hello = offered(SSLEnabledCipherSuites="TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256; TLS_AES_256_GCM_SHA384;")
    assert hello.suites == [AES_256_GCM, ECDHE_RSA_AES_128_GCM]
    assert "'CALG_AES'" in refused(SSLEnabledCipherSuites="CALG_AES")


def test_opensslcipherlist_is_what_tls_1_2_offers():
    hello = offered(OpenSSLCipherList="ECDHE-RSA-AES256-GCM-SHA384")
    assert hello.suites == [AES_256_GCM, CHACHA20, AES_128_GCM, ECDHE_RSA_AES_256_GCM]


def test_sslcipherstrength_leaves_short_keys_out():
    suites = offered(SSLCipherStrength=256).suites
    assert {AES_256_GCM, ECDHE_RSA_AES_256_GCM} <= {*suites}
    assert not {AES_128_GCM, ECDHE_RSA_AES_128_GCM} & {*suites}


def test_the_lists_of_tls_1_2_are_offered():
    hello = offered(
        UseInternalSecurityAPI=True,
        SSLEnabledProtocols=3072,
        TLS12SupportedGroups="ecdhe_secp384r1, ecdhe_secp256r1",
        TLS12SignatureAlgorithms="sha384-rsa,sha256-ecdsa,sha224-rsa",
    )
    assert hello.groups == [SECP384R1, SECP256R1]
    assert hello.signatures == [0x0501, 0x0403, 0x0301]


def test_the_lists_of_tls_1_3_are_offered():
    hello = offered(
        UseInternalSecurityAPI=True,
        SSLEnabledProtocols=12288,
        TLS13SupportedGroups="ffdhe_2048,ecdhe_x25519,ecdhe_secp256r1",
        TLS13KeyShareGroups="ecdhe_x25519,ecdhe_secp256r1",
        TLS13SignatureAlgorithms="ed25519,rsa_pss_sha256,rsa_pkcs1_sha512",
    )
    assert hello.groups == [FFDHE2048, X25519, SECP256R1]
    assert hello.key_shares == [X25519, SECP256R1]
    assert hello.signatures == [0x0807, 0x0804, 0x0809, 0x0601]


@pytest.mark.parametrize(
    ("settings", "counts"),
    [({}, False), ({"UseInternalSecurityAPI": True}, True), ({"SSLProvider": "internal"}, True)],
)
def test_the_lists_count_with_the_internal_api_only(settings: dict[str, object], counts: bool):
    hello = offered(TLS13SupportedGroups="ecdhe_secp384r1", SSLEnabledProtocols=12288, **settings)
    assert (hello.groups == [SECP384R1]) is counts


def test_the_defaults_of_the_lists_are_what_openssl_knows():
    hello = offered(UseInternalSecurityAPI=True)
    assert hello.groups[:2] == [X25519, 0x1E]
    assert hello.key_shares[:3] == [X25519, SECP256R1, SECP384R1]
    assert hello.signatures[:2] == [0x0804, 0x0809]


def test_an_unknown_group_is_named():
    assert "'secp999r1'" in refused(UseInternalSecurityAPI=True, TLS12SupportedGroups="ecdhe_secp999r1")


def test_openssl_at_the_other_side_takes_what_was_chosen(tmp_path: Path):
    # A second pair of eyes: the trace of the server tells what was negotiated.
    issued = issue("localhost", "127.0.0.1", issuer=authority())
    with s_server(issued, tmp_path, "-trace") as (port, process), Mailer(port, SSLStartMode=IMPLICIT) as mailer:
        mailer.config(
            SSLCACerts=authority().pem.decode(),
            UseInternalSecurityAPI=True,
            TLS13SupportedGroups="ecdhe_secp384r1",
            TLS13KeyShareGroups="ecdhe_secp384r1",
            SSLEnabledCipherSuites="TLS_CHACHA20_POLY1305_SHA256",
            Hello="x",
        )
        mailer.set(Timeout=1)
        mailer.send()  # no SMTP is spoken there
        process.terminate()
        trace = process.communicate()[0].decode("latin-1")
    assert "NamedGroup: secp384r1 (P-384)" in trace
    assert "TLS_CHACHA20_POLY1305_SHA256" in trace.partition("ServerHello")[2]


@pytest.mark.skipif(SSL.OPENSSL_VERSION_NUMBER < 0x30500000, reason="this OpenSSL has no post-quantum groups")
@pytest.mark.parametrize("shares", ["X25519MLKEM768", "ecdhe_x25519"])
def test_a_post_quantum_group_is_agreed_on(shares: str, tmp_path: Path):
    pem = str(issue("127.0.0.1", issuer=authority()).write(tmp_path))
    agreed: list[str | None] = []

    def serve(client: socket.socket, _: Seen) -> None:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.use_certificate_file(pem)
        context.use_privatekey_file(pem)
        client.settimeout(None)
        server = SSL.Connection(context, client)
        server.set_accept_state()
        server.do_handshake()
        agreed.append(server.get_group_name())
        server.sendall(b"554 enough\r\n")
        with suppress(SSL.Error):
            server.recv(1)

    with plain_server(serve) as seen, Mailer(seen.port, SSLStartMode=IMPLICIT) as mailer:
        mailer.config(
            SSLCACerts=authority().pem.decode(),
            UseInternalSecurityAPI=True,
            SSLEnabledProtocols=12288,
            TLS13SupportedGroups="X25519MLKEM768,ecdhe_x25519",
            TLS13KeyShareGroups=shares,
        )
        assert mailer.send() == ErrorCode.SMTP_PROTOCOL
        assert mailer.error[1].startswith("554 enough")
    assert agreed == ["X25519MLKEM768"]  # for which the server asks again where its key share is missing


# -- whom to trust ----------------------------------------------------------------------------------------------------


def trusts(server_tls: ssl.SSLContext, **settings: object) -> int:
    with (
        ScriptedServer(tls=server_tls, implicit_tls=True) as server,
        Mailer(server.port, SSLStartMode=IMPLICIT) as mailer,
    ):
        mailer.config(**settings)
        return mailer.send()


def test_opensslcafile_is_trusted(server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity):
    assert trusts(server_tls, OpenSSLCAFile=loopback_identity.ca_file) == 0
    assert trusts(server_tls) == ErrorCode.CERTIFICATE_REJECTED


def test_opensslcadir_is_trusted(server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity, tmp_path: Path):
    command = ["openssl", "x509", "-hash", "-noout", "-in", str(loopback_identity.ca_file)]
    name = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    (tmp_path / f"{name}.0").write_bytes(loopback_identity.ca_file.read_bytes())
    assert trusts(server_tls, OpenSSLCADir=tmp_path) == 0


def test_sslcacerts_are_trusted(server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity):
    assert trusts(server_tls, SSLCACerts=loopback_identity.ca_file.read_text()) == 0


def test_the_first_file_of_sslcacertfilepaths_that_exists_is_trusted(
    server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity, tmp_path: Path
):
    other = tmp_path / "other.pem"
    other.write_bytes(authority().pem)
    missing, ours = tmp_path / "missing.pem", loopback_identity.ca_file
    assert trusts(server_tls, SSLCACertFilePaths=f"{missing};{ours};{other}") == 0
    assert trusts(server_tls, SSLCACertFilePaths=f"{missing};{other};{ours}") == ErrorCode.CERTIFICATE_REJECTED


def test_authorities_are_looked_at_once_a_connection_and_read_once(
    server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "ca.pem"
    path.write_bytes(loopback_identity.ca_file.read_bytes())
    opened: list[Path] = []
    read: list[str] = []
    really_open, really_load = Path.open, SSL.Context.load_verify_locations
    monkeypatch.setattr(Path, "open", lambda self, *rest: opened.append(self) or really_open(self, *rest))
    monkeypatch.setattr(
        SSL.Context, "load_verify_locations", lambda self, *given: read.append(given[0]) or really_load(self, *given)
    )
    with (
        ScriptedServer(tls=server_tls, implicit_tls=True) as server,
        Mailer(server.port, SSLStartMode=IMPLICIT) as mailer,
    ):
        mailer.config(SSLCACertFilePaths=path)
        for _ in range(3):
            assert mailer.send() == 0, mailer.error
    assert opened.count(path) == 3
    assert read == [str(path)]


MEANINGLESS = ("0x2", "0x4", "0x200", "0x800", "0x4000", "0x8000", "0x7FFFFFCE")
"""Flags about trust lists and test roots, which are things of Windows, and all that mean nothing at once."""
FAULTY: dict[str, Callable[[], Issued]] = {
    "0x1": lambda: issue("127.0.0.1", issuer=authority(), not_after=NOW - DAY / 2),
    "0x10": lambda: issue("127.0.0.1"),
    "0x20": lambda: issue("127.0.0.1", issuer=authority(), usage=ExtendedKeyUsageOID.CODE_SIGNING),
    "0x80000000": lambda: issue("other.example.test", issuer=authority()),
}


@pytest.mark.parametrize("fault", FAULTY)
@pytest.mark.parametrize("flag", [*FAULTY, *MEANINGLESS])
def test_sslsecurityflags_forgive_what_they_name_and_nothing_else(flag: str, fault: str, tmp_path: Path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FAULTY[fault]().write(tmp_path))
    code = trusts(context, SSLCACerts=authority().pem.decode(), SSLSecurityFlags=flag)
    assert code == (0 if flag == fault else ErrorCode.CERTIFICATE_REJECTED)


def test_flags_add_up(tmp_path: Path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issue("other.example.test", not_after=NOW - DAY / 2).write(tmp_path))
    assert trusts(context, SSLSecurityFlags="0x80000011") == 0
    assert trusts(context, SSLSecurityFlags="0x80000010") == ErrorCode.CERTIFICATE_REJECTED


# -- what is told -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "certificates"), [(False, 1), (True, 2)])
def test_sslincludecertchain_shows_the_issuers_too(value: bool, certificates: int, tmp_path: Path):
    intermediate = issue(common_name="Test intermediate", issuer=authority(), is_ca=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issue("127.0.0.1", issuer=intermediate).write(tmp_path))
    with (
        ScriptedServer(tls=context, implicit_tls=True) as server,
        Mailer(server.port, SSLStartMode=IMPLICIT) as mailer,
    ):
        mailer.record("SSLServerAuthentication")
        mailer.config(SSLCACerts=authority().pem.decode(), SSLIncludeCertChain=value)
        assert mailer.send() == 0, mailer.error
        ((_, shown),) = mailer.events
        assert shown["certencoded"].count(b"BEGIN CERTIFICATE") == certificates
        assert shown["certencoded"].startswith(mailer.get("SSLServerCertEncoded"))


@pytest.mark.parametrize("value", [True, False])
def test_logsslpackets_tells_every_record(value: bool, server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity):
    with (
        ScriptedServer(tls=server_tls, implicit_tls=True) as server,
        Mailer(server.port, SSLStartMode=IMPLICIT) as mailer,
    ):
        mailer.record("SSLStatus")
        mailer.config(SSLCACertFilePaths=loopback_identity.ca_file, LogSSLPackets=value)
        assert mailer.send() == 0, mailer.error
        lines = [event["message"] for _, event in mailer.events if event["message"].startswith("Record")]
    assert bool(lines) is value
    if value:
        assert lines[0].startswith("Record sent: handshake, ")
        assert lines[1].startswith("Record received: handshake, ")
        sent = [line for line in lines if line.startswith("Record sent: application data")]
        # Finished, EHLO, MAIL and what goes along, the message, QUIT and close_notify.
        assert len(sent) == 6


# -- sessions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("value", [True, False])
def test_reusesslsession_resumes_the_session(
    value: bool, version: ssl.TLSVersion, server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity
):
    server_tls.maximum_version = version
    with (
        ScriptedServer(tls=server_tls, implicit_tls=True) as server,
        Mailer(server.port, SSLStartMode=IMPLICIT) as mailer,
    ):
        mailer.record("SSLStatus", "SSLServerAuthentication")
        mailer.config(SSLCACertFilePaths=loopback_identity.ca_file, ReuseSSLSession=value)
        for _ in range(3):
            assert mailer.send() == 0, mailer.error
        assert server_tls.session_stats()["hits"] == (2 if value else 0)
    told = [event["message"] for name, event in mailer.events if name == "SSLStatus"]
    assert sum("session resumed" in line for line in told) == (2 if value else 0)
    asked = [event for name, event in mailer.events if name == "SSLServerAuthentication"]
    assert len(asked) == 3
    assert asked[0] == asked[2]


def test_a_session_is_no_way_around_the_callers_no(server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity):
    with (
        ScriptedServer(tls=server_tls, implicit_tls=True) as server,
        Mailer(server.port, SSLStartMode=IMPLICIT) as mailer,
    ):
        mailer.config(SSLCACertFilePaths=loopback_identity.ca_file, ReuseSSLSession=True)
        assert mailer.send() == 0
        mailer.on("SSLServerAuthentication", lambda _: {"accept": False})
        assert mailer.send() == ErrorCode.CERTIFICATE_REJECTED
        assert len(server.messages) == 1


def test_a_session_is_not_used_under_other_settings(server_tls: ssl.SSLContext):
    with (
        ScriptedServer(tls=server_tls, implicit_tls=True) as server,
        Mailer(server.port, SSLStartMode=IMPLICIT) as mailer,
    ):
        mailer.config(SSLSecurityFlags="0x10", ReuseSSLSession=True)
        assert mailer.send() == 0
        mailer.config(SSLSecurityFlags="0")
        assert mailer.send() == ErrorCode.CERTIFICATE_REJECTED
        assert len(server.messages) == 1
