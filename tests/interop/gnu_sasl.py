"""GNU SASL as a server's half of a log-in, by ctypes."""

from __future__ import annotations

import base64
from collections.abc import Callable
from ctypes import CDLL, CFUNCTYPE, POINTER, byref, c_char_p, c_int, c_size_t, c_void_p, string_at

from wire.server_auth import Exchange, Users

_OK, _NEEDS_MORE, _NO_CALLBACK = 0, 1, 51
_AUTHID, _PASSWORD, _ITERATIONS = 1, 3, 15
_BINDINGS = {18: "tls-unique", 25: "tls-exporter"}

_Callback = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)


class GnuSasl:
    name = "GNU SASL"

    def __init__(self) -> None:
        self._library = _library()
        self.refusals: list[str] = []

    def exchange(self, mechanism: str, users: Users, binding: Callable[[str], bytes | None]) -> Exchange:
        library, context, session = self._library, c_void_p(), c_void_p()

        def answer(_context: int, asking: int, wanted: int) -> int:
            value: bytes | None = None
            if wanted == _PASSWORD:
                user = library.gsasl_property_fast(asking, _AUTHID)
                value = users[user.decode()].encode() if user and user.decode() in users else None
            elif wanted == _ITERATIONS:
                value = b"4096"
            elif wanted in _BINDINGS and (data := binding(_BINDINGS[wanted])) is not None:
                value = base64.b64encode(data)
            if value is None:
                return _NO_CALLBACK
            return library.gsasl_property_set(asking, wanted, value)

        callback = _Callback(answer)  # as long as the session lives
        try:
            self._check(library.gsasl_init(byref(context)))
            library.gsasl_callback_set(context, callback)
            self._check(library.gsasl_server_start(context, mechanism.encode(), byref(session)))
            code, challenge = _NEEDS_MORE, b""
            while code == _NEEDS_MORE:
                code, challenge = self._step(session, (yield challenge))
            if code != _OK:
                self.refusals.append(library.gsasl_strerror(code).decode())
                return None
            user = library.gsasl_property_fast(session, _AUTHID).decode()
            yield challenge
            return user
        finally:
            if session:
                library.gsasl_finish(session)
            library.gsasl_done(context)

    def _step(self, session: c_void_p, response: bytes) -> tuple[int, bytes]:
        output, length = c_void_p(), c_size_t()
        code = self._library.gsasl_step(session, response, len(response), byref(output), byref(length))
        challenge = string_at(output, length.value) if output else b""
        self._library.gsasl_free(output)
        return code, challenge

    def _check(self, code: int) -> None:
        assert code == _OK, self._library.gsasl_strerror(code).decode()


def _library() -> CDLL:
    library = CDLL("libgsasl.so.18")
    for name, result, *arguments in (
        ("strerror", c_char_p, c_int),
        ("init", c_int, POINTER(c_void_p)),
        ("done", None, c_void_p),
        ("callback_set", None, c_void_p, _Callback),
        ("server_start", c_int, c_void_p, c_char_p, POINTER(c_void_p)),
        ("step", c_int, c_void_p, c_char_p, c_size_t, POINTER(c_void_p), POINTER(c_size_t)),
        ("finish", None, c_void_p),
        ("property_set", c_int, c_void_p, c_int, c_char_p),
        ("property_fast", c_char_p, c_void_p, c_int),
        ("free", None, c_void_p),
    ):
        function = getattr(library, f"gsasl_{name}")
        function.restype, function.argtypes = result, arguments
    return library
