"""PKCS#12 (RFC 7292) as a store: what .pfx and .p12 files hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from asn1crypto import parser
from asn1crypto import pkcs12 as asn1_pkcs12
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12KeyAndCertificates, load_pkcs12
from cryptography.x509 import Certificate as X509Certificate

from ...catalog.errors import ErrorCode
from ...errors import CertificateError
from ..armor import decode_base64
from ..certificates import Certificate
from .entries import Store, make_store

__all__ = ["open_pfx"]

MAXIMUM_ITERATIONS: Final = 5_000_000
"""Above this a store is refused: seconds of work before the password is even known to be right. OpenSSL and Windows
write 2000 to 2048, careful tools up to 1 000 000 (OWASP recommends 600 000 for PBKDF2-SHA256)."""


def open_pfx(content: bytes, password: bytes, what: str) -> Store:
    """Open PKCS#12 content, DER or BER, or base64 of it.

    An empty password also opens a store that was made with none: the two are different in PKCS#12. ``what`` names
    the store in the text of an error. Raises :class:`CertificateError` (271) when the content is no PKCS#12 or cut
    short, when the password is wrong, and when the store is empty or protected in a way that is not supported.
    """
    octets = _binary(content, what)
    _refuse_endless_work(_structure(octets, what), what)
    opened = _load(octets, password, what)
    found: list[tuple[X509Certificate, PrivateKeyTypes | None]] = []
    if opened.cert is not None:
        found.append((opened.cert.certificate, opened.key))
    found += [(extra.certificate, None) for extra in opened.additional_certs]
    if not found:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"There is no certificate in {what}.")
    try:
        return make_store((Certificate(one.public_bytes(Encoding.DER)), key) for one, key in found)
    except CertificateError as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"A certificate in {what} is damaged.") from error


def _binary(content: bytes, what: str) -> bytes:
    # 0x30 is also the digit "0", but base64 of a SEQUENCE begins with "M".
    if content[:1] == b"\x30":
        return content
    if not content.strip():
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is empty.")
    if b"-----BEGIN " in content:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is PEM text, not PKCS#12: choose the PEM store type."
        )
    try:
        return decode_base64(content)
    except ValueError as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, _not_pkcs12(what)) from error


def _structure(octets: bytes, what: str) -> asn1_pkcs12.Pfx:
    try:
        pfx = asn1_pkcs12.Pfx.load(octets, strict=True)
        version = pfx["version"].native
    except (ValueError, TypeError, RecursionError) as error:
        text = f"The content of {what} is cut short." if _cut_short(octets) else _not_pkcs12(what)
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, text) from error
    if version != "v3":
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, _not_pkcs12(what))
    return pfx


def _cut_short(octets: bytes) -> bool:
    if octets[:1] != b"\x30":
        return False
    try:
        parser.peek(octets)
    except ValueError:
        return True
    return False


def _not_pkcs12(what: str) -> str:
    return f"The content of {what} is no PKCS#12 store (.pfx or .p12)."


def _refuse_endless_work(pfx: asn1_pkcs12.Pfx, what: str) -> None:
    """Bound the key derivations that can be seen without the password; those inside are authenticated by it."""
    try:
        counts = list(_iterations(pfx))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is damaged.") from error
    if max(counts, default=0) > MAXIMUM_ITERATIONS:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE,
            f"The key derivation of {what} asks for {max(counts)} iterations; at most {MAXIMUM_ITERATIONS} are done.",
        )


def _iterations(pfx: asn1_pkcs12.Pfx) -> Iterator[int]:
    if pfx["mac_data"].native is not None:
        yield pfx["mac_data"]["iterations"].native
    for part in pfx.authenticated_safe:
        if part["content_type"].native == "encrypted_data":
            yield _of_algorithm(part["content"]["encrypted_content_info"]["content_encryption_algorithm"])
        elif part["content_type"].native == "data":
            for bag in asn1_pkcs12.SafeContents.load(part["content"].native):
                if bag["bag_id"].native == "pkcs8_shrouded_key_bag":
                    yield _of_algorithm(bag["bag_value"]["encryption_algorithm"])


def _of_algorithm(algorithm: Any) -> int:
    parameters = algorithm["parameters"]
    if algorithm["algorithm"].native == "pbes2":
        parameters = parameters["key_derivation_func"]["parameters"]
    names = parameters.native
    return int(names.get("iterations", names.get("iteration_count", 0)))


def _load(octets: bytes, password: bytes, what: str) -> PKCS12KeyAndCertificates:
    if b"\0" in password:
        # cryptography panics on it (pyo3's PanicException), and no "except Exception" catches a panic.
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"The password for {what} holds a NUL character, which PKCS#12 cannot have."
        )
    try:
        # For an empty password OpenSSL tries both forms, the empty text and none at all, which derive different keys.
        return load_pkcs12(octets, password)
    except UnsupportedAlgorithm as error:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is protected in a way that is not supported."
        ) from error
    except (ValueError, TypeError) as error:
        text = (
            f"The password does not open {what}, or the content was damaged."
            if password
            else f"The content of {what} needs a password, and none was given."
        )
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, text) from error
