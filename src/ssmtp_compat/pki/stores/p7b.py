"""PKCS#7 without content or signature (RFC 5652 5.1, "certs-only") as a store: what .p7b and .p7c files hold."""

from __future__ import annotations

from typing import Final

from asn1crypto import cms

from ...catalog.errors import ErrorCode
from ...errors import CertificateError
from ..armor import decode_base64, pem_blocks, plain_content
from ..certificates import Certificate
from .budget import Budget
from .content import MALFORMED, binary_content, definite_content
from .entries import Store, join_store

__all__ = ["P7B_LABELS", "open_p7b"]

P7B_LABELS: Final = ("PKCS7", "CMS")
"""Labels of PEM blocks (RFC 7468 8 and 9)."""
_KIND: Final = "PKCS#7 with certificates (.p7b or .p7c)"


def open_p7b(content: bytes, password: bytes, what: str) -> Store:
    """Read the certificates of SignedData in PEM, DER or BER, or in base64; there are no private keys in it.

    Signatures, should there be any, are not verified: the certificates of a store prove nothing anyway. ``password`` is
    not used. ``what`` names the store in the text of an error. Raises :class:`CertificateError` (271) when the content
    is something else or damaged, and when there is no certificate in it.
    """
    content = plain_content(content, b"-----BEGIN ")
    if b"-----BEGIN " not in content:
        encodings = [binary_content(content, what, _KIND)]
    else:
        try:
            encodings = [decode_base64(block.body) for block in pem_blocks(content) if block.label in P7B_LABELS]
        except ValueError as error:
            raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is damaged.") from error
        if not encodings:
            raise CertificateError(
                ErrorCode.CANNOT_OPEN_STORE,
                f"The content of {what} is no {_KIND}: it needs a block that begins with -----BEGIN PKCS7-----.",
            )
    budget = Budget(what)
    certificates = [one for encoded in encodings for one in _certificates(encoded, budget, what)]
    if not certificates:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"There is no certificate in {what}.")
    return join_store(certificates, ())


def _certificates(encoded: bytes, budget: Budget, what: str) -> list[Certificate]:
    definite = definite_content(encoded, what, _KIND)
    try:
        info = cms.ContentInfo.load(definite, strict=True)
        if info["content_type"].native != "signed_data":
            raise ValueError("not SignedData")
        held = info["content"]["certificates"]
        # Attribute certificates and the older kinds stand there as well; they are of no use here.
        encodings = [choice.chosen.dump() for choice in held if choice.name == "certificate"] if held else []
    except MALFORMED as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is no {_KIND}.") from error
    return [budget.load_certificate(der) for der in encodings]
