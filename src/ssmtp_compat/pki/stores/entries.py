"""What every kind of store yields: entries, each a certificate with its key and its issuers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from ...catalog.errors import ErrorCode
from ...errors import CertificateError
from ..certificates import Certificate, KeyPair

__all__ = ["Store", "StoreEntry", "issuers_of", "make_store"]


@dataclass(frozen=True, slots=True)
class StoreEntry:
    """One certificate of a store."""

    certificate: Certificate
    private_key: PrivateKeyTypes | None = field(default=None, repr=False)
    chain: tuple[Certificate, ...] = field(default=(), repr=False)
    """Issuer first; see :class:`KeyPair`."""

    def key_pair(self) -> KeyPair:
        """The entry for signing. Raises :class:`CertificateError` (10199) when the store has no key for it."""
        if self.private_key is None:
            raise CertificateError(
                ErrorCode.NO_SIGNING_CERTIFICATE,
                f"No private key for the certificate of {self.certificate.subject} was found in the store; of a PFX "
                "with several keys this version reads one.",
            )
        return KeyPair(self.certificate, self.private_key, self.chain)


@dataclass(frozen=True, slots=True)
class Store:
    """An opened store: its entries in the store's order, each certificate once."""

    entries: tuple[StoreEntry, ...]


def make_store(pairs: Iterable[tuple[Certificate, PrivateKeyTypes | None]]) -> Store:
    """A store of these certificates, each with the chain that the others make for it."""
    keys: dict[Certificate, PrivateKeyTypes | None] = {}
    for certificate, key in pairs:
        keys[certificate] = keys.get(certificate) or key
    certificates = tuple(keys)
    return Store(tuple(StoreEntry(one, key, issuers_of(one, certificates)) for one, key in keys.items()))


def issuers_of(leaf: Certificate, certificates: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """The certificates that lead from ``leaf`` to its root, as far as they are among ``certificates``, issuer first."""
    chain: list[Certificate] = []
    current = leaf
    while not current.self_issued:
        issuer = next((one for one in certificates if _issued(one, current) and one not in chain), None)
        if issuer is None or issuer == leaf:
            break
        chain.append(issuer)
        current = issuer
    return tuple(chain)


def _issued(issuer: Certificate, certificate: Certificate) -> bool:
    # The texts, not the octets: authorities change the string type of a name between certificates (RFC 5280 7.1).
    if issuer.subject != certificate.issuer:
        return False
    # A renewed authority keeps its name and changes its key: the key identifiers tell the two apart (RFC 5280 4.2.1.1).
    wanted = certificate.authority_key_id
    return wanted is None or issuer.subject_key_id is None or wanted == issuer.subject_key_id
