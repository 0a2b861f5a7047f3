"""How to connect, greet and log in."""

from __future__ import annotations

from typing import Final

from ...catalog.enums import AuthMechanisms, PropertyID
from ...catalog.errors import ErrorCode
from ...errors import InvalidValueError, SSMTPError, UnsupportedError
from ...message.domains import ascii_host
from ...net.tcp import TcpOptions
from ...net.timeouts import Timeouts
from ...smtp.auth.mechanism import Credentials
from ...smtp.options import SmtpOptions, TlsStart
from ..store import Settings
from .tls import server_name, tls_start

P = PropertyID

_SASL_NAMES: Final = {
    AuthMechanisms.amUserPassword: "",
    AuthMechanisms.amCRAMMD5: "CRAM-MD5",
    AuthMechanisms.amNTLM: "NTLM",
    AuthMechanisms.amSASLPlain: "PLAIN",
    AuthMechanisms.amSASLDigestMD5: "DIGEST-MD5",
    AuthMechanisms.amKerberos: "GSSAPI",
    AuthMechanisms.amXOAUTH2: "XOAUTH2",
}
_BEARER: Final = "bearer "


def tcp_options(settings: Settings) -> TcpOptions:
    """Where to connect and with which socket options."""
    server = server_name(settings)
    if not server:
        raise SSMTPError(ErrorCode.NO_MAIL_SERVER)
    return TcpOptions(
        host=server,
        port=settings.number(P.MailPort),
        local_host=settings.text(P.LocalHost),
        local_port=settings.setting_number("LocalPort"),
        use_ipv6=settings.setting_number("UseIPv6"),
        no_delay=settings.setting_flag("TcpNoDelay"),
        keep_alive=settings.setting_flag("TCPKeepAlive"),
        keep_alive_time_ms=settings.setting_number("KeepAliveTime"),
        keep_alive_interval_ms=settings.setting_number("KeepAliveInterval"),
        linger=settings.setting_flag("Linger"),
        linger_time=settings.setting_number("LingerTime"),
        receive_buffer=settings.setting_number("InBufferSize"),
        send_buffer=settings.setting_number("OutBufferSize"),
        max_transfer_rate=settings.setting_number("MaxTransferRate"),
    )


def timeouts(settings: Settings) -> Timeouts:
    """How long a method may wait."""
    return Timeouts(
        inactivity=settings.number(P.Timeout),
        connecting=settings.setting_number("ConnectionTimeout"),
        absolute=settings.setting_flag("AbsoluteTimeout"),
    )


def smtp_options(settings: Settings) -> SmtpOptions:
    """How to greet and log in."""
    mechanism = AuthMechanisms(settings.number(P.AuthMechanism))
    start = tls_start(settings)
    if not settings.flag(P.AllowExtensions):
        # Said here, for the server could only be blamed for not offering what it was not asked for.
        if start is TlsStart.STARTTLS:
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE,
                "SSLStartMode calls for STARTTLS and AllowExtensions is False, but STARTTLS is an extension; set it to "
                "True.",
            )
        if settings.text(P.User):
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE,
                "User is set and AllowExtensions is False, but logging in (AUTH) is an extension; set it to True.",
            )
    return SmtpOptions(
        hello=ascii_host(settings.setting_text("Hello").strip(), "Hello"),
        use_extensions=settings.flag(P.AllowExtensions),
        use_pipelining=settings.setting_flag("UsePipelining"),
        tls_start=start,
        max_reply_line=settings.setting_number("MaxLineLength"),
        credentials=_credentials(settings, mechanism) if settings.text(P.User) else None,
        mechanism=_SASL_NAMES.get(mechanism, ""),
    )


def _credentials(settings: Settings, mechanism: AuthMechanisms) -> Credentials:
    if mechanism is AuthMechanisms.amAPOP:
        raise UnsupportedError(
            ErrorCode.NOT_SUPPORTED,
            "AuthMechanism 3 is APOP, which belongs to POP3: no SMTP server has it. 0 takes the best that there is.",
        )
    password, identity = settings.text(P.Password), settings.setting_text("AuthorizationIdentity")
    if mechanism is AuthMechanisms.amXOAUTH2:
        if identity.lower().startswith(_BEARER):
            # The V9 edition has scripts put the token here. It is no identity, for none has a blank in it.
            password, identity = identity, ""
        # The whole value of HTTP's Authorization field, which many programs hand on as it is.
        if password.lower().startswith(_BEARER):
            password = password[len(_BEARER) :].strip()
    return Credentials(settings.text(P.User), password, identity, server_name(settings), settings.number(P.MailPort))
