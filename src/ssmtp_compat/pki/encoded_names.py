"""Names as they stand in what an authority has signed, octet for octet.

Names of authorities from the last century may have Latin-1 in a TeletexString, which not every parser reads; whether
two of them are one can still be said. Each function takes the octets that were signed and raises ValueError or
TypeError where they are malformed.
"""

from __future__ import annotations

from typing import cast

from asn1crypto import crl, ocsp
from asn1crypto import x509 as asn1_x509

__all__ = ["list_issuer", "responder", "subject"]


def subject(tbs_certificate: bytes) -> bytes:
    """DER of the subject in a TBSCertificate (RFC 5280 4.1)."""
    return cast(bytes, asn1_x509.TbsCertificate.load(tbs_certificate)["subject"].dump())


def list_issuer(tbs_cert_list: bytes) -> bytes:
    """DER of the issuer in a TBSCertList (RFC 5280 5.1)."""
    return cast(bytes, crl.TbsCertList.load(tbs_cert_list)["issuer"].dump())


def responder(response_data: bytes) -> bytes:
    """DER of the responder's name in an OCSP ResponseData (RFC 6960 4.2.1) that names it."""
    return cast(bytes, ocsp.ResponseData.load(response_data)["responder_id"].chosen.chosen.dump())
