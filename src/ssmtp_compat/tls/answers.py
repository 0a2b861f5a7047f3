"""What authorities say of certificates, kept while it is good."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, Generic, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ..pki import encoded_names

__all__ = [
    "LONGEST",
    "AnswerCache",
    "Revocation",
    "UnavailableError",
    "extension_of",
    "fresh_until",
    "is_strong",
    "is_subject",
    "may",
]

LONGEST: Final = timedelta(days=1)
"""An answer is fetched anew after this, also where it says that it is good for longer."""
CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""By how much the authority's clock may be ahead, as openssl ocsp has it. One that answers at once would be refused
without: its answer is of a later second than the one in which it was asked."""
_KEPT: Final = 64
"""Answers; one or two are what a program with one mail server needs."""
_OCTETS_KEPT: Final = 64 * 1024 * 1024
"""In all: a list of revoked certificates may have megabytes."""
_WEAK: Final = (hashes.MD5, hashes.SHA1)

T = TypeVar("T")
E = TypeVar("E", bound=x509.ExtensionType)


class Revocation(Enum):
    """How much it matters that a certificate may be revoked."""

    IGNORED = 0
    IF_AVAILABLE = 1
    """An answer that cannot be had is no problem."""
    REQUIRED = 2


class UnavailableError(Exception):
    """There is no answer, or it cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    answer: T
    size: int
    until: datetime


class AnswerCache(Generic[T]):
    """Answers for all threads. The key has to hold whoever vouches for the answer, or one authority could speak for
    another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, _Kept[T]] = OrderedDict()
        self._octets = 0

    def get(self, key: Hashable, now: datetime) -> T | None:
        """The answer, unless there is none or it is too old."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or now >= kept.until:
                return None
            self._kept.move_to_end(key)
            return kept.answer

    def put(self, key: Hashable, answer: T, size: int, until: datetime) -> None:
        """Keep ``answer``, of ``size`` octets, and forget what was asked for longest ago."""
        with self._lock:
            self._forget(key)
            self._kept[key] = _Kept(answer, size, until)
            self._octets += size
            while len(self._kept) > _KEPT or self._octets > _OCTETS_KEPT:
                self._forget(next(iter(self._kept)))

    def _forget(self, key: Hashable) -> None:
        kept = self._kept.pop(key, None)
        self._octets -= kept.size if kept is not None else 0


def fresh_until(made: datetime, following: datetime | None, now: datetime) -> datetime:
    """Until when an answer may be used that was ``made`` then and replaced at ``following``.

    Raises :class:`UnavailableError` for one of another time, and for one that never ages: whoever stands in between
    could show it for ever (RFC 5280 5.1.2.5 demands the time).
    """
    if following is None:
        raise UnavailableError("it does not say until when it is good")
    if made > now + CLOCK_TOLERANCE or following <= now:
        raise UnavailableError("it is not for this moment")
    return min(following, now + LONGEST)


def is_strong(digest: hashes.HashAlgorithm | None) -> bool:
    """Whether a signature with this hash means anything; None is a scheme that brings its own."""
    return not isinstance(digest, _WEAK)


def may(certificate: x509.Certificate, use: str) -> bool:
    """Whether keyUsage, where there is one, allows a use by its name in ``cryptography`` (RFC 5280 4.2.1.3).

    Raises as :func:`extension_of` does.
    """
    usage = extension_of(certificate, x509.KeyUsage)
    return usage is None or bool(getattr(usage, use))


def is_subject(certificate: x509.Certificate, encoded: bytes, read: Callable[[], x509.Name | None]) -> bool:
    """Whether a name, ``encoded`` or as ``cryptography`` reads it, is the subject of ``certificate``.

    Some names are written in two ways, and some (see :mod:`..pki.encoded_names`) ``cryptography`` cannot read.
    """
    if encoded == encoded_names.subject(certificate.tbs_certificate_bytes):
        return True
    try:
        return read() == certificate.subject
    except ValueError:
        return False


def extension_of(certificate: x509.Certificate, kind: type[E]) -> E | None:
    """An extension, None without it. Raises :class:`UnavailableError` where the extensions cannot be read."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except Exception as error:  # parsers raise many kinds, of which some are no ValueError
        raise UnavailableError("the extensions of a certificate cannot be read") from error
