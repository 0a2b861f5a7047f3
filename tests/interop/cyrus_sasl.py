"""Cyrus SASL as a server's half of a log-in, by ctypes, bound to TLS as Postfix's is not."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import (
    CDLL,
    CFUNCTYPE,
    POINTER,
    Structure,
    byref,
    c_char_p,
    c_int,
    c_uint,
    c_ulong,
    c_void_p,
    cast,
    string_at,
)
from pathlib import Path

from interop.processes import run
from wire.server_auth import Exchange, Users

_OK, _CONTINUE = 0, 1
_GETOPT, _LIST_END = 1, 0
_USERNAME, _CHANNEL_BINDING = 0, 21

_GetOption = CFUNCTYPE(c_int, c_void_p, c_char_p, c_char_p, POINTER(c_char_p), POINTER(c_uint))


class _Callback(Structure):
    _fields_ = (("id", c_ulong), ("procedure", c_void_p), ("context", c_void_p))


class _Binding(Structure):
    _fields_ = (("name", c_char_p), ("critical", c_int), ("length", c_ulong), ("data", c_char_p))


class CyrusSasl:
    """Knows ``users`` from a database in ``directory``. One at a time: the library is set up for a whole process."""

    name = "Cyrus SASL"

    def __init__(self, directory: Path, realm: str, users: Users) -> None:
        self._library = _library()
        self._realm = realm.encode()
        self.refusals: list[str] = []
        database = directory / "sasldb2"
        for user, password in users.items():
            run("saslpasswd2", "-p", "-c", "-f", database, "-u", realm, user, data=password.encode())
        options = {b"auxprop_plugin": b"sasldb", b"sasldb_path": bytes(database), b"log_level": b"0"}

        def option(_context: int, _plugin: bytes, name: bytes, value: object, _length: object) -> int:
            if name not in options:
                return -1
            value[0] = options[name]  # type: ignore[index]
            return _OK

        self._option = _GetOption(option)
        self._callbacks = (_Callback * 2)(
            _Callback(_GETOPT, cast(self._option, c_void_p), None), _Callback(_LIST_END, None, None)
        )
        code = self._library.sasl_server_init(self._callbacks, b"ssmtp-compat-tests")
        assert code == _OK, self._library.sasl_errstring(code, None, None).decode()

    def stop(self) -> None:
        self._library.sasl_done()

    def exchange(self, mechanism: str, users: Users, binding: Callable[[str], bytes | None]) -> Exchange:
        library, connection = self._library, c_void_p()
        code = library.sasl_server_new(b"smtp", self._realm, None, None, None, None, 0, byref(connection))
        assert code == _OK, library.sasl_errstring(code, None, None).decode()
        # It takes one type alone, so its caller has to know which is the right one.
        names = [name for name in ("tls-exporter", "tls-unique") if binding(name) is not None]
        data = b"".join(filter(None, map(binding, names)))
        bound = _Binding(*(name.encode() for name in names), 0, len(data), data) if names else None
        try:
            if bound is not None:
                library.sasl_setprop(connection, _CHANNEL_BINDING, byref(bound))
            output, length = c_void_p(), c_uint()
            answer = (byref(output), byref(length))
            response = yield b""
            code = library.sasl_server_start(connection, mechanism.encode(), response, len(response), *answer)
            while code == _CONTINUE:
                response = yield string_at(output, length.value)
                code = library.sasl_server_step(connection, response, len(response), *answer)
            if code != _OK:
                self.refusals.append(library.sasl_errdetail(connection).decode())
                return None
            user = c_char_p()
            library.sasl_getprop(connection, _USERNAME, byref(user))
            assert user.value
            return user.value.decode()
        finally:
            library.sasl_dispose(byref(connection))


def _library() -> CDLL:
    library = CDLL("libsasl2.so.2")
    output = (POINTER(c_void_p), POINTER(c_uint))
    for name, result, *arguments in (
        ("server_init", c_int, c_void_p, c_char_p),
        ("server_new", c_int, *(c_char_p,) * 5, c_void_p, c_uint, POINTER(c_void_p)),
        ("server_start", c_int, c_void_p, c_char_p, c_char_p, c_uint, *output),
        ("server_step", c_int, c_void_p, c_char_p, c_uint, *output),
        ("setprop", c_int, c_void_p, c_int, c_void_p),
        ("getprop", c_int, c_void_p, c_int, c_void_p),
        ("errdetail", c_char_p, c_void_p),
        ("errstring", c_char_p, c_int, c_void_p, c_void_p),
        ("dispose", None, POINTER(c_void_p)),
        ("done", None),
    ):
        function = getattr(library, f"sasl_{name}")
        function.restype, function.argtypes = result, arguments
    return library
