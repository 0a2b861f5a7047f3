"""The configuration settings, one row each: the 65 documented ones in the order of the overview page, then ours.

A setting that is a property too is one row with two doors: it takes its facts from the property's row.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .enums import PropertyID
from .errors import ErrorCode
from .properties import PROPERTIES
from .schema import Access, ConfigDef, Evidence, ValueType, WritableWhen

__all__ = ["SETTINGS"]

_OVERVIEW: Final = "SSMTP class overview, 2020 PHP edition"
_RECALLED: Final = f"{_OVERVIEW} (purpose); the rest recalled, no page found"
_SMTP_CONFIG: Final = "SMTP configuration page (sibling, V9)"
_TELNET_CONFIG: Final = "Telnet configuration page (sibling, V9)"
_REFUSED_RECIPIENT: Final = "SMTP Cc and PSMTP BCc pages (siblings, 2020)"
_OURS: Final = "this project"


# The vendor's headers declare every number as a 32-bit signed int, so no ported script can hold a larger one.
_INT_MAX: Final = 2**31 - 1
# RFC 5322 2.1.1: a line has at most 998 characters without its CRLF.
_LONGEST_LINE: Final = 998
# Windows keeps the time of SO_LINGER in 16 bits.
_LONGEST_LINGER: Final = 65535

_TLS_1_2: Final = 0x0C00
_TLS_1_3: Final = 0x3000


def _alias(property_id: PropertyID, group: str, doc: str, evidence: Evidence, source: str) -> ConfigDef:
    """The second door to a property. Everything but the words and their evidence is the property's own."""
    row = PROPERTIES[property_id]
    if isinstance(row.default, bytes):
        raise TypeError(f"{row.name} is binary and cannot be a setting")
    return ConfigDef(
        name=row.name,
        group=group,
        value_type=row.value_type,
        default=row.default,
        doc=doc,
        access=row.access,
        choices=tuple((int(choice), choice.name) for choice in row.choices or ()),
        unit=row.unit,
        minimum=row.minimum,
        maximum=row.maximum,
        alias_of=property_id,
        writable_when=row.writable_when,
        locked_error=row.locked_error,
        single_line=row.single_line,
        secret=row.secret,
        evidence=evidence,
        default_evidence=row.default_evidence,
        source=source,
        support=row.support,
        support_note=row.support_note,
    )


_SMTP_ROWS: Final = (
    ConfigDef(
        name="AllowEmptyTo",
        group="SMTP",
        value_type=ValueType.BOOL,
        default=False,
        doc="Lets a message go out that has recipients in Cc or BCc only. No To header field is written then. With "
        "nobody at all to receive the message, Send fails all the same.",
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.INFERRED,
        source=_SMTP_CONFIG,
    ),
    ConfigDef(
        name="AuthorizationIdentity",
        group="SMTP",
        value_type=ValueType.TEXT,
        default="",
        doc="Identity to act as after logging on as User: the authzid (RFC 4422 3.4.1) of PLAIN, SCRAM, DIGEST-MD5, "
        "OAUTHBEARER, Kerberos and EXTERNAL. Where the mechanism cannot carry it the login fails. Empty acts as User. "
        "With AuthMechanism 7 a value that begins with the word Bearer is the OAuth token instead; Password is not "
        "needed.",
        single_line=True,
        # The V9 page has scripts put a whole OAuth bearer token here.
        secret=True,
        evidence=Evidence.OURS,
        default_evidence=Evidence.INFERRED,
        source=f"{_SMTP_CONFIG}, which ties it to XOAUTH2; {_OVERVIEW}",
    ),
    ConfigDef(
        name="Charset",
        group="SMTP",
        value_type=ValueType.TEXT,
        default="",
        doc="Character set of the encoded-words (RFC 2047) that header text outside ASCII is written in, for example "
        "ISO-8859-1. Empty means UTF-8. Addresses themselves are never encoded this way.",
        single_line=True,
        evidence=Evidence.OURS,
        default_evidence=Evidence.SIBLING,
        source=f"{_SMTP_CONFIG}; that empty still encodes is ours",
    ),
    ConfigDef(
        name="Hello",
        group="SMTP",
        value_type=ValueType.TEXT,
        default="",
        doc="Name that EHLO or HELO gives (RFC 5321 4.1.1.1), used at the next connection. Empty means the name of the "
        "local host, and that is what an unset Hello reads as. A name outside ASCII goes out as A-labels (RFC 5891).",
        single_line=True,
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.DOCUMENTED,
        source=f"{_SMTP_CONFIG}; {_OVERVIEW} (default)",
    ),
    ConfigDef(
        name="KeepQueue",
        group="SMTP",
        value_type=ValueType.BOOL,
        default=False,
        doc="Whether ProcessQueue keeps a file after the message in it was sent; it then ends in .sent. Otherwise the "
        "file is deleted.",
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.SIBLING,
        source="SFileMailer ProcessQueue page (sibling, 2020)",
    ),
    ConfigDef(
        name="MaxHeaderLength",
        group="SMTP",
        value_type=ValueType.INT,
        default=80,
        unit="characters",
        minimum=0,
        maximum=_LONGEST_LINE,
        doc="Length of a header line beyond which it is folded at a blank (RFC 5322 2.2.3). 0 folds only what would "
        "exceed 998 characters, the longest line that is allowed. With an encoded-word in it a field is folded at 76 "
        "in any case (RFC 2047 2).",
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.DOCUMENTED,
        source=f"SMTP Cc page (sibling, 2020); {_OVERVIEW} (default); what 0 means is ours",
    ),
    _alias(
        PropertyID.MessageHeadersString,
        "SMTP",
        "The property of the same name: the whole header of the message as it would be sent now.",
        Evidence.SIBLING,
        "SMTP MessageHeadersString page (sibling, 2020)",
    ),
    ConfigDef(
        name="MessageIdAlgorithm",
        group="SMTP",
        value_type=ValueType.INT,
        default=3,
        choices=(
            (0, "None"),
            (1, "SHA1"),
            (2, "SHA224"),
            (3, "SHA256"),
            (4, "SHA384"),
            (5, "SHA512"),
            (6, "RIPEMD160"),
        ),
        doc="Hash that turns random octets into the left part of a message id that MessageId '*' makes; 0 uses them "
        "unhashed. Number or name may be given, and the number is read back.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    _alias(
        PropertyID.OtherHeaders,
        "SMTP",
        "The property of the same name: header fields of the caller's own.",
        Evidence.SIBLING,
        "SMTP OtherHeaders page (sibling, V9); AmazonSES OtherHeaders page (sibling, 2020)",
    ),
    _alias(
        PropertyID.ReturnPath,
        "SMTP",
        "The property of the same name: the address for MAIL FROM.",
        Evidence.INFERRED,
        _RECALLED,
    ),
    ConfigDef(
        name="SendRSET",
        group="SMTP",
        value_type=ValueType.BOOL,
        default=True,
        doc="Whether RSET (RFC 5321 4.1.1.5) is sent to give up a transaction on a session that stays open, for "
        "example after a refused recipient. A transaction that succeeds needs none.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="StopOnBccErrors",
        group="SMTP",
        value_type=ValueType.BOOL,
        default=False,
        doc="Whether a BCc address that the server refuses at RCPT ends the send. If not, Error is fired with the "
        "reply and the other recipients get the message.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW} (purpose); {_REFUSED_RECIPIENT}",
    ),
    ConfigDef(
        name="StopOnCcErrors",
        group="SMTP",
        value_type=ValueType.BOOL,
        default=True,
        doc="Whether a Cc address that the server refuses at RCPT ends the send. If not, Error is fired with the reply "
        "and the other recipients get the message; when none is left the send fails in any case.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW} (purpose); {_REFUSED_RECIPIENT}",
    ),
    ConfigDef(
        name="StopOnToErrors",
        group="SMTP",
        value_type=ValueType.BOOL,
        default=True,
        doc="Whether a SendTo address that the server refuses at RCPT ends the send. If not, Error is fired with the "
        "reply and the other recipients get the message; when none is left the send fails in any case.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW} (purpose); {_REFUSED_RECIPIENT}",
    ),
    ConfigDef(
        name="TransferText",
        group="SMTP",
        value_type=ValueType.TEXT,
        default="",
        access=Access.READ_ONLY,
        doc="Inside the Transfer event the piece of the body that was just sent, as text; empty at any other time. It "
        "is what goes over the wire, in whole lines, so a body sent in base64 shows as base64.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
)

_TCP_ROWS: Final = (
    ConfigDef(
        name="ConnectionTimeout",
        group="TCPClient",
        value_type=ValueType.INT,
        default=0,
        unit="seconds",
        minimum=0,
        maximum=_INT_MAX,
        doc="Limit for making a connection: name look-up, TCP and the TLS handshake that comes with it. 0 leaves that "
        "to Timeout.",
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.INFERRED,
        source=_TELNET_CONFIG,
    ),
    _alias(
        PropertyID.FirewallAutoDetect,
        "TCPClient",
        "The property of the same name: whether the system's own proxy is used.",
        Evidence.SIBLING,
        _TELNET_CONFIG,
    ),
    _alias(
        PropertyID.FirewallHost,
        "TCPClient",
        "The property of the same name: the proxy's name or address.",
        Evidence.SIBLING,
        _TELNET_CONFIG,
    ),
    _alias(
        PropertyID.FirewallPassword,
        "TCPClient",
        "The property of the same name: the password for the proxy.",
        Evidence.INFERRED,
        _RECALLED,
    ),
    _alias(
        PropertyID.FirewallPort,
        "TCPClient",
        "The property of the same name: the proxy's TCP port.",
        Evidence.INFERRED,
        f"{_OVERVIEW} (purpose); FirewallType page of a sibling",
    ),
    _alias(
        PropertyID.FirewallType,
        "TCPClient",
        "The property of the same name: the kind of proxy, as a number or by name.",
        Evidence.INFERRED,
        f"{_OVERVIEW} (purpose); FirewallType page of a sibling",
    ),
    _alias(
        PropertyID.FirewallUser,
        "TCPClient",
        "The property of the same name: the user name for the proxy.",
        Evidence.INFERRED,
        _RECALLED,
    ),
    ConfigDef(
        name="KeepAliveInterval",
        group="TCPClient",
        value_type=ValueType.INT,
        default=0,
        unit="milliseconds",
        minimum=0,
        maximum=_INT_MAX,
        doc="Pause between keep-alive probes that stay unanswered, rounded up to whole seconds. Another value than 0 "
        "has the connection probed even without TCPKeepAlive; 0 leaves the pause to the system.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="KeepAliveTime",
        group="TCPClient",
        value_type=ValueType.INT,
        default=0,
        unit="milliseconds",
        minimum=0,
        maximum=_INT_MAX,
        doc="Silence on the connection before the first keep-alive probe, rounded up to whole seconds. Another value "
        "than 0 has the connection probed even without TCPKeepAlive; 0 leaves the time to the system.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="Linger",
        group="TCPClient",
        value_type=ValueType.BOOL,
        default=True,
        doc="Whether data not yet sent still goes out when the connection is closed. False closes at once with a TCP "
        "reset, and such data is lost (SO_LINGER with time 0).",
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.SIBLING,
        source="Telnet Linger page (sibling, 2020)",
    ),
    ConfigDef(
        name="LingerTime",
        group="TCPClient",
        value_type=ValueType.INT,
        default=0,
        unit="seconds",
        minimum=0,
        maximum=_LONGEST_LINGER,
        doc="How long closing may wait for data to go out while Linger is True, before the connection is reset. 0 "
        "leaves it to the system.",
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.SIBLING,
        source="Telnet Linger page (sibling, 2020)",
    ),
    _alias(
        PropertyID.LocalHost,
        "TCPClient",
        "The property of the same name: the local interface that connections are made from.",
        Evidence.SIBLING,
        "MX LocalHost page (sibling, 2020)",
    ),
    ConfigDef(
        name="LocalPort",
        group="TCPClient",
        value_type=ValueType.INT,
        default=0,
        minimum=0,
        maximum=65535,
        doc="Local TCP port to connect from; 0 lets the system choose. It cannot be changed during a connection (code "
        "106).",
        writable_when=WritableWhen.DISCONNECTED,
        locked_error=ErrorCode.LOCAL_PORT_LOCKED,
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.SIBLING,
        source="Telnet LocalPort page (sibling, 2020)",
    ),
    ConfigDef(
        name="MaxLineLength",
        group="TCPClient",
        value_type=ValueType.INT,
        default=2048,
        unit="octets",
        minimum=256,
        maximum=_INT_MAX,
        doc="Longest reply line that is accepted from the server. A longer one breaks the protocol and ends the "
        "connection; RFC 5321 4.5.3.1.5 allows a server 512. It cannot be changed during a connection (code 112).",
        writable_when=WritableWhen.DISCONNECTED,
        locked_error=ErrorCode.MAX_LINE_LENGTH_LOCKED,
        evidence=Evidence.OURS,
        default_evidence=Evidence.SIBLING,
        source="PipeServer MaxLineLength page (sibling, 2020); that a longer line is an error is ours",
    ),
    ConfigDef(
        name="MaxTransferRate",
        group="TCPClient",
        value_type=ValueType.INT,
        default=0,
        unit="octets per second",
        minimum=0,
        maximum=_INT_MAX,
        doc="The most that is sent or received in a second. 0 sets no bound.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="ProxyExceptionsList",
        group="TCPClient",
        value_type=ValueType.TEXT,
        default="",
        doc="Servers to connect to without a proxy, with semicolons between them: names, patterns "
        "with *, domains that begin with a dot, addresses and networks such as 10.0.0.0/8. None is looked up.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="TCPKeepAlive",
        group="TCPClient",
        value_type=ValueType.BOOL,
        default=False,
        doc="Whether a silent connection is probed (SO_KEEPALIVE), so that a peer that has gone is noticed.",
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.SIBLING,
        source="Telnet KeepAlive page (sibling, 2020)",
    ),
    ConfigDef(
        name="TcpNoDelay",
        group="TCPClient",
        value_type=ValueType.BOOL,
        default=True,
        doc="Whether TCP sends at once what it is given (TCP_NODELAY). False lets it collect small pieces, which makes "
        "each message wait for the peer's delayed acknowledgement.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.OURS,
        source=_RECALLED,
    ),
    ConfigDef(
        name="UseIPv6",
        group="TCPClient",
        value_type=ValueType.INT,
        default=0,
        choices=((0, "False"), (1, "True"), (2, "Preferred")),
        doc="Kinds of address to connect to: 0 IPv4 only, 1 IPv6 only, 2 IPv6 first and IPv4 where that fails. False "
        "and True are taken for 0 and 1; the number is read back. Of several addresses the next is tried as well when "
        "one has not answered for a quarter of a second, and the first to answer is taken (RFC 8305).",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
)

_SSL_ROWS: Final = (
    ConfigDef(
        name="LogSSLPackets",
        group="SSL",
        value_type=ValueType.BOOL,
        default=False,
        doc="Whether SSLStatus is fired for every TLS record sent or received, with its direction, type and length.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="OpenSSLCADir",
        group="SSL",
        value_type=ValueType.TEXT,
        default="",
        doc="Directory of trust anchors, PEM files named by the hash of their subject as the OpenSSL rehash command "
        "makes them. They are trusted besides those of the other trust settings.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="OpenSSLCAFile",
        group="SSL",
        value_type=ValueType.TEXT,
        default="",
        doc="PEM file of trust anchors, trusted besides those of the other trust settings.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="OpenSSLCipherList",
        group="SSL",
        value_type=ValueType.TEXT,
        default="DEFAULT",
        doc="Ciphers for TLS 1.2 and older, in the language of the OpenSSL ciphers command. It counts while "
        "SSLEnabledCipherSuites is '*'.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="OpenSSLPrngSeedData",
        group="SSL",
        value_type=ValueType.TEXT,
        default="",
        doc="Once a seed for OpenSSL's random number generator, which takes its own from the system now. The value is "
        "held, and nothing can depend on it.",
        secret=True,
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="ReuseSSLSession",
        group="SSL",
        value_type=ValueType.BOOL,
        default=False,
        doc="Whether a later connection of this handle to the same server tries to resume the TLS session (RFC 8446 "
        "2.2), under the same settings. SSLServerAuthentication fires for it too, with the certificate shown before. "
        "Below TLS 1.3 the server has to know extended_master_secret (RFC 7627 5.4).",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="SSLCACertFilePaths",
        group="SSL",
        value_type=ValueType.TEXT,
        default="/etc/ssl/ca-bundle.pem;/etc/pki/tls/certs/ca-bundle.crt;/etc/ssl/certs/ca-certificates.crt;"
        "/etc/pki/tls/cacert.pem",
        doc="Paths of files of trust anchors, separated by semicolons; the first one that exists is used. Where "
        "neither this nor another trust setting yields anything, the certifi package does.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_RECALLED}; certifi is ours",
    ),
    ConfigDef(
        name="SSLCACerts",
        group="SSL",
        value_type=ValueType.TEXT,
        default="",
        doc="Certificates of authorities as PEM text, one behind the other, trusted besides those of the other trust "
        "settings.",
        evidence=Evidence.OURS,
        default_evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW}, which names client authentication only",
    ),
    ConfigDef(
        name="SSLCheckCRL",
        group="SSL",
        value_type=ValueType.INT,
        default=0,
        choices=((0, "Off"), (1, "IfAvailable"), (2, "Required")),
        doc="Whether it is found out if the certificates of the server and of the authorities between it and the trust "
        "anchor were revoked: 0 never; 1 where that can be had; 2 always, and not to know is an error. The OCSP "
        "response that the server staples is looked at first, then the responder that the certificate names (RFC "
        "6960; both are our addition), then the revocation list that it names (RFC 5280 5). Answers are fetched over "
        "HTTP, through the proxy if there is one, in 20 seconds at most for all, and kept for a day at most. A "
        "certificate that demands a stapled response (RFC 7633) is refused without one by 1 and 2.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="SSLCipherStrength",
        group="SSL",
        value_type=ValueType.INT,
        default=0,
        unit="bits",
        minimum=0,
        maximum=_INT_MAX,
        doc="Shortest key of the bulk cipher that is accepted. 0 sets no bound.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="SSLEnabledCipherSuites",
        group="SSL",
        value_type=ValueType.TEXT,
        default="*",
        doc="Cipher suites that may be negotiated, by their IANA names, separated by semicolons. '*' allows all that "
        "the TLS library has; a known one that it lacks is left out.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="SSLEnabledProtocols",
        group="SSL",
        value_type=ValueType.INT,
        default=_TLS_1_2 | _TLS_1_3,
        minimum=0,
        maximum=_INT_MAX,
        doc="Versions of TLS that may be negotiated, added up: 192 TLS 1.0, 768 TLS 1.1, 3072 TLS 1.2, 12288 TLS 1.3; "
        "decimal or 0x notation. The default is TLS 1.2 and 1.3, since RFC 8996 retired the older ones. "
        "SSL 2 (12) and SSL 3 (48) are an error, and so is a gap.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.OURS,
        source=f"{_RECALLED}; public calling code (numbers)",
    ),
    ConfigDef(
        name="SSLEnableRenegotiation",
        group="SSL",
        value_type=ValueType.BOOL,
        default=False,
        doc="Whether the ClientHello carries renegotiation_info (RFC 5746). OpenSSL always says that it knows it, so "
        "nothing can depend on it; a server that wants to renegotiate is refused.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="SSLIncludeCertChain",
        group="SSL",
        value_type=ValueType.BOOL,
        default=False,
        doc="Whether certencoded of the SSLServerAuthentication event holds every certificate that the server sent, or "
        "the server's own only.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW} (purpose); AS4Client SSLServerAuthentication page (sibling, 2020)",
    ),
    ConfigDef(
        name="SSLProvider",
        group="SSL",
        value_type=ValueType.TEXT,
        default="*",
        doc="Name of the TLS implementation. There is one here, so every name means the same, but that "
        "'Internal' does what UseInternalSecurityAPI does.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="SSLSecurityFlags",
        group="SSL",
        value_type=ValueType.INT,
        default=0,
        minimum=0,
        maximum=0xFFFFFFFF,
        doc="Faults of the server's certificate that are forgiven, added up: 0x1 dates, 0x10 unknown authority, 0x20 "
        "wrong usage, 0x100 unknown revocation status of the server, 0x400 of an authority below the trust anchor, "
        "0x80000000 another host name; the other bits mean nothing here. "
        "Decimal or 0x notation; it reads back in the latter.",
        hexadecimal=True,
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_RECALLED}; public calling code (0x80000000)",
    ),
    ConfigDef(
        name="TLS12SignatureAlgorithms",
        group="SSL",
        value_type=ValueType.TEXT,
        default="sha512-ecdsa,sha512-rsa,sha512-dsa,sha384-ecdsa,sha384-rsa,sha384-dsa,sha256-ecdsa,sha256-rsa,"
        "sha256-dsa,sha224-ecdsa,sha224-rsa,sha224-dsa,sha1-ecdsa,sha1-rsa,sha1-dsa",
        doc="Signature algorithms offered for TLS 1.2 (RFC 5246 7.4.1.4.1), the preferred first, which bind the "
        "handshake and not what an authority has signed. They take effect with UseInternalSecurityAPI.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="TLS12SupportedGroups",
        group="SSL",
        value_type=ValueType.TEXT,
        default="ecdhe_secp256r1,ecdhe_secp384r1,ecdhe_secp521r1",
        doc="Curves offered for the key exchange of TLS 1.2 (RFC 8422 5.1.1), the preferred first. They take effect "
        "with UseInternalSecurityAPI.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="TLS13KeyShareGroups",
        group="SSL",
        value_type=ValueType.TEXT,
        default="ecdhe_x25519,ecdhe_secp256r1,ecdhe_secp384r1,ffdhe_2048,ffdhe_3072",
        doc="Groups for which the first ClientHello of TLS 1.3 carries a key share (RFC 8446 4.2.8), the first four of "
        "them at most; another supported group costs one more round trip. They count with UseInternalSecurityAPI.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="TLS13SignatureAlgorithms",
        group="SSL",
        value_type=ValueType.TEXT,
        default="rsa_pss_sha256,rsa_pss_sha384,rsa_pss_sha512,rsa_pkcs1_sha256,rsa_pkcs1_sha384,rsa_pkcs1_sha512,"
        "ecdsa_secp256r1_sha256,ecdsa_secp384r1_sha384,ecdsa_secp521r1_sha512,ed25519,ed448",
        doc="Signature algorithms offered for TLS 1.3 (RFC 8446 4.2.3), the preferred first; the pkcs1 ones serve "
        "certificates only. They take effect with UseInternalSecurityAPI.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="TLS13SupportedGroups",
        group="SSL",
        value_type=ValueType.TEXT,
        default="ecdhe_x25519,ecdhe_x448,ecdhe_secp256r1,ecdhe_secp384r1,ecdhe_secp521r1,ffdhe_2048,ffdhe_3072,"
        "ffdhe_4096,ffdhe_6144,ffdhe_8192",
        doc="Groups that may be used for the key exchange of TLS 1.3 (RFC 8446 4.2.7), the preferred first. They take "
        "effect with UseInternalSecurityAPI.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
)

_SOCKET_ROWS: Final = (
    ConfigDef(
        name="AbsoluteTimeout",
        group="Socket",
        value_type=ValueType.BOOL,
        default=False,
        doc="Whether Timeout limits the method as a whole. If not, it limits the time in which nothing is sent or "
        "received.",
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.INFERRED,
        source="AmazonSES Timeout page (sibling, 2020)",
    ),
    ConfigDef(
        name="FirewallData",
        group="Socket",
        value_type=ValueType.TEXT,
        default="",
        doc="Header fields of the caller's own for the HTTP CONNECT request to the proxy, for example for another "
        "scheme of authentication; one a line.",
        # It is meant for credentials.
        secret=True,
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="InBufferSize",
        group="Socket",
        value_type=ValueType.INT,
        default=0,
        unit="octets",
        minimum=0,
        maximum=_INT_MAX,
        doc="Size of the socket's receive buffer (SO_RCVBUF), used at the next connection. 0 leaves it to the system, "
        "which may also grant less than asked for.",
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.INFERRED,
        source="IPDaemon configuration page (sibling, V9)",
    ),
    ConfigDef(
        name="OutBufferSize",
        group="Socket",
        value_type=ValueType.INT,
        default=0,
        unit="octets",
        minimum=0,
        maximum=_INT_MAX,
        doc="Size of the socket's send buffer (SO_SNDBUF), used at the next connection. 0 leaves it to the system, "
        "which may also grant less than asked for.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
)

_BASE_ROWS: Final = (
    ConfigDef(
        name="BuildInfo",
        group="Base",
        value_type=ValueType.TEXT,
        default="",
        access=Access.READ_ONLY,
        doc="Name and version number of this library. It never claims to be a build of the vendor's product.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.OURS,
        source=f"{_OVERVIEW} (purpose); the text is ours",
    ),
    ConfigDef(
        name="CodePage",
        group="Base",
        value_type=ValueType.INT,
        default=65001,
        minimum=0,
        maximum=_INT_MAX,
        doc="Number of the Windows code page that MessageText is turned into octets with. 65001 is UTF-8; 0 is the "
        "system's own. Text in ASCII stays ASCII. Headers follow Charset, replies are read as UTF-8. A number that "
        "Python has no codec for is refused.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="LicenseInfo",
        group="Base",
        value_type=ValueType.TEXT,
        default="ssmtp_compat is free software under the MIT License; it neither needs nor reads a licence key.",
        access=Access.READ_ONLY,
        doc="What licence this library is under.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.OURS,
        source=f"{_OVERVIEW} (purpose); the text is ours",
    ),
    ConfigDef(
        name="ProcessIdleEvents",
        group="Base",
        value_type=ValueType.BOOL,
        default=True,
        doc="Stored and read back, and nothing can depend on it: this library has no event loop of its own that could "
        "run while the caller is idle. Events are fired by the thread that runs a method, while it runs.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="SelectWaitMillis",
        group="Base",
        value_type=ValueType.INT,
        default=20,
        unit="milliseconds",
        minimum=0,
        maximum=_INT_MAX,
        doc="How long DoEvents waits when nothing has happened.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_RECALLED,
    ),
    ConfigDef(
        name="UseInternalSecurityAPI",
        group="Base",
        value_type=ValueType.BOOL,
        default=False,
        doc="Whether the lists of the TLS12 and TLS13 settings are used. There is one TLS implementation here, so "
        "nothing else depends on it.",
        evidence=Evidence.OURS,
        default_evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW}, which tells of two implementations",
    ),
)

_OUR_ROWS: Final = (
    ConfigDef(
        name="UseChunking",
        group="ssmtp_compat",
        value_type=ValueType.BOOL,
        default=False,
        doc="Whether the message goes out with BDAT (CHUNKING, RFC 3030) in place of DATA where the server has it. "
        "A server that does not have it gets DATA.",
        evidence=Evidence.OURS,
        default_evidence=Evidence.OURS,
        source=_OURS,
    ),
    ConfigDef(
        name="UsePipelining",
        group="ssmtp_compat",
        value_type=ValueType.BOOL,
        default=True,
        doc="Whether commands go out together where the server offers PIPELINING (RFC 2920). False awaits the reply to "
        "each, for servers that offer it and cannot do it.",
        evidence=Evidence.OURS,
        default_evidence=Evidence.OURS,
        source=_OURS,
    ),
    ConfigDef(
        name="DetachedSignature",
        group="ssmtp_compat",
        value_type=ValueType.BOOL,
        default=True,
        doc="Whether Sign makes multipart/signed, which every reader can show (RFC 8551 3.5.3). False makes opaque "
        "application/pkcs7-mime with the content inside (RFC 8551 3.5.2), which no relay can break and only readers of "
        "S/MIME can show.",
        evidence=Evidence.OURS,
        default_evidence=Evidence.OURS,
        source=_OURS,
    ),
    ConfigDef(
        name="UsePSS",
        group="ssmtp_compat",
        value_type=ValueType.BOOL,
        default=False,
        doc="Whether Sign uses RSASSA-PSS (RFC 4056) with an RSA key, in place of PKCS #1 v1.5, which every reader "
        "verifies. The hash of SigningAlgorithm is also that of MGF1, and the salt is as long as it. A key whose "
        "certificate names RSASSA-PSS (RFC 4055 1.2) is always used so; other kinds of keys are not concerned.",
        evidence=Evidence.OURS,
        default_evidence=Evidence.OURS,
        source=_OURS,
    ),
    ConfigDef(
        name="IssuerCertificatesFile",
        group="ssmtp_compat",
        value_type=ValueType.TEXT,
        default="",
        doc="Path of a file with certificates of authorities in any order: PEM text, P7B, one certificate in DER, or "
        "any other store that opens without a password; the content says which. IncludeChain takes those from it that "
        "CertStore lacks between the signer's certificate and its root. It is read when signing, and anew when it has "
        "changed.",
        single_line=True,
        evidence=Evidence.OURS,
        default_evidence=Evidence.OURS,
        source=_OURS,
    ),
    ConfigDef(
        name="CheckCertificateDates",
        group="ssmtp_compat",
        value_type=ValueType.BOOL,
        default=True,
        doc="Whether Sign and Encrypt refuse a signer's or a recipient's certificate that has expired or is not yet "
        "valid. TLS certificates are not concerned.",
        evidence=Evidence.OURS,
        default_evidence=Evidence.OURS,
        source=_OURS,
    ),
    ConfigDef(
        name="CheckCertificatePurpose",
        group="ssmtp_compat",
        value_type=ValueType.BOOL,
        default=True,
        doc="Whether Sign and Encrypt refuse a certificate whose key usage or extended key usage is for something else "
        "(RFC 8550 4.4). A signer needs digitalSignature or nonRepudiation; a recipient needs keyEncipherment with an "
        "RSA key and keyAgreement with another one; where there is an extended key usage, emailProtection or any "
        "purpose has to be in it. TLS certificates are not concerned.",
        evidence=Evidence.OURS,
        default_evidence=Evidence.OURS,
        source=_OURS,
    ),
    ConfigDef(
        name="MinimumRSAKeyBits",
        group="ssmtp_compat",
        value_type=ValueType.INT,
        default=1024,
        unit="bits",
        minimum=0,
        maximum=16384,
        doc="The shortest RSA key of a signer's or a recipient's certificate that Sign and Encrypt accept; 0 accepts "
        "any. Keys below 2048 bits are weak; below 1024 they can be broken by anybody with patience. TLS certificates "
        "are not concerned.",
        evidence=Evidence.OURS,
        default_evidence=Evidence.OURS,
        source=_OURS,
    ),
    ConfigDef(
        name="UseOAEP",
        group="ssmtp_compat",
        value_type=ValueType.BOOL,
        default=False,
        doc="Whether Encrypt and SignAndEncrypt give the key of the message to recipients with RSA keys by RSAES-OAEP "
        "(RFC 4055). Otherwise by PKCS #1 v1.5, which is older, weaker where a reader tells too much of what it could "
        "not decrypt, and read by every program. Recipients with elliptic-curve keys are not concerned.",
        evidence=Evidence.OURS,
        default_evidence=Evidence.OURS,
        source=_OURS,
    ),
    ConfigDef(
        name="OAEPHashAlgorithm",
        group="ssmtp_compat",
        value_type=ValueType.TEXT,
        default="SHA256",
        doc="Hash of RSAES-OAEP, for the label and for the mask, when UseOAEP is True: SHA1, SHA224, SHA256, SHA384 or "
        "SHA512, with or without a hyphen, or its OID; upper and lower case are alike. Another name is reported when "
        "encrypting.",
        evidence=Evidence.OURS,
        default_evidence=Evidence.OURS,
        source=_OURS,
    ),
    ConfigDef(
        name="DSNReturn",
        group="ssmtp_compat",
        value_type=ValueType.TEXT,
        default="",
        doc="What a notification of a failure is to return (RET, RFC 3461 4.3): FULL, the whole message, or HDRS, its "
        "header. Empty leaves it to the server. Otherwise Send fails with a server that does not offer DSN.",
        single_line=True,
        evidence=Evidence.OURS,
        default_evidence=Evidence.OURS,
        source=_OURS,
    ),
    ConfigDef(
        name="DSNEnvelopeId",
        group="ssmtp_compat",
        value_type=ValueType.TEXT,
        default="",
        doc="Text in printable ASCII that comes back in every notification about the message (ENVID, RFC 3461 4.4). It "
        "is encoded on its way, and then has at most 100 characters. It stays until it is changed. Unless it is empty, "
        "Send fails with a server that does not offer DSN.",
        single_line=True,
        evidence=Evidence.OURS,
        default_evidence=Evidence.OURS,
        source=_OURS,
    ),
    ConfigDef(
        name="StopOnQueueErrors",
        group="ssmtp_compat",
        value_type=ValueType.BOOL,
        default=False,
        doc="Whether ProcessQueue stops at the first message that is refused, and sends each only when the one before "
        "it is answered. If not, the rest of the queue is still sent.",
        evidence=Evidence.OURS,
        default_evidence=Evidence.OURS,
        source=_OURS,
    ),
)

_ROWS: Final = (*_SMTP_ROWS, *_TCP_ROWS, *_SSL_ROWS, *_SOCKET_ROWS, *_BASE_ROWS, *_OUR_ROWS)

SETTINGS: Final[Mapping[str, ConfigDef]] = MappingProxyType({row.name.lower(): row for row in _ROWS})
"""The settings by lower-case name, in the order of the overview page, ours at the end."""
