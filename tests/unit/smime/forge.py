"""CMS put together octet by octet, so that a test can break any rule of it; signatures and ciphertexts are real."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from ssmtp_compat.smime import der
from ssmtp_compat.smime.algorithms import ID_DATA, RSA_ENCRYPTION, encode_oid
from unit.pki.authority import NOW, Issued

CONTENT = b"Content-Type: text/plain\r\n\r\nHello.\r\n"
SIGNED_DATA = "1.2.840.113549.1.7.2"
SHA256 = der.wrap(der.SEQUENCE, encode_oid("2.16.840.1.101.3.4.2.1"))
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"


def attribute(oid: str, *values: bytes) -> bytes:
    return der.wrap(der.SEQUENCE, encode_oid(oid), der.wrap(der.SET, *values))


def content_type(oid: bytes = ID_DATA) -> bytes:
    return attribute(CONTENT_TYPE, oid)


def message_digest(content: bytes = CONTENT, name: str = "sha256") -> bytes:
    return attribute(MESSAGE_DIGEST, der.wrap(der.OCTET_STRING, hashlib.new(name, content).digest()))


def signing_time(moment: datetime = NOW) -> bytes:
    return attribute(SIGNING_TIME, der.wrap(0x17, f"{moment:%y%m%d%H%M%SZ}".encode()))


def rules(content: bytes = CONTENT) -> list[bytes]:
    """The attributes that keep the rules."""
    return [content_type(), signing_time(), message_digest(content)]


def signer_info(
    signer: Issued,
    attributes: Sequence[bytes] | None = None,
    content: bytes = CONTENT,
    *,
    digest: bytes = SHA256,
    algorithm: bytes = RSA_ENCRYPTION,
    signature: bytes | None = None,
    identifier: bytes | None = None,
    attributes_tag: int = der.CONTEXT_0,
) -> bytes:
    """``attributes`` stay in the order in which they are given; without any the content itself is signed."""
    octets = b"" if attributes is None else der.wrap(der.SET, *attributes)
    if signature is None:
        signature = signer.key.sign(octets or content, PKCS1v15(), hashes.SHA256())
    return der.wrap(
        der.SEQUENCE,
        b"\x02\x01\x01",
        identifier or signer.certificate.issuer_and_serial_der,
        digest,
        bytes((attributes_tag,)) + octets[1:] if octets else b"",
        algorithm,
        der.wrap(der.OCTET_STRING, signature),
    )


def signed(
    *infos: bytes,
    certificates: Iterable[bytes] = (),
    content: bytes | None = CONTENT,
    digests: Sequence[bytes] = (SHA256,),
    content_oid: bytes = ID_DATA,
) -> bytes:
    """A ContentInfo with a SignedData; ``content`` None makes it detached."""
    inner = b"" if content is None else der.wrap(der.CONTEXT_0, der.wrap(der.OCTET_STRING, content))
    value = der.wrap(
        der.SEQUENCE,
        b"\x02\x01\x01",
        der.wrap(der.SET, *digests),
        der.wrap(der.SEQUENCE, content_oid, inner),
        der.wrap(der.CONTEXT_0, *certificates),
        der.wrap(der.SET, *infos),
    )
    return content_info(SIGNED_DATA, value)


def content_info(oid: str, value: bytes) -> bytes:
    return der.wrap(der.SEQUENCE, encode_oid(oid), der.wrap(der.CONTEXT_0, value))


def opaque(cms: bytes, header: bytes = b"From: Alice <alice@example.test>\r\nSubject: Lunch\r\n") -> bytes:
    """An application/pkcs7-mime message."""
    return (
        header + b"MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; name=smime.p7m\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(cms).replace(b"\n", b"\r\n")
    )


def detached(
    cms: bytes,
    content: bytes = CONTENT,
    header: bytes = b"From: Alice <alice@example.test>\r\nSubject: Lunch\r\n",
    micalg: bytes = b"sha-256",
) -> bytes:
    """A multipart/signed message."""
    return (
        header + b"MIME-Version: 1.0\r\nContent-Type: multipart/signed; micalg=" + micalg + b";\r\n"
        b' protocol="application/pkcs7-signature"; boundary="=_b"\r\n\r\n'
        b"--=_b\r\n" + content + b"\r\n--=_b\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(cms).replace(b"\n", b"\r\n")
        + b"\r\n--=_b--\r\n"
    )


def ber(value: bytes, tag: int = der.SEQUENCE) -> bytes:
    """``value``, the content of a constructed value, with an indefinite length."""
    return bytes((tag, 0x80)) + value + b"\0\0"
