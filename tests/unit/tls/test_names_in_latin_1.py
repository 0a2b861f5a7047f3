"""Authorities of the last century have Latin-1 in a TeletexString of their names, which cryptography cannot read."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from asn1crypto import core, crl, ocsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponderEncoding

from ssmtp_compat.errors import TLSError
from ssmtp_compat.net.deadline import Deadline
from ssmtp_compat.net.web_request import WebRequest
from ssmtp_compat.smime.der import wrap
from ssmtp_compat.tls.answers import Revocation
from ssmtp_compat.tls.context import TlsOptions
from ssmtp_compat.tls.handshake import start_tls
from unit.tls.test_any_certificate import in_latin_1 as old_certificate
from wire.test_ocsp import GOOD, REVOKED
from wire.test_ocsp import answer as ocsp_answer
from wire.test_ocsp import named as responder_at
from wire.test_revocation import listing
from wire.test_revocation import named as list_at
from wire.tls_certificates import Issued, issue
from wire.tls_memory import MemoryServer

BASIC_RESPONSE = core.ObjectIdentifier("1.3.6.1.5.5.7.48.1.1").dump()
LIST, RESPONDER = "http://web.example.test/crl", "http://web.example.test/ocsp"


def in_latin_1(name: asn1_x509.Name, addition: str = " für alle") -> None:
    """The same name as it was written in the last century."""
    for (part,) in name.chosen:
        text = f"{part['value'].native}{addition}".encode("latin-1")
        part["value"] = core.TeletexString.load(b"\x14" + bytes([len(text)]) + text)


def old_list(content: bytes, signer: Issued, addition: str = " für alle") -> bytes:
    made = crl.CertificateList.load(content)
    in_latin_1(made["tbs_cert_list"]["issuer"], addition)
    made["signature"] = signer.key.sign(made["tbs_cert_list"].dump(force=True), ec.ECDSA(hashes.SHA256()))
    return made.dump(force=True)


def old_answer(content: bytes, signer: Issued, addition: str = " für alle") -> bytes:
    """Put together by hand, for asn1crypto would write the whole name anew, and cannot."""
    basic = ocsp.OCSPResponse.load(content)["response_bytes"]["response"].parsed
    data = basic["tbs_response_data"]
    name = data["responder_id"].chosen
    in_latin_1(name, addition)
    tbs = wrap(0x30, wrap(0xA1, name.chosen.dump()), data["produced_at"].dump(), data["responses"].dump())
    signature = signer.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    made = wrap(0x30, tbs, basic["signature_algorithm"].dump(), wrap(0x03, b"\0", signature))
    return wrap(0x30, b"\x0a\x01\x00", wrap(0xA0, wrap(0x30, BASIC_RESPONSE, wrap(0x04, made))))


class Old:
    """A server whose certificate such an authority has issued."""

    def __init__(self) -> None:
        self.new_root = issue(common_name="Root CA", is_ca=True)
        self.root = old_certificate(self.new_root, self.new_root, hashes.SHA256())
        self.new_leaf = issue("localhost", issuer=self.new_root, extensions=(list_at(LIST), responder_at(RESPONDER)))
        self.leaf = old_certificate(self.new_leaf, self.new_root, hashes.SHA256())

    def verdict(self, directory: Path, answers: dict[str, bytes]) -> str:
        def ask(request: WebRequest, *_: object) -> tuple[int, bytes]:
            content = answers.get(request.url, b"")
            return 200 if content else 404, content

        wanted = TlsOptions(server_name="localhost", ca_pem=self.root.pem.decode(), revocation=Revocation.REQUIRED)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                start_tls(MemoryServer(self.leaf.write(directory)), wanted, Deadline(5), ask=ask)
        except TLSError as error:
            return error.message
        return ""

    def listing(self, *revoked: int, addition: str = " für alle") -> bytes:
        return old_list(listing(*revoked, signer=self.new_root), self.root, addition)


@pytest.fixture
def old() -> Old:
    return Old()


def test_the_list_of_such_an_authority_is_read(old: Old, tmp_path: Path):
    assert old.verdict(tmp_path, {LIST: old.listing()}) == ""


def test_what_it_has_revoked_is_refused(old: Old, tmp_path: Path):
    listed = old.listing(old.new_leaf.certificate.serial_number)
    assert "certificate is revoked" in old.verdict(tmp_path, {LIST: listed})


def test_a_list_under_another_such_name_is_not_its_own(old: Old, tmp_path: Path):
    for other in (old.listing(addition=" für alle Fälle"), listing(signer=old.new_root)):
        assert "the list is not signed by the issuer" in old.verdict(tmp_path, {LIST: other})


@pytest.mark.parametrize("status", [GOOD, REVOKED])
@pytest.mark.parametrize("encoding", OCSPResponderEncoding)
def test_the_answer_of_such_an_authority_is_read(
    old: Old, tmp_path: Path, encoding: OCSPResponderEncoding, status: OCSPCertStatus
):
    content = ocsp_answer(old.leaf, status, issuer=old.root, signer=old.new_root, encoding=encoding)
    if encoding is OCSPResponderEncoding.NAME:
        content = old_answer(content, old.root)
    said = old.verdict(tmp_path, {RESPONDER: content})
    assert "certificate is revoked" in said if status is REVOKED else said == ""


def test_an_answer_under_another_such_name_is_not_its_own(old: Old, tmp_path: Path):
    content = ocsp_answer(old.leaf, issuer=old.root, signer=old.new_root, encoding=OCSPResponderEncoding.NAME)
    other = old_answer(content, old.root, " für alle Fälle")
    assert "not signed by the issuer, nor in its name" in old.verdict(tmp_path, {RESPONDER: other})


def test_one_name_may_be_written_in_two_ways(tmp_path: Path):
    """PrintableString in the certificate and UTF8String in the list."""
    root = issue(common_name="Root CA", is_ca=True)
    made = crl.CertificateList.load(listing(signer=root))
    for (part,) in made["tbs_cert_list"]["issuer"].chosen:
        assert part["value"].name == "utf8_string"
        part["value"] = asn1_x509.DirectoryString(name="printable_string", value="Root CA")
    made["signature"] = root.key.sign(made["tbs_cert_list"].dump(force=True), ec.ECDSA(hashes.SHA256()))
    leaf = issue("localhost", issuer=root, extensions=(list_at(LIST),))
    wanted = TlsOptions(server_name="localhost", ca_pem=root.pem.decode(), revocation=Revocation.REQUIRED)
    start_tls(MemoryServer(leaf.write(tmp_path)), wanted, Deadline(5), ask=lambda *_: (200, made.dump(force=True)))
