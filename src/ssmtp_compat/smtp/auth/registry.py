"""Which mechanisms exist, and which of them is used with a given server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ...catalog.errors import ErrorCode
from ...errors import SSMTPError
from .cram_md5 import CramMD5
from .login import Login
from .mechanism import Credentials, Mechanism
from .plain import Plain

__all__ = ["choose", "create"]

_MECHANISMS: Final[dict[str, Callable[[Credentials], Mechanism]]] = {
    "PLAIN": Plain,
    "LOGIN": Login,
    "CRAM-MD5": CramMD5,
}

# Inside TLS the password is safe on the way, and PLAIN lets the server keep it hashed; CRAM-MD5 forces it to store the
# password itself. Without TLS anything that hides the password comes first.
_PREFERRED_WITH_TLS: Final = ("PLAIN", "LOGIN", "CRAM-MD5")
_PREFERRED_WITHOUT_TLS: Final = ("CRAM-MD5", "PLAIN", "LOGIN")


def choose(offered: tuple[str, ...], wanted: str, *, tls: bool) -> str:
    """Name the mechanism to use.

    ``offered`` are the server's mechanisms, upper case; ``wanted`` is the only one to use, or empty for the best of
    those offered. Raises :class:`SSMTPError` with ``EXTENSION_MISSING`` when nothing fits.
    """
    if not offered:
        raise SSMTPError(
            ErrorCode.EXTENSION_MISSING,
            "User is set, but the server offers no AUTH" + ("." if tls else "; it may offer it inside TLS only."),
        )
    candidates = (wanted,) if wanted else _PREFERRED_WITH_TLS if tls else _PREFERRED_WITHOUT_TLS
    for name in candidates:
        if name in offered:
            return name
    raise SSMTPError(
        ErrorCode.EXTENSION_MISSING,
        f"The server offers AUTH {' '.join(offered)}; "
        + (f"{wanted} was asked for." if wanted else f"this version knows {', '.join(candidates)}."),
    )


def create(name: str, credentials: Credentials) -> Mechanism:
    """Begin an exchange with the mechanism that :func:`choose` named."""
    return _MECHANISMS[name](credentials)
