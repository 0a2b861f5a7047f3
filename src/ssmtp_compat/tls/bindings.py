"""What OpenSSL can do and pyOpenSSL does not offer: lists for the ClientHello, and facts about a session.

The only module that reaches into pyOpenSSL's private bindings; tests read the effect back from ``openssl s_server``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from OpenSSL import SSL

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError, UnsupportedError

__all__ = ["has_extended_master_secret", "session_resumed", "set_groups", "set_signature_algorithms"]


_MOST_KEY_SHARES: Final = 4
"""More are a list that OpenSSL refuses."""


def set_groups(context: SSL.Context, groups: Sequence[str], key_shares: Sequence[str]) -> None:
    """Offer ``groups``, by IANA's names and in this order, with a key share for each that is among the
    first four of ``key_shares`` too.

    Raises :class:`InvalidValueError` (20005) for a name that OpenSSL does not know, and :class:`UnsupportedError`
    (20008) where pyOpenSSL has lost the binding, or OpenSSL cannot choose the key shares (before version 3.5).
    """
    offered = {name.lower() for name in groups}
    shares = [name.lower() for name in key_shares if name.lower() in offered][:_MOST_KEY_SHARES]
    names = [f"*{name}" if name.lower() in shares else name for name in groups]
    _set(context, "SSL_CTX_set1_curves_list", "group", names)


def set_signature_algorithms(context: SSL.Context, names: Sequence[str]) -> None:
    """Offer these signature algorithms, by IANA's or OpenSSL's names, in this order; raises as :func:`set_groups`."""
    _set(context, "SSL_CTX_set1_sigalgs_list", "signature algorithm", names)


def has_extended_master_secret(connection: SSL.Connection) -> bool:
    """Whether the keys hang on the whole handshake (RFC 7627), certificates included; of TLS before 1.3 only, where it
    is an extension. Raises :class:`UnsupportedError` (20008) where pyOpenSSL has lost the binding."""
    return bool(_library("SSL_get_extms_support").SSL_get_extms_support(connection._ssl) == 1)


def session_resumed(connection: SSL.Connection) -> bool:
    """Whether the handshake took up the session that was set. Raises :class:`UnsupportedError` (20008) where pyOpenSSL
    has lost the binding."""
    return bool(_library("SSL_session_reused").SSL_session_reused(connection._ssl))


def _set(context: SSL.Context, function: str, kind: str, names: Sequence[str]) -> None:
    call = _binding(function)
    for name in names:
        # Each by itself first, for the error to name it, and in a context that is thrown away.
        if not call(SSL.Context(SSL.TLS_CLIENT_METHOD), name):
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE, f"{name.removeprefix('*')!r} is no {kind} that this OpenSSL knows."
            )
    if names and not call(context, ":".join(names)):
        raise InvalidValueError(ErrorCode.INVALID_VALUE, f"OpenSSL does not take the {kind} list {', '.join(names)}.")


def _binding(function: str) -> Callable[[SSL.Context, str], bool]:
    library = _library(function)
    binding = getattr(library, function)

    def call(context: SSL.Context, text: str) -> bool:
        done = bool(binding(context._context, text.encode("ascii", "replace")) == 1)
        if not done:
            library.ERR_clear_error()  # or the next failure would be told in the words of this one
        return done

    return call


def _library(function: str) -> Any:
    library = getattr(SSL, "_lib", None)
    if not hasattr(library, function):
        raise UnsupportedError(ErrorCode.NOT_SUPPORTED, f"This version of pyOpenSSL has lost OpenSSL's {function}.")
    return library
