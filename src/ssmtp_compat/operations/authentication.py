"""Logging in: the AUTH command and its exchange (RFC 4954)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from ..errors import SSMTPError
from ..net.deadline import Deadline
from ..smtp.auth import registry
from ..smtp.auth.exchange import CANCEL, AuthExchange
from ..smtp.auth.masking import Masking
from ..smtp.auth.mechanism import ChannelBinding, Credentials
from .exchange import Exchange

__all__ = ["authenticate"]


def authenticate(
    exchange: Exchange,
    credentials: Credentials,
    mechanism: str,
    deadline: Deadline,
    *,
    tls: bool,
    certificate: bool,
    binding: ChannelBinding,
) -> None:
    """Log in with ``mechanism``. Where it is empty that is the best one offered, or EXTERNAL where the client has a
    ``certificate`` and no password.

    ``binding`` is what can tie the log-in to the TLS connection. Raises :class:`SSMTPError` with ``EXTENSION_MISSING``
    where the server offers nothing that fits, :class:`ReplyError` when it refuses, and :class:`ProtocolError` when it
    breaks the rules or does not prove itself.
    """
    if not mechanism and certificate and not credentials.password:
        mechanism = "EXTERNAL"
    offered = exchange.session.extensions.auth_mechanisms
    acting = bool(credentials.authorization_identity)
    name = registry.choose(offered, mechanism, tls=tls, acting=acting, binding=bool(binding.type))
    login = AuthExchange(name, registry.create(name, replace(credentials, channel_binding=binding)))
    exchange.masking = Masking(credentials.password)
    reply = exchange.command(login.command, deadline)
    while reply.intermediate:
        try:
            response = login.respond(reply)
        except SSMTPError:
            # Why it is cancelled is worth more than what becomes of that.
            with suppress(SSMTPError):
                exchange.sasl_response(CANCEL, deadline)
            raise
        reply = exchange.sasl_response(response, deadline)
    login.finish(reply)
