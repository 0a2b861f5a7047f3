"""Which server a handle talks to, and how, as the server options say."""

from __future__ import annotations

import argparse
from typing import Final

from .. import PropertyID, SSLStartModes
from .calls import configure, set_value
from .inputs import password

__all__ = ["PASSWORD_VARIABLE", "describe_server", "server_password"]

P = PropertyID

PASSWORD_VARIABLE: Final = "SSMTP_PASSWORD"  # noqa: S105  its name
_TLS_MODES: Final = {
    "auto": SSLStartModes.sslAutomatic,
    "starttls": SSLStartModes.sslExplicit,
    "implicit": SSLStartModes.sslImplicit,
    "none": SSLStartModes.sslNone,
}
_PORTS: Final = {"implicit": 465, "none": 25}
_SUBMISSION_PORT: Final = 587


def server_password(options: argparse.Namespace) -> str:
    """The password for --user, empty without one. Raises :class:`CommandError`."""
    if not options.user:
        return ""
    return password(PASSWORD_VARIABLE, f"Password of {options.user} at {options.server}: ")


def describe_server(handle: int, options: argparse.Namespace, secret: str) -> None:
    """Set what the server options say. Raises :class:`CommandError` naming the option."""
    set_value(handle, P.MailServer, options.server, "--server")
    set_value(handle, P.MailPort, options.port or _PORTS.get(options.tls, _SUBMISSION_PORT), "--port")
    set_value(handle, P.SSLStartMode, _TLS_MODES[options.tls], "--tls")
    set_value(handle, P.Timeout, options.timeout, "--timeout")
    if options.ca_file:
        # An empty list of the system's files leaves the one that was given as the only one.
        configure(handle, "SSLCACertFilePaths=", "--ca-file")
        configure(handle, f"OpenSSLCAFile={options.ca_file}", "--ca-file")
    if options.user:
        set_value(handle, P.User, options.user, "--user")
        set_value(handle, P.Password, secret, PASSWORD_VARIABLE)
