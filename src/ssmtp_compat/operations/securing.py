"""Signing and encrypting the message: whose key, for whom, and with what."""

from __future__ import annotations

from dataclasses import replace

from ..catalog.errors import ErrorCode
from ..errors import CertificateError
from ..pki.certificates import Certificate, KeyPair, decode_certificate
from ..pki.stores.entries import Store, StoreEntry, issuers_of
from ..pki.stores.opening import StoreSource, open_store
from ..pki.subjects import select

__all__ = ["CertificateSelection", "RecipientCertificates"]


class CertificateSelection:
    """The certificate that is selected in a store."""

    def __init__(self) -> None:
        self._entry: StoreEntry | None = None

    def by_subject(self, source: StoreSource, subject: str) -> str:
        """Select by subject and return the full subject of what was found.

        Raises :class:`CertificateError` when the store cannot be opened (271) or nothing fits (272); then nothing is
        selected.
        """
        self._entry = None
        store = open_store(source)
        self._entry = select(store.entries, subject)
        if self._entry is None:
            raise CertificateError(
                ErrorCode.CERTIFICATE_NOT_FOUND,
                f"{subject!r} fits nothing in {source.what}, which holds: {store.describe()}."
                + _how_to_complete(store, source.what.removesuffix("Store")),
            )
        return self._entry.certificate.subject

    def by_certificate(self, source: StoreSource | None, encoded: bytes) -> str:
        """Select a certificate, with its private key if the store has it, and return its subject; "" without the key.

        The key is found by the public key, so the store need not hold the certificate.

        Raises :class:`CertificateError` when ``encoded`` is no certificate (10280) or the store cannot be opened (271);
        then the old selection stays.
        """
        certificate = decode_certificate(encoded)
        self._entry = open_store(source).entry_for(certificate) if source is not None else StoreEntry(certificate)
        return certificate.subject if self._entry.private_key is not None else ""

    @property
    def made(self) -> bool:
        """Whether a certificate is selected."""
        return self._entry is not None

    def pem(self) -> bytes:
        """The selected certificate as PEM text; empty when none is selected."""
        return self._entry.certificate.pem() if self._entry is not None else b""

    def key_pair(self, issuers: StoreSource | None = None) -> KeyPair:
        """The selected certificate with its private key.

        ``issuers`` is where those are that its own store lacks in the chain. Raises :class:`CertificateError`: 10199
        without certificate or key, 271 when ``issuers`` cannot be opened.
        """
        if self._entry is None:
            raise CertificateError(
                ErrorCode.NO_SIGNING_CERTIFICATE,
                "No signing certificate is selected: set CertStoreType, CertStore, CertStorePassword and then "
                "CertSubject.",
            )
        pair = self._entry.key_pair()
        if issuers is None:
            return pair
        more = (entry.certificate for entry in open_store(issuers).entries)
        return replace(pair, chain=issuers_of(pair.certificate, (*pair.chain, *more)))


def _how_to_complete(store: Store, prefix: str) -> str:
    """What a store without certificates needs to be of use, as a sentence; ``prefix`` is that of its properties."""
    if store.entries:
        return ""
    if store.loose_keys:
        return f" Set {prefix}Encoded, in place of {prefix}Subject, to the certificate that belongs to the private key."
    if store.public_keys:
        return (
            " A public key can neither sign nor be found by a subject: what signs is a certificate with its private "
            "key, and messages are encrypted for the certificates that AddRecipientCert takes."
        )
    return ""


class RecipientCertificates:
    """The certificates that messages are encrypted for, in the order in which they were added."""

    def __init__(self) -> None:
        self._certificates: list[Certificate] = []

    def add(self, encoded: bytes | str) -> None:
        """Add one, given as PEM, bare base64 or DER. Raises :class:`CertificateError` (10280) for anything else."""
        self._certificates.append(decode_certificate(encoded))

    def all(self) -> tuple[Certificate, ...]:
        """All of them. Raises :class:`CertificateError` (10202) when there are none."""
        if not self._certificates:
            raise CertificateError(
                ErrorCode.NO_RECIPIENT_CERTIFICATE, "Add the certificate of each recipient with AddRecipientCert."
            )
        return tuple(self._certificates)
