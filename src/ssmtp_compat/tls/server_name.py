"""The name of the server that the caller wants to reach, and whether a certificate is for it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from service_identity import CertificateError as UnusableNameError
from service_identity.hazmat import DNS_ID, DNSPattern

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError, printable

__all__ = ["ServerName", "host_name_problem"]

_NAMES_SHOWN: Final = 4
"""Of the names a certificate is for; some are for a hundred."""


@dataclass(frozen=True, slots=True)
class ServerName:
    """The reference identity of RFC 9525 6.1: what the certificate has to name."""

    text: str
    is_address: bool

    @classmethod
    def parse(cls, text: str) -> ServerName:
        """Read a DNS name or an IP address literal. Raises :class:`InvalidValueError` for what is neither."""
        try:
            address = ipaddress.ip_address(text.partition("%")[0])  # a certificate knows no scope of a local link
        except ValueError:
            pass
        else:
            return cls(str(address), is_address=True)
        try:
            # The codec that getaddrinfo applies: the name that is looked up is the one that has to be certified.
            name = text.removesuffix(".").encode("idna").decode("ascii")
        except UnicodeError as error:
            raise InvalidValueError(ErrorCode.INVALID_VALUE, f"{text!r} is no valid host name ({error}).") from error
        if not name:
            raise InvalidValueError(ErrorCode.INVALID_VALUE, "TLS needs the name of the server.")
        return cls(name, is_address=False)


def host_name_problem(der: bytes, name: ServerName) -> str:
    """Why the certificate is not for ``name``, ``""`` when it is.

    Only subjectAltName counts, never the common name (RFC 9525 2), and a wildcard only as the whole leftmost label.
    """
    connected = f"connected to {name.text}"
    try:
        hosts, addresses = _names(x509.load_der_x509_certificate(der))
        if name.is_address:
            if name.text in addresses:
                return ""
        elif _is_one_of(name.text, hosts):
            return ""
    except Exception as error:  # noqa: BLE001  parsers raise many kinds for what a hostile certificate holds
        return f"host name mismatch: certificate has an unusable subjectAltName ({printable(str(error))}), {connected}"
    names = [printable(one) for one in (*hosts, *addresses)]
    if not names:
        return f"host name mismatch: certificate names no host in its subjectAltName, {connected}"
    more = len(names) - _NAMES_SHOWN
    shown = ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return f"host name mismatch: certificate is for {shown}, {connected}"


def _names(certificate: x509.Certificate) -> tuple[list[str], list[str]]:
    """The DNS names and the addresses. Names of other kinds say nothing about a mail server."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return [], []
    addresses = extension.value.get_values_for_type(x509.IPAddress)
    return extension.value.get_values_for_type(x509.DNSName), [str(address) for address in addresses]


def _is_one_of(host: str, names: list[str]) -> bool:
    wanted, unusable = DNS_ID(host), None
    for name in names:
        try:
            if wanted.verify(DNSPattern.from_bytes(name.encode())):
                return True
        except UnusableNameError as error:
            # One that is too wide for anybody spoils none of the others.
            unusable = error
    if unusable is not None:
        raise unusable
    return False
