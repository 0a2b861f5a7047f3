"""The authority's list of what it has revoked, fetched from a server that behaves well or not."""

from __future__ import annotations

import datetime
import itertools
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import ConnectionFailedError, OperationTimeoutError
from ssmtp_compat.net.deadline import Deadline
from ssmtp_compat.tls.http_fetch import fetch
from wire.mailer import Mailer
from wire.scripted_server import ScriptedServer
from wire.tls_certificates import DAY, NOW, Issued, authority, issue
from wire.web_server import WebHandler, serving

pytestmark = pytest.mark.usefixtures("no_leaks")

IMPLICIT = 1


@dataclass
class Publisher:
    """An HTTP server that publishes one list."""

    port: int = 0
    content: bytes = b""
    status: int = 200
    delay: float = 0.0
    requests: list[str] = field(default_factory=list)
    number: int = field(default_factory=itertools.count().__next__)

    @property
    def url(self) -> str:
        # Lists are kept by their address, and a port may be one that another test had.
        return f"http://127.0.0.1:{self.port}/ca{self.number}.crl"


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    published = Publisher()

    class Handler(WebHandler):
        def do_GET(self) -> None:
            published.requests.append(self.path)
            time.sleep(published.delay)
            self.give(published.content, published.status)

    with serving(Handler) as published.port:
        yield published


def listing(
    *revoked: int,
    signer: Issued | None = None,
    updated: datetime.datetime = NOW - DAY,
    following: datetime.datetime = NOW + DAY,
    scope: dict[str, bool] | None = None,
    address: str = "",
    reason: x509.ReasonFlags = x509.ReasonFlags.key_compromise,
) -> bytes:
    signer = signer or authority()
    builder = x509.CertificateRevocationListBuilder().issuer_name(signer.certificate.subject)
    builder = builder.last_update(updated).next_update(following)
    for number in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(NOW - DAY)
        builder = builder.add_revoked_certificate(entry.add_extension(x509.CRLReason(reason), critical=False).build())
    if scope is not None:
        given = {"only_contains_user_certs": False, "only_contains_ca_certs": False, "indirect_crl": False, **scope}
        names = [x509.UniformResourceIdentifier(address)] if address else None
        point = x509.IssuingDistributionPoint(
            names, None, only_some_reasons=None, only_contains_attribute_certs=False, **given
        )
        builder = builder.add_extension(point, critical=True)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def named(url: str, reasons: frozenset[x509.ReasonFlags] | None = None) -> x509.CRLDistributionPoints:
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, reasons, None)
    return x509.CRLDistributionPoints([point])


def server_certificate(url: str, issuer: Issued | None = None) -> Issued:
    return issue("127.0.0.1", issuer=issuer or authority(), extensions=(named(url),))


def send(
    issued: Issued, directory: Path, times: int = 1, root: Issued | None = None, **settings: object
) -> tuple[int, str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.write(directory))
    with (
        ScriptedServer(tls=context, implicit_tls=True) as server,
        Mailer(server.port, SSLStartMode=IMPLICIT) as mailer,
    ):
        mailer.config(SSLCACerts=(root or authority()).pem.decode(), **settings)
        for _ in range(times):
            mailer.send()
        return mailer.error


@pytest.mark.parametrize(
    ("mode", "code"), [(0, 0), (1, ErrorCode.CERTIFICATE_REJECTED), (2, ErrorCode.CERTIFICATE_REJECTED)]
)
def test_sslcheckcrl_refuses_what_the_authority_has_revoked(mode: int, code: int, publisher: Publisher, tmp_path: Path):
    issued = server_certificate(publisher.url)
    publisher.content = listing(1, issued.certificate.serial_number)
    found, text = send(issued, tmp_path, SSLCheckCRL=mode)
    assert found == code
    assert ("certificate is revoked (since" in text) is bool(mode)
    assert ("keyCompromise" in text) is bool(mode)
    assert len(publisher.requests) == bool(mode)


@pytest.mark.parametrize("scope", [None, {"only_contains_user_certs": True}])
@pytest.mark.parametrize("mode", [1, 2])
def test_what_is_not_on_the_list_is_good(
    mode: int, scope: dict[str, bool] | None, publisher: Publisher, tmp_path: Path
):
    publisher.content = listing(1, 2, scope=scope)
    assert send(server_certificate(publisher.url), tmp_path, SSLCheckCRL=mode) == (0, "")


def test_what_was_taken_off_the_list_is_good(publisher: Publisher, tmp_path: Path):
    issued = server_certificate(publisher.url)
    publisher.content = listing(issued.certificate.serial_number, reason=x509.ReasonFlags.remove_from_crl)
    assert send(issued, tmp_path, SSLCheckCRL=2) == (0, "")


UNUSABLE: dict[str, tuple[Callable[[], bytes], str]] = {
    "no list": (lambda: b"<html>", "no revocation list"),
    "empty": (lambda: b"", "no revocation list"),
    "cut short": (lambda: listing()[:-5], "no revocation list"),
    "of a version that is none": (lambda: listing().replace(b"\x02\x01\x01", b"\x02\x01\x04", 1), "no revocation list"),
    "of another authority": (lambda: listing(signer=issue(common_name="Test CA", is_ca=True)), "not signed by"),
    "of yesterday": (lambda: listing(updated=NOW - 2 * DAY, following=NOW - DAY), "not for this moment"),
    "of tomorrow": (lambda: listing(updated=NOW + DAY, following=NOW + 2 * DAY), "not for this moment"),
    "about authorities": (lambda: listing(scope={"only_contains_ca_certs": True}), "not about such certificates"),
    "indirect": (lambda: listing(scope={"indirect_crl": True}), "not about such certificates"),
}


@pytest.mark.parametrize("content", UNUSABLE)
def test_a_list_that_cannot_be_used_counts_only_where_one_is_required(
    content: str, publisher: Publisher, tmp_path: Path
):
    make, reason = UNUSABLE[content]
    publisher.content = make()
    issued = server_certificate(publisher.url)
    assert send(issued, tmp_path, SSLCheckCRL=1) == (0, "")
    code, text = send(issued, tmp_path, SSLCheckCRL=2)
    assert code == ErrorCode.CERTIFICATE_REJECTED
    assert "revocation status is unknown" in text
    assert reason in text
    assert send(issued, tmp_path, SSLCheckCRL=2, SSLSecurityFlags="0x100") == (0, "")


def test_a_list_that_cannot_be_fetched(publisher: Publisher, closed_port: int, tmp_path: Path):
    publisher.status = 404
    for url, reason in ((publisher.url, "the answer is 404"), (f"http://127.0.0.1:{closed_port}/", "refused")):
        assert send(server_certificate(url), tmp_path, SSLCheckCRL=1) == (0, "")
        code, text = send(server_certificate(url), tmp_path, SSLCheckCRL=2)
        assert code == ErrorCode.CERTIFICATE_REJECTED
        assert reason in text


def test_the_part_of_a_list_that_is_kept_elsewhere_says_nothing(publisher: Publisher, tmp_path: Path):
    issued = server_certificate(publisher.url)
    publisher.content = listing(scope={}, address=publisher.url + ".2")
    assert "the list is the one of another address" in send(issued, tmp_path, SSLCheckCRL=2)[1]
    publisher.content = listing(scope={}, address=publisher.url)
    assert send(issued, tmp_path, SSLCheckCRL=2) == (0, "")


def test_a_key_that_is_not_meant_for_lists_signs_none(publisher: Publisher, tmp_path: Path):
    usage = dict.fromkeys(
        [
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ],
        False,
    )
    root = issue(common_name="No lists", is_ca=True, extra=x509.KeyUsage(**usage, key_cert_sign=True))
    publisher.content = listing(signer=root)
    assert "not meant for lists" in send(server_certificate(publisher.url, root), tmp_path, root=root, SSLCheckCRL=2)[1]


def test_a_list_about_some_reasons_is_not_asked(publisher: Publisher, tmp_path: Path):
    some = named(publisher.url, frozenset({x509.ReasonFlags.key_compromise}))
    publisher.content = listing()
    issued = issue("127.0.0.1", issuer=authority(), extensions=(some,))
    assert "names no list" in send(issued, tmp_path, SSLCheckCRL=2)[1]
    assert publisher.requests == []


def test_one_authority_cannot_speak_for_another_by_the_cache(publisher: Publisher, tmp_path: Path):
    twin = issue(common_name="Test CA", is_ca=True)
    publisher.content = listing(signer=twin)
    lax = server_certificate(publisher.url, twin)
    assert send(lax, tmp_path, root=twin, SSLCheckCRL=2) == (0, "")
    issued = server_certificate(publisher.url)
    publisher.content = listing(issued.certificate.serial_number)
    assert "is revoked" in send(issued, tmp_path, SSLCheckCRL=1)[1]


@pytest.mark.parametrize("mode", [1, 2])
def test_a_revoked_intermediate_is_refused(mode: int, publisher: Publisher, tmp_path: Path):
    middle = issue(common_name="Middle", issuer=authority(), is_ca=True, extensions=(named(publisher.url),))
    publisher.content = listing(middle.certificate.serial_number)
    code, text = send(issue("127.0.0.1", issuer=middle), tmp_path, SSLCheckCRL=mode, SSLSecurityFlags="0x500")
    assert code == ErrorCode.CERTIFICATE_REJECTED
    assert "is revoked" in text
    assert "(issuer CN=Middle)" in text


def test_the_unknown_status_of_server_and_intermediate_are_forgiven_apart(tmp_path: Path):
    issued = issue("127.0.0.1", issuer=issue(common_name="Middle", issuer=authority(), is_ca=True))
    for flags, wanted in (("0", 2), ("0x100", 1), ("0x400", 1), ("0x800", 2), ("0x500", 0)):
        _, text = send(issued, tmp_path, SSLCheckCRL=2, SSLSecurityFlags=flags)
        assert text.count("status is unknown") == wanted


def test_an_unknown_authority_that_was_forgiven_sends_nobody_anywhere(publisher: Publisher, tmp_path: Path):
    middle = issue(common_name="Middle", issuer=issue(common_name="Unknown", is_ca=True), is_ca=True)
    publisher.content = listing(signer=middle)
    issued = server_certificate(publisher.url, middle)
    assert send(issued, tmp_path, SSLCheckCRL=1, SSLSecurityFlags="0x10") == (0, "")
    assert "the authority is not known" in send(issued, tmp_path, SSLCheckCRL=2, SSLSecurityFlags="0x10")[1]
    assert send(issued, tmp_path, SSLCheckCRL=2, SSLSecurityFlags="0x110") == (0, "")
    assert publisher.requests == []


def test_what_a_certificate_says_breaks_no_line_of_a_log(tmp_path: Path):
    middle = issue(common_name="Middle\r\n250 ok\x1b[2J", issuer=authority(), is_ca=True)
    _, text = send(issue("127.0.0.1", issuer=middle), tmp_path, SSLCheckCRL=2)
    assert "(issuer CN=Middle" in text
    assert text.isprintable()
    _, text = send(server_certificate("http://127.0.0.1/\r\n250 ok"), tmp_path, SSLCheckCRL=2)
    assert "is no URL" in text
    assert text.isprintable()


@pytest.mark.parametrize("url", ["https://127.0.0.1/ca.crl", "ldap://127.0.0.1/ca"])
def test_a_certificate_that_names_no_list(url: str, tmp_path: Path):
    for issued in (issue("127.0.0.1", issuer=authority()), server_certificate(url)):
        assert send(issued, tmp_path, SSLCheckCRL=1) == (0, "")
        assert "names no list" in send(issued, tmp_path, SSLCheckCRL=2)[1]


def test_a_list_is_fetched_once(publisher: Publisher, tmp_path: Path):
    publisher.content = listing()
    assert send(server_certificate(publisher.url), tmp_path, SSLCheckCRL=2, times=3) == (0, "")
    assert len(publisher.requests) == 1


def test_nothing_is_fetched_for_a_certificate_that_is_not_trusted_anyway(publisher: Publisher, tmp_path: Path):
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(publisher.url)], None, None, None)
    issued = issue("other.test", issuer=authority(), extra=x509.CRLDistributionPoints([point]))
    assert send(issued, tmp_path, SSLCheckCRL=2)[0] == ErrorCode.CERTIFICATE_REJECTED
    assert publisher.requests == []


def test_fetching_ends_with_the_deadline(publisher: Publisher):
    publisher.delay = 0.5
    with pytest.raises(OperationTimeoutError, match="fetching"):
        fetch(publisher.url, whole=Deadline(0.1))


def test_what_is_too_large_is_not_kept_in_memory(publisher: Publisher, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ssmtp_compat.tls.http_fetch.MAXIMUM_SIZE", 100_000)
    publisher.content = b"x" * 100_001
    with pytest.raises(ConnectionFailedError, match="more than 100000 octets"):
        fetch(publisher.url, whole=Deadline(5))
    publisher.content = b"x" * 100_000
    assert len(fetch(publisher.url, whole=Deadline(5))) == 100_000


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/", "http:///x", "http://127.0.0.1/\r\nx"])
def test_what_is_no_url_is_refused(url: str):
    with pytest.raises(ConnectionFailedError):
        fetch(url, whole=Deadline(1))
