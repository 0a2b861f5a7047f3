"""The verify and decrypt commands: what came in is checked, or opened with a private key."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError
from ..pki.certificates import Certificate, KeyPair, decode_certificate
from ..pki.stores.entries import Store
from ..pki.stores.opening import StoreFormat, StoreSource, open_store
from ..smime.decrypting import decrypt_message
from ..smime.verifying import SignerVerdict, Trust, Verification, holds_signed_data, verify_message
from .dialogue import printable
from .inputs import STANDARD, password, read_file, read_input
from .outcomes import CommandError, Exit
from .outputs import write_output

__all__ = ["decrypt", "verify"]

PASSWORD_VARIABLE: Final = "SSMTP_STORE_PASSWORD"  # noqa: S105  its name
MAXIMUM_LAYERS: Final = 8
"""Signed messages within signed messages; RFC 2634 1.1 has two, with encryption between."""
_PEM: Final = b"-----BEGIN "


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
            report.write(f"{'inside: ' * bool(number)}{printable(line)}\n")
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
        sys.stderr.write(f"{weakness}\n")
    write_output(options.output, decrypted.message, "--output")
    return Exit.OK


def _checked(message: bytes, trust: Trust, content: bytes | None, sender: str | None) -> Verification:
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
        content = read_file(path, option)
        try:
            if _PEM not in content:
                yield decode_certificate(content)
                continue
            store = open_store(StoreSource(StoreFormat.PEM, None, content, "", path))
        except SSMTPError as error:
            raise CommandError(error.code, f"{option} {path}: {error.message}", Exit.BAD_DATA) from error
        yield from (entry.certificate for entry in store.entries)


def _key_pairs(options: argparse.Namespace) -> list[KeyPair]:
    content = read_file(options.store, "--store")
    kind = StoreFormat[options.store_type.upper()] if options.store_type else _kind(content)
    try:
        store = _opened(options, kind, content)
    except SSMTPError as error:
        raise CommandError(error.code, f"--store {options.store}: {error.message}", Exit.BAD_DATA) from error
    key_pairs = [entry.key_pair() for entry in store.entries if entry.private_key is not None]
    if not key_pairs:
        missing = SSMTPError(ErrorCode.NO_DECRYPTION_CERTIFICATE, "It has no private key with its certificate.")
        raise CommandError(missing.code, f"--store {options.store}: {missing.message}", Exit.BAD_DATA)
    return key_pairs


def _kind(content: bytes) -> StoreFormat:
    return StoreFormat.PEM if _PEM in content else StoreFormat.PFX


def _opened(options: argparse.Namespace, kind: StoreFormat, content: bytes) -> Store:
    """The store, with the password that was given; without any, one is asked for only where none does not do."""
    given = _first_line(options.password_file) if options.password_file else os.environ.get(PASSWORD_VARIABLE)
    try:
        return open_store(StoreSource(kind, None, content, given or "", options.store))
    except SSMTPError:
        if given is not None:
            raise
        try:
            typed = password(PASSWORD_VARIABLE, f"Password of {options.store}: ")
        except CommandError:
            typed = None  # no terminal, so the store's own complaint has to do
        if typed is None:
            raise
    return open_store(StoreSource(kind, None, content, typed, options.store))


def _first_line(path: str) -> str:
    try:
        return read_file(path, "--password-file").decode("utf-8").split("\n", 1)[0].removesuffix("\r")
    except UnicodeDecodeError as error:
        text = f"--password-file {path}: it is not UTF-8."
        raise CommandError(ErrorCode.INVALID_VALUE, text, Exit.BAD_DATA) from error
