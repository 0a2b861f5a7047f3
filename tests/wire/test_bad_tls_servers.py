"""Servers that nobody should give his mail to, each generated, and what is said of each."""

from __future__ import annotations

import socket
import ssl
import struct
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from ssmtp_compat.catalog.errors import ErrorCode
from wire.channel import Channel
from wire.mailer import Mailer
from wire.scripted_server import After, Close, Ending, ScriptedServer, Send, Then
from wire.test_ocsp import REVOKED, answer
from wire.test_ocsp import named as responder_at
from wire.test_revocation import listing
from wire.test_revocation import named as list_at
from wire.tls_certificates import DAY, NOW, Issued, authority, good, issue
from wire.tls_servers import Seen, plain_server

pytestmark = pytest.mark.usefixtures("no_leaks")

IMPLICIT, EXPLICIT = 1, 2
HOST = "mail.example.test"
OLD_VERSIONS_TOO = {"SSLEnabledProtocols": 4032}
"""TLS 1.0 to 1.2, as many ported scripts have it."""
ALL_FORGIVEN = {"SSLSecurityFlags": "0x7FFFFFFF"}
"""Everything but the host name."""
DATES = f"(notAfter {NOW - DAY:%Y-%m-%d})"


# -- certificates -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bad:
    make: Callable[[], Issued]
    status: str
    host: str = HOST
    settings: dict[str, object] = field(default_factory=dict)
    trust: Callable[[], Issued] = authority


def leaf(*names: str, **options: object) -> Issued:
    return issue(*(names or (HOST,)), **{"issuer": authority(), **options})


def sub_ca(common_name: str = "Sub CA", **options: object) -> Issued:
    return issue(common_name=common_name, **{"issuer": authority(), "is_ca": True, **options})


def without(issued: Issued, *chain: x509.Certificate) -> Issued:
    """The same with other certificates behind it."""
    return Issued(issued.certificate, issued.key, chain)


@cache
def old_root() -> Issued:
    return issue(common_name="Old CA", is_ca=True, not_before=NOW - 9 * DAY, not_after=NOW - DAY)


def twin() -> Issued:
    return issue(common_name="Test CA", is_ca=True)


def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def forged() -> Issued:
    """The authority's certificate for another host with the name exchanged, and so a signature that does not fit."""
    real = leaf("mail.examplf.test")
    der = real.der.replace(b"mail.examplf.test", HOST.encode())
    return Issued(x509.load_der_x509_certificate(der), real.key)


@cache
def rsa_root() -> Issued:
    return issue(common_name="RSA CA", is_ca=True, key=rsa_key(2048))


def signed_with_sha1() -> Issued:
    """Signed by the openssl command, for Python's library no longer makes such signatures."""
    issued = issue(HOST)  # the command signs anew what signed itself
    with tempfile.TemporaryDirectory() as directory:
        paths = [str(made.write(Path(directory), name)) for made, name in ((issued, "leaf"), (rsa_root(), "root"))]
        command = ["openssl", "x509", "-sha1", "-days", "9", "-in", paths[0], "-CA", paths[1], "-CAkey", paths[1]]
        signed = subprocess.run([*command, "-set_serial", "7"], check=True, capture_output=True).stdout
    return Issued(x509.load_pem_x509_certificate(signed), issued.key)


def constrained(*, permitted: str = "", excluded: str = "") -> Issued:
    limits = x509.NameConstraints(
        [x509.DNSName(permitted)] if permitted else None, [x509.DNSName(excluded)] if excluded else None
    )
    return leaf(issuer=sub_ca("Narrow CA", extra=limits))


def short_path() -> Issued:
    narrow = sub_ca("Last CA", path_length=0)
    return without(leaf(issuer=(last := sub_ca("One too many", issuer=narrow))), last.certificate, narrow.certificate)


def not_for_certificates() -> Issued:
    uses = "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign "
    uses += "crl_sign encipher_only decipher_only"
    usage = {**dict.fromkeys(uses.split(), False), "digital_signature": True}
    return leaf(issuer=sub_ca("No CA's key", extra=x509.KeyUsage(**usage)))


def names(*others: str) -> str:
    return f"host name mismatch: certificate is for {', '.join(others)}, connected to "


OF_SERVICE = x509.UniformResourceIdentifier(f"https://{HOST}/")
UNKNOWN_EXTENSION = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\x05\x00")
TOO_WIDE = "host name mismatch: certificate has an unusable subjectAltName"
WEAK_HASH = "certificate is signed with a hash that is too weak"

CERTIFICATES: dict[str, Bad] = {
    "expired": Bad(lambda: leaf(not_before=NOW - 9 * DAY, not_after=NOW - DAY), f"certificate has expired {DATES}"),
    "not yet valid": Bad(
        lambda: leaf(not_before=NOW + DAY), f"certificate is not yet valid (notBefore {NOW + DAY:%Y-%m-%d})"
    ),
    "expired intermediate": Bad(
        lambda: leaf(issuer=sub_ca(not_before=NOW - 9 * DAY, not_after=NOW - DAY)),
        f"certificate has expired {DATES} (issuer CN=Sub CA)",
    ),
    "expired root": Bad(
        lambda: leaf(issuer=old_root()), f"certificate has expired {DATES} (issuer CN=Old CA)", trust=old_root
    ),
    "self-signed": Bad(lambda: issue(HOST), "self-signed certificate"),
    "authority of the same name": Bad(lambda: leaf(issuer=twin()), "unable to get local issuer certificate"),
    "untrusted root sent along": Bad(
        lambda: without(leaf(issuer=(root := issue(common_name="Root", is_ca=True))), root.certificate),
        "self-signed certificate in the chain, which is no trust anchor (issuer CN=Root)",
    ),
    "missing intermediate": Bad(
        lambda: without(leaf(issuer=sub_ca())),
        "unable to get local issuer certificate.",
    ),
    "forged": Bad(forged, "certificate signature does not fit"),
    "forged, all forgiven": Bad(forged, "certificate signature does not fit", settings=ALL_FORGIVEN),
    "wrong name": Bad(lambda: leaf("mail.example.org"), names("mail.example.org") + HOST),
    "wrong name, all else forgiven": Bad(
        lambda: issue("mail.example.org"), names("mail.example.org") + HOST, settings=ALL_FORGIVEN
    ),
    "longer name": Bad(lambda: leaf(HOST + ".evil.test"), names(HOST + ".evil.test") + HOST),
    "parent domain": Bad(lambda: leaf("example.test"), names("example.test") + HOST),
    "common name only": Bad(
        lambda: leaf_without_names(common_name=HOST),
        "host name mismatch: certificate names no host in its subjectAltName",
    ),
    "NUL in the name": Bad(lambda: leaf(f"{HOST}\0.evil.test"), TOO_WIDE),
    "wrong address": Bad(lambda: leaf("127.0.0.2"), names("127.0.0.2") + "127.0.0.1", host="127.0.0.1"),
    "name for an address": Bad(lambda: leaf("localhost"), names("localhost") + "127.0.0.1", host="127.0.0.1"),
    "address in a DNS name": Bad(
        lambda: leaf_without_names(extensions=(x509.SubjectAlternativeName([x509.DNSName("127.0.0.1")]),)),
        names("127.0.0.1") + "127.0.0.1",
        host="127.0.0.1",
    ),
    "wildcard for an address": Bad(lambda: leaf("*.0.0.1"), names("*.0.0.1") + "127.0.0.1", host="127.0.0.1"),
    "wildcard over two labels": Bad(
        lambda: leaf("*.example.test"), names("*.example.test") + "a.mail.example.test", host="a.mail.example.test"
    ),
    "wildcard for no label": Bad(lambda: leaf("*.mail.example.test"), names("*.mail.example.test") + HOST),
    "wildcard in a label": Bad(lambda: leaf("ma*.example.test"), names("ma*.example.test") + HOST),
    "wildcard in the middle": Bad(lambda: leaf("mail.*.test"), TOO_WIDE),
    "wildcard for a top-level domain": Bad(lambda: leaf("*.test"), TOO_WIDE, host="example.test"),
    "wildcard for everything": Bad(lambda: leaf("*"), TOO_WIDE, host="localhost"),
    "for clients": Bad(lambda: leaf(usage=ExtendedKeyUsageOID.CLIENT_AUTH), "certificate is not meant for TLS servers"),
    "for code": Bad(lambda: leaf(usage=ExtendedKeyUsageOID.CODE_SIGNING), "certificate is not meant for TLS servers"),
    "issued by a server": Bad(
        lambda: without(leaf(issuer=(other := leaf("other.test", common_name="other"))), other.certificate),
        "issuer certificate is not that of a CA (issuer CN=other)",
    ),
    "issued by a server, all forgiven": Bad(
        lambda: without(leaf(issuer=(other := leaf("other.test", common_name="other"))), other.certificate),
        "issuer certificate is not that of a CA (issuer CN=other)",
        settings=ALL_FORGIVEN,
    ),
    "issued with a key for other uses": Bad(
        not_for_certificates, "issuer certificate is not that of a CA (issuer CN=No CA's key)"
    ),
    "path too long": Bad(short_path, "path length constraint exceeded"),
    "name not permitted": Bad(
        lambda: constrained(permitted="example.org"), "name is not permitted by the name constraints of the issuer"
    ),
    "name excluded": Bad(
        lambda: constrained(excluded="example.test"), "name is excluded by the name constraints of the issuer"
    ),
    "name excluded, all forgiven": Bad(
        lambda: constrained(excluded="example.test"),
        "name is excluded by the name constraints of the issuer",
        settings=ALL_FORGIVEN,
    ),
    "unknown critical extension": Bad(lambda: leaf(extra=UNKNOWN_EXTENSION), "unhandled critical extension"),
    "weak key": Bad(lambda: leaf(key=rsa_key(1024)), "certificate key is too weak"),
    "weak key, old versions allowed": Bad(
        lambda: leaf(key=rsa_key(1024)), "certificate key is too weak", settings=OLD_VERSIONS_TOO
    ),
    "weak key of the issuer": Bad(
        lambda: leaf(issuer=sub_ca(key=rsa_key(1024))), "issuer certificate key is too weak (issuer CN=Sub CA)"
    ),
    "weak hash": Bad(signed_with_sha1, WEAK_HASH, trust=rsa_root),
    "weak hash, old versions allowed": Bad(signed_with_sha1, WEAK_HASH, trust=rsa_root, settings=OLD_VERSIONS_TOO),
    "short of the level asked for": Bad(
        lambda: leaf(key=rsa_key(2048)),
        "certificate key is too weak",
        settings={"OpenSSLCipherList": "DEFAULT@SECLEVEL=3"},
    ),
    "expired and for another": Bad(
        lambda: leaf("mail.example.org", not_before=NOW - 9 * DAY, not_after=NOW - DAY),
        f"certificate has expired {DATES}; {names('mail.example.org')}{HOST}",
    ),
    "self-signed and expired": Bad(
        lambda: issue(HOST, not_before=NOW - 9 * DAY, not_after=NOW - DAY),
        f"self-signed certificate; certificate has expired {DATES}",
    ),
    "intermediate not yet valid": Bad(
        lambda: leaf(issuer=sub_ca(not_before=NOW + DAY)),
        f"certificate is not yet valid (notBefore {NOW + DAY:%Y-%m-%d}) (issuer CN=Sub CA)",
    ),
    "for other things than hosts": Bad(
        lambda: leaf_without_names(
            extensions=(x509.SubjectAlternativeName([x509.RFC822Name(f"post@{HOST}"), OF_SERVICE]),)
        ),
        "host name mismatch: certificate names no host in its subjectAltName",
    ),
    "for very many others": Bad(
        lambda: leaf(*(f"{number}.example.test" for number in range(100))),
        names("0.example.test", "1.example.test", "2.example.test", "3.example.test and 96 more") + HOST,
    ),
    "for another IPv6 address": Bad(lambda: leaf("fe80::2"), names("fe80::2") + "fe80::1", host="fe80::1"),
    "name of a look-alike": Bad(lambda: leaf("xn--mil-8ma.example.test"), names("xn--mil-8ma.example.test") + HOST),
    "a line break in the name": Bad(lambda: leaf(f"mail\r\n250 ok.{HOST}"), names(f"mail??250 ok.{HOST}") + HOST),
    "staple demanded and not sent": Bad(
        lambda: leaf(extensions=(x509.TLSFeature([x509.TLSFeatureType.status_request]),)),
        "certificate demands a stapled OCSP response, and the server sent none",
        settings={"SSLCheckCRL": 1, **ALL_FORGIVEN},
    ),
    "no word about revocation": Bad(leaf, "revocation status is unknown", settings={"SSLCheckCRL": 2}),
}


def test_there_are_enough_of_them_and_each_fault_has_its_words():
    assert len(CERTIFICATES) >= 40
    # What is refused although all else is forgiven, or old versions are allowed, has the words of its fault.
    faults = [bad for name, bad in CERTIFICATES.items() if not name.endswith((", all forgiven", "forgiven", "allowed"))]
    assert len({bad.status for bad in faults} | {words for _, _, words in HANDSHAKES.values()}) >= 40


def leaf_without_names(**options: object) -> Issued:
    return issue(issuer=authority(), **options)


def server_context(issued: Issued, directory: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(issued.write(directory))
    return context


@pytest.mark.parametrize("name", CERTIFICATES)
@pytest.mark.parametrize("mode", [IMPLICIT, EXPLICIT])
def test_a_bad_certificate(mode: int, name: str, redirect: Callable[[int], None], tmp_path: Path):
    bad = CERTIFICATES[name]
    with (
        ScriptedServer(tls=server_context(bad.make(), tmp_path), implicit_tls=mode == IMPLICIT) as server,
        Mailer(server.port, SSLStartMode=mode, MailServer=bad.host, User="alice", Password="secret") as mailer,
    ):
        redirect(server.port)
        mailer.config(SSLCACerts=bad.trust().pem.decode(), Hello="client.test", **bad.settings)
        code = mailer.send()
        text = mailer.error[1]
    assert code == ErrorCode.CERTIFICATE_REJECTED, text
    assert text.removeprefix("Error verifying certificate. Server certificate: ").startswith(bad.status), text
    assert server.connection.commands == ([] if mode == IMPLICIT else ["EHLO client.test", "STARTTLS"])
    assert server.messages == []


def revoked_by_list() -> tuple[Issued, bytes]:
    issued = leaf(extensions=(list_at("http://127.0.0.1/ca.crl"),))
    return issued, listing(issued.certificate.serial_number)


def revoked_by_responder() -> tuple[Issued, bytes]:
    issued = leaf(extensions=(responder_at("http://127.0.0.1/"),))
    return issued, answer(issued, REVOKED)


@pytest.mark.parametrize("make", [revoked_by_list, revoked_by_responder])
def test_a_revoked_certificate(
    make: Callable[[], tuple[Issued, bytes]],
    redirect: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    issued, published = make()

    def fetched(*_: object, **__: object) -> bytes:
        return published

    monkeypatch.setattr("ssmtp_compat.tls.revocation.fetch", fetched)
    with (
        ScriptedServer(tls=server_context(issued, tmp_path), implicit_tls=True) as server,
        Mailer(server.port, SSLStartMode=IMPLICIT, MailServer=HOST) as mailer,
    ):
        redirect(server.port)
        mailer.config(SSLCACerts=authority().pem.decode(), SSLCheckCRL=1, **ALL_FORGIVEN)
        assert mailer.send() == ErrorCode.CERTIFICATE_REJECTED
        assert "certificate is revoked (since" in mailer.error[1]
    assert server.commands == []


# -- handshakes -------------------------------------------------------------------------------------------------------


def hello_then(data: bytes) -> Callable[[socket.socket, Seen], None]:
    """Answers the ClientHello with ``data`` and the end of the stream."""

    def talk(client: socket.socket, seen: Seen) -> None:
        seen.received += client.recv(65536)
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):  # which is one way to give it up
            while more := client.recv(65536):
                seen.received += more

    return talk


def hello_back(client: socket.socket, seen: Seen) -> None:
    hello = client.recv(65536, socket.MSG_PEEK)
    hello_then(hello)(client, seen)


def reset(client: socket.socket, seen: Seen) -> None:
    seen.received += client.recv(65536)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# A ServerHello that says 1000 octets and has 40; alerts; a record that is larger than records are; a certificate in
# place of the ServerHello.
SERVER_HELLO = b"\x16\x03\x03\x00\x2c\x02\x00\x03\xe8\x03\x03" + bytes(38)
# A ServerHello of TLS 1.2 by a server that has 1.3, which marks its random number (RFC 8446 4.1.3).
DOWNGRADED = b"\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" + bytes(24) + b"DOWNGRD\x01" + b"\x00\xc0\x2f\x00"
HANDSHAKES: dict[str, tuple[Callable[[socket.socket, Seen], None], int, str]] = {
    "SMTP in clear": (
        hello_then(b"220 mail ESMTP\r\n"),
        276,
        "does not speak TLS on this port: it said '220 mail ESMTP'",
    ),
    "HTTP": (hello_then(b"HTTP/1.1 400 Bad Request\r\n\r\n"), 276, "it said 'HTTP/1.1 400 Bad Request'"),
    "garbage": (hello_then(bytes(range(200, 256))), 276, "does not speak TLS"),
    "zeros": (hello_then(bytes(100)), 276, "does not speak TLS"),
    "silence": (hello_then(b""), 276, "closed the connection during the TLS handshake"),
    "reset": (reset, 10054, "While negotiating TLS"),
    "one octet": (hello_then(b"\x16"), 276, "closed the connection during the TLS handshake"),
    "half a ServerHello": (hello_then(SERVER_HELLO[:20]), 276, "closed the connection during the TLS handshake"),
    "a ServerHello that never ends": (hello_then(SERVER_HELLO), 276, "closed the connection during the TLS handshake"),
    "a record too large": (hello_then(b"\x16\x03\x03\xff\xff" + bytes(20000)), 276, "OpenSSL says: "),
    "an empty record": (hello_then(b"\x16\x03\x03\x00\x00" * 40), 276, ""),
    "SSL 3": (hello_then(b"\x15\x03\x00\x00\x02\x02\x28"), 276, "OpenSSL says: "),
    "alert handshake_failure": (hello_then(b"\x15\x03\x03\x00\x02\x02\x28"), 276, "handshake failure"),
    "alert unrecognized_name": (hello_then(b"\x15\x03\x03\x00\x02\x02\x70"), 276, "unrecognized name"),
    "application data first": (hello_then(b"\x17\x03\x03\x00\x10" + bytes(16)), 276, "does not speak TLS"),
    "change_cipher_spec first": (hello_then(b"\x14\x03\x03\x00\x01\x01"), 276, "does not speak TLS"),
    "a Certificate before the ServerHello": (
        hello_then(b"\x16\x03\x03\x00\x04\x0b\x00\x00\x00"),
        276,
        "unexpected message",
    ),
    "less than it could, as somebody in between would have it": (
        hello_then(DOWNGRADED),
        276,
        "inappropriate fallback",
    ),
    "the ClientHello sent back": (hello_back, 276, "OpenSSL says: "),
}


@pytest.mark.parametrize("name", HANDSHAKES)
def test_a_bad_handshake(name: str):
    talk, code, words = HANDSHAKES[name]
    with (
        plain_server(talk) as seen,
        Mailer(seen.port, SSLStartMode=IMPLICIT, User="alice", Password="secret") as mailer,
    ):
        assert mailer.send() != 0
        found, text = mailer.error
    assert (found, words in text) == (code, True), (found, text)
    assert b"EHLO" not in seen.received


@pytest.mark.parametrize(
    ("version", "suites"), [(ssl.TLSVersion.TLSv1_1, "DEFAULT:@SECLEVEL=0"), (ssl.TLSVersion.TLSv1_2, "AES128-SHA256")]
)
def test_a_server_that_would_go_below_the_limits(version: ssl.TLSVersion, suites: str, tmp_path: Path):
    context = server_context(leaf("127.0.0.1", key=rsa_key(2048)), tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # as it deserves
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = version
    context.set_ciphers(suites)
    with (
        ScriptedServer(tls=context, implicit_tls=True) as server,
        Mailer(server.port, SSLStartMode=IMPLICIT) as mailer,
    ):
        mailer.config(
            SSLCACerts=authority().pem.decode(), SSLEnabledCipherSuites="TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
        )
        assert mailer.send() == ErrorCode.HANDSHAKE
    assert server.commands == []
    assert server.messages == []


# -- STARTTLS ---------------------------------------------------------------------------------------------------------

STRIPPED = {
    "not offered": ({"EHLO": "250-x\n250 PIPELINING"}, {}, 20011, "does not offer STARTTLS"),
    "offered under another name": ({"EHLO": "250-x\n250 XXXXXXXA"}, {}, 20011, "does not offer STARTTLS"),
    "EHLO refused": ({"EHLO": "502 no"}, {}, 20011, "does not offer STARTTLS"),
    "refused": ({"STARTTLS": "454 4.7.0 not now"}, {}, 161, "454 4.7.0 not now"),
    "refused for good": ({"STARTTLS": "500 what?"}, {}, 161, "500 what?"),
    "a line behind 220": ({}, {"STARTTLS": Then(b"250 ok\r\n")}, 162, "injection"),
    "a fragment behind 220": ({}, {"STARTTLS": Then(b"250")}, 162, "injection"),
    "plain text in place of TLS": ({}, {"TLS": After(1, Send(b"250 ok\r\n"))}, 276, "it said '250 ok'"),
}


@pytest.mark.parametrize("name", STRIPPED)
def test_starttls_taken_away(name: str, server_tls: ssl.SSLContext):
    replies, faults, code, words = STRIPPED[name]
    with (
        ScriptedServer(tls=server_tls, users={"alice": "secret"}, replies=replies, faults=faults) as server,
        Mailer(server.port, SSLStartMode=EXPLICIT, User="alice", Password="secret") as mailer,
    ):
        mailer.config(Hello="client.test")
        assert mailer.send() == code
        assert words in mailer.error[1]
    assert {command.split()[0] for command in server.commands} <= {"EHLO", "HELO", "STARTTLS", "QUIT"}
    assert server.messages == []


# -- truncation -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CutAfter:
    """End the stream behind the beginning of a reply."""

    begun: bytes

    def apply(self, channel: Channel, _reply: bytes) -> bytes:
        channel.send(self.begun)
        channel.flush()
        channel.hang_up(Ending.SERVER_CLOSED)


@pytest.mark.parametrize("step", ["GREETING", "EHLO", "MAIL", "DATA", "MESSAGE"])
@pytest.mark.parametrize("begun", [b"", b"250 2.0.0 accepted"])
def test_an_end_without_close_notify_is_no_answer(begun: bytes, step: str, tmp_path: Path):
    faults = {step: CutAfter(begun)}
    with (
        ScriptedServer(tls=server_context(good(), tmp_path), implicit_tls=True, faults=faults) as server,
        Mailer(server.port, SSLStartMode=IMPLICIT) as mailer,
    ):
        mailer.config(SSLCACerts=authority().pem.decode())
        assert mailer.send() == ErrorCode.TLS_DECRYPT
        assert "truncated" in mailer.error[1]


def test_at_quit_nothing_is_lost_by_it(tmp_path: Path):
    with (
        ScriptedServer(tls=server_context(good(), tmp_path), implicit_tls=True, faults={"QUIT": Close()}) as server,
        Mailer(server.port, SSLStartMode=IMPLICIT) as mailer,
    ):
        mailer.config(SSLCACerts=authority().pem.decode())
        assert mailer.send() == 0, mailer.error
    assert len(server.messages) == 1
