"""The message of a handle, as the message and S/MIME options say."""

from __future__ import annotations

import argparse

from .. import (
    CertStoreTypes,
    PropertyID,
    ssmtp_do_addrecipientcert,
    ssmtp_do_encrypt,
    ssmtp_do_sign,
    ssmtp_do_signandencrypt,
)
from ..catalog.errors import ErrorCode
from .calls import check, configure, set_value
from .inputs import password, read_file, read_input
from .outcomes import CommandError, Exit

__all__ = ["check_recipients", "describe_message"]

P = PropertyID


def check_recipients(options: argparse.Namespace) -> None:
    """Raise :class:`CommandError` where nobody is to get the message, before any password is asked for."""
    if not (options.to or options.cc or options.bcc):
        raise CommandError(ErrorCode.NO_RECIPIENT, "No recipient: give --to, --cc or --bcc.", Exit.USAGE)


def describe_message(handle: int, options: argparse.Namespace) -> None:
    """Set the message, and sign and encrypt it if wanted. Raises :class:`CommandError` naming the option."""
    set_value(handle, P.From, options.sender, "--from")
    for property_id, option, addresses in (
        (P.SendTo, "--to", options.to),
        (P.Cc, "--cc", options.cc),
        (P.BCc, "--bcc", options.bcc),
    ):
        set_value(handle, property_id, ", ".join(addresses), option)
    if not options.to:
        configure(handle, "AllowEmptyTo=True", "--to")
    set_value(handle, P.Subject, options.subject, "--subject")
    set_value(handle, P.OtherHeaders, "\r\n".join(options.header), "--header")
    set_value(handle, P.MessageText, read_input(options.body, "--body"), "--body")
    _secure(handle, options)


def _secure(handle: int, options: argparse.Namespace) -> None:
    if options.sign:
        set_value(handle, P.CertStoreType, CertStoreTypes.cstPFXBlob, "--sign")
        set_value(handle, P.CertStore, read_file(options.sign, "--sign"), f"--sign {options.sign}")
        secret = password("SSMTP_PFX_PASSWORD", f"Password of {options.sign}: ")
        set_value(handle, P.CertStorePassword, secret, "SSMTP_PFX_PASSWORD")
        set_value(handle, P.CertSubject, "*", f"--sign {options.sign}")
    for path in options.encrypt_to:
        check(handle, ssmtp_do_addrecipientcert(handle, read_file(path, "--encrypt-to")), f"--encrypt-to {path}")
    if options.sign and options.encrypt_to:
        check(handle, ssmtp_do_signandencrypt(handle), "--sign, --encrypt-to")
    elif options.sign:
        check(handle, ssmtp_do_sign(handle), f"--sign {options.sign}")
    elif options.encrypt_to:
        check(handle, ssmtp_do_encrypt(handle), "--encrypt-to")
