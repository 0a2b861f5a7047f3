"""The send command: from options to the documented calls, in the order in which a script would make them."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

from .. import (
    CertStoreTypes,
    EventID,
    PropertyID,
    SSLStartModes,
    ssmtp_close,
    ssmtp_do_addrecipientcert,
    ssmtp_do_config,
    ssmtp_do_encrypt,
    ssmtp_do_send,
    ssmtp_do_sign,
    ssmtp_do_signandencrypt,
    ssmtp_get_last_error,
    ssmtp_get_last_error_code,
    ssmtp_open,
    ssmtp_register_callback,
    ssmtp_set,
)
from ..catalog.errors import ErrorCode
from .dialogue import dialogue_line
from .inputs import password, read_file, read_input
from .outcomes import CommandError, Exit, delivery_status

__all__ = ["send"]

P = PropertyID

_TLS_MODES: Final = {
    "auto": SSLStartModes.sslAutomatic,
    "starttls": SSLStartModes.sslExplicit,
    "implicit": SSLStartModes.sslImplicit,
    "none": SSLStartModes.sslNone,
}
_PORTS: Final = {"implicit": 465, "none": 25}
_SUBMISSION_PORT: Final = 587


def send(options: argparse.Namespace) -> list[tuple[int, str]]:
    """Send the message that ``options`` describe; return code and text of each refusal that did not stop it.

    Raises :class:`CommandError` for everything that did.
    """
    if not (options.to or options.cc or options.bcc):
        raise CommandError(ErrorCode.NO_RECIPIENT, "No recipient: give --to, --cc or --bcc.", Exit.USAGE)
    handle = ssmtp_open()
    try:
        _describe_server(handle, options)
        _describe_message(handle, options)
        _secure(handle, options)
        return _deliver(handle, trace=options.trace)
    finally:
        ssmtp_close(handle)


def _describe_server(handle: int, options: argparse.Namespace) -> None:
    _set(handle, P.MailServer, options.server, "--server")
    _set(handle, P.MailPort, options.port or _PORTS.get(options.tls, _SUBMISSION_PORT), "--port")
    _set(handle, P.SSLStartMode, _TLS_MODES[options.tls], "--tls")
    _set(handle, P.Timeout, options.timeout, "--timeout")
    if options.ca_file:
        # An empty list of the system's files leaves the one that was given as the only one.
        _config(handle, "SSLCACertFilePaths=", "--ca-file")
        _config(handle, f"OpenSSLCAFile={options.ca_file}", "--ca-file")
    if options.user:
        _set(handle, P.User, options.user, "--user")
        secret = password("SSMTP_PASSWORD", f"Password of {options.user} at {options.server}: ")
        _set(handle, P.Password, secret, "SSMTP_PASSWORD")


def _describe_message(handle: int, options: argparse.Namespace) -> None:
    _set(handle, P.From, options.sender, "--from")
    for property_id, option, addresses in (
        (P.SendTo, "--to", options.to),
        (P.Cc, "--cc", options.cc),
        (P.BCc, "--bcc", options.bcc),
    ):
        _set(handle, property_id, ", ".join(addresses), option)
    if not options.to:
        _config(handle, "AllowEmptyTo=True", "--to")
    _set(handle, P.Subject, options.subject, "--subject")
    _set(handle, P.OtherHeaders, "\r\n".join(options.header), "--header")
    _set(handle, P.MessageText, read_input(options.body, "--body"), "--body")


def _secure(handle: int, options: argparse.Namespace) -> None:
    if options.sign:
        _set(handle, P.CertStoreType, CertStoreTypes.cstPFXBlob, "--sign")
        _set(handle, P.CertStore, read_file(options.sign, "--sign"), f"--sign {options.sign}")
        secret = password("SSMTP_PFX_PASSWORD", f"Password of {options.sign}: ")
        _set(handle, P.CertStorePassword, secret, "SSMTP_PFX_PASSWORD")
        _set(handle, P.CertSubject, "*", f"--sign {options.sign}")
    for path in options.encrypt_to:
        _check(handle, ssmtp_do_addrecipientcert(handle, read_file(path, "--encrypt-to")), f"--encrypt-to {path}")
    if options.sign and options.encrypt_to:
        _check(handle, ssmtp_do_signandencrypt(handle), "--sign, --encrypt-to")
    elif options.sign:
        _check(handle, ssmtp_do_sign(handle), f"--sign {options.sign}")
    elif options.encrypt_to:
        _check(handle, ssmtp_do_encrypt(handle), "--encrypt-to")


def _deliver(handle: int, *, trace: bool) -> list[tuple[int, str]]:
    errors: list[tuple[int, str]] = []

    def on_error(parameters: dict[str, Any]) -> None:
        errors.append((parameters["errorcode"], parameters["description"]))

    def on_trail(parameters: dict[str, Any]) -> None:
        try:
            sys.stderr.write(dialogue_line(parameters) + "\n")
        except OSError:
            # Whoever read along has gone, or has no room; the message is to go out all the same.
            ssmtp_register_callback(handle, EventID.PITrail, None)

    ssmtp_register_callback(handle, EventID.Error, on_error)
    if trace:
        ssmtp_register_callback(handle, EventID.PITrail, on_trail)
    code = ssmtp_do_send(handle)
    if code:
        text = ssmtp_get_last_error(handle)
        raise CommandError(code, text, delivery_status(code, text))
    return errors


def _set(handle: int, property_id: PropertyID, value: object, option: str) -> None:
    _check(handle, ssmtp_set(handle, property_id, value), option)


def _config(handle: int, assignment: str, option: str) -> None:
    ssmtp_do_config(handle, assignment)
    _check(handle, ssmtp_get_last_error_code(handle), option)


def _check(handle: int, code: int, option: str) -> None:
    """Whatever fails before the server is asked is a fault of the data."""
    if code:
        raise CommandError(code, f"{option}: {ssmtp_get_last_error(handle)}", Exit.BAD_DATA)
