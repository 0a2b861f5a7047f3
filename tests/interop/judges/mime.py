"""S/MIME messages taken apart and put together, for programs that know only the CMS structure inside."""

from __future__ import annotations

import base64
import email

from interop.judges.judge import Result, Signature


def signed_parts(message: bytes) -> tuple[bytes, bytes]:
    """The first part of a multipart/signed message, octet for octet with CRLF, and the DER of its signature."""
    header, _, body = message.partition(b"\r\n\r\n")
    boundary = email.message_from_bytes(header + b"\r\n\r\n").get_boundary()
    assert boundary
    delimiter = b"\r\n--" + boundary.encode()
    _, part, signature, _ = (b"\r\n" + body).split(delimiter)
    return part.removeprefix(b"\r\n"), base64.b64decode(signature.partition(b"\r\n\r\n")[2])


def is_detached(message: bytes) -> bool:
    return email.message_from_bytes(message).get_content_type() == "multipart/signed"


def structure(message: bytes) -> bytes:
    """The DER of an application/pkcs7-mime message."""
    body = email.message_from_bytes(message).get_payload(decode=True)
    assert isinstance(body, bytes)
    return body


def signed(entity: bytes, der: Result, way: Signature) -> Result:
    """The message with the SignedData that ``der`` holds, where it holds one."""
    if not der.ok:
        return der
    if not way.detached:
        return Result(True, opaque(der.content, "signed-data"), der.report)
    kind = b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary="=_judge"'
    part = b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64'
    mark = b"\r\n--=_judge"
    pieces = (
        b"MIME-Version: 1.0\r\n" + kind + b"\r\n",
        mark + b"\r\n" + entity,
        mark + b"\r\n" + part + b"\r\n\r\n" + _folded(der.content),
        mark + b"--\r\n",
    )
    return Result(True, b"".join(pieces), der.report)


def enveloped(der: Result, smime_type: str = "enveloped-data") -> Result:
    """The message with the EnvelopedData that ``der`` holds, where it holds one."""
    return Result(True, opaque(der.content, smime_type), der.report) if der.ok else der


def opaque(der: bytes, smime_type: str) -> bytes:
    """The application/pkcs7-mime message (RFC 8551 3.2)."""
    kind = b'Content-Type: application/pkcs7-mime; smime-type=%s; name="smime.p7m"' % smime_type.encode()
    return b"MIME-Version: 1.0\r\n" + kind + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + _folded(der)


def _folded(der: bytes) -> bytes:
    return base64.encodebytes(der).replace(b"\n", b"\r\n")
