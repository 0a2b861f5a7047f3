"""What a script has set becomes the options of a connection, of TLS and of the login."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ssmtp_compat.catalog.config import SETTINGS
from ssmtp_compat.catalog.enums import AuthMechanisms, PropertyID, SSLStartModes
from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.catalog.properties import PROPERTIES
from ssmtp_compat.catalog.schema import ConfigDef, ValueType
from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.net.tcp import TcpOptions
from ssmtp_compat.net.timeouts import Timeouts
from ssmtp_compat.settings import views
from ssmtp_compat.settings.store import Settings
from ssmtp_compat.smtp.options import SmtpOptions, TlsStart
from unit.pki.authority import issue, name

P = PropertyID


def put(settings: Settings, key: PropertyID | str, value: Any) -> None:
    if isinstance(key, str):
        settings.set_setting(SETTINGS[key.lower()], value)
    else:
        settings.set(PROPERTIES[key], value)


def other_value(row: ConfigDef) -> Any:
    if row.choices:
        return next(number for number, _ in row.choices if number != row.default)
    return {ValueType.BOOL: not row.default, ValueType.INT: 4096, ValueType.TEXT: "other"}[row.value_type]


def unlike_the_default(options: Any, plain: Any) -> dict[str, Any]:
    """The fields of frozen ``options`` that differ from ``plain``."""
    return {
        field.name: getattr(options, field.name)
        for field in dataclasses.fields(options)
        if getattr(options, field.name) != getattr(plain, field.name)
    }


# -- TCP --------------------------------------------------------------------------------------------------------------


def test_server_alone_is_enough(settings: Settings):
    put(settings, P.MailServer, " mail.example.test ")
    assert views.tcp_options(settings) == TcpOptions("mail.example.test", 25)


def test_a_server_outside_ascii_is_one_and_the_same_everywhere(settings: Settings):
    put(settings, P.MailServer, "mail.straße.example")  # in IDNA 2003 that is strasse, which may be somebody else's
    put(settings, P.SSLStartMode, SSLStartModes.sslImplicit)
    put(settings, P.User, "alice")
    tls, credentials = views.tls_options(settings, None), views.smtp_options(settings).credentials
    assert tls is not None
    assert credentials is not None
    names = {views.tcp_options(settings).host, tls.server_name, credentials.host}
    assert names == {"mail.xn--strae-oqa.example"}


@pytest.mark.parametrize("server", ["mail server ü", "ü..example", "ü" * 80])
def test_a_server_outside_ascii_that_is_none_is_named(settings: Settings, server: str):
    put(settings, P.MailServer, server)
    with pytest.raises(SSMTPError) as caught:
        views.tcp_options(settings)
    assert caught.value.code is ErrorCode.INVALID_VALUE
    assert "MailServer" in caught.value.message


@pytest.mark.parametrize("server", ["", "  "])
def test_connection_needs_a_server(settings: Settings, server: str):
    put(settings, P.MailServer, server)
    with pytest.raises(SSMTPError) as caught:
        views.tcp_options(settings)
    assert caught.value.code is ErrorCode.NO_MAIL_SERVER


@pytest.mark.parametrize(
    ("key", "value", "field", "expected"),
    [
        (P.MailPort, 587, "port", 587),
        (P.LocalHost, "192.0.2.1", "local_host", "192.0.2.1"),
        ("LocalPort", "2525", "local_port", 2525),
        ("UseIPv6", "Preferred", "use_ipv6", 2),
        ("TcpNoDelay", "False", "no_delay", False),
        ("TCPKeepAlive", "True", "keep_alive", True),
        ("KeepAliveTime", "1500", "keep_alive_time_ms", 1500),
        ("KeepAliveInterval", "700", "keep_alive_interval_ms", 700),
        ("Linger", "False", "linger", False),
        ("LingerTime", "3", "linger_time", 3),
        ("InBufferSize", "8192", "receive_buffer", 8192),
        ("OutBufferSize", "4096", "send_buffer", 4096),
        ("MaxTransferRate", "1000", "max_transfer_rate", 1000),
    ],
)
def test_each_value_has_its_tcp_option(settings: Settings, key: Any, value: Any, field: str, expected: Any):
    put(settings, P.MailServer, "mail.example.test")
    plain = views.tcp_options(settings)
    put(settings, key, value)
    assert unlike_the_default(views.tcp_options(settings), plain) == {field: expected}


def test_options_do_not_follow_later_changes(settings: Settings):
    put(settings, P.MailServer, "mail.example.test")
    options = views.tcp_options(settings)
    put(settings, P.MailServer, "other.example.test")
    assert options.host == "mail.example.test"
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.host = "third.example.test"


def test_timeouts(settings: Settings):
    assert views.timeouts(settings) == Timeouts(inactivity=60, connecting=0, absolute=False)
    put(settings, P.Timeout, 5)
    put(settings, "ConnectionTimeout", "2")
    put(settings, "AbsoluteTimeout", "yes")
    assert views.timeouts(settings) == Timeouts(inactivity=5, connecting=2, absolute=True)


# -- when TLS begins, and whom to trust -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "port", "expected"),
    [
        (SSLStartModes.sslNone, 25, TlsStart.NEVER),
        (SSLStartModes.sslNone, 465, TlsStart.NEVER),
        (SSLStartModes.sslImplicit, 25, TlsStart.AT_ONCE),
        (SSLStartModes.sslImplicit, 587, TlsStart.AT_ONCE),
        (SSLStartModes.sslExplicit, 25, TlsStart.STARTTLS),
        (SSLStartModes.sslExplicit, 465, TlsStart.STARTTLS),
        (SSLStartModes.sslAutomatic, 25, TlsStart.STARTTLS),
        (SSLStartModes.sslAutomatic, 587, TlsStart.STARTTLS),
        (SSLStartModes.sslAutomatic, 465, TlsStart.AT_ONCE),
        (SSLStartModes.sslAutomatic, 2525, TlsStart.AT_ONCE),
    ],
)
def test_start_of_tls(settings: Settings, mode: SSLStartModes, port: int, expected: TlsStart):
    put(settings, P.SSLStartMode, mode)
    put(settings, P.MailPort, port)
    assert views.tls_start(settings) is expected
    assert views.smtp_options(settings).tls_start is expected
    put(settings, P.MailServer, "mail.example.test")
    assert (views.tls_options(settings, None) is None) == (expected is TlsStart.NEVER)


def tls(settings: Settings) -> Any:
    put(settings, P.MailServer, " mail.example.test ")
    put(settings, P.SSLStartMode, SSLStartModes.sslExplicit)
    return views.tls_options(settings, None)


def test_trust_follows_its_settings(settings: Settings):
    plain = tls(settings)
    assert plain.server_name == "mail.example.test"
    assert "/etc/ssl/certs/ca-certificates.crt" in plain.ca_file_candidates
    assert (plain.ca_file, plain.ca_dir, plain.ca_pem, plain.accepted_certificate) == ("", "", "", b"")
    put(settings, "SSLCACertFilePaths", "one.pem;;two.pem")
    put(settings, "OpenSSLCAFile", "file.pem")
    put(settings, "OpenSSLCADir", "directory")
    put(settings, "SSLCACerts", "PEM\nPEM")
    assert unlike_the_default(tls(settings), plain) == {
        "ca_file_candidates": ("one.pem", "two.pem"),
        "ca_file": "file.pem",
        "ca_dir": "directory",
        "ca_pem": "PEM\nPEM",
    }


def test_accepted_certificate_is_decoded(settings: Settings):
    issued = issue(name(("CN", "server")), ec.generate_private_key(ec.SECP256R1()))
    put(settings, P.SSLAcceptServerCertEncoded, issued.certificate.pem())
    assert tls(settings).accepted_certificate == issued.certificate.der
    put(settings, P.SSLAcceptServerCertEncoded, "no certificate")
    with pytest.raises(SSMTPError) as caught:
        tls(settings)
    assert caught.value.code is ErrorCode.CERTIFICATE_DECODING


# -- SMTP and the login -----------------------------------------------------------------------------------------------


def test_smtp_options(settings: Settings):
    assert views.smtp_options(settings) == SmtpOptions(hello="")
    put(settings, "Hello", "me.example.test")
    put(settings, P.AllowExtensions, False)
    put(settings, "MaxLineLength", "512")
    assert views.smtp_options(settings) == SmtpOptions(
        hello="me.example.test", use_extensions=False, max_reply_line=512
    )


def test_password_without_a_user_is_not_used(settings: Settings):
    put(settings, P.Password, "hunter2")
    assert views.smtp_options(settings).credentials is None


@pytest.mark.parametrize(
    ("mechanism", "expected"),
    [
        (AuthMechanisms.amUserPassword, ""),
        (AuthMechanisms.amCRAMMD5, "CRAM-MD5"),
        (AuthMechanisms.amNTLM, "NTLM"),
        (AuthMechanisms.amSASLPlain, "PLAIN"),
        (AuthMechanisms.amSASLDigestMD5, "DIGEST-MD5"),
        (AuthMechanisms.amKerberos, "GSSAPI"),
        (AuthMechanisms.amXOAUTH2, "XOAUTH2"),
    ],
)
def test_login(settings: Settings, mechanism: AuthMechanisms, expected: str):
    put(settings, P.User, "alice")
    put(settings, P.Password, " hunter2 ")
    put(settings, "AuthorizationIdentity", "boss")
    put(settings, P.AuthMechanism, mechanism)
    put(settings, P.MailServer, " mx.example.test ")
    put(settings, P.MailPort, 587)
    options = views.smtp_options(settings)
    assert options.mechanism == expected
    assert options.credentials is not None
    found = options.credentials
    assert (found.user, found.password, found.authorization_identity) == ("alice", " hunter2 ", "boss")
    assert (found.host, found.port) == ("mx.example.test", 587)


@pytest.mark.parametrize(
    ("password", "identity", "token", "acting"),
    [
        ("t0ken", "", "t0ken", ""),
        ("t0ken", "boss", "t0ken", "boss"),
        ("bearer  t0ken", "boss", "t0ken", "boss"),
        ("", "Bearer t0ken", "t0ken", ""),
        ("other", "bearer t0ken", "t0ken", ""),
    ],
)
def test_an_oauth_token_stands_in_either_place(
    settings: Settings, password: str, identity: str, token: str, acting: str
):
    put(settings, P.User, "alice")
    put(settings, P.Password, password)
    put(settings, "AuthorizationIdentity", identity)
    put(settings, P.AuthMechanism, AuthMechanisms.amXOAUTH2)
    found = views.smtp_options(settings).credentials
    assert found is not None
    assert (found.password, found.authorization_identity) == (token, acting)


def test_apop_is_refused_for_what_it_is(settings: Settings):
    put(settings, P.AuthMechanism, 3)
    assert views.smtp_options(settings).credentials is None
    put(settings, P.User, "alice")
    with pytest.raises(SSMTPError, match="POP3") as caught:
        views.smtp_options(settings)
    assert caught.value.code is ErrorCode.NOT_SUPPORTED


def test_no_secret_is_in_the_repr_of_the_options(settings: Settings):
    put(settings, P.User, "alice")
    put(settings, P.Password, "hunter2")
    put(settings, "AuthorizationIdentity", "hunter2")
    put(settings, P.CertStoreType, 7)
    put(settings, P.CertStore, "hunter2")
    put(settings, P.CertStorePassword, "hunter2")
    for thing in (settings, views.smtp_options(settings), views.certificate_store(settings, views.SIGNER)):
        assert "hunter2" not in repr(thing)
