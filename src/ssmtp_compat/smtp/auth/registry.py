"""Which mechanisms exist, and which of them is used with a given server."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from ...catalog.errors import ErrorCode
from ...errors import SSMTPError
from .cram_md5 import CramMD5
from .digest_md5 import DigestMD5
from .external import External
from .gssapi import GSSAPI
from .login import Login
from .mechanism import Credentials, Mechanism
from .ntlm import NTLM
from .oauth import OAuthBearer, XOAuth2
from .plain import Plain
from .scram import Scram

__all__ = ["choose", "create"]

_MECHANISMS: Final[dict[str, Callable[[Credentials], Mechanism]]] = {
    "PLAIN": Plain,
    "LOGIN": Login,
    "CRAM-MD5": CramMD5,
    "DIGEST-MD5": DigestMD5,
    "SCRAM-SHA-1": partial(Scram, digest="sha1"),
    "SCRAM-SHA-256": partial(Scram, digest="sha256"),
    "SCRAM-SHA-1-PLUS": partial(Scram, digest="sha1", plus=True),
    "SCRAM-SHA-256-PLUS": partial(Scram, digest="sha256", plus=True),
    "XOAUTH2": XOAuth2,
    "OAUTHBEARER": OAuthBearer,
    "NTLM": NTLM,
    "GSSAPI": GSSAPI,
    "EXTERNAL": External,
}

# SCRAM shows the password to nobody and the server proves itself. Inside TLS the password is safe on the way, and PLAIN
# lets the server keep it hashed; CRAM-MD5 and DIGEST-MD5 force it to store the password itself, or as good as that.
# Without TLS anything that hides the password comes first.
# The PLUS forms come before all, since a server that offers one takes any other SCRAM for a sign of an attack.
_BINDING: Final = ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS")
_PREFERRED_WITH_TLS: Final = ("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5")
_PREFERRED_WITHOUT_TLS: Final = ("SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "DIGEST-MD5", "PLAIN", "LOGIN")
_CARRY_IDENTITY: Final = (
    *_BINDING,
    "SCRAM-SHA-256",
    "SCRAM-SHA-1",
    "PLAIN",
    "DIGEST-MD5",
    "OAUTHBEARER",
    "GSSAPI",
    "EXTERNAL",
)
# The standard's form of a mechanism that most know by its older name.
_SUCCESSORS: Final = {"XOAUTH2": ("OAUTHBEARER",)}


def choose(offered: tuple[str, ...], wanted: str, *, tls: bool, acting: bool = False, binding: bool = False) -> str:
    """Name the mechanism to use.

    ``offered`` are the server's mechanisms, upper case; ``wanted`` is the only one to use (XOAUTH2 stands for
    OAUTHBEARER too), or empty for the best of those offered. ``acting`` says that there is an authorization identity,
    which the mechanism has to carry; ``binding``, that this side can bind to the TLS connection. Raises
    :class:`SSMTPError` with ``EXTENSION_MISSING`` when nothing fits.
    """
    if not offered:
        raise SSMTPError(
            ErrorCode.EXTENSION_MISSING,
            "User is set, but the server offers no AUTH" + ("." if tls else "; it may offer it inside TLS only."),
        )
    candidates: tuple[str, ...] = _PREFERRED_WITH_TLS if tls else _PREFERRED_WITHOUT_TLS
    if binding:
        candidates = (*_BINDING, *candidates)
    if wanted:
        candidates = (wanted, *_SUCCESSORS.get(wanted, ()))
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
