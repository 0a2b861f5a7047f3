"""PKCS#12 (RFC 7292) as a store: what .pfx and .p12 files hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from asn1crypto import pkcs12 as asn1_pkcs12
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from ...catalog.errors import ErrorCode
from ...errors import CertificateError
from ..armor import pem_blocks, plain_content
from ..ber import Element, read_elements, to_definite
from ..certificates import Certificate
from .budget import Budget
from .content import MALFORMED, binary_content, definite_content
from .entries import Store, unlocked_store
from .pbe import Password, UnknownAlgorithmError, decrypt, password_forms
from .pfx_mac import verified_forms

__all__ = ["PFX_LABEL", "open_pfx"]

PFX_LABEL: Final = "PKCS12"
"""Label of a PEM block that no RFC has and certtool of GnuTLS writes unless it is told otherwise."""

_KIND: Final = "PKCS#12 store (.pfx or .p12)"
MAXIMUM_NESTING: Final = 8
"""SafeContents inside one another, which the syntax allows and nobody writes."""


def open_pfx(content: bytes, password: bytes, what: str) -> Store:
    """Open PKCS#12 content, DER or BER, or base64 or PEM of it: every certificate, with its key where the store has it.

    ``password`` is UTF-8; an empty one also opens a store that was made with none: the two are different in PKCS#12.
    ``what`` names the store in the text of an error. Raises :class:`CertificateError` (271) when the content is no
    PKCS#12 or cut short, when the password is wrong, when the store is empty or protected in a way that is not
    supported, and when it asks for more work than :class:`Budget` allows.
    """
    octets = definite_content(binary_content(_without_armor(content), what, _KIND), what, _KIND)
    try:
        pfx = asn1_pkcs12.Pfx.load(octets, strict=True)
        version = pfx["version"].native
    except MALFORMED as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is no {_KIND}.") from error
    if version != "v3":
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is no {_KIND}.")
    if b"\0" in password:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"The password for {what} holds a NUL character, which PKCS#12 cannot have."
        )
    try:
        return _Opening(what, password).store(pfx)
    except UnknownAlgorithmError as error:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is protected in a way that is not supported."
        ) from error
    except MALFORMED as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is damaged.") from error


def _without_armor(content: bytes) -> bytes:
    blocks = pem_blocks(plain_content(content, b"-----BEGIN "))
    return next((block.body for block in blocks if block.label == PFX_LABEL), content)


class _WrongPasswordError(Exception):
    pass


class _Opening:
    """One store on its way from octets to entries."""

    def __init__(self, what: str, password: bytes) -> None:
        self._what = what
        self._password_given = bool(password)
        self._forms: Sequence[Password] = password_forms(password)
        self._password_verified = False
        self._budget = Budget(what)
        self._certificates: list[Certificate] = []
        self._keys: list[PrivateKeyTypes] = []
        self._closed_keys = 0

    def store(self, pfx: asn1_pkcs12.Pfx) -> Store:
        if pfx["auth_safe"]["content_type"].native != "data":
            # Signed instead of protected by a password (RFC 7292 4): by whom would be a question of its own.
            raise UnknownAlgorithmError("public-key integrity mode")
        content = pfx["auth_safe"]["content"].native
        try:
            if pfx["mac_data"].native is not None:
                self._verify(pfx["mac_data"], content)
            for part in asn1_pkcs12.AuthenticatedSafe.load(to_definite(content), strict=True):
                self._add_part(part)
        except _WrongPasswordError as error:
            raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, self._wrong_password()) from error
        return unlocked_store(self._certificates, self._keys, self._closed_keys, self._what)

    def _verify(self, mac_data: Any, content: bytes) -> None:
        self._forms = verified_forms(mac_data, content, self._forms, self._budget)
        if not self._forms:
            raise _WrongPasswordError
        self._password_verified = True

    def _add_part(self, part: Any) -> None:
        kind = part["content_type"].native
        if kind == "data":
            self._add_bags(_bags(part["content"].native), 1)
        elif kind == "encrypted_data":
            info = part["content"]["encrypted_content_info"]
            algorithm = info["content_encryption_algorithm"]
            # asn1crypto takes an implicit OCTET STRING in pieces with an indefinite length only.
            ciphertext = read_elements(info.dump(), Element).children[2].joined()
            for form in self._forms:
                try:
                    bags = _bags(decrypt(algorithm, ciphertext, form, self._budget))
                except MALFORMED:
                    continue
                self._add_bags(bags, 1)
                return
            raise _WrongPasswordError
        else:
            raise UnknownAlgorithmError(kind)

    def _add_bags(self, bags: Iterable[Any], nesting: int) -> None:
        if nesting > MAXIMUM_NESTING:
            raise ValueError("too many SafeContents inside one another")
        for bag in bags:
            kind, value = bag["bag_id"].native, bag["bag_value"]
            if kind == "cert_bag":
                if value["cert_id"].native == "x509":
                    self._certificates.append(self._budget.load_certificate(bytes(value["cert_value"])))
            elif kind == "key_bag":
                self._keys.append(self._budget.load_private_key(value.untag().dump()))
            elif kind == "pkcs8_shrouded_key_bag":
                self._add_shrouded_key(value)
            elif kind == "safe_contents":
                self._add_bags(value, nesting + 1)
            # Revocation lists and secret keys are of no use here.

    def _add_shrouded_key(self, value: Any) -> None:
        algorithm, ciphertext = value["encryption_algorithm"], value["encrypted_data"].native
        for form in self._forms:
            try:
                key = self._budget.load_private_key(decrypt(algorithm, ciphertext, form, self._budget))
            except MALFORMED:
                continue
            self._keys.append(key)
            return
        if not self._password_verified:
            raise _WrongPasswordError
        # The password of the store is right, so this key has one of its own: the other keys are still of use.
        self._closed_keys += 1

    def _wrong_password(self) -> str:
        if self._password_given:
            return f"The password does not open {self._what}, or the content was damaged."
        return f"The content of {self._what} needs a password, and none was given."


def _bags(octets: bytes) -> asn1_pkcs12.SafeContents:
    bags = asn1_pkcs12.SafeContents.load(to_definite(octets), strict=True)
    # Read as far as the kind of each bag: a wrong password may leave padding that looks right, and shows here.
    for bag in bags:
        bag["bag_id"].native  # noqa: B018
    return bags
