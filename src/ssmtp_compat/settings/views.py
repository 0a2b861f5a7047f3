"""The only translator: what a script has set, in the vendor's words, becomes option objects in the engines' words.

Each function freezes one group of values at the moment it is called, so that a callback which changes a property while
a method runs cannot change what the method does. What this version does not carry out is refused here, when a method
would depend on it, and never ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final, NoReturn

from ..catalog.config import SETTINGS
from ..catalog.enums import (
    AuthMechanisms,
    CertStoreTypes,
    FirewallTypes,
    Importance,
    Priority,
    PropertyID,
    RecipientTypes,
    Sensitivity,
    SSLStartModes,
)
from ..catalog.errors import ErrorCode
from ..catalog.properties import PROPERTIES
from ..catalog.schema import ConfigDef, MethodDef, PropertyDef, Support
from ..errors import CertificateError, InvalidValueError, SSMTPError, UnsupportedError
from ..message.addresses import Group, Mailbox, flatten, parse_address_list, parse_mailbox
from ..message.canonical import encode_text
from ..message.compose import MessageSpec
from ..message.dates import format_date
from ..message.message_id import make_message_id, normalise_message_id
from ..message.other_headers import field_names
from ..net.tcp import TcpOptions
from ..net.timeouts import Timeouts
from ..smtp.auth.mechanism import Credentials
from ..smtp.commands import Verb
from ..smtp.dsn import NO_DSN, MessageDsn, RecipientDsn
from ..smtp.envelope import Role
from ..smtp.options import DeliveryOptions, SmtpOptions, TlsStart
from .code_pages import charset_of, codec_of
from .store import Settings

if TYPE_CHECKING:
    from ..pki.certificates import Certificate, KeyPair
    from ..pki.stores.opening import StoreSource
    from ..smime.enveloping import RecipientsSpec
    from ..smime.signing import SignerSpec
    from ..tls.context import TlsOptions

P = PropertyID

# STARTTLS belongs on the relay port and, as implicit TLS never works there, on the submission port.
_STARTTLS_PORTS: Final = (25, 587)

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

# Header texts of RFC 4021 and RFC 2156.
_IMPORTANCE: Final = {Importance.miHigh: "high", Importance.miNormal: "normal", Importance.miLow: "low"}
_PRIORITY: Final = {Priority.epNormal: "normal", Priority.epUrgent: "urgent", Priority.epNonUrgent: "non-urgent"}
_SENSITIVITY: Final = {
    Sensitivity.esPersonal: "Personal",
    Sensitivity.esPrivate: "Private",
    Sensitivity.esCompanyConfidential: "Company-Confidential",
}

_STOPS: Final = (("StopOnToErrors", Role.TO), ("StopOnCcErrors", Role.CC), ("StopOnBccErrors", Role.BCC))
_ROLES: Final = {RecipientTypes.rtTo: Role.TO, RecipientTypes.rtCc: Role.CC, RecipientTypes.rtBCc: Role.BCC}


def tcp_options(settings: Settings) -> TcpOptions:
    """Where to connect and with which socket options."""
    host = _host(settings)
    if not host:
        raise SSMTPError(ErrorCode.NO_MAIL_SERVER)
    if settings.number(P.FirewallType) != FirewallTypes.fwNone or settings.flag(P.FirewallAutoDetect):
        refuse(PROPERTIES[P.FirewallType])
    return TcpOptions(
        host=host,
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


def _host(settings: Settings) -> str:
    host = settings.text(P.MailServer).strip()
    # An IPv6 address in brackets, as URLs and e-mail addresses have it.
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def timeouts(settings: Settings) -> Timeouts:
    """How long a method may wait."""
    return Timeouts(
        inactivity=settings.number(P.Timeout),
        connecting=settings.setting_number("ConnectionTimeout"),
        absolute=settings.setting_flag("AbsoluteTimeout"),
    )


def tls_start(settings: Settings) -> TlsStart:
    """When TLS begins, by SSLStartMode and the port."""
    mode = settings.number(P.SSLStartMode)
    if mode == SSLStartModes.sslNone:
        return TlsStart.NEVER
    if mode == SSLStartModes.sslImplicit:
        return TlsStart.AT_ONCE
    if mode == SSLStartModes.sslExplicit or settings.number(P.MailPort) in _STARTTLS_PORTS:
        return TlsStart.STARTTLS
    return TlsStart.AT_ONCE


def smtp_options(settings: Settings) -> SmtpOptions:
    """How to greet and log in."""
    mechanism = AuthMechanisms(settings.number(P.AuthMechanism))
    return SmtpOptions(
        hello=settings.setting_text("Hello"),
        use_extensions=settings.flag(P.AllowExtensions),
        use_pipelining=settings.setting_flag("UsePipelining"),
        tls_start=tls_start(settings),
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
    return Credentials(settings.text(P.User), password, identity, _host(settings), settings.number(P.MailPort))


def tls_options(settings: Settings) -> TlsOptions | None:
    """Whom to trust; None when TLS is off."""
    if tls_start(settings) is TlsStart.NEVER:
        return None
    from ..pki.certificates import decode_certificate
    from ..tls.context import TlsOptions

    _refuse_unsupported(settings, (row for row in SETTINGS.values() if row.group == "SSL"))
    _refuse_unsupported(settings, (PROPERTIES[P.SSLCertSubject], PROPERTIES[P.SSLCertEncoded]))
    accepted = settings.binary(P.SSLAcceptServerCertEncoded)
    return TlsOptions(
        server_name=_host(settings),
        ca_file_candidates=tuple(path for path in settings.setting_text("SSLCACertFilePaths").split(";") if path),
        ca_file=settings.setting_text("OpenSSLCAFile"),
        ca_dir=settings.setting_text("OpenSSLCADir"),
        ca_pem=settings.setting_text("SSLCACerts"),
        accepted_certificate=decode_certificate(accepted).der if accepted else b"",
    )


def delivery_options(settings: Settings, opening: Verb = Verb.MAIL) -> DeliveryOptions:
    """How a transaction begins, and what a refused recipient means."""
    if opening is not Verb.MAIL and not settings.flag(P.AllowExtensions):
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE,
            f"AllowExtensions is False, and delivery to terminals ({opening.value}) is an extension; set it to True.",
        )
    return DeliveryOptions(
        stop_on_refusal=frozenset(role for name, role in _STOPS if settings.setting_flag(name)),
        allow_empty_to=settings.setting_flag("AllowEmptyTo"),
        opening=opening,
        reset_after_failure=settings.setting_flag("SendRSET"),
        use_chunking=settings.setting_flag("UseChunking"),
    )


def reverse_path(settings: Settings) -> Mailbox | None:
    """Who the envelope says the message is from; None is the null path, set as ``<>``."""
    text = settings.text(P.ReturnPath).strip()
    if text == "<>":
        return None
    if text:
        return parse_mailbox(text, "ReturnPath")
    for sender in flatten(parse_address_list(settings.text(P.From), "From")):
        return sender
    raise SSMTPError(ErrorCode.NO_SENDER, "Set From or ReturnPath.")


def recipients(settings: Settings) -> tuple[tuple[Mailbox, Role, RecipientDsn], ...]:
    """Everybody who is to receive the message: To, then Cc, then Bcc, each address once.

    An address that occurs twice has its first role, and the first options that it has anywhere.
    """
    found: dict[tuple[str, str], tuple[Mailbox, Role, RecipientDsn]] = {}
    for wanted, role in _ROLES.items():
        for entry in settings.recipients.entries:
            if entry.type is wanted and entry.address:
                mailbox = entry.mailbox()
                first, first_role, dsn = found.setdefault(mailbox.identity, (mailbox, role, NO_DSN))
                if entry.options and not dsn.keywords:
                    found[mailbox.identity] = (first, first_role, entry.dsn())
    return tuple(found.values())


def message_dsn(settings: Settings) -> MessageDsn:
    """What is to be notified about the message as a whole."""
    return MessageDsn(
        ret=settings.setting_text("DSNReturn").upper(),
        envelope_id=settings.setting_text("DSNEnvelopeId"),
        notify=("SUCCESS", "FAILURE") if settings.text(P.DeliveryNotificationTo).strip() else (),
    )


def body_codec(settings: Settings) -> str:
    """The codec of the code page that MessageText is encoded with."""
    return codec_of(settings.setting_number("CodePage"))


def body(settings: Settings) -> bytes:
    """MessageText as octets in the code page, with the line endings it was given."""
    text = settings.text(P.MessageText)
    # ASCII is itself in every code page that mail can carry, but for UTF-7, in which it would harm base64.
    return text.encode("ascii") if text.isascii() else encode_text(text, body_codec(settings))


def body_charset(settings: Settings) -> str:
    """The name under which a message declares what :func:`body` is in."""
    return "us-ascii" if settings.text(P.MessageText).isascii() else charset_of(body_codec(settings))


def message_spec(settings: Settings, now: datetime, seed: bytes) -> MessageSpec:
    """The message as composition takes it. ``seed`` makes the Message-ID where one is to be made."""
    date, other_headers = settings.text(P.MessageDate), settings.text(P.OtherHeaders)
    own = field_names(other_headers)
    if date == "*":
        # What is made by itself gives way to a field of the caller's own.
        date = "" if "date" in own else format_date(now)
    return MessageSpec(
        from_=_addresses(settings, P.From),
        to=settings.recipients.header(RecipientTypes.rtTo),
        cc=settings.recipients.header(RecipientTypes.rtCc),
        reply_to=_addresses(settings, P.ReplyTo),
        subject=settings.text(P.Subject),
        date=date,
        message_id=_message_id(settings, seed, own),
        importance=_IMPORTANCE.get(Importance(settings.number(P.Importance)), ""),
        priority=_PRIORITY.get(Priority(settings.number(P.Priority)), ""),
        sensitivity=_SENSITIVITY.get(Sensitivity(settings.number(P.Sensitivity)), ""),
        disposition_notification_to=_addresses(settings, P.ReadReceiptTo),
        return_receipt_to=_addresses(settings, P.DeliveryNotificationTo),
        other_headers=other_headers,
        body=body(settings),
        body_charset=body_charset(settings),
        header_charset=settings.setting_text("Charset"),
        line_limit=settings.setting_number("MaxHeaderLength"),
    )


def _message_id(settings: Settings, seed: bytes, own: frozenset[str]) -> str:
    text = settings.text(P.MessageId)
    if not text or (text == "*" and "message-id" in own):
        return ""
    if text != "*":
        return normalise_message_id(text)
    algorithm = dict(SETTINGS["messageidalgorithm"].choices)[settings.setting_number("MessageIdAlgorithm")]
    senders = flatten(parse_address_list(settings.text(P.From), "From"))
    # The sender's domain keeps the id unique without telling the world this host's name.
    domain = next((sender.domain for sender in senders if sender.domain), "localhost")
    return make_message_id(seed, algorithm.lower(), domain)


def _addresses(settings: Settings, property_id: PropertyID) -> tuple[Mailbox | Group, ...]:
    return parse_address_list(settings.text(property_id), property_id.name)


_NO_PATH: Final = re.compile(rb"[\x00-\x1f]")

_STORE_FORMATS: Final = {
    CertStoreTypes.cstPFXFile: ("PFX", True),
    CertStoreTypes.cstPFXBlob: ("PFX", False),
    CertStoreTypes.cstPEMKeyFile: ("PEM", True),
    CertStoreTypes.cstPEMKeyBlob: ("PEM", False),
}


def signer_store(settings: Settings) -> StoreSource:
    """The certificate store that the CertStore properties name."""
    from ..pki.stores.opening import StoreFormat, StoreSource

    kind = CertStoreTypes(settings.number(P.CertStoreType))
    if kind not in _STORE_FORMATS:
        if kind in (CertStoreTypes.cstUser, CertStoreTypes.cstMachine):
            raise UnsupportedError(
                ErrorCode.NOT_SUPPORTED,
                f"CertStoreType {int(kind)} is a certificate store of Windows; "
                "set CertStoreType and CertStore to a PFX or PEM file first.",
            )
        refuse(PROPERTIES[P.CertStoreType], f"CertStoreType is {int(kind)}.")
    name, is_file = _STORE_FORMATS[kind]
    content = settings.binary(P.CertStore)
    if is_file and (found := _NO_PATH.search(content)):
        # Perhaps a private key, which must not end in an error text as the name of a file that is missing.
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE,
            f"CertStoreType {int(kind)} takes a path, and CertStore has the octet 0x{found.group()[0]:02X}, which no "
            f"path has; CertStoreType {int(kind) + 1} takes the content of a store.",
        )
    return StoreSource(
        format=StoreFormat[name],
        path=content.decode("utf-8", "surrogateescape") if is_file else None,
        content=None if is_file else content,
        password=settings.text(P.CertStorePassword),
        what="CertStore",
    )


def signer_spec(settings: Settings, key_pair: KeyPair, now: datetime) -> SignerSpec:
    """Who signs and how."""
    from ..smime.algorithms import digest_named
    from ..smime.signing import SignerSpec

    _refuse_unsupported(settings, (SETTINGS["detachedsignature"],))
    return SignerSpec(
        key_pair=key_pair,
        digest=digest_named(settings.text(P.SigningAlgorithm)),
        signing_time=now,
        include_certificate=settings.flag(P.IncludeCertificate),
        include_chain=settings.flag(P.IncludeChain),
        check_dates=settings.setting_flag("CheckCertificateDates"),
    )


def recipients_spec(settings: Settings, certificates: tuple[Certificate, ...], now: datetime) -> RecipientsSpec:
    """For whom to encrypt and with what."""
    from ..smime.algorithms import cipher_named
    from ..smime.enveloping import RecipientsSpec

    return RecipientsSpec(
        certificates=certificates,
        cipher=cipher_named(settings.text(P.EncryptingAlgorithm)),
        now=now,
        check_dates=settings.setting_flag("CheckCertificateDates"),
    )


def _refuse_unsupported(settings: Settings, rows: Iterable[PropertyDef | ConfigDef]) -> None:
    for row in rows:
        if row.support is Support.NONE and settings.is_set(row):
            refuse(row, f"{row.name} is set.")


def refuse(row: PropertyDef | ConfigDef | MethodDef, detail: str = "") -> NoReturn:
    """Refuse what this version does not carry out, in the words of the catalog."""
    raise UnsupportedError(
        ErrorCode.NOT_SUPPORTED, " ".join(filter(None, (detail, f"This version lacks {row.support_note}.")))
    )
