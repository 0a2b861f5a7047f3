"""Options and help of the verify and decrypt commands."""

from __future__ import annotations

import argparse
from typing import Final

__all__ = ["AUTO", "DECRYPT_EPILOG", "STORE_TYPES", "VERIFY_EPILOG", "add_decrypt_options", "add_verify_options"]

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
  ssmtp-compat decrypt message.eml --store bob.ppk --certificate bob.cer

a password, if the store needs one, is the first line of --password-file, or in the environment, or asked for:
  SSMTP_STORE_PASSWORD  for --store

exit status:
   0  decrypted
  64  wrong usage of this command
  65  wrong data: a file, the store or its password, or a message that is damaged or for somebody else
"""

AUTO: Final = "auto"
"""The value of --store-type by which the content of the store says what it is."""
STORE_TYPES: Final = (AUTO, "pfx", "jks", "pem", "ppk", "xml", "jwk", "pkcs11")
"""The values of --store-type. The others are the names of each StoreFormat that has private keys: importing that takes
too long for a mere --help."""
_FILE_HELP: Final = "the message as it came, or a bare CMS object in DER or PEM; '-' is the standard input"


def add_verify_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=_FILE_HELP)
    parser.add_argument(
        "--ca",
        action="append",
        default=[],
        metavar="CERTS",
        help="trust the certificates in this file: PEM, DER, P7B or a key store without a password; may be repeated. "
        "Without it nothing is verified",
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
    parser.add_argument(
        "--store",
        required=True,
        metavar="STORE",
        help="the file with private key and certificate, or the URI of a PKCS #11 token (pkcs11:token=NAME?module-path="
        "PATH)",
    )
    parser.add_argument(
        "--store-type",
        choices=STORE_TYPES,
        default=AUTO,
        help="what kind of store it is; by default (auto) what its content says",
    )
    parser.add_argument(
        "--certificate",
        action="append",
        default=[],
        metavar="CERT",
        help="the certificate that belongs to a private key of the store, where that has none; may be repeated",
    )
    parser.add_argument(
        "--password-file", metavar="FILE", help="a file whose first line is the password, or PIN, of the store"
    )
    parser.add_argument(
        "--output",
        default="-",
        metavar="FILE",
        help="write to this file, which only you can read; '-' (default) is the standard output",
    )
