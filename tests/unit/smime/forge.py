"""CMS put together octet by octet, so that a test can break any rule of it; signatures and ciphertexts are real."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

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


ENVELOPED_DATA = "1.2.840.113549.1.7.3"
AUTH_ENVELOPED_DATA = "1.2.840.113549.1.9.16.1.23"
KEY = bytes(range(16))
IV = bytes(range(16, 32))
NONCE = bytes(range(12))
AES128 = der.wrap(der.SEQUENCE, encode_oid("2.16.840.1.101.3.4.1.2"), der.wrap(der.OCTET_STRING, IV))
AES128_OID = "2.16.840.1.101.3.4.1.2"
AES128_GCM_OID = "2.16.840.1.101.3.4.1.6"


def key_transport(owner: Issued, encrypted_key: bytes | None = None, algorithm: bytes = RSA_ENCRYPTION) -> bytes:
    """A KeyTransRecipientInfo with ``KEY``, or with an encrypted key of the test's own."""
    if encrypted_key is None:
        encrypted_key = owner.key.public_key().encrypt(KEY, PKCS1v15())
    return der.wrap(
        der.SEQUENCE,
        b"\x02\x01\x00",
        owner.certificate.issuer_and_serial_der,
        algorithm,
        der.wrap(der.OCTET_STRING, encrypted_key),
    )


def key_agreement(
    owner: Issued,
    scheme: bytes,
    originator: bytes,
    wrapped: bytes,
    *,
    kind: str = "1.2.840.10045.2.1",
    ukm: bytes | None = None,
    identifier: bytes | None = None,
) -> bytes:
    """A KeyAgreeRecipientInfo for one recipient; ``originator`` is a public key, ``scheme`` an AlgorithmIdentifier."""
    key = der.wrap(der.CONTEXT_1, der.wrap(der.SEQUENCE, encode_oid(kind)), der.wrap(der.BIT_STRING, b"\0", originator))
    material = b"" if ukm is None else der.wrap(der.CONTEXT_1, der.wrap(der.OCTET_STRING, ukm))
    rid = identifier or owner.certificate.issuer_and_serial_der
    recipient = der.wrap(der.SEQUENCE, rid, der.wrap(der.OCTET_STRING, wrapped))
    parts = (b"\x02\x01\x03", der.wrap(der.CONTEXT_0, key), material, scheme, der.wrap(der.SEQUENCE, recipient))
    return der.wrap(der.CONTEXT_1, *parts)


def cbc(content: bytes = CONTENT, key: bytes = KEY, padding: bytes | None = None) -> bytes:
    """``content`` encrypted with AES, with the padding that is due or another one."""
    count = 16 - len(content) % 16
    context = Cipher(AES(key), modes.CBC(IV)).encryptor()
    return context.update(content + (bytes((count,)) * count if padding is None else padding)) + context.finalize()


def gcm(content: bytes = CONTENT, key: bytes = KEY, aad: bytes = b"", nonce: bytes = NONCE) -> tuple[bytes, bytes]:
    """``content`` encrypted with AES-GCM, and its whole tag."""
    context = Cipher(AES(key), modes.GCM(nonce)).encryptor()
    context.authenticate_additional_data(aad)
    encrypted = context.update(content) + context.finalize()
    return encrypted, context.tag


def gcm_algorithm(nonce: bytes = NONCE, size: int | None = 16) -> bytes:
    length = b"" if size is None else b"\x02\x01" + bytes((size,))
    parameters = der.wrap(der.SEQUENCE, der.wrap(der.OCTET_STRING, nonce), length)
    return der.wrap(der.SEQUENCE, encode_oid(AES128_GCM_OID), parameters)


def _encrypted(infos: Iterable[bytes], encrypted: bytes, algorithm: bytes, content_oid: bytes) -> tuple[bytes, ...]:
    content = der.wrap(der.SEQUENCE, content_oid, algorithm, der.wrap(der.CONTEXT_0_PRIMITIVE, encrypted))
    return b"\x02\x01\x00", der.wrap(der.SET, *infos), content


def enveloped(*infos: bytes, encrypted: bytes, algorithm: bytes = AES128, content_oid: bytes = ID_DATA) -> bytes:
    value = der.wrap(der.SEQUENCE, *_encrypted(infos, encrypted, algorithm, content_oid))
    return content_info(ENVELOPED_DATA, value)


def auth_enveloped(
    *infos: bytes,
    encrypted: bytes,
    tag: bytes,
    algorithm: bytes | None = None,
    attributes: Sequence[bytes] | None = None,
    content_oid: bytes = ID_DATA,
) -> bytes:
    parts = _encrypted(infos, encrypted, algorithm or gcm_algorithm(), content_oid)
    authenticated = b"" if attributes is None else der.wrap(der.CONTEXT_1, *attributes)
    value = der.wrap(der.SEQUENCE, *parts, authenticated, der.wrap(der.OCTET_STRING, tag))
    return content_info(AUTH_ENVELOPED_DATA, value)


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
