"""Which mechanisms exist, and which of them is used with a given server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ...catalog.errors import ErrorCode
from ...errors import SSMTPError
from .cram_md5 import CramMD5
from .gssapi import GSSAPI
from .login import Login
from .mechanism import Credentials, Mechanism
from .ntlm import NTLM
from .plain import Plain

__all__ = ["choose", "create"]

_MECHANISMS: Final[dict[str, Callable[[Credentials], Mechanism]]] = {
    "PLAIN": Plain,
    "LOGIN": Login,
    "CRAM-MD5": CramMD5,
    "NTLM": NTLM,
    "GSSAPI": GSSAPI,
}

# Inside TLS the password is safe on the way, and PLAIN lets the server keep it hashed; CRAM-MD5 forces it to store the
# password itself. Without TLS anything that hides the password comes first.
_PREFERRED_WITH_TLS: Final = ("PLAIN", "LOGIN", "CRAM-MD5")
_PREFERRED_WITHOUT_TLS: Final = ("CRAM-MD5", "PLAIN", "LOGIN")
_CARRY_IDENTITY: Final = ("PLAIN", "GSSAPI")


def choose(offered: tuple[str, ...], wanted: str, *, tls: bool, acting: bool = False) -> str:
    """Name the mechanism to use.

    ``offered`` are the server's mechanisms, upper case; ``wanted`` is the only one to use, or empty for the best of
    those offered. ``acting`` says that there is an authorization identity, which the mechanism has to carry. Raises
    :class:`SSMTPError` with ``EXTENSION_MISSING`` when nothing fits.
    """
    if not offered:
        raise SSMTPError(
            ErrorCode.EXTENSION_MISSING,
            "User is set, but the server offers no AUTH" + ("." if tls else "; it may offer it inside TLS only."),
        )
    candidates: tuple[str, ...] = (wanted,) if wanted else _PREFERRED_WITH_TLS if tls else _PREFERRED_WITHOUT_TLS
    if acting:
        # To log in without the identity would be to act as somebody else than was asked for.
        candidates = tuple(name for name in candidates if name in _CARRY_IDENTITY)
    for name in candidates:
        if name in offered:
            return name
    if acting:
        raise SSMTPError(
            ErrorCode.EXTENSION_MISSING,
            f"An authorization identity is set, which only {', '.join(_CARRY_IDENTITY)} can carry; the server offers "
            f"AUTH {' '.join(offered)}" + (f", and {wanted} was asked for." if wanted else "."),
        )
    raise SSMTPError(
        ErrorCode.EXTENSION_MISSING,
        f"The server offers AUTH {' '.join(offered)}; "
        + (f"{wanted} was asked for." if wanted else f"this version knows {', '.join(candidates)}."),
    )


def create(name: str, credentials: Credentials) -> Mechanism:
    """Begin an exchange with the mechanism that :func:`choose` named."""
    return _MECHANISMS[name](credentials)
