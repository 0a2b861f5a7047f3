"""Certification paths (RFC 5280 6): from a mail certificate up to a trust anchor.

cryptography's x509.verification is not used: it follows the Web's rules, which refuse what mail has (Ed25519 keys,
rfc822Name constraints, certificates without a host name) and cannot take an authority below a root as the anchor.
Revocation is not looked at: lists and responders would need the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.dsa import DSAPublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import ExtensionOID

from ..errors import UnsupportedError
from .certificates import Certificate
from .name_constraints import constraint_problem

__all__ = ["Path", "find_path"]

MAXIMUM_LENGTH: Final = 10
"""Certificates in a path; mail has three or four."""
MAXIMUM_CHECKS: Final = 100
"""Signatures checked in a search."""
MAXIMUM_STEPS: Final = 500
"""Paths looked at in a search, unfinished ones included: certificates of one name and key give ten factorial."""
MINIMUM_BITS: Final = 1024
"""Of an RSA or DSA key."""
# A collision in one of these makes a certificate that nobody issued; the last public one took SHA-1, in 2020.
_BROKEN_HASHES: Final = frozenset({"md2", "md4", "md5", "sha1"})
# What may be critical here. Without requireExplicitPolicy no policy can make a path fail (RFC 5280 6.1).
_UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.INHIBIT_ANY_POLICY,
    }
)


_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class Path:
    """The best path that was found. It is to be trusted only when ``problems`` is empty."""

    certificates: tuple[Certificate, ...]
    """The leaf first; without problems, a trust anchor last."""
    problems: tuple[str, ...]


def find_path(
    leaf: Certificate, others: Iterable[Certificate], anchors: Sequence[Certificate], moment: datetime
) -> Path:
    """Find a path from ``leaf`` to one of ``anchors`` that is good at ``moment`` (time-zone aware).

    ``others`` are certificates that came along; they are not trusted. An anchor is trusted as it is, root or not; the
    leaf itself may be one. Checked are signatures, dates, basic constraints and path lengths, key usage and extended
    key usage of the authorities (emailProtection), name constraints, critical extensions, and what is too weak.
    """
    if not anchors:
        return Path((leaf,), ("no authority to be trusted was given",))
    search = _Search((*dict.fromkeys((*anchors, *others)),), frozenset(anchors))
    best: Path | None = None
    for certificates in search.paths((leaf,)):
        found = Path(certificates, tuple(dict.fromkeys(_problems(certificates, moment))))
        if not found.problems:
            return found
        best = best or found
    return best or Path(search.longest or (leaf,), (search.dead_end,))


@dataclass
class _Search:
    """Depth first, each signature checked once."""

    known: tuple[Certificate, ...]
    anchors: frozenset[Certificate]
    longest: tuple[Certificate, ...] = ()
    checked: dict[tuple[bytes, bytes], bool] = field(default_factory=dict)
    steps: int = 0

    @property
    def dead_end(self) -> str:
        last = self.longest[-1]
        if len(self.checked) >= MAXIMUM_CHECKS or self.steps >= MAXIMUM_STEPS:
            return "the certificates that came along form too many chains"
        if last.self_issued:
            return f"the chain ends in {last.holder}, which is not among the authorities to be trusted"
        if broken := _broken_hash(last):
            return f"the certificate of {last.holder} is signed with {broken}, which is broken"
        return f"the issuer {last.issuer} is not known, or did not sign the certificate of {last.holder}"

    def paths(self, path: tuple[Certificate, ...]) -> Iterator[tuple[Certificate, ...]]:
        if len(path) > len(self.longest):
            self.longest = path
        last = path[-1]
        if last in self.anchors:
            yield path
        self.steps += 1
        if len(path) == MAXIMUM_LENGTH or self.steps >= MAXIMUM_STEPS:
            return
        for issuer in self.known:
            if issuer not in path and issuer.subject == last.issuer and self._signed(issuer, last):
                yield from self.paths((*path, issuer))

    def _signed(self, issuer: Certificate, certificate: Certificate) -> bool:
        wanted = certificate.authority_key_id
        if wanted is not None and issuer.subject_key_id is not None and wanted != issuer.subject_key_id:
            return False
        pair = (issuer.der, certificate.der)
        if pair not in self.checked:
            if len(self.checked) >= MAXIMUM_CHECKS:
                return False
            self.checked[pair] = _is_signed(issuer, certificate)
        return self.checked[pair]


def _is_signed(issuer: Certificate, certificate: Certificate) -> bool:
    if _broken_hash(certificate):
        return False
    try:
        _decode(certificate).verify_directly_issued_by(_decode(issuer))
    except Exception:  # noqa: BLE001  a signature that does not fit, and all that parsers raise for hostile certificates
        return False
    return True


def _problems(path: Sequence[Certificate], moment: datetime) -> Iterator[str]:
    for depth, certificate in enumerate(path):
        whose = f"the certificate of {certificate.holder}"
        is_anchor = depth == len(path) - 1
        if problem := certificate.date_problem(moment):
            yield f"{whose} {problem}"
        try:
            decoded = _decode(certificate)
            unknown = [each.oid.dotted_string for each in decoded.extensions if each.critical]
            unknown = [oid for oid in unknown if x509.ObjectIdentifier(oid) not in _UNDERSTOOD]
            if unknown:
                yield f"{whose} has a critical extension that is not understood ({', '.join(unknown)})"
            if depth:
                yield from _authority_problems(certificate, decoded, path[:depth], whose, is_anchor=is_anchor)
        except Exception:  # noqa: BLE001  parsers raise many kinds for what a hostile certificate holds
            yield f"{whose} cannot be read to the end"


def _authority_problems(
    certificate: Certificate, decoded: x509.Certificate, below: Sequence[Certificate], whose: str, *, is_anchor: bool
) -> Iterator[str]:
    constraints = _extension(decoded, x509.BasicConstraints)
    # Roots older than version 3 have no extensions; that somebody trusts them says that they are authorities.
    old_root = is_anchor and decoded.version is x509.Version.v1
    if not (constraints.ca if constraints else old_root):
        yield f"{whose} is not that of an authority"
    between = sum(1 for each in below[1:] if not each.self_issued)
    if constraints and constraints.path_length is not None and between > constraints.path_length:
        yield f"{whose} allows only {constraints.path_length} authorities below it"
    if certificate.key_usage is not None and "keyCertSign" not in certificate.key_usage:
        yield f"{whose} is not for signing certificates"
    if not certificate.allows_email:
        yield f"{whose} is not for issuing mail certificates"
    try:
        key = certificate.public_key
    except UnsupportedError:
        key = None
    if isinstance(key, (RSAPublicKey, DSAPublicKey)) and key.key_size < MINIMUM_BITS:
        kind = "an RSA" if isinstance(key, RSAPublicKey) else "a DSA"
        yield f"{whose} has {kind} key of {key.key_size} bits, which is too weak"
    names = _extension(decoded, x509.NameConstraints)
    if names is not None:
        for each in below:
            # RFC 5280 6.1.4: an authority's new certificate for itself is exempt, the leaf never.
            if each is not below[0] and each.self_issued:
                continue
            problem = constraint_problem(names, each.emails, _decode(each).subject)
            if problem:
                yield f"the certificate of {each.holder} breaks a constraint: {problem}"


def _broken_hash(certificate: Certificate) -> str:
    """The broken hash that the signature on ``certificate`` is made with; ``""`` when it is none of these."""
    try:
        algorithm = _decode(certificate).signature_hash_algorithm
    except Exception:  # noqa: BLE001  as above; whoever needs more of it will find it unreadable
        return ""
    return algorithm.name.upper() if algorithm is not None and algorithm.name in _BROKEN_HASHES else ""


def _extension(decoded: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return decoded.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _decode(certificate: Certificate) -> x509.Certificate:
    return x509.load_der_x509_certificate(certificate.der)
