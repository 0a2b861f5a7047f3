"""Which server certificates are trusted, what is said against the others, and who has the last word."""

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import InvalidValueError, TLSError
from ssmtp_compat.pki import certificates
from ssmtp_compat.tls.server_name import ServerName, host_name_problem
from wire.tls_certificates import DAY, NOW, authority, good, issue


def expired():
    return issue("localhost", issuer=authority(), not_before=NOW - 9 * DAY, not_after=NOW - 2 * DAY)


def not_yet_valid():
    return issue("localhost", issuer=authority(), not_before=NOW + 2 * DAY)


def client_purpose():
    return issue("localhost", issuer=authority(), usage=ExtendedKeyUsageOID.CLIENT_AUTH)


def constrained(permitted):
    limits = x509.NameConstraints([x509.DNSName(permitted)], None)
    return issue(common_name="Narrow CA", issuer=authority(), is_ca=True, extra=limits)


REFUSED = {
    "expired": (expired, "localhost", f"certificate has expired (notAfter {NOW - 2 * DAY:%Y-%m-%d})"),
    "not yet valid": (
        not_yet_valid,
        "localhost",
        f"certificate is not yet valid (notBefore {NOW + 2 * DAY:%Y-%m-%d})",
    ),
    "self-signed": (lambda: issue("localhost"), "localhost", "self-signed certificate"),
    "unknown CA": (
        lambda: issue("localhost", issuer=issue(common_name="Other CA", is_ca=True)),
        "localhost",
        "unable to get local issuer certificate",
    ),
    "wrong name": (
        lambda: issue("a.example", issuer=authority()),
        "b.example",
        "host name mismatch: certificate is for a.example, connected to b.example",
    ),
    "common name only": (
        lambda: issue(issuer=authority(), common_name="localhost"),
        "localhost",
        "host name mismatch: certificate names no host in its subjectAltName, connected to localhost",
    ),
    "wrong address": (
        lambda: issue("localhost", "127.0.0.1", issuer=authority()),
        "127.0.0.2",
        "host name mismatch: certificate is for localhost, 127.0.0.1, connected to 127.0.0.2",
    ),
    "an address is no DNS name": (
        lambda: issue("localhost", issuer=authority()),
        "127.0.0.1",
        "host name mismatch: certificate is for localhost, connected to 127.0.0.1",
    ),
    "wildcard over two labels": (
        lambda: issue("*.example.test", issuer=authority()),
        "a.b.example.test",
        "host name mismatch: certificate is for *.example.test, connected to a.b.example.test",
    ),
    "purpose": (client_purpose, "localhost", "certificate is not meant for TLS servers"),
    "name constraints": (
        lambda: issue("localhost", issuer=constrained("example.test")),
        "localhost",
        "name is not permitted by the name constraints of the issuer",
    ),
    "several reasons": (
        lambda: issue("a.example", not_before=NOW - 9 * DAY, not_after=NOW - 2 * DAY),
        "b.example",
        f"self-signed certificate; certificate has expired (notAfter {NOW - 2 * DAY:%Y-%m-%d}); "
        "host name mismatch: certificate is for a.example, connected to b.example",
    ),
}
refused = pytest.mark.parametrize(("make", "name", "status"), REFUSED.values(), ids=REFUSED)
overrulable = pytest.mark.parametrize(
    ("make", "name", "status"),
    [row for key, row in REFUSED.items() if key != "name constraints"],
    ids=[key for key in REFUSED if key != "name constraints"],
)


@refused
def test_a_bad_certificate_ends_the_handshake(serve, shake, make, name, status):
    server = serve(make())
    with pytest.raises(TLSError) as caught:
        shake(server, name)
    assert caught.value.code is ErrorCode.CERTIFICATE_REJECTED
    assert caught.value.message == f"Error verifying certificate. Server certificate: {status}."
    assert server.closed
    assert not server.greeted
    assert server.received == b""
    assert "alert" in str(server.error).lower()


@overrulable
def test_the_caller_may_accept_it_all_the_same(serve, shake, make, name, status):
    asked = []
    server = serve(make())
    stream = shake(server, name, authenticate=lambda certificate: asked.append(certificate) or True)
    (certificate,) = asked
    assert certificate.status == status
    assert certificate.trusted is False
    assert stream.server_certificate == certificate
    assert server.greeted


@refused
def test_the_caller_may_follow_the_recommendation(serve, shake, make, name, status):
    with pytest.raises(TLSError, match="certificate") as caught:
        shake(serve(make()), name, authenticate=lambda certificate: certificate.trusted)
    assert status in caught.value.message


@refused
def test_the_accepted_certificate_needs_no_further_check(serve, shake, make, name, status):
    issued = make()
    stream = shake(serve(issued), name, accepted=issued.der, authenticate=pytest.fail)
    assert stream.server_certificate.status == "OK"
    assert stream.server_certificate.trusted


def test_another_accepted_certificate_changes_nothing(serve, shake):
    shake(serve(good()), accepted=authority().der)
    with pytest.raises(TLSError, match="self-signed"):
        shake(serve(issue("localhost")), accepted=good().der)


def test_yes_to_a_clean_certificate_is_not_yes_to_what_openssl_finds_later(serve, shake):
    issued = issue("localhost", issuer=constrained("example.test"))
    with pytest.raises(TLSError, match="name constraints"):
        shake(serve(issued), authenticate=lambda _certificate: True)


def test_yes_to_a_bad_certificate_covers_what_openssl_finds_later(serve, shake):
    server = serve(issue("a.example", issuer=constrained("example.test")))
    stream = shake(server, "b.example", authenticate=lambda _certificate: True)
    assert "name constraints" in stream.server_certificate.status
    assert server.greeted


GOOD = {
    "name": (good, "localhost"),
    "name in other case": (good, "LocalHost"),
    "absolute name": (good, "localhost."),
    "address": (good, "127.0.0.1"),
    "IPv6 address": (lambda: issue("::1", issuer=authority()), "0:0::1"),
    "IPv6 address with scope": (lambda: issue("fe80::1", issuer=authority()), "fe80::1%eth0"),
    "wildcard": (lambda: issue("*.example.test", issuer=authority()), "mail.example.test"),
    "international name": (lambda: issue("xn--mller-kva.example", issuer=authority()), "müller.example"),
    "intermediate": (
        lambda: issue("localhost", issuer=issue(common_name="Sub CA", issuer=authority(), is_ca=True)),
        "localhost",
    ),
    "name constraints kept": (lambda: issue("a.example.test", issuer=constrained("example.test")), "a.example.test"),
}


@pytest.mark.parametrize(("make", "name"), GOOD.values(), ids=GOOD)
def test_a_good_certificate_is_trusted(serve, shake, make, name):
    asked = []
    server = serve(make())
    stream = shake(server, name, authenticate=lambda certificate: asked.append(certificate) or certificate.trusted)
    assert [certificate.status for certificate in asked] == ["OK"]
    assert asked[0].trusted
    assert stream.server_certificate is asked[0]
    assert server.greeted


def test_the_caller_sees_the_certificate_and_its_chain(serve, shake):
    middle = issue(common_name="Sub CA", issuer=authority(), is_ca=True)
    issued = issue("localhost", issuer=middle)
    certificate = shake(serve(issued)).server_certificate
    assert certificate.der == issued.der
    assert certificate.pem == issued.pem
    assert certificate.chain_pem == issued.pem + middle.pem
    assert (certificate.subject, certificate.issuer) == ("CN=server", "CN=Sub CA")


def test_the_caller_may_refuse_a_good_certificate(serve, shake):
    server = serve(good())
    with pytest.raises(TLSError, match="refused by the caller") as caught:
        shake(server, authenticate=lambda _certificate: False)
    assert caught.value.code is ErrorCode.CERTIFICATE_REJECTED
    assert not server.greeted
    assert server.closed


class Mine(BaseException):
    pass


@pytest.mark.parametrize("kind", [KeyError, Mine, KeyboardInterrupt])
def test_what_the_caller_raises_comes_out_as_it_is(serve, shake, kind):
    cause = ValueError("cause")
    original = kind("mine")
    original.__cause__ = cause

    def authenticate(_certificate):
        raise original

    server = serve(good())
    with pytest.raises(kind) as caught:
        shake(server, authenticate=authenticate)
    assert caught.value is original
    assert caught.value.__cause__ is cause
    assert server.closed
    assert not server.greeted
    shake(serve(good()))  # the shared context keeps nothing of it


def test_an_expired_issuer_is_named(serve, shake):
    old = issue(common_name="Old CA", is_ca=True, not_before=NOW - 9 * DAY, not_after=NOW - DAY)
    with pytest.raises(TLSError, match=r"has expired \(notAfter .*\) \(issuer CN=Old CA\)"):
        shake(serve(issue("localhost", issuer=old)), trust=old)


def test_tls_1_2_is_judged_alike(serve, shake):
    import ssl

    assert shake(serve(good(), highest=ssl.TLSVersion.TLSv1_2)).negotiated.version == "TLSv1.2"
    server = serve(expired(), highest=ssl.TLSVersion.TLSv1_2)
    with pytest.raises(TLSError, match="has expired"):
        shake(server)
    assert not server.greeted


@pytest.mark.parametrize("name", ["", ".", "a" * 64 + ".example", "a..example"])
def test_a_server_name_that_is_none(name):
    with pytest.raises(InvalidValueError):
        ServerName.parse(name)


def test_many_names_are_shown_in_part():
    issued = issue(*(f"h{number}.example" for number in range(9)), issuer=authority())
    problem = host_name_problem(issued.der, ServerName.parse("b.example"))
    assert problem.startswith("host name mismatch: certificate is for h0.example, h1.example")
    assert problem.endswith("and 5 more, connected to b.example")


@pytest.mark.parametrize("name", ["*.test", "a.*.test", "*"])
def test_wildcards_that_are_too_wide_are_said_to_be_unusable(name):
    problem = host_name_problem(issue(name, issuer=authority()).der, ServerName.parse("a.b.test"))
    assert "unusable subjectAltName" in problem


def test_a_name_cannot_break_a_line_of_the_log():
    issued = issue("evil\r\n250 OK", issuer=authority())
    assert "\n" not in host_name_problem(issued.der, ServerName.parse("b.example"))


def test_a_name_of_no_use_does_not_spoil_the_others():
    others = x509.SubjectAlternativeName(
        [x509.DNSName("*"), x509.UniformResourceIdentifier("https://a.test:8443/"), x509.DNSName("mail.example.test")]
    )
    assert host_name_problem(issue(extensions=(others,)).der, ServerName.parse("mail.example.test")) == ""


def test_a_certificate_seen_before_is_judged_again_and_not_decoded_again(serve, shake, monkeypatch):
    decoded = []
    really = certificates._read
    monkeypatch.setattr(certificates, "_read", lambda der: decoded.append(der) or really(der))
    issued = issue("localhost", issuer=authority())
    for _ in range(3):
        assert shake(serve(issued)).server_certificate.trusted
    with pytest.raises(TLSError, match="mismatch"):
        shake(serve(issued), "other.example")
    assert decoded == [issued.der]
