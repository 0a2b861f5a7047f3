"""Options and help of the verify and decrypt commands."""

from __future__ import annotations

import argparse
from typing import Final

__all__ = ["DECRYPT_EPILOG", "STORE_TYPES", "VERIFY_EPILOG", "add_decrypt_options", "add_verify_options"]

VERIFY_EPILOG: Final = """\
examples:
  ssmtp-compat verify message.eml --ca our-root.pem
  ssmtp-compat decrypt message.eml --store bob.pfx | ssmtp-compat verify - --ca our-root.pem --output letter.txt

exit status:
   0  verified: every signature is good, leads to an authority of --ca, and is the sender's
   1  not verified; the report says why
  64  wrong usage of this command
  65  wrong data: a file, a certificate, or a message that is not signed
"""

DECRYPT_EPILOG: Final = """\
examples:
  ssmtp-compat decrypt message.eml --store bob.pfx --output letter.eml
  ssmtp-compat decrypt - --store bob.pem --password-file secret.txt < message.eml

a password, if the store needs one, is the first line of --password-file, or in the environment, or asked for:
  SSMTP_STORE_PASSWORD  for --store

exit status:
   0  decrypted
  64  wrong usage of this command
  65  wrong data: a file, the store or its password, or a message that is damaged or for somebody else
"""

STORE_TYPES: Final = ("pfx", "pem")
"""The values of --store-type, names of StoreFormat: importing that takes too long for a mere --help."""
_FILE_HELP: Final = "the message as it came, or a bare CMS object in DER or PEM; '-' is the standard input"


def add_verify_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=_FILE_HELP)
    parser.add_argument(
        "--ca",
        action="append",
        default=[],
        metavar="CERTS",
        help="trust the certificates in this file, PEM or DER; may be repeated. Without it nothing is verified",
    )
    parser.add_argument(
        "--certificates",
        action="append",
        default=[],
        metavar="CERTS",
        help="look in this file too for signers and issuers that are not in the message; may be repeated",
    )
    parser.add_argument(
        "--from", dest="sender", metavar="ADDRESS", help="who has to have signed, in place of the From field"
    )
    parser.add_argument(
        "--at-signing-time",
        action="store_true",
        help="judge certificates at the time that the signer says, for old mail; by default now",
    )
    parser.add_argument("--content", metavar="FILE", help="what a bare detached signature is over")
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="write what was signed to this file if it is verified; '-' is the standard output, and the report then "
        "goes to standard error",
    )


def add_decrypt_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=_FILE_HELP)
    parser.add_argument("--store", required=True, metavar="STORE", help="the file with private key and certificate")
    parser.add_argument(
        "--store-type",
        choices=STORE_TYPES,
        help="what kind of store it is; by default pem for PEM text, else pfx",
    )
    parser.add_argument("--password-file", metavar="FILE", help="a file whose first line is the password of the store")
    parser.add_argument(
        "--output",
        default="-",
        metavar="FILE",
        help="write to this file, which only you can read; '-' (default) is the standard output",
    )
