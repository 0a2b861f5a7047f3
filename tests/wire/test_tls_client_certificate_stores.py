"""The client certificate comes out of every kind of store that holds a private key, as a file and as a value."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    load_ssh_private_key,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from loopback_identity import LoopbackIdentity
from unit.pki.mutations import PASSWORD, data
from unit.pki.test_xml_stores import rsa_key_value
from wire.mailer import Mailer
from wire.scripted_server import ScriptedServer
from wire.tls_certificates import Issued, authority, issue

pytestmark = pytest.mark.usefixtures("no_leaks")

IMPLICIT = 1
FILE = {"PFX": 2, "Java": 4, "PEM": 6, "PuTTY": 14, "XML": 16, "JWK": 18}
"""SSLCertStoreType of a file; that of its content is one more."""
AUTO = 99
WITHOUT_CERTIFICATE = ("PuTTY", "XML", "JWK")


@pytest.fixture(scope="module")
def client() -> Issued:
    """The certificate for the RSA key of the files that other programs wrote."""
    key = load_ssh_private_key(data("rsa.openssh"), None)
    assert isinstance(key, RSAPrivateKey)
    return issue(common_name="Client", issuer=authority(), usage=ExtendedKeyUsageOID.CLIENT_AUTH, key=key)


def pfx(client: Issued) -> bytes:
    return pkcs12.serialize_key_and_certificates(
        b"client", client.key, client.certificate, None, BestAvailableEncryption(PASSWORD)
    )


def pem(client: Issued, directory: Path) -> bytes:
    return client.write(directory, "made").read_bytes()


CONTENT: dict[str, Callable[[Issued, Path], bytes]] = {
    "PFX": lambda client, _: pfx(client),
    "Java": lambda *_: data("keytool.jks"),
    "PEM": pem,
    "PuTTY": lambda *_: data("rsa-v3-secret.ppk"),
    "XML": lambda client, _: rsa_key_value(client.key).encode(),
    "JWK": lambda *_: data("rsa.jwk"),
}


@pytest.mark.parametrize("named", [True, False], ids=["by number", "found out"])
@pytest.mark.parametrize("by_value", [False, True], ids=["file", "value"])
@pytest.mark.parametrize("kind", CONTENT)
def test_a_store_gives_the_client_certificate(
    kind: str, by_value: bool, named: bool, client: Issued, loopback_identity: LoopbackIdentity, tmp_path: Path
):
    content = CONTENT[kind](client, tmp_path)
    path = tmp_path / "store"
    path.write_bytes(content)
    context = loopback_identity.server_context()
    with Mailer(1, SSLStartMode=IMPLICIT, SSLCertStoreType=FILE[kind] + by_value if named else AUTO) as mailer:
        mailer.config(SSLCACertFilePaths=loopback_identity.ca_file)
        mailer.set(SSLCertStore=content if by_value else str(path), SSLCertStorePassword=PASSWORD.decode())
        if kind in WITHOUT_CERTIFICATE:
            mailer.set(SSLCertEncoded=client.pem)
        else:
            mailer.set(SSLCertSubject="*")
        shown = mailer.get("SSLCertEncoded")
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=(shown if kind == "Java" else authority().pem).decode())
        with ScriptedServer(tls=context, implicit_tls=True) as server:
            mailer.set(MailPort=server.port)
            assert mailer.send() == 0, mailer.error
    seen = server.connection.client_certificate
    assert seen is not None
    assert x509.load_der_x509_certificate(seen).public_bytes(Encoding.PEM) == shown
    assert kind == "Java" or seen == client.der
