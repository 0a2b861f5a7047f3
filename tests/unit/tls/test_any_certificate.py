"""OpenSSL reads certificates that stricter parsers do not: whatever a server shows, an error of ours or a verdict."""

from __future__ import annotations

import base64
import random
import ssl
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509
from asn1crypto.core import TeletexString
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import SSMTPError, TLSError
from ssmtp_compat.net.deadline import Deadline
from ssmtp_compat.pki.certificates import Certificate, KeyPair
from ssmtp_compat.tls.answers import Revocation
from ssmtp_compat.tls.channel_binding import server_end_point
from ssmtp_compat.tls.context import TlsOptions, make_connection, make_context
from ssmtp_compat.tls.handshake import start_tls
from ssmtp_compat.tls.policy import TlsPolicy
from ssmtp_compat.tls.sessions import SessionCache
from ssmtp_compat.tls.verify import Fault
from wire.test_ocsp import MUST_STAPLE
from wire.test_ocsp import named as responder_at
from wire.test_revocation import named as list_at
from wire.tls_certificates import Issued, authority, issue
from wire.tls_memory import MemoryServer

EVERYTHING = Fault.DATES | Fault.AUTHORITY | Fault.USAGE | Fault.HOST_NAME
OPTIONS = {
    "plain": {},
    "for an address": {"server_name": "127.0.0.1"},
    "old versions too": {"policy": TlsPolicy(versions=frozenset({"TLSv1", "TLSv1.1", "TLSv1.2"}))},
    "revocation": {"revocation": Revocation.REQUIRED, "revocation_of_authorities": Revocation.REQUIRED},
    "forgiving": {"revocation": Revocation.IF_AVAILABLE, "forgiven": EVERYTHING},
}
URL = "http://web.example.test/"
ISSUED = issue("localhost", issuer=authority(), extensions=(list_at(URL), responder_at(URL), MUST_STAPLE))
KEY = ISSUED.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def show(der: bytes, name: str, directory: Path, accept: bool) -> str:
    """What is said of a server with this certificate; "" where it is accepted, or cannot even start."""
    path = directory / "server.pem"
    text = base64.encodebytes(der)
    path.write_bytes(KEY + b"-----BEGIN CERTIFICATE-----\n" + text + b"-----END CERTIFICATE-----\n")
    try:
        server = MemoryServer(path)
    except ssl.SSLError:
        return ""
    wanted = TlsOptions(**{"server_name": "localhost", "ca_pem": authority().pem.decode(), **OPTIONS[name]})
    judge = (lambda _: True) if accept else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the parsers, about what they will refuse one day
            start_tls(
                server, wanted, Deadline(5), authenticate=judge, sessions=SessionCache(), ask=lambda *_: (404, b"")
            )
    except SSMTPError as error:
        assert server.closed
        return error.message
    return ""


def changed(old: bytes, new: bytes) -> Callable[[], bytes]:
    assert old in ISSUED.der
    return lambda: ISSUED.der.replace(old, new, 1)


CERTIFICATES = {
    "a version that is none": changed(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x7a"),
    "a boolean that is none": changed(b"\x01\x01\xff", b"\x01\x01\x7a"),
    "a name that is no text": changed(b"localhost", b"\xff\xfe\r\n\x00\x1b[2J"),
}


@pytest.mark.parametrize("accept", [False, True])
@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("certificate", CERTIFICATES)
def test_a_certificate_that_stricter_parsers_refuse(certificate: str, name: str, accept: bool, tmp_path: Path):
    said = show(CERTIFICATES[certificate](), name, tmp_path, accept)
    assert said.isprintable()
    assert said or accept


@pytest.mark.parametrize("certificate", CERTIFICATES)
def test_no_login_is_bound_to_what_cannot_be_read(certificate: str):
    readable = certificate == "a name that is no text"
    assert len(server_end_point(CERTIFICATES[certificate]())) == (32 if readable else 0)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_certificate_with_octets_changed(name: str, tmp_path: Path):
    chance = random.Random(5)
    for _ in range(100):
        der = bytearray(ISSUED.der)
        for _ in range(chance.randint(1, 3)):
            der[chance.randrange(len(der))] = chance.randrange(256)
        assert show(bytes(der), name, tmp_path, chance.random() < 0.5).isprintable()


def in_latin_1(issued: Issued, issuer: Issued, digest: hashes.HashAlgorithm) -> Issued:
    """The same certificate with its authorities' names as they were written in the last century."""
    made = asn1_x509.Certificate.load(issued.der)
    unsigned = made["tbs_certificate"]
    for name in (unsigned["subject"], unsigned["issuer"]):
        for (part,) in name.chosen:
            if "CA" in part["value"].native:
                latin_1 = f"{part['value'].native} für alle".encode("latin-1")
                part["value"] = TeletexString.load(b"\x14" + bytes([len(latin_1)]) + latin_1)
    signature = {"algorithm": f"{digest.name}_ecdsa"}
    unsigned["signature"] = made["signature_algorithm"] = signature
    made["signature_value"] = issuer.key.sign(unsigned.dump(force=True), ec.ECDSA(digest))
    return replace(issued, certificate=x509.load_der_x509_certificate(made.dump(force=True)))


@pytest.mark.parametrize("name", ["old versions too", "revocation"])
def test_the_name_of_an_old_authority_may_be_in_latin_1(name: str, tmp_path: Path):
    root = issue(common_name="Root CA", is_ca=True)
    middle = issue(common_name="Middle CA", issuer=root, is_ca=True, extensions=(list_at(URL),))
    leaf = issue("localhost", issuer=middle, extensions=(list_at(URL),))
    anchor = in_latin_1(root, root, hashes.SHA1())
    chain = [in_latin_1(leaf, middle, hashes.SHA256()), in_latin_1(middle, root, hashes.SHA256())]
    server = MemoryServer(replace(chain[0], chain=(chain[1].certificate,)).write(tmp_path))
    wanted = TlsOptions(server_name="localhost", ca_pem=anchor.pem.decode(), **OPTIONS[name])
    with (
        pytest.raises(TLSError, match=r"\(issuer CN=Middle CA für alle\)") if name == "revocation" else nullcontext(),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        start_tls(server, wanted, Deadline(5), ask=lambda *_: (404, b""))


def test_what_is_malformed_here_is_an_error_too():
    der = CERTIFICATES["a version that is none"]()
    text = "-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der).decode() + "-----END CERTIFICATE-----\n"
    with pytest.raises(TLSError, match="text with CA certificates is not in PEM form or is damaged"):
        make_context(TlsOptions(server_name="localhost", ca_pem=text))
    odd, own = Certificate(der), Certificate(ISSUED.der)
    for client in (KeyPair(odd, ISSUED.key), KeyPair(own, ISSUED.key, (odd,))):
        with pytest.raises(TLSError, match="TLS cannot use the certificate of CN=server") as caught:
            make_connection(TlsOptions(server_name="localhost", client=client))
        assert caught.value.code is ErrorCode.NO_CREDENTIALS
