"""A store that holds a key and no certificate: what the script is told, and how CertEncoded makes up for it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from ssmtp_compat import ErrorCode, PropertyID, ssmtp_do_sign, ssmtp_set
from unit.interface.scripts import put, refused, take
from unit.pki.authority import Issued, issue, name
from unit.pki.mutations import DATA, PASSWORD, data

P = PropertyID

KEYS = [
    (6, "traditional-aes256.pem"),
    (6, "rsa.openssh"),
    (14, "rsa-v2.ppk"),
    (14, "rsa-v3-secret.ppk"),
    (18, "rsa.jwk"),
]
"""CertStoreType of a file, which is one less than that of its content, and a file with the RSA key of the fixtures."""


@pytest.fixture(scope="module")
def owner() -> Issued:
    """The certificate for the RSA key of the fixtures."""
    from ssmtp_compat.pki.stores.pem import open_pem

    key: PrivateKeyTypes = open_pem(data("rsa.openssh"), b"", "the fixture").loose_keys[0]
    return issue(name(("CN", "Owner")), key, not_after=datetime(2099, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("by_value", [False, True], ids=["file", "blob"])
@pytest.mark.parametrize(("kind", "file"), KEYS)
def test_key_alone_signs_once_its_certificate_is_given(
    handle: int, owner: Issued, kind: int, file: str, by_value: bool
):
    put(handle, P.CertStoreType, kind + by_value)
    put(handle, P.CertStore, data(file) if by_value else str(DATA / file))
    put(handle, P.CertStorePassword, PASSWORD.decode())
    text = refused(handle, ssmtp_set(handle, P.CertSubject, "*"), ErrorCode.CERTIFICATE_NOT_FOUND)
    assert "holds: 2048-bit RSA private key without a certificate. Set CertEncoded, in place of CertSubject" in text
    put(handle, P.CertEncoded, owner.certificate.pem())
    assert (take(handle, P.CertEncoded), take(handle, P.CertSubject)) == (owner.certificate.pem(), "CN=Owner")
    put(handle, P.MessageText, "signed")
    assert ssmtp_do_sign(handle) == 0
    assert "multipart/signed" in take(handle, P.OtherHeaders)


def test_certificate_of_somebody_else_does_not_take_the_key(handle: int):
    put(handle, P.CertStoreType, 7)
    put(handle, P.CertStore, data("rsa.openssh"))
    put(handle, P.CertEncoded, issue(name(("CN", "Other"))).certificate.pem())
    assert take(handle, P.CertSubject) == ""
    text = refused(handle, ssmtp_do_sign(handle), ErrorCode.NO_SIGNING_CERTIFICATE)
    assert "No private key for the certificate of CN=Other" in text


def test_renewed_certificate_takes_the_key_of_the_old_one(handle: int, owner: Issued, tmp_path: Path):
    old = issue(name(("CN", "Old")), owner.key).certificate
    put(handle, P.CertStoreType, 6)
    store = tmp_path / "old.pem"
    store.write_bytes(data("rsa.openssh") + old.pem())
    put(handle, P.CertStore, str(store))
    put(handle, P.CertEncoded, owner.certificate.pem())
    assert take(handle, P.CertSubject) == "CN=Owner"


@pytest.mark.parametrize(("kind", "blob"), [(13, 10), (16, 17), (18, 19)])
def test_public_key_says_that_it_cannot_sign(handle: int, kind: int, blob: int, tmp_path: Path):
    content, file = public_key(kind), tmp_path / "public"
    file.write_bytes(content)
    for type_and_store in ((kind, str(file)), (blob, content)):
        put(handle, P.CertStoreType, type_and_store[0])
        put(handle, P.CertStore, type_and_store[1])
        text = refused(handle, ssmtp_set(handle, P.CertSubject, "*"), ErrorCode.CERTIFICATE_NOT_FOUND)
        assert "2048-bit RSA public key without a certificate or a private key" in text
        assert "A public key can neither sign nor be found by a subject" in text


def public_key(kind: int) -> bytes:
    """The public part of the fixtures' RSA key as a store of this type has it."""
    jwk = json.loads(data("rsa.jwk"))
    modulus = base64.b64encode(base64.urlsafe_b64decode(jwk["n"] + "==")).decode()
    return {
        13: data("rsa.pub"),
        16: f"<RSAKeyValue><Modulus>{modulus}</Modulus><Exponent>{jwk['e']}</Exponent></RSAKeyValue>".encode(),
        18: json.dumps({name: jwk[name] for name in ("kty", "n", "e")}).encode(),
    }[kind]
