"""What every kind of store yields: entries, each a certificate with its key and its issuers, and keys without one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from ...catalog.errors import ErrorCode
from ...errors import CertificateError, UnsupportedError
from ..certificates import Certificate, KeyPair
from .keys import describe_private, describe_public, subject_public_key_info

__all__ = [
    "MAXIMUM_CERTIFICATES",
    "MAXIMUM_KEYS",
    "Store",
    "StoreEntry",
    "issuers_of",
    "join_store",
    "make_store",
    "unlocked_store",
]

MAXIMUM_CERTIFICATES: Final = 1000
"""Of a store. The bundle of every public root has 150; each is compared with the others to find its issuer."""
MAXIMUM_CHAIN: Final = 16
"""Certificates above another; real chains have up to 5."""
_LONGEST_SHOWN: Final = 200
"""Characters of a subject in the text of an error; a hostile one may fill the store."""
MAXIMUM_KEYS: Final = 100
"""Private keys of a store; checking one takes about 50 ms."""


@dataclass(frozen=True, slots=True)
class StoreEntry:
    """One certificate of a store."""

    certificate: Certificate
    private_key: PrivateKeyTypes | None = field(default=None, repr=False)
    others: tuple[Certificate, ...] = field(default=(), repr=False)
    """The certificates of the store, among which the issuers are."""

    @property
    def chain(self) -> tuple[Certificate, ...]:
        """Issuer first; see :class:`KeyPair`."""
        # Made when it is wanted: for every certificate of a store it would be work by the cube of their number.
        return issuers_of(self.certificate, self.others)

    def key_pair(self) -> KeyPair:
        """The entry for signing. Raises :class:`CertificateError` (10199) when the store has no key for it."""
        if self.private_key is None:
            raise CertificateError(
                ErrorCode.NO_SIGNING_CERTIFICATE,
                f"No private key for the certificate of {self.certificate.holder} was found in the store, or "
                "another password protects it.",
            )
        return KeyPair(self.certificate, self.private_key, self.chain)


@dataclass(frozen=True, slots=True)
class Store:
    """An opened store: its entries in the store's order, each certificate once, and keys that no certificate fits."""

    entries: tuple[StoreEntry, ...]
    loose_keys: tuple[PrivateKeyTypes, ...] = field(default=(), repr=False)
    """Private keys whose certificate has to come from elsewhere."""
    public_keys: tuple[PublicKeyTypes, ...] = field(default=(), repr=False)
    """Public keys without certificate and private key, with which S/MIME can do nothing."""

    def entry_for(self, certificate: Certificate) -> StoreEntry:
        """``certificate``, of this store or not, with the private key and the issuers that this store has for it."""
        held = [entry.private_key for entry in self.entries if entry.private_key is not None]
        keys = {subject_public_key_info(key.public_key()): key for key in (*held, *self.loose_keys)}
        key = _key_of(certificate, keys)
        return StoreEntry(certificate, key, tuple(entry.certificate for entry in self.entries))

    def describe(self) -> str:
        """What is in it, for the text of an error: five things at most, each shortened to what can be read."""
        held = [entry.certificate.subject for entry in self.entries]
        held += [f"{describe_private(key)} without a certificate" for key in self.loose_keys]
        held += [f"{describe_public(key)} without a certificate or a private key" for key in self.public_keys]
        shown = [each if len(each) <= _LONGEST_SHOWN else f"{each[:_LONGEST_SHOWN]}…" for each in held[:5]]
        return "; ".join(shown) or "no certificate"


def join_store(
    certificates: Iterable[Certificate],
    private_keys: Iterable[PrivateKeyTypes],
    public_keys: Iterable[PublicKeyTypes] = (),
) -> Store:
    """A store of these certificates, each with the private key that belongs to it; what is left over stays loose."""
    given = list(certificates)
    keys = {subject_public_key_info(key.public_key()): key for key in private_keys}
    owned = {certificate: _key_of(certificate, keys) for certificate in given}
    used = set(map(id, owned.values()))
    joined = make_store(owned.items())
    certified = {certificate.public_key_der for certificate in given}
    return Store(
        joined.entries,
        tuple(key for key in keys.values() if id(key) not in used),
        tuple(key for key in public_keys if subject_public_key_info(key) not in certified),
    )


def unlocked_store(
    certificates: Sequence[Certificate], private_keys: Sequence[PrivateKeyTypes], closed_keys: int, what: str
) -> Store:
    """The store of what one password opened; ``closed_keys`` is how many private keys it did not open.

    Raises :class:`CertificateError` (271), with ``what`` as the store's name, where all keys stayed closed, and where
    there is nothing at all.
    """
    if closed_keys and not private_keys:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE,
            f"The password opens {what} but not the private key in it, which another password protects.",
        )
    if not certificates and not private_keys:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"There is no certificate and no private key in {what}.")
    return join_store(certificates, private_keys)


def make_store(pairs: Iterable[tuple[Certificate, PrivateKeyTypes | None]]) -> Store:
    """A store of these certificates, each with the chain that the others make for it."""
    keys: dict[Certificate, PrivateKeyTypes | None] = {}
    for certificate, key in pairs:
        keys[certificate] = keys.get(certificate) or key
    certificates = tuple(keys)
    return Store(tuple(StoreEntry(one, key, certificates) for one, key in keys.items()))


def _key_of(certificate: Certificate, keys: Mapping[bytes, PrivateKeyTypes]) -> PrivateKeyTypes | None:
    """The private key for ``certificate`` among ``keys``, which are found by their SubjectPublicKeyInfo."""
    if not keys:
        return None
    found = keys.get(certificate.public_key_der)
    if found is not None:
        return found
    try:
        # The same key written in another way: RSASSA-PSS in the place of rsaEncryption, a compressed point.
        return keys.get(subject_public_key_info(certificate.public_key))
    except UnsupportedError:
        return None


def issuers_of(leaf: Certificate, certificates: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """The certificates that lead from ``leaf`` to its root, as far as they are among ``certificates``, issuer first."""
    chain: list[Certificate] = []
    current = leaf
    while not current.self_issued and len(chain) < MAXIMUM_CHAIN:
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
