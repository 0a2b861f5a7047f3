"""The error table: every code that a method can return or leave as the last error.

Codes below 20000 are those of the vendor family, each with its evidence; the text of a row marked ``SIBLING`` is
quoted from a copy of the family's older table, because scripts compare it. Codes from 20001 on are ours, for
conditions that no page gives a code for.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, unique
from types import MappingProxyType
from typing import Final

from .schema import ErrorDef, Evidence

_TABLE: Final = "third-party copy of the vendor family's V5-V9 error table"
_RECALLED: Final = "recalled; no page found"
_OURS: Final = "this project"


@unique
class ErrorCode(IntEnum):
    """Names for the codes of the error table."""

    PORT_LOCKED = 100
    HOST_LOCKED = 101
    NULL_ADDRESS = 102
    ALREADY_CONNECTED = 104
    LOCAL_PORT_LOCKED = 106
    LOCAL_HOST_LOCKED = 107
    NOT_ACTIVE = 109
    MAX_LINE_LENGTH_LOCKED = 112
    ZERO_PORT = 116
    USE_CONNECTION_LOCKED = 117
    FIREWALL = 118
    WOULD_BLOCK = 135
    SMTP_PROTOCOL = 161
    COMMUNICATION = 162
    NO_MAIL_SERVER = 163
    NO_SENDER = 165
    NO_RECIPIENT = 167
    BUSY = 168
    TCP_TIMEOUT = 201
    IMPOSSIBLE_NOW = 211
    IMPOSSIBLE_CONNECTED = 212
    IMPOSSIBLE_LISTENING = 213
    NO_SECURITY_LIBRARY = 270
    CANNOT_OPEN_STORE = 271
    CERTIFICATE_NOT_FOUND = 272
    NO_CREDENTIALS = 273
    NO_CHAIN = 274
    CHAIN_NOT_VERIFIED = 275
    HANDSHAKE = 276
    CERTIFICATE_REJECTED = 280
    NO_CLIENT_CERTIFICATE = 281
    NO_SERVER_CERTIFICATE = 282
    TLS_ENCRYPT = 283
    TLS_DECRYPT = 284
    INTERRUPTED_OR_TIMEOUT = 301
    CANNOT_OPEN_FILE = 302
    CODE_PAGE = 434
    ALREADY_CONNECTING = 1105
    NOT_CONNECTED = 1117
    LOCAL_HOST_IN_USE = 1119
    CONNECTION_DROPPED = 1120
    WSAEINTR = 10004
    WSAEBADF = 10009
    WSAEACCES = 10013
    WSAEFAULT = 10014
    WSAEINVAL = 10022
    WSAEMFILE = 10024
    WSAEWOULDBLOCK = 10035
    WSAEINPROGRESS = 10036
    WSAEALREADY = 10037
    WSAENOTSOCK = 10038
    WSAEDESTADDRREQ = 10039
    WSAEMSGSIZE = 10040
    WSAEPROTOTYPE = 10041
    WSAENOPROTOOPT = 10042
    WSAEPROTONOSUPPORT = 10043
    WSAESOCKTNOSUPPORT = 10044
    WSAEOPNOTSUPP = 10045
    WSAEPFNOSUPPORT = 10046
    WSAEAFNOSUPPORT = 10047
    WSAEADDRINUSE = 10048
    WSAEADDRNOTAVAIL = 10049
    WSAENETDOWN = 10050
    WSAENETUNREACH = 10051
    WSAENETRESET = 10052
    WSAECONNABORTED = 10053
    WSAECONNRESET = 10054
    WSAENOBUFS = 10055
    WSAEISCONN = 10056
    WSAENOTCONN = 10057
    WSAESHUTDOWN = 10058
    WSAETOOMANYREFS = 10059
    WSAETIMEDOUT = 10060
    WSAECONNREFUSED = 10061
    WSAELOOP = 10062
    WSAENAMETOOLONG = 10063
    WSAEHOSTDOWN = 10064
    WSAEHOSTUNREACH = 10065
    WSAENOTEMPTY = 10066
    WSAEPROCLIM = 10067
    WSAEUSERS = 10068
    WSAEDQUOT = 10069
    WSAESTALE = 10070
    WSAEREMOTE = 10071
    WSASYSNOTREADY = 10091
    WSAVERNOTSUPPORTED = 10092
    WSANOTINITIALISED = 10093
    BAD_RECIPIENT_INDEX = 10191
    MESSAGE_DECODING = 10192
    MESSAGE_TYPE = 10193
    UNSUPPORTED_ALGORITHM = 10194
    NO_SIGNERS = 10195
    SIGNATURE_NOT_VERIFIED = 10196
    NO_DECRYPTION_CERTIFICATE = 10197
    SIGNER_NOT_FOUND = 10198
    NO_SIGNING_CERTIFICATE = 10199
    WRONG_CERTIFICATE = 10201
    NO_RECIPIENT_CERTIFICATE = 10202
    NO_CSP = 10221
    TYPE_VALIDATION = 10222
    UNSUPPORTED_KEY_SIZE = 10223
    UNKNOWN_CONTENT_TYPE = 10224
    UNKNOWN_KEY_FORMAT = 10225
    NO_CHOICES = 10226
    NO_OUTPUT_STREAM = 10228
    CERTIFICATE_DECODING = 10280
    UNKNOWN_MIME_TYPE = 10281
    NO_BOUNDARY = 10283
    WSAHOST_NOT_FOUND = 11001
    WSATRY_AGAIN = 11002
    WSANO_RECOVERY = 11003
    WSANO_DATA = 11004
    INVALID_HANDLE = 20001
    UNKNOWN_PROPERTY = 20002
    READ_ONLY = 20003
    INVALID_INDEX = 20004
    INVALID_VALUE = 20005
    UNKNOWN_SETTING = 20006
    UNKNOWN_EVENT = 20007
    NOT_SUPPORTED = 20008
    MISSING_EXTRA = 20009
    CALLBACK_FAILED = 20010
    EXTENSION_MISSING = 20011
    INVALID_ADDRESS = 20012
    MESSAGE_TOO_LARGE = 20013
    INTERNAL = 20014


def _older(code: ErrorCode, message: str, meaning: str, *, replace: bool = False) -> ErrorDef:
    return ErrorDef(
        code=code, message=message, meaning=meaning, replace=replace, evidence=Evidence.SIBLING, source=_TABLE
    )


def _recalled(code: ErrorCode, message: str, meaning: str, *, replace: bool = False) -> ErrorDef:
    return ErrorDef(
        code=code,
        message=message,
        meaning=meaning,
        replace=replace,
        evidence=Evidence.INFERRED,
        source=_RECALLED,
    )


def _ours(code: ErrorCode, message: str, meaning: str) -> ErrorDef:
    return ErrorDef(code=code, message=message, meaning=meaning, evidence=Evidence.OURS, source=_OURS)


def _winsock(code: ErrorCode, message: str, posix: str) -> ErrorDef:
    meaning = f"The operating system reported {posix}." if posix else "Exists on Windows only."
    return _older(code, message, meaning)


_ROWS: Final = (
    _older(
        ErrorCode.PORT_LOCKED,
        "You cannot change the RemotePort at this time. A connection is in progress.",
        "MailPort was set during a connection.",
    ),
    _older(
        ErrorCode.HOST_LOCKED,
        "You cannot change the RemoteHost (Server) at this time. A connection is in progress.",
        "MailServer was set during a connection.",
    ),
    _older(
        ErrorCode.NULL_ADDRESS,
        "The RemoteHost address is invalid (0.0.0.0).",
        "The name of the server led to the null address.",
    ),
    _older(
        ErrorCode.ALREADY_CONNECTED,
        "Already connected. If you want to reconnect, close the current connection first.",
        "Connect was called on a session that is already open.",
    ),
    _older(
        ErrorCode.LOCAL_PORT_LOCKED,
        "You cannot change the LocalPort at this time. A connection is in progress.",
        "The LocalPort setting was changed during a connection.",
    ),
    _older(
        ErrorCode.LOCAL_HOST_LOCKED,
        "You cannot change the LocalHost at this time. A connection is in progress.",
        "LocalHost was changed during a connection.",
    ),
    _older(
        ErrorCode.NOT_ACTIVE,
        "The component must be active for this operation.",
        "An active socket is needed. Not raised by this class.",
    ),
    _older(
        ErrorCode.MAX_LINE_LENGTH_LOCKED,
        "You cannot change MaxLineLength at this time. A connection is in progress.",
        "The MaxLineLength setting was changed during a connection.",
    ),
    _older(
        ErrorCode.ZERO_PORT,
        "RemotePort cannot be zero. Please specify a valid service port number.",
        "MailPort holds 0.",
    ),
    _older(
        ErrorCode.USE_CONNECTION_LOCKED,
        "Cannot change UseConnection option while the component is Active.",
        "An option of datagram classes. Not raised by this class.",
    ),
    _older(
        ErrorCode.FIREWALL,
        "Firewall Error. Error description contains detailed message.",
        "The proxy refused the tunnel or broke it; the text is the proxy's own.",
        replace=True,
    ),
    _older(
        ErrorCode.WOULD_BLOCK,
        "Operation would block.",
        "A socket that does not block was not ready. Not raised by this class.",
    ),
    _recalled(
        ErrorCode.SMTP_PROTOCOL,
        "SMTP protocol error. Description contains the server reply.",
        "The server answered a command with 4yz or 5yz; the text is the reply.",
        replace=True,
    ),
    _recalled(
        ErrorCode.COMMUNICATION,
        "Error communicating with server.",
        "The dialogue with the server broke, or the server left the protocol.",
    ),
    _recalled(
        ErrorCode.NO_MAIL_SERVER,
        "Please specify a MailServer.",
        "An operation needs a server and MailServer is empty.",
    ),
    _ours(ErrorCode.NO_SENDER, "No sender specified.", "From and ReturnPath are both empty."),
    _ours(ErrorCode.NO_RECIPIENT, "No recipient specified.", "Nobody is named to receive the message."),
    _recalled(ErrorCode.BUSY, "Busy executing current method.", "Another method runs on this handle."),
    _recalled(ErrorCode.TCP_TIMEOUT, "Timeout.", "A time-out of the TCP layer. Time-outs are reported as 301 here."),
    _older(
        ErrorCode.IMPOSSIBLE_NOW,
        "Action impossible in present state of control.",
        "The call does not fit the present state.",
    ),
    _older(
        ErrorCode.IMPOSSIBLE_CONNECTED,
        "Action impossible while connected.",
        "The call cannot be made during a connection.",
    ),
    _older(
        ErrorCode.IMPOSSIBLE_LISTENING,
        "Action impossible while listening.",
        "A state of server classes. Not raised by this class.",
    ),
    _older(
        ErrorCode.NO_SECURITY_LIBRARY,
        "Cannot load specified security library.",
        "The TLS library cannot be used.",
    ),
    _older(
        ErrorCode.CANNOT_OPEN_STORE,
        "Cannot open certificate store.",
        "The certificate store cannot be read, is damaged, or its password is wrong.",
    ),
    _older(
        ErrorCode.CERTIFICATE_NOT_FOUND,
        "Cannot find specified certificate.",
        "No certificate of the store fits the subject asked for.",
    ),
    _older(
        ErrorCode.NO_CREDENTIALS,
        "Cannot acquire security credentials.",
        "The certificate or its private key cannot be used, or User and Password do not do for AuthMechanism 2 or 6.",
    ),
    _older(ErrorCode.NO_CHAIN, "Cannot find certificate chain.", "The chain of issuers cannot be built."),
    _older(
        ErrorCode.CHAIN_NOT_VERIFIED,
        "Cannot verify certificate chain.",
        "The chain of issuers leads to no trusted root.",
    ),
    _older(ErrorCode.HANDSHAKE, "Error during handshake.", "The TLS handshake failed."),
    _older(
        ErrorCode.CERTIFICATE_REJECTED,
        "Error verifying certificate.",
        "The server's certificate was refused, by verification or by the SSLServerAuthentication callback.",
    ),
    _older(
        ErrorCode.NO_CLIENT_CERTIFICATE,
        "Could not find client certificate.",
        "The server asks for a client certificate and none is selected.",
    ),
    _older(
        ErrorCode.NO_SERVER_CERTIFICATE,
        "Could not find server certificate.",
        "The server sent no certificate.",
    ),
    _older(ErrorCode.TLS_ENCRYPT, "Error encrypting data.", "The TLS layer cannot send."),
    _older(
        ErrorCode.TLS_DECRYPT,
        "Error decrypting data.",
        "The TLS layer received a bad record or a truncated stream.",
    ),
    _older(
        ErrorCode.INTERRUPTED_OR_TIMEOUT,
        "Operation interrupted (or timeout).",
        "Interrupt was called or the time allowed ran out; the text tells which.",
        replace=True,
    ),
    _older(
        ErrorCode.CANNOT_OPEN_FILE,
        "Could not open file.",
        "A file or a directory cannot be opened, read or written.",
    ),
    _recalled(
        ErrorCode.CODE_PAGE,
        "Unable to convert string to selected CodePage.",
        "A text has characters that the character set in force lacks.",
    ),
    _older(
        ErrorCode.ALREADY_CONNECTING,
        "Already connecting. If you want to reconnect, close the current connection first.",
        "Connect was called while a connection is being made.",
    ),
    _older(ErrorCode.NOT_CONNECTED, "You need to connect first.", "The operation needs an open session."),
    _older(
        ErrorCode.LOCAL_HOST_IN_USE,
        "You cannot change the LocalHost at this time. A connection is in progress.",
        "LocalHost was changed during a connection (second number of the same condition).",
    ),
    _older(ErrorCode.CONNECTION_DROPPED, "Connection dropped by remote host.", "The peer closed the connection."),
    _winsock(ErrorCode.WSAEINTR, "[10004] Interrupted system call.", "EINTR"),
    _winsock(ErrorCode.WSAEBADF, "[10009] Bad file number.", "EBADF"),
    _winsock(ErrorCode.WSAEACCES, "[10013] Access denied.", "EACCES"),
    _winsock(ErrorCode.WSAEFAULT, "[10014] Bad address.", "EFAULT"),
    _winsock(ErrorCode.WSAEINVAL, "[10022] Invalid argument.", "EINVAL"),
    _winsock(ErrorCode.WSAEMFILE, "[10024] Too many open files.", "EMFILE"),
    _winsock(ErrorCode.WSAEWOULDBLOCK, "[10035] Operation would block.", "EWOULDBLOCK"),
    _winsock(ErrorCode.WSAEINPROGRESS, "[10036] Operation now in progress.", "EINPROGRESS"),
    _winsock(ErrorCode.WSAEALREADY, "[10037] Operation already in progress.", "EALREADY"),
    _winsock(ErrorCode.WSAENOTSOCK, "[10038] Socket operation on non-socket.", "ENOTSOCK"),
    _winsock(ErrorCode.WSAEDESTADDRREQ, "[10039] Destination address required.", "EDESTADDRREQ"),
    _winsock(ErrorCode.WSAEMSGSIZE, "[10040] Message too long.", "EMSGSIZE"),
    _winsock(ErrorCode.WSAEPROTOTYPE, "[10041] Protocol wrong type for socket.", "EPROTOTYPE"),
    _winsock(ErrorCode.WSAENOPROTOOPT, "[10042] Bad protocol option.", "ENOPROTOOPT"),
    _winsock(ErrorCode.WSAEPROTONOSUPPORT, "[10043] Protocol not supported.", "EPROTONOSUPPORT"),
    _winsock(ErrorCode.WSAESOCKTNOSUPPORT, "[10044] Socket type not supported.", "ESOCKTNOSUPPORT"),
    _winsock(ErrorCode.WSAEOPNOTSUPP, "[10045] Operation not supported on socket.", "EOPNOTSUPP"),
    _winsock(ErrorCode.WSAEPFNOSUPPORT, "[10046] Protocol family not supported.", "EPFNOSUPPORT"),
    _winsock(ErrorCode.WSAEAFNOSUPPORT, "[10047] Address family not supported by protocol family.", "EAFNOSUPPORT"),
    _winsock(ErrorCode.WSAEADDRINUSE, "[10048] Address already in use.", "EADDRINUSE"),
    _winsock(ErrorCode.WSAEADDRNOTAVAIL, "[10049] Cannot assign requested address.", "EADDRNOTAVAIL"),
    _winsock(ErrorCode.WSAENETDOWN, "[10050] Network is down.", "ENETDOWN"),
    _winsock(ErrorCode.WSAENETUNREACH, "[10051] Network is unreachable.", "ENETUNREACH"),
    _winsock(ErrorCode.WSAENETRESET, "[10052] Net dropped connection or reset.", "ENETRESET"),
    _winsock(ErrorCode.WSAECONNABORTED, "[10053] Software caused connection abort.", "ECONNABORTED"),
    _winsock(ErrorCode.WSAECONNRESET, "[10054] Connection reset by peer.", "ECONNRESET"),
    _winsock(ErrorCode.WSAENOBUFS, "[10055] No buffer space available.", "ENOBUFS"),
    _winsock(ErrorCode.WSAEISCONN, "[10056] Socket is already connected.", "EISCONN"),
    _winsock(ErrorCode.WSAENOTCONN, "[10057] Socket is not connected.", "ENOTCONN"),
    _winsock(ErrorCode.WSAESHUTDOWN, "[10058] Cannot send after socket shutdown.", "ESHUTDOWN"),
    _winsock(ErrorCode.WSAETOOMANYREFS, "[10059] Too many references.  Cannot splice.", "ETOOMANYREFS"),
    _winsock(ErrorCode.WSAETIMEDOUT, "[10060] Connection timed out.", "ETIMEDOUT"),
    _winsock(ErrorCode.WSAECONNREFUSED, "[10061] Connection refused.", "ECONNREFUSED"),
    _winsock(ErrorCode.WSAELOOP, "[10062] Too many levels of symbolic links.", "ELOOP"),
    _winsock(ErrorCode.WSAENAMETOOLONG, "[10063] File name too long.", "ENAMETOOLONG"),
    _winsock(ErrorCode.WSAEHOSTDOWN, "[10064] Host is down.", "EHOSTDOWN"),
    _winsock(ErrorCode.WSAEHOSTUNREACH, "[10065] No route to host.", "EHOSTUNREACH"),
    _winsock(ErrorCode.WSAENOTEMPTY, "[10066] Directory not empty", "ENOTEMPTY"),
    _winsock(ErrorCode.WSAEPROCLIM, "[10067] Too many processes.", ""),
    _winsock(ErrorCode.WSAEUSERS, "[10068] Too many users.", "EUSERS"),
    _winsock(ErrorCode.WSAEDQUOT, "[10069] Disc Quota Exceeded.", "EDQUOT"),
    _winsock(ErrorCode.WSAESTALE, "[10070] Stale NFS file handle.", "ESTALE"),
    _winsock(ErrorCode.WSAEREMOTE, "[10071] Too many levels of remote in path.", "EREMOTE"),
    _winsock(ErrorCode.WSASYSNOTREADY, "[10091] Network subsystem is unavailable.", ""),
    _winsock(ErrorCode.WSAVERNOTSUPPORTED, "[10092] WINSOCK DLL Version out of range.", ""),
    _winsock(ErrorCode.WSANOTINITIALISED, "[10093] Winsock not loaded yet.", ""),
    _recalled(
        ErrorCode.BAD_RECIPIENT_INDEX,
        "Invalid index (RecipientIndex).",
        "An S/MIME array index is out of range. Array properties of this class report 20004.",
    ),
    _recalled(
        ErrorCode.MESSAGE_DECODING,
        "Message decoding error (code).",
        "A message is neither valid CMS nor valid MIME.",
        replace=True,
    ),
    _recalled(
        ErrorCode.MESSAGE_TYPE,
        "Unexpected message type.",
        "A CMS message has another content type than expected.",
    ),
    _recalled(
        ErrorCode.UNSUPPORTED_ALGORITHM,
        "Unsupported hashing/signing algorithm.",
        "SigningAlgorithm or EncryptingAlgorithm names nothing that is known.",
    ),
    _recalled(ErrorCode.NO_SIGNERS, "The message does not have any signers.", "A signed message carries no signer."),
    _recalled(
        ErrorCode.SIGNATURE_NOT_VERIFIED,
        "The message signature could not be verified.",
        "A signature does not fit the content.",
    ),
    _recalled(
        ErrorCode.NO_DECRYPTION_CERTIFICATE,
        "Could not locate a suitable decryption certificate.",
        "No private key fits any recipient of the message.",
    ),
    _recalled(
        ErrorCode.SIGNER_NOT_FOUND,
        "The signer certificate could not be found.",
        "The certificate of the signer is missing.",
    ),
    _recalled(
        ErrorCode.NO_SIGNING_CERTIFICATE,
        "No signing certificate was supplied or the signing certificate was not found.",
        "Sign was called and no certificate with a private key is selected.",
        replace=True,
    ),
    _recalled(
        ErrorCode.WRONG_CERTIFICATE,
        "The specified certificate was not the one required.",
        "A certificate is there but not fit for the purpose.",
        replace=True,
    ),
    _recalled(
        ErrorCode.NO_RECIPIENT_CERTIFICATE,
        "The specified certificate could not be found.",
        "Encrypt was called and there is no usable recipient certificate.",
        replace=True,
    ),
    _recalled(ErrorCode.NO_CSP, "Could not acquire CSP.", "The cryptographic provider fails."),
    _recalled(ErrorCode.TYPE_VALIDATION, "Type validation error.", "An ASN.1 value has the wrong type."),
    _recalled(ErrorCode.UNSUPPORTED_KEY_SIZE, "Unsupported key size.", "A key is too short or too long."),
    _recalled(
        ErrorCode.UNKNOWN_CONTENT_TYPE,
        "Unrecognized Content-Type object identifier.",
        "A CMS content type is unknown.",
    ),
    _recalled(ErrorCode.UNKNOWN_KEY_FORMAT, "Unrecognized public key format.", "A public key is of an unknown kind."),
    _recalled(ErrorCode.NO_CHOICES, "No choices specified.", "An ASN.1 choice is empty."),
    _recalled(ErrorCode.NO_OUTPUT_STREAM, "Must specify output stream.", "A stream to write to is missing."),
    _recalled(ErrorCode.CERTIFICATE_DECODING, "Error decoding certificate.", "A certificate cannot be decoded."),
    _recalled(ErrorCode.UNKNOWN_MIME_TYPE, "Unknown MIME type.", "A MIME type is unknown."),
    _recalled(ErrorCode.NO_BOUNDARY, "No MIME-boundary found.", "A multipart entity has no boundary."),
    _winsock(ErrorCode.WSAHOST_NOT_FOUND, "[11001] Host not found.", "EAI_NONAME"),
    _winsock(
        ErrorCode.WSATRY_AGAIN,
        "[11002] Non-authoritative,  [Host not found],  error.  Try again or check DNS setup.",
        "EAI_AGAIN",
    ),
    _winsock(ErrorCode.WSANO_RECOVERY, "[11003] Non-recoverable errors: FORMERR,  REFUSED,  NOTIMP.", "EAI_FAIL"),
    _winsock(ErrorCode.WSANO_DATA, "[11004] Valid name, but no data record.  Check DNS setup.", "EAI_NODATA"),
    _ours(ErrorCode.INVALID_HANDLE, "Invalid handle.", "The handle was never opened or is closed."),
    _ours(ErrorCode.UNKNOWN_PROPERTY, "Unknown property id.", "No property has this id."),
    _ours(ErrorCode.READ_ONLY, "The value is read-only.", "A property or setting that can only be read was set."),
    _ours(
        ErrorCode.INVALID_INDEX,
        "Invalid index.",
        "An array index is out of range, or a scalar property was given one.",
    ),
    _ours(
        ErrorCode.INVALID_VALUE,
        "Invalid value.",
        "A value cannot be converted, is out of range, or holds characters that are not allowed.",
    ),
    _ours(ErrorCode.UNKNOWN_SETTING, "Unknown configuration setting.", "No configuration setting has this name."),
    _ours(ErrorCode.UNKNOWN_EVENT, "Unknown event id.", "No event has this id."),
    _ours(
        ErrorCode.NOT_SUPPORTED,
        "Not supported by this version.",
        "The documented feature is not carried out by this version or on this platform.",
    ),
    _ours(
        ErrorCode.MISSING_EXTRA,
        "An optional package is missing.",
        "A feature needs a package that is not installed; the text names the pip command.",
    ),
    _ours(
        ErrorCode.CALLBACK_FAILED,
        "An event callback raised an exception.",
        "The method was abandoned; the exception goes on to the caller.",
    ),
    _ours(
        ErrorCode.EXTENSION_MISSING,
        "The server lacks a needed extension.",
        "The server does not offer what the settings call for, such as STARTTLS or AUTH.",
    ),
    _ours(
        ErrorCode.INVALID_ADDRESS,
        "Invalid address.",
        "A mailbox or an address list does not follow RFC 5322 or RFC 5321.",
    ),
    _ours(
        ErrorCode.MESSAGE_TOO_LARGE,
        "The message is larger than the server allows.",
        "The server announced a SIZE limit below the size of the message.",
    ),
    _ours(ErrorCode.INTERNAL, "Internal error.", "A defect of this library; please report it."),
)

ERRORS: Final[Mapping[ErrorCode, ErrorDef]] = MappingProxyType({ErrorCode(row.code): row for row in _ROWS})
"""The error table by code."""
