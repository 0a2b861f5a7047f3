"""The verify and decrypt commands: what came in is checked, or opened with a private key."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError
from ..pki.certificates import Certificate, KeyPair
from ..pki.stores.entries import Store
from ..pki.stores.opening import StoreFormat, StoreSource, open_store
from ..pki.stores.token_uri import is_token_uri
from ..smime.decrypting import decrypt_message
from ..smime.verifying import SignerVerdict, Trust, Verification, holds_signed_data, verify_message
from .dialogue import printable
from .inputs import STANDARD, password, read_file, read_input
from .outcomes import CommandError, Exit
from .outputs import write_output
from .read_options import AUTO
from .reporting import say

__all__ = ["decrypt", "verify"]

PASSWORD_VARIABLE: Final = "SSMTP_STORE_PASSWORD"  # noqa: S105  its name
MAXIMUM_LAYERS: Final = 8
"""Signed messages within signed messages; RFC 2634 1.1 has two, with encryption between."""


def verify(options: argparse.Namespace) -> Exit:
    """Report on every signature of a message; OK only when all of it is verified. Raises :class:`CommandError`."""
    message = read_input(options.file, "FILE")
    content = None if options.content is None else read_file(options.content, "--content")
    trust = Trust(
        tuple(_certificates(options.ca, "--ca")),
        datetime.now(UTC),
        tuple(_certificates(options.certificates, "--certificates")),
        at_signing_time=options.at_signing_time,
    )
    layers = [_checked(message, trust, content, options.sender)]
    while len(layers) < MAXIMUM_LAYERS and _is_signed(layers[-1].message):
        layers.append(_checked(layers[-1].message, trust, None, options.sender))
    report = sys.stderr if options.output == STANDARD else sys.stdout
    for number, layer in enumerate(layers):
        for line in _report(layer):
            say(report, f"{'inside: ' * bool(number)}{printable(line)}")
    if not all(layer.verified for layer in layers):
        return Exit.NOT_VERIFIED
    if options.output is not None:
        write_output(options.output, layers[-1].content, "--output")
    return Exit.OK


def decrypt(options: argparse.Namespace) -> Exit:
    """Write what is inside an encrypted message. Raises :class:`CommandError`."""
    message = read_input(options.file, "FILE")
    key_pairs = _key_pairs(options)
    try:
        decrypted = decrypt_message(message, key_pairs)
    except SSMTPError as error:
        raise CommandError(error.code, f"{options.file}: {error.message}", Exit.BAD_DATA) from error
    for weakness in decrypted.weaknesses:
        say(sys.stderr, weakness)
    write_output(options.output, decrypted.message, "--output")
    return Exit.OK


def _checked(message: bytes, trust: Trust, content: bytes | None, sender: str | None) -> Verification:
    with warnings.catch_warnings():
        # What cryptography says of certificates that bend RFC 5280, such as a serial number below zero.
        warnings.simplefilter("ignore", UserWarning)
        try:
            return verify_message(message, trust, content=content, sender=sender)
        except SSMTPError as error:
            raise CommandError(error.code, error.message, Exit.BAD_DATA) from error


def _is_signed(message: bytes) -> bool:
    try:
        return holds_signed_data(message)
    except SSMTPError:
        return False  # most often no S/MIME at all; what is malformed inside was signed like that


def _report(verification: Verification) -> Iterator[str]:
    yield "verified" if verification.verified else "NOT VERIFIED"
    for sender in verification.senders:
        yield f"sender: {sender}"
    for problem in verification.problems:
        yield f"problem: {problem}"
    for signer in verification.signers:
        yield from _signer_report(signer)
    yield f"signed: {len(verification.content)} octets; revocation of certificates was not checked"


def _signer_report(signer: SignerVerdict) -> Iterator[str]:
    yield f"signer: {signer.certificate.subject if signer.certificate else 'unknown'}"
    quality = "fits" if signer.signature_ok else "does not fit, or was not checked"
    yield f"  signature: {signer.algorithm} with {signer.digest}, {quality}"
    if signer.signing_time is not None:
        yield f"  signing time, as the signer says: {signer.signing_time:%Y-%m-%d %H:%M:%S} UTC"
    if signer.chain:
        yield f"  chain: {' < '.join(each.subject for each in signer.chain)}"
    for weakness in signer.weaknesses:
        yield f"  weakness: {weakness}"
    for problem in signer.problems:
        yield f"  problem: {problem}"


def _certificates(paths: Sequence[str], option: str) -> Iterator[Certificate]:
    for path in paths:
        try:
            store = open_store(StoreSource(StoreFormat.ANY, None, read_file(path, option), "", path))
        except SSMTPError as error:
            raise CommandError(error.code, f"{option} {path}: {error.message}", Exit.BAD_DATA) from error
        if not store.entries:
            text = f"{option} {path}: What it has is {store.describe()}."
            raise CommandError(ErrorCode.CERTIFICATE_NOT_FOUND, text, Exit.BAD_DATA)
        yield from (entry.certificate for entry in store.entries)


def _key_pairs(options: argparse.Namespace) -> list[KeyPair]:
    certificates = list(_certificates(options.certificate, "--certificate"))
    source = _store_source(options)
    try:
        store = _opened(options, source)
        entries = [*store.entries, *map(store.entry_for, certificates)]
        key_pairs = [entry.key_pair() for entry in entries if entry.private_key is not None]
    except SSMTPError as error:
        raise CommandError(error.code, f"--store {source.what}: {error.message}", Exit.BAD_DATA) from error
    if not key_pairs:
        advice = "; give its certificate with --certificate" if store.loose_keys else ""
        text = f"It has no private key with its certificate, only {store.describe()}{advice}."
        missing = SSMTPError(ErrorCode.NO_DECRYPTION_CERTIFICATE, text)
        raise CommandError(missing.code, f"--store {source.what}: {missing.message}", Exit.BAD_DATA)
    return key_pairs


def _store_source(options: argparse.Namespace) -> StoreSource:
    kind: str = options.store_type
    address = os.fsencode(options.store)
    if kind == "pkcs11" or (kind == AUTO and is_token_uri(address)):
        # Not by its address, which may have the PIN in it, though it should not.
        return StoreSource(StoreFormat.PKCS11, None, address, "", "the token")
    store_format = StoreFormat.ANY if kind == AUTO else StoreFormat[kind.upper()]
    return StoreSource(store_format, None, read_file(options.store, "--store"), "", options.store)


def _opened(options: argparse.Namespace, source: StoreSource) -> Store:
    """The store, with the password that was given; without any, one is asked for only where none does not do."""
    given = _first_line(options.password_file) if options.password_file else os.environ.get(PASSWORD_VARIABLE)
    try:
        return open_store(replace(source, password=given or ""))
    except SSMTPError:
        if given is not None:
            raise
        try:
            typed = password(PASSWORD_VARIABLE, f"Password of {source.what}: ")
        except CommandError:
            typed = None  # no terminal, so the store's own complaint has to do
        if typed is None:
            raise
    return open_store(replace(source, password=typed))


def _first_line(path: str) -> str:
    try:
        return read_file(path, "--password-file").decode("utf-8").split("\n", 1)[0].removesuffix("\r")
    except UnicodeDecodeError as error:
        text = f"--password-file {path}: it is not UTF-8."
        raise CommandError(ErrorCode.INVALID_VALUE, text, Exit.BAD_DATA) from error
