"""Verifying signed messages (RFC 5652 5, RFC 8551 2.4, RFC 8550): who signed, and whether it can be believed."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric.dsa import DSAPublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ..catalog.errors import ErrorCode
from ..errors import CertificateError, SSMTPError, UnsupportedError
from ..message.addresses import Mailbox, flatten, parse_address_list, parse_mailbox
from ..pki.certificates import Certificate
from ..pki.paths import find_path
from . import oids
from .attributes import AttributeFacts, attribute_facts, resembles_attributes
from .digests import Digest
from .reading import Found, find_cms, with_outer_fields
from .signatures import algorithm_name, digest_of, signature_problem
from .signed_data import SignedData, SignerInfo, read_signed_data
from .structures import open_content_info, other_than
from .suitability import CertificateRules, check_signer
from .values import malformed

__all__ = ["SignerVerdict", "Trust", "Verification", "holds_signed_data", "verify_message"]

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""By how much a signer's clock may be ahead of ours; Kerberos allows as much."""
STRONG_BITS: Final = 2048
"""Of an RSA or DSA key."""
_BROKEN: Final = frozenset({"MD5"})
_WEAK: Final = frozenset({"SHA1"})


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe, and when."""

    anchors: tuple[Certificate, ...]
    """Authorities that are trusted, roots or not, or certificates of single people. Without any nothing is verified."""
    now: datetime
    """Time-zone aware."""
    certificates: tuple[Certificate, ...] = ()
    """More certificates in which signers and issuers are looked for; they are not trusted."""
    at_signing_time: bool = False
    """Judge certificates at the time that the signer claims rather than now. Nobody but the signer vouches for it."""


@dataclass(frozen=True, slots=True)
class SignerVerdict:
    """What is known of one signature."""

    certificate: Certificate | None
    """None when it did not come along and is not among ``Trust.certificates``."""
    algorithm: str
    digest: str
    signing_time: datetime | None
    """What the signer claims, from the signed attributes; time-zone aware."""
    signature_ok: bool
    """Whether the signature fits the content and the public key; says nothing about whose key it is."""
    chain: tuple[Certificate, ...]
    """From the signer's certificate towards a trust anchor, as far as it could be followed."""
    weaknesses: tuple[str, ...]
    """What is old-fashioned, though not yet a reason not to believe it: SHA-1, DSA, keys below 2048 bits."""
    problems: tuple[str, ...]
    """Each reason not to believe this signature."""

    @property
    def verified(self) -> bool:
        """Whether signature, attributes, chain, dates and purpose were checked and nothing was found against them."""
        return self.signature_ok and not self.problems


@dataclass(frozen=True, slots=True)
class Verification:
    """What is known of a signed message."""

    content: bytes = field(repr=False)
    """What was signed, octet for octet: a MIME entity when ``content_type`` is id-data. Changed, if not verified."""
    content_type: str
    """Dotted OID of the signed content's type; id-data in every S/MIME message."""
    message: bytes = field(repr=False)
    """The content with the outer header's own fields in front, so that a signed message inside can be read in turn."""
    senders: tuple[str, ...]
    """The addresses that signers had to account for."""
    signers: tuple[SignerVerdict, ...]
    problems: tuple[str, ...]
    """What is wrong with the message as a whole: a sender for whom no signer stands."""

    @property
    def verified(self) -> bool:
        """Whether every signature is verified and every sender is a verified signer. False unless all was checked."""
        return bool(self.signers) and not self.problems and all(signer.verified for signer in self.signers)


def verify_message(
    message: bytes, trust: Trust, *, content: bytes | None = None, sender: str | None = None
) -> Verification:
    """Check the signatures of ``message``: multipart/signed, application/pkcs7-mime, or a bare SignedData (BER or PEM).

    ``content`` is what a bare detached signature is over. ``sender`` is the address that has to have signed,
    in place of the From field, which a bare SignedData does not have.

    What is wrong with a signature is in the result. Raises :class:`SSMTPError` where there is nothing to judge: 10192
    for a malformed message, 10193 when it is not signed, 10195 when it has no signature in it (a list of
    certificates), 10283 without a boundary; :class:`InvalidValueError` (20012) for a malformed ``sender``.
    """
    named = None if sender is None else (parse_mailbox(sender, "The sender"),)
    found = find_cms(message)
    content_type, value = open_content_info(found.cms)
    if content_type != oids.SIGNED_DATA:
        raise other_than("signed", content_type)
    signed = read_signed_data(value)
    if not signed.signers:
        raise SSMTPError(ErrorCode.NO_SIGNERS, "It may be a list of certificates.")
    octets = _content(signed, found, content)
    certificates = (*_decoded(signed.certificates), *trust.certificates)
    signers = tuple(_judge(signer, signed, octets, certificates, trust) for signer in signed.signers)
    senders, problems = _senders(found) if named is None else (named, [])
    problems += _binding_problems(senders, signers)
    return Verification(
        octets,
        signed.content_type,
        with_outer_fields(found, octets),
        tuple(each.addr_spec() for each in senders),
        signers,
        tuple(problems),
    )


def holds_signed_data(message: bytes) -> bool:
    """Whether :func:`verify_message` finds a SignedData in ``message``; raises as it does where that is malformed."""
    content_type, _ = open_content_info(find_cms(message).cms)
    return content_type == oids.SIGNED_DATA


def _content(signed: SignedData, found: Found, given: bytes | None) -> bytes:
    detached = found.content if found.content is not None else given
    if signed.content is not None and detached is not None:
        # Which of the two a reader shows would be its own affair.
        raise malformed("The signature holds content of its own, beside that which it is to be checked against.")
    octets = signed.content if signed.content is not None else detached
    if octets is None:
        raise malformed("The signature is detached, and the content that it is over is missing.")
    return octets


def _decoded(certificates: Iterable[bytes]) -> Iterator[Certificate]:
    for octets in dict.fromkeys(certificates):
        try:
            yield Certificate(octets)
        except CertificateError:
            continue  # a signer whose certificate it was is told that it is missing


def _judge(
    signer: SignerInfo, signed: SignedData, content: bytes, certificates: Sequence[Certificate], trust: Trust
) -> SignerVerdict:
    algorithm = algorithm_name(signer.signature_algorithm)
    digest = digest_of(signer.digest_algorithm)
    problems: list[str] = []
    facts = AttributeFacts()
    try:
        facts = attribute_facts(signer.attributes, signed.content_type)
    except SSMTPError as error:
        problems.append(f"the signed attributes break the rules: {error.message}")
    certificate = next((each for each in certificates if signer.identifier.names(each)), None)
    signature_ok = False
    if digest is None:
        problems.append(f"the digest algorithm {signer.digest_algorithm.oid} is not known")
    else:
        # RFC 5652 5.3: it ought to be in the list that lets a reader hash in one pass.
        if digest.oid not in signed.digest_oids:
            problems.append("the digest algorithm is not among those that the message announces")
        if certificate is not None and not problems:
            try:
                problem = _signature_problem(signer, digest, content, certificate, facts)
            except SSMTPError as error:
                problem = error.message  # a digest that this system forbids
            problems += [problem] if problem else []
            signature_ok = not problem
    chain: tuple[Certificate, ...] = ()
    if certificate is None:
        problems.append("the signer's certificate is not in the message")
    else:
        moment = facts.signing_time if trust.at_signing_time and facts.signing_time else trust.now
        path = find_path(certificate, certificates, trust.anchors, moment)
        chain = path.certificates
        problems += path.problems
        problems += _certificate_problems(certificate, facts, trust)
    if digest is not None and digest.name in _BROKEN:
        problems.append(f"{digest.name} is broken: anybody can make other content with the same signature")
    weaknesses = tuple(_weaknesses(digest, certificate))
    name = digest.name if digest else signer.digest_algorithm.oid
    return SignerVerdict(
        certificate,
        algorithm,
        name,
        facts.signing_time,
        signature_ok,
        chain,
        weaknesses,
        tuple(dict.fromkeys(problems)),
    )


def _signature_problem(
    signer: SignerInfo, digest: Digest, content: bytes, certificate: Certificate, facts: AttributeFacts
) -> str:
    hashed = digest.of((content,))
    if signer.attributes is None:
        if resembles_attributes(content):
            # The signature of somebody's attributes would fit: they are hashed without a word of what they are.
            return "the content has the form of signed attributes, so that a signature may stand for other content"
        return signature_problem(certificate, signer.signature_algorithm, digest, hashed, content, signer.signature)
    if not hmac.compare_digest(hashed, facts.message_digest):
        return "the content is not what was signed"
    octets = signer.signed_octets
    return signature_problem(
        certificate, signer.signature_algorithm, digest, digest.of((octets,)), octets, signer.signature
    )


def _certificate_problems(certificate: Certificate, facts: AttributeFacts, trust: Trust) -> Iterator[str]:
    try:
        # Dates are the path's affair, which may be judged at another moment.
        check_signer(certificate, CertificateRules(check_dates=False), trust.now)
    except (CertificateError, UnsupportedError) as error:
        yield error.message
    if facts.certificate_hash is not None and not facts.certificate_hash.fits(certificate):
        yield "the signed attributes name another certificate than the signature (RFC 5035)"
    time = facts.signing_time
    if time is None:
        return
    if time > trust.now + CLOCK_TOLERANCE:
        yield f"the signing time {time:%Y-%m-%d %H:%M:%S} UTC is in the future"
    if not certificate.not_before <= time <= certificate.not_after:
        yield f"the certificate was not valid at the signing time {time:%Y-%m-%d %H:%M:%S} UTC"


def _weaknesses(digest: Digest | None, certificate: Certificate | None) -> Iterator[str]:
    if digest is not None and digest.name in _WEAK | _BROKEN:
        yield f"{digest.name} is weak: others can be made to sign what they did not mean to"
    if certificate is None:
        return
    try:
        key = certificate.public_key
    except UnsupportedError:
        return
    if isinstance(key, DSAPublicKey):
        yield "DSA is withdrawn (FIPS 186-5)"
    if isinstance(key, (RSAPublicKey, DSAPublicKey)) and key.key_size < STRONG_BITS:
        yield f"the signer's key has only {key.key_size} bits"


def _senders(found: Found) -> tuple[tuple[Mailbox, ...], list[str]]:
    """The mailboxes in the From field, and what is wrong with it."""
    if not found.from_fields:
        return (), ["there is no From field to compare the signer with"]
    if len(found.from_fields) > 1:
        return (), ["there is more than one From field, and readers would differ about who is shown"]
    try:
        mailboxes = flatten(parse_address_list(found.from_fields[0], "From"))
    except SSMTPError:
        return (), ["the From field cannot be read"]
    return mailboxes, [] if mailboxes else ["the From field names nobody"]


def _binding_problems(senders: Iterable[Mailbox], signers: Iterable[SignerVerdict]) -> list[str]:
    """RFC 8550 3: the sender has to stand in a signer's certificate."""
    signed_for = {
        _identity(email)
        for signer in signers
        if signer.verified and signer.certificate is not None
        for email in signer.certificate.emails
    }
    return [f"no verified signature is {each.addr_spec()}'s" for each in senders if each.identity not in signed_for]


def _identity(address: str) -> tuple[str, str]:
    # RFC 5280 7.5: the domain without regard to case, the local part exactly; see Mailbox.identity.
    local_part, _, domain = address.rpartition("@")
    return local_part, domain.lower()
