"""One message for readers with keys of several kinds, each of whom reads it with his own."""

from __future__ import annotations

import email
from pathlib import Path

import pytest

from interop.authority import Authority, Identity
from interop.processes import run
from ssmtp_compat import ssmtp_do_addrecipientcert, ssmtp_do_encrypt
from wire.mailer import Mailer

pytestmark = pytest.mark.interop

CURVES = ("P-256", "P-384", "P-521")


def person_on(curve: str, directory: Path) -> Identity:
    person = Identity(directory / f"{curve}.pem", directory / f"{curve}.key", f"{curve}@example.test")
    key = ("-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-nodes", "-keyout", person.key)
    usage = ("-addext", "keyUsage=critical,keyAgreement", "-addext", "extendedKeyUsage=emailProtection")
    run("openssl", "req", "-x509", *key, "-out", person.certificate, "-subj", f"/CN={curve}", *usage)
    return person


@pytest.mark.parametrize("cipher", ["AESCBC256", "AESGCM128", "3DES"])
@pytest.mark.parametrize("oaep", [False, True])
def test_openssl_reads_with_each_key(ca: Authority, openssl_cms, tmp_path: Path, cipher: str, oaep: bool):
    readers = [ca.alice, ca.bob, *(person_on(curve, tmp_path) for curve in CURVES)]
    with Mailer(25, MessageText="geheim: ä\n", EncryptingAlgorithm=cipher) as mailer:
        mailer.config(UseOAEP=oaep)
        for reader in readers:
            assert ssmtp_do_addrecipientcert(mailer.handle, reader.certificate.read_bytes()) == 0
        assert ssmtp_do_encrypt(mailer.handle) == 0, mailer.error
        entity = (mailer.get("MessageHeadersString") + "\r\n" + mailer.get("MessageText")).encode()
    for reader in readers:
        read = openssl_cms.decrypt(entity, reader)
        assert read.ok, read.report
        assert email.message_from_bytes(read.content).get_payload(decode=True) == "geheim: ä\r\n".encode()
    assert not openssl_cms.decrypt(entity, person_on("P-256", tmp_path)).ok
