"""What the authority's responder says of the server's certificate, asked for or stapled to the handshake."""

from __future__ import annotations

import datetime
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from ssmtp_compat.errors import TLSError
from ssmtp_compat.net.deadline import Deadline
from ssmtp_compat.net.readiness import pause
from ssmtp_compat.net.web_request import WebRequest
from ssmtp_compat.tls.answers import Revocation
from ssmtp_compat.tls.context import TlsOptions
from ssmtp_compat.tls.handshake import start_tls
from ssmtp_compat.tls.revocation import RevocationCheck
from ssmtp_compat.tls.sessions import SessionCache
from ssmtp_compat.tls.stream import TlsStream
from ssmtp_compat.tls.verify import Authenticate, Fault
from wire.tls_certificates import DAY, NOW, Issued, authority, issue
from wire.tls_memory import MemoryServer
from wire.tls_servers import Seen, s_server
from wire.web_server import WebHandler, serving

pytestmark = pytest.mark.usefixtures("no_leaks")

GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN
IF_AVAILABLE, REQUIRED = Revocation.IF_AVAILABLE, Revocation.REQUIRED
VERSIONS = pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])


@dataclass
class Responder:
    """An HTTP server that answers with ``answer``, given the request."""

    port: int = 0
    answer: Callable[[bytes], bytes] = bytes
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def certificate(self, issuer: Issued | None = None) -> Issued:
        return issue("localhost", issuer=issuer or authority(), extensions=(named(self.url),))


def named(*urls: str) -> x509.AuthorityInformationAccess:
    method = AuthorityInformationAccessOID.OCSP
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for url in urls]
    )


@pytest.fixture
def responder() -> Iterator[Responder]:
    made = Responder()

    class Handler(WebHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/ocsp-request"
            made.requests.append(self.take())
            self.give(made.answer(made.requests[-1]))

    with serving(Handler) as made.port:
        yield made


def answer(
    issued: Issued,
    status: ocsp.OCSPCertStatus = GOOD,
    *,
    issuer: Issued | None = None,
    signer: Issued | None = None,
    algorithm: hashes.HashAlgorithm | None = None,
    made: datetime.datetime = NOW - DAY / 2,
    following: datetime.datetime | None = NOW + DAY,
    encoding: ocsp.OCSPResponderEncoding = ocsp.OCSPResponderEncoding.HASH,
    digest: hashes.HashAlgorithm | None = None,
) -> bytes:
    """An OCSPResponse about ``issued``, by default as the authority itself gives it."""
    issuer = issuer or authority()
    signer = signer or issuer
    revoked = status is REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        issued.certificate,
        issuer.certificate,
        algorithm or hashes.SHA1(),
        status,
        made,
        following,
        NOW - DAY if revoked else None,
        x509.ReasonFlags.key_compromise if revoked else None,
    )
    builder = builder.responder_id(encoding, signer.certificate)
    if signer is not issuer:
        builder = builder.certificates([signer.certificate])
    return builder.sign(signer.key, digest or hashes.SHA256()).public_bytes(Encoding.DER)


def verdict(
    issued: Issued,
    directory: Path,
    revocation: Revocation = REQUIRED,
    trust: Issued | None = None,
    authenticate: Authenticate | None = None,
) -> str:
    """What is said against the certificate, "" for nothing."""
    wanted = TlsOptions(
        server_name="localhost",
        ca_pem=(trust or authority()).pem.decode(),
        revocation=revocation,
        revocation_of_authorities=revocation,
    )
    server = MemoryServer(issued.write(directory))
    try:
        start_tls(server, wanted, Deadline(5), authenticate=authenticate)
    except TLSError as error:
        assert not server.greeted
        return error.message
    return ""


def delegate(**options: object) -> Issued:
    chosen = {"issuer": authority(), "usage": ExtendedKeyUsageOID.OCSP_SIGNING, **options}
    return issue(common_name="Responder", **chosen)


# -- asking -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [IF_AVAILABLE, REQUIRED])
def test_the_responder_is_asked_and_believed(mode: Revocation, responder: Responder, tmp_path: Path):
    issued, other = responder.certificate(), responder.certificate()
    responder.answer = lambda _: answer(issued)
    assert verdict(issued, tmp_path, mode) == ""
    responder.answer = lambda _: answer(other, REVOKED)
    assert f"certificate is revoked (since {NOW - DAY:%Y-%m-%d}, keyCompromise)" in verdict(other, tmp_path, mode)
    assert [ocsp.load_der_ocsp_request(each).serial_number for each in responder.requests] == [
        issued.certificate.serial_number,
        other.certificate.serial_number,
    ]


def test_an_answer_is_kept(responder: Responder, tmp_path: Path):
    issued = responder.certificate()
    responder.answer = lambda _: answer(issued)
    for _ in range(3):
        assert verdict(issued, tmp_path) == ""
    assert len(responder.requests) == 1


def test_the_issuer_may_let_somebody_else_answer(responder: Responder, tmp_path: Path):
    issued = responder.certificate()
    name = ocsp.OCSPResponderEncoding.NAME
    responder.answer = lambda _: answer(issued, signer=delegate(), encoding=name, algorithm=hashes.SHA256())
    assert verdict(issued, tmp_path) == ""


def test_every_authority_on_the_way_is_asked_about(responder: Responder, tmp_path: Path):
    middle = issue(common_name="Middle", issuer=authority(), is_ca=True, extensions=(named(responder.url),))
    responder.answer = lambda _: answer(middle, REVOKED)
    text = verdict(issue("localhost", issuer=middle), tmp_path, IF_AVAILABLE)
    assert "is revoked" in text
    assert "(issuer CN=Middle)" in text


USELESS: dict[str, tuple[Callable[[Issued], bytes], str]] = {
    "garbage": (lambda _: b"<html>", "no OCSP answer"),
    "nothing": (lambda _: b"", "no OCSP answer"),
    "cut short": (lambda issued: answer(issued)[:-1], "no OCSP answer"),
    "try later": (
        lambda _: ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(
            Encoding.DER
        ),
        "the responder says try later",
    ),
    "unknown": (lambda issued: answer(issued, UNKNOWN), "does not know the certificate"),
    "about another": (lambda _: answer(issue("localhost", issuer=authority())), "about another certificate"),
    "by another authority": (
        lambda issued: answer(issued, signer=issue(common_name="Test CA", is_ca=True)),
        "may not answer for the issuer",
    ),
    "of another authority": (
        lambda issued: answer(issued, issuer=issue(common_name="Test CA", is_ca=True)),
        "about another certificate",
    ),
    "tampered": (lambda issued: _tampered(answer(issued)), "not signed by the issuer"),
    "of yesterday": (lambda issued: answer(issued, made=NOW - 2 * DAY, following=NOW - DAY), "not for this moment"),
    "of tomorrow": (lambda issued: answer(issued, made=NOW + DAY, following=NOW + 2 * DAY), "not for this moment"),
    "for ever": (lambda issued: answer(issued, following=None), "does not say until when"),
    "by the server": (lambda issued: answer(issued, signer=issued), "may not answer for the issuer"),
    "by one not meant for it": (
        lambda issued: answer(issued, signer=delegate(usage=ExtendedKeyUsageOID.CODE_SIGNING)),
        "may not answer for the issuer",
    ),
    "by one of another authority": (
        lambda issued: answer(issued, signer=delegate(issuer=issue(common_name="Test CA", is_ca=True))),
        "may not answer for the issuer",
    ),
    "by one that has expired": (
        lambda issued: answer(issued, signer=delegate(not_before=NOW - 9 * DAY, not_after=NOW - DAY)),
        "may not answer for the issuer",
    ),
}


def _tampered(response: bytes) -> bytes:
    """The same with the signature's last octet changed, which the key of the authority did not make."""
    return response[:-1] + bytes([response[-1] ^ 1])


@pytest.mark.parametrize("case", USELESS)
def test_an_answer_that_is_no_good_is_none(case: str, responder: Responder, tmp_path: Path):
    make, reason = USELESS[case]
    issued = responder.certificate()
    responder.answer = lambda _: make(issued)
    assert verdict(issued, tmp_path, IF_AVAILABLE) == ""
    text = verdict(issued, tmp_path)
    assert "revocation status is unknown" in text
    assert reason in text


def test_no_more_than_three_responders_are_tried(closed_port: int, tmp_path: Path):
    urls = [f"http://127.0.0.1:{closed_port}/{number}" for number in range(40)]
    issued = issue("localhost", issuer=authority(), extensions=(named(*urls),))
    assert "/0: " in verdict(issued, tmp_path)


def test_the_caller_is_asked_once_and_knows_that_it_is_revoked(responder: Responder, tmp_path: Path):
    issued = responder.certificate()
    responder.answer = lambda _: answer(issued, REVOKED)
    asked: list[str] = []
    assert verdict(issued, tmp_path, authenticate=lambda shown: asked.append(shown.status) is None) == ""
    assert len(asked) == 1
    assert "is revoked" in asked[0]


class Mine(BaseException):
    pass


def test_what_the_caller_raises_there_comes_out_as_it_is(responder: Responder, tmp_path: Path):
    issued = responder.certificate()
    responder.answer = lambda _: answer(issued)

    def authenticate(_certificate: object) -> bool:
        raise Mine

    with pytest.raises(Mine):
        verdict(issued, tmp_path, authenticate=authenticate)
    assert verdict(issued, tmp_path) == ""  # the shared context keeps nothing of it


# -- stapled ----------------------------------------------------------------------------------------------------------


def options(mode: Revocation) -> TlsOptions:
    return TlsOptions(server_name="localhost", ca_pem=authority().pem.decode(), revocation=mode)


def shake(
    issued: Issued,
    directory: Path,
    version: str,
    staple: bytes,
    authenticate: Authenticate | None = None,
    mode: Revocation = REQUIRED,
) -> TlsStream:
    path = directory / "staple.der"
    path.write_bytes(staple)
    stapled = ("-status_file", str(path)) if staple else ()
    with s_server(issued, directory, version, *stapled) as (port, _):
        stream = start_tls(Seen(port).connect(), options(mode), Deadline(5), authenticate=authenticate)
        stream.close()
    return stream


@VERSIONS
def test_what_is_stapled_needs_no_question(version: str, responder: Responder, tmp_path: Path):
    issued = responder.certificate()
    assert shake(issued, tmp_path, version, answer(issued)).server_certificate.status == "OK"
    assert responder.requests == []


@VERSIONS
def test_a_stapled_no_is_refused(version: str, tmp_path: Path):
    issued = issue("localhost", issuer=authority())
    with pytest.raises(TLSError, match="certificate is revoked"):
        shake(issued, tmp_path, version, answer(issued, REVOKED))


@VERSIONS
def test_a_staple_of_no_use_leads_to_the_responder(version: str, responder: Responder, tmp_path: Path):
    for number in range(3):
        issued = responder.certificate()
        expired = answer(issued, REVOKED, made=NOW - 2 * DAY, following=NOW - DAY)
        staple = (b"", answer(issue("localhost", issuer=authority())), expired)[number]
        responder.requests.clear()
        responder.answer = lambda _, issued=issued: answer(issued)
        assert shake(issued, tmp_path, version, staple).server_certificate.status == "OK"
        assert len(responder.requests) == 1


@VERSIONS
def test_the_caller_is_asked_with_the_staple_known(version: str, tmp_path: Path):
    issued = issue("localhost", issuer=authority())
    asked: list[str] = []
    shake(issued, tmp_path, version, answer(issued), lambda shown: asked.append(shown.status) is None)
    assert asked == ["OK"]


def test_nobody_is_asked_for_a_staple_that_is_not_wanted(tmp_path: Path):
    issued = issue("localhost", issuer=authority())
    path = tmp_path / "staple.der"
    path.write_bytes(answer(issued, REVOKED))
    wanted = TlsOptions(server_name="localhost", ca_pem=authority().pem.decode())
    with s_server(issued, tmp_path, "-status_file", str(path)) as (port, _):
        start_tls(Seen(port).connect(), wanted, Deadline(5)).close()


MUST_STAPLE = x509.TLSFeature([x509.TLSFeatureType.status_request])


@VERSIONS
@pytest.mark.parametrize("mode", [IF_AVAILABLE, REQUIRED])
def test_a_certificate_that_demands_a_staple_is_good_with_one(mode: Revocation, version: str, tmp_path: Path):
    issued = issue("localhost", issuer=authority(), extensions=(MUST_STAPLE,))
    assert shake(issued, tmp_path, version, answer(issued), mode=mode).server_certificate.status == "OK"
    with pytest.raises(TLSError, match="is revoked"):
        shake(issued, tmp_path, version, answer(issued, REVOKED), mode=mode)


@VERSIONS
@pytest.mark.parametrize("mode", [IF_AVAILABLE, REQUIRED])
def test_a_certificate_that_demands_a_staple_is_refused_without_one(
    mode: Revocation, version: str, responder: Responder, tmp_path: Path
):
    issued = issue("localhost", issuer=authority(), extensions=(MUST_STAPLE, named(responder.url)))
    responder.answer = lambda _: answer(issued)
    with pytest.raises(TLSError, match="demands a stapled OCSP response, and the server sent none"):
        shake(issued, tmp_path, version, b"", mode=mode)
    expired = answer(issued, made=NOW - 2 * DAY, following=NOW - DAY)
    with pytest.raises(TLSError, match=r"sent one of no use .*not for this moment"):
        shake(issued, tmp_path, version, expired, mode=mode)
    assert responder.requests == []


def test_without_the_check_nobody_demands_a_staple(tmp_path: Path):
    issued = issue("localhost", issuer=authority(), extensions=(MUST_STAPLE,))
    assert shake(issued, tmp_path, "-tls1_3", b"", mode=Revocation.IGNORED).server_certificate.status == "OK"


@pytest.mark.parametrize("mode", [IF_AVAILABLE, REQUIRED])
@pytest.mark.parametrize("shown", ["with its issuer", "alone", "signed by itself"])
def test_behind_a_forgiven_authority_the_status_is_unknown_whatever_is_shown_of_it(
    shown: str, mode: Revocation, tmp_path: Path
):
    middle = issue(common_name="Middle", issuer=issue(common_name="Unknown", is_ca=True), is_ca=True)
    issued = issue("localhost", issuer=None if shown == "signed by itself" else middle)
    server = MemoryServer(replace(issued, chain=() if shown == "alone" else issued.chain).write(tmp_path))
    refused = mode is REQUIRED and shown != "signed by itself"
    with pytest.raises(TLSError, match="the authority is not known") if refused else nullcontext():
        start_tls(server, replace(options(mode), forgiven=Fault.AUTHORITY), Deadline(5))


@pytest.mark.parametrize("forgiven", Fault)
def test_what_is_forgiven_forgives_no_missing_staple_but_of_an_unknown_authority(forgiven: Fault, tmp_path: Path):
    unknown = forgiven is Fault.AUTHORITY
    issuer = issue(common_name="Unknown", is_ca=True) if unknown else authority()
    server = MemoryServer(issue("localhost", issuer=issuer, extensions=(MUST_STAPLE,)).write(tmp_path))
    with nullcontext() if unknown else pytest.raises(TLSError, match="the server sent none"):
        start_tls(server, replace(options(IF_AVAILABLE), forgiven=forgiven), Deadline(5))


def test_a_session_brings_no_staple_and_needs_none(tmp_path: Path):
    issued = issue("localhost", issuer=authority(), extensions=(MUST_STAPLE,))
    path = tmp_path / "staple.der"
    path.write_bytes(answer(issued))
    sessions, wanted = SessionCache(), options(IF_AVAILABLE)
    with s_server(issued, tmp_path, "-tls1_2", "-status_file", str(path), "-naccept", "2") as (port, process):
        for _ in range(2):
            start_tls(Seen(port).connect(), wanted, Deadline(5), sessions=sessions).close()
        assert b"Reused session-id" in process.communicate(timeout=10)[0]


# -- sessions ---------------------------------------------------------------------------------------------------------


def test_a_session_does_not_outlive_its_certificate(
    responder: Responder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    issued = responder.certificate()
    responder.answer = lambda _: answer(issued)
    wanted = TlsOptions(server_name="localhost", ca_pem=authority().pem.decode(), revocation=REQUIRED)
    sessions, context = SessionCache(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pem = issued.write(tmp_path)

    def shake_again() -> None:
        server = MemoryServer(pem, context=context)
        stream = start_tls(server, wanted, Deadline(5), sessions=sessions)
        server.send(b"220 hello\r\n")
        stream.read(100, Deadline(5))
        stream.close()

    shake_again()
    shake_again()
    assert context.session_stats()["hits"] == 1
    monkeypatch.setattr("ssmtp_compat.tls.ocsp._cache.get", lambda *_: None)  # a day later
    responder.answer = lambda _: answer(issued, REVOKED)
    with pytest.raises(TLSError, match="is revoked"):
        shake_again()


def test_a_session_brings_no_more_time_to_ask_about_revocation(
    responder: Responder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    issued = responder.certificate()
    answers, asked = [answer(issued)], []

    def ask(_request: WebRequest, deadline: Deadline) -> tuple[int, bytes]:
        asked.append(deadline.remaining())
        if not answers:
            pause(60, deadline)  # the responder hangs
        return 200, answers.pop()

    monkeypatch.setattr("ssmtp_compat.tls.ocsp._cache.get", lambda *_: None)
    monkeypatch.setattr("ssmtp_compat.tls.revocation._SECONDS", 0.2)
    sessions, context, pem = SessionCache(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), issued.write(tmp_path)
    server = MemoryServer(pem, context=context)
    stream = start_tls(server, options(REQUIRED), Deadline(5), sessions=sessions, ask=ask)
    server.send(b"220 hello\r\n")
    stream.read(100, Deadline(5))
    stream.close()
    asked.clear()
    with pytest.raises(TLSError, match="revocation status is unknown"):
        start_tls(MemoryServer(pem, context=context), options(REQUIRED), Deadline(5), sessions=sessions, ask=ask)
    assert sum(asked) < 0.3


@pytest.mark.parametrize("reason", ["the caller", "SSLAcceptServerCertEncoded", "SSLSecurityFlags"])
def test_a_session_with_who_was_accepted_without_an_authority_asks_nobody(
    reason: str, responder: Responder, tmp_path: Path
):
    middle = issue(common_name="Middle", issuer=issue(common_name="Unknown", is_ca=True), is_ca=True)
    issued = issue("localhost", issuer=middle, extensions=(named(responder.url),))
    wanted = {
        "the caller": options(IF_AVAILABLE),
        "SSLAcceptServerCertEncoded": replace(
            options(IF_AVAILABLE), accepted_certificate=issued.certificate.public_bytes(Encoding.DER)
        ),
        "SSLSecurityFlags": replace(options(IF_AVAILABLE), forgiven=Fault.AUTHORITY),
    }[reason]
    sessions, context, pem = SessionCache(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), issued.write(tmp_path)
    for _ in range(3):
        server = MemoryServer(pem, context=context)
        stream = start_tls(server, wanted, Deadline(5), sessions=sessions, authenticate=lambda _: True)
        server.send(b"220 hello\r\n")
        stream.read(100, Deadline(5))
        stream.close()
    assert context.session_stats()["hits"] == 2
    assert responder.requests == []


@pytest.mark.parametrize(("ahead", "said"), [(1, ""), (10, "not for this moment")])
def test_the_authoritys_clock_may_be_a_little_ahead(ahead: int, said: str, responder: Responder, tmp_path: Path):
    issued = responder.certificate()
    made = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=ahead)
    responder.answer = lambda _: answer(issued, made=made, following=made + DAY)
    found = verdict(issued, tmp_path)
    assert said in found
    assert bool(said) == bool(found)


# -- judged by openssl ------------------------------------------------------------------------------------------------


def test_openssl_as_the_responder(responder: Responder, tmp_path: Path):
    signer = delegate()
    good, bad, missing = (responder.certificate() for _ in range(3))
    (tmp_path / "ca.pem").write_bytes(authority().pem)
    signing = signer.write(tmp_path, "signer")
    lines = [
        f"V\t{NOW + 30 * DAY:%y%m%d%H%M%SZ}\t\t{good.certificate.serial_number:040X}\tunknown\t/CN=server",
        f"R\t{NOW + 30 * DAY:%y%m%d%H%M%SZ}\t{NOW - DAY:%y%m%d%H%M%SZ},keyCompromise\t"
        f"{bad.certificate.serial_number:040X}\tunknown\t/CN=server",
    ]
    (tmp_path / "index.txt").write_text("\n".join(lines) + "\n")

    def ask_openssl(request: bytes) -> bytes:
        (tmp_path / "request.der").write_bytes(request)
        command = ["openssl", "ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", str(signing), "-rkey"]
        command += [str(signing), "-nmin", "5", "-reqin", "request.der", "-respout", "response.der"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        return (tmp_path / "response.der").read_bytes()

    responder.answer = ask_openssl
    assert verdict(good, tmp_path) == ""
    assert f"revoked (since {NOW - DAY:%Y-%m-%d}, keyCompromise)" in verdict(bad, tmp_path)
    assert "does not know the certificate" in verdict(missing, tmp_path)


def test_an_authority_with_an_rsa_key(responder: Responder, tmp_path: Path):
    root = issue(common_name="RSA CA", is_ca=True, key=rsa.generate_private_key(65537, 2048))
    issued = responder.certificate(root)
    responder.answer = lambda _: answer(issued, issuer=root)
    assert verdict(issued, tmp_path, trust=root) == ""


def test_the_time_that_an_answer_takes_is_not_the_mail_servers_silence():
    seconds = 0.0
    whole = Deadline(5, clock=lambda: seconds)

    def ask(_: WebRequest, deadline: Deadline) -> tuple[int, bytes]:
        nonlocal seconds
        seconds += 4
        return 404, b""

    root = authority()
    issued = issue("localhost", issuer=root, extensions=(named("http://ocsp.example.test"),))
    check = RevocationCheck(IF_AVAILABLE, IF_AVAILABLE, whole, ask)
    assert check.problem((issued.certificate, root.certificate), b"") == ""
    assert (seconds, whole.remaining()) == (4, 5)
