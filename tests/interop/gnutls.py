"""GnuTLS as a server's end of a TLS connection, by ctypes. What it binds a log-in to comes from no OpenSSL."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from ctypes import (
    CDLL,
    POINTER,
    Structure,
    byref,
    c_char_p,
    c_int,
    c_size_t,
    c_ssize_t,
    c_uint,
    c_void_p,
    create_string_buffer,
    string_at,
)

from interop.authority import Identity

BINDINGS = {"tls-unique": 0, "tls-server-end-point": 1, "tls-exporter": 2}
"""The channel bindings that it knows, and its numbers for them."""

_SERVER, _NO_SIGNAL = 1, 1 << 6
_CERTIFICATE, _PEM = 1, 1
_AGAIN, _INTERRUPTED, _PREMATURE_TERMINATION = -28, -52, -110


class _Datum(Structure):
    _fields_ = (("data", c_void_p), ("size", c_uint))

    def __bytes__(self) -> bytes:
        return string_at(self.data, self.size)


class GnuTls:
    """Stands where ``ScriptedServer`` takes an ``ssl.SSLContext``. ``priorities`` say what it may do."""

    def __init__(self, identity: Identity, priorities: str = "NORMAL") -> None:
        self.library = _library()
        self.priorities = priorities.encode()
        self.sessions: list[Session] = []
        """Every connection, in order; each can be asked for its bindings as long as it is open."""
        self.credentials, self.ticket_key = c_void_p(), _Datum()
        self._check("gnutls_certificate_allocate_credentials", byref(self.credentials))
        files = (bytes(identity.certificate), bytes(identity.key))
        self._check("gnutls_certificate_set_x509_key_file", self.credentials, *files, _PEM)
        self._check("gnutls_session_ticket_key_generate", byref(self.ticket_key))

    def wrap_socket(self, sock: socket.socket, *, server_side: bool, do_handshake_on_connect: bool) -> Session:
        assert server_side
        assert not do_handshake_on_connect
        session = Session(self, sock)
        self.sessions.append(session)
        return session

    def _check(self, function: str, *arguments: object) -> int:
        code = getattr(self.library, function)(*arguments)
        if code < 0:
            raise OSError(f"{function}: {self.library.gnutls_strerror(code).decode()}")
        return code


class Session(socket.socket):
    """One connection, with as much of an ``ssl.SSLSocket`` as the scripted server uses."""

    def __init__(self, context: GnuTls, sock: socket.socket) -> None:
        timeout = sock.gettimeout()
        super().__init__(fileno=sock.detach())
        self.settimeout(timeout)
        self.resumed = False
        self._context, self._library, self._session = context, context.library, c_void_p()
        context._check("gnutls_init", byref(self._session), _SERVER | _NO_SIGNAL)
        context._check("gnutls_priority_set_direct", self._session, context.priorities, None)
        context._check("gnutls_credentials_set", self._session, _CERTIFICATE, context.credentials)
        context._check("gnutls_session_ticket_enable_server", self._session, byref(context.ticket_key))
        self._library.gnutls_transport_set_int2(self._session, self.fileno(), self.fileno())

    def binding(self, kind: str) -> bytes | None:
        """The data of a channel binding of this connection; None where this version of TLS does not have it."""
        datum = _Datum()
        # GnuTLS has either in any version; what a log-in is bound to in which is for RFC 9266 section 4 to say.
        if kind == ("tls-unique" if self.version() == "TLS1.3" else "tls-exporter"):
            return None
        self._context._check("gnutls_session_channel_binding", self._session, BINDINGS[kind], byref(datum))
        return bytes(datum)

    def do_handshake(self) -> None:
        self._until_done(self._library.gnutls_handshake)
        self.resumed = bool(self._library.gnutls_session_is_resumed(self._session))

    def version(self) -> str:
        return self._library.gnutls_protocol_get_name(self._library.gnutls_protocol_get_version(self._session)).decode()

    def getpeercert(self, *, binary_form: bool) -> None:
        """None is asked for."""

    def recv(self, size: int) -> bytes:
        buffer = create_string_buffer(size)
        count = self._until_done(self._library.gnutls_record_recv, buffer, size)
        return buffer.raw[:count]

    def sendall(self, data: bytes) -> None:
        while data:
            data = data[self._until_done(self._library.gnutls_record_send, data, len(data)) :]

    def close(self) -> None:
        if self._session:
            self._library.gnutls_deinit(self._session)
            self._session = c_void_p()
        super().close()

    def _until_done(self, call: Callable[..., int], *arguments: object) -> int:
        while (code := call(self._session, *arguments)) in (_AGAIN, _INTERRUPTED):
            reading = self._library.gnutls_record_get_direction(self._session) == 0
            waiting = ([self], [], []) if reading else ([], [self], [])
            if not any(select.select(*waiting, self.gettimeout())):
                raise TimeoutError
        if code == _PREMATURE_TERMINATION:
            return 0
        if code < 0:
            raise OSError(f"GnuTLS: {self._library.gnutls_strerror(code).decode()}")
        return code


def _library() -> CDLL:
    library = CDLL("libgnutls.so.30")
    session, datum = c_void_p, POINTER(_Datum)
    for name, result, *arguments in (
        ("strerror", c_char_p, c_int),
        ("certificate_allocate_credentials", c_int, POINTER(c_void_p)),
        ("certificate_set_x509_key_file", c_int, c_void_p, c_char_p, c_char_p, c_int),
        ("session_ticket_key_generate", c_int, datum),
        ("session_ticket_enable_server", c_int, session, datum),
        ("init", c_int, POINTER(c_void_p), c_uint),
        ("deinit", None, session),
        ("priority_set_direct", c_int, session, c_char_p, c_void_p),
        ("credentials_set", c_int, session, c_int, c_void_p),
        ("transport_set_int2", None, session, c_int, c_int),
        ("handshake", c_int, session),
        ("session_is_resumed", c_int, session),
        ("session_channel_binding", c_int, session, c_int, datum),
        ("protocol_get_version", c_int, session),
        ("protocol_get_name", c_char_p, c_int),
        ("record_recv", c_ssize_t, session, c_void_p, c_size_t),
        ("record_send", c_ssize_t, session, c_void_p, c_size_t),
        ("record_get_direction", c_int, session),
    ):
        function = getattr(library, f"gnutls_{name}")
        function.restype, function.argtypes = result, arguments
    return library
