"""What each setting of the connection changes, seen at the other end or on the live socket."""

from __future__ import annotations

import contextlib
import gc
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from loopback_identity import LoopbackIdentity
from ssmtp_compat.catalog.config import SETTINGS
from wire.mailer import CONTENT, Mailer
from wire.scripted_server import Delay, ScriptedServer, Split, Stall

pytestmark = pytest.mark.usefixtures("no_leaks")

Resolver = Callable[..., None]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    """Gives the name mail.example.test the endpoints of a test; literals are looked up as always."""
    real = socket.getaddrinfo

    def answer(*endpoints: tuple[str, int]) -> None:
        rows = [
            (socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))
            for ip, port in endpoints
        ]

        def look_up(host: str, port: int, family: int = 0, *rest: int, flags: int = 0) -> list:
            if host != "mail.example.test":
                return real(host, port, family, *rest, flags=flags)
            found = [row for row in rows if family in (0, row[0])]
            if flags & socket.AI_NUMERICHOST or not found:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return found

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return answer


@pytest.fixture
def server_v6() -> Iterator[ScriptedServer]:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with ScriptedServer(host="::1") as server:
        yield server


def closed_port(host: str = "127.0.0.1") -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        return listener.getsockname()[1]


def live_socket(server: ScriptedServer) -> socket.socket:
    """This process's socket that is connected to the server, the library's own."""
    found = []
    for thing in gc.get_objects():
        if type(thing) is socket.socket and thing.fileno() != -1 and thing.family in (socket.AF_INET, socket.AF_INET6):
            with contextlib.suppress(OSError):  # a listening one has no peer
                if thing.getpeername()[1] == server.port:
                    found.append(thing)
    (sock,) = found
    return sock


def option(name: str, settings: dict[str, object], level: int = socket.IPPROTO_TCP) -> int:
    """A socket option while a session with these settings is open."""
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        mailer.config(**settings)
        assert mailer.connect() == 0, mailer.error
        return live_socket(server).getsockopt(level, getattr(socket, name))


# -- socket options ---------------------------------------------------------------------------------------------------


def test_tcpnodelay_is_on_the_socket():
    assert option("TCP_NODELAY", {}) == 1
    assert option("TCP_NODELAY", {"TcpNoDelay": True}) == 1
    assert option("TCP_NODELAY", {"TcpNoDelay": False}) == 0


def test_tcpkeepalive_is_on_the_socket():
    assert option("SO_KEEPALIVE", {}, socket.SOL_SOCKET) == 0
    assert option("SO_KEEPALIVE", {"TCPKeepAlive": True}, socket.SOL_SOCKET) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the names of the options are Linux's")
@pytest.mark.parametrize(
    ("setting", "name"), [("KeepAliveTime", "TCP_KEEPIDLE"), ("KeepAliveInterval", "TCP_KEEPINTVL")]
)
def test_keepalivetime_and_keepaliveinterval_are_on_the_socket_in_seconds(setting: str, name: str):
    assert option(name, {setting: 33_000}) == 33
    assert option(name, {setting: 33_001}) == 34
    assert option("SO_KEEPALIVE", {setting: 1}, socket.SOL_SOCKET) == 1


@pytest.mark.parametrize(("setting", "name"), [("InBufferSize", "SO_RCVBUF"), ("OutBufferSize", "SO_SNDBUF")])
def test_inbuffersize_and_outbuffersize_are_on_the_socket(setting: str, name: str):
    # Linux answers with twice the value that was set.
    assert option(name, {setting: 24_000}, socket.SOL_SOCKET) in (24_000, 48_000)
    assert option(name, {}, socket.SOL_SOCKET) not in (24_000, 48_000)


def test_lingertime_is_on_the_socket():
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        mailer.config(LingerTime=7)
        assert mailer.connect() == 0
        value = live_socket(server).getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
        assert struct.unpack("ii", value) == (1, 7)


@pytest.mark.parametrize("linger", [True, False])
def test_without_linger_a_session_ends_with_a_reset(linger: bool):
    endings: list[bytes | str] = []

    def serve() -> None:
        client, _peer = listener.accept()
        with client:
            client.settimeout(5)
            client.sendall(b"220 hi\r\n")
            while not client.recv(512).startswith(b"QUIT"):
                client.sendall(b"250 ok\r\n")
            client.sendall(b"221 bye\r\n")
            try:
                endings.append(client.recv(512))  # the client closes first
            except ConnectionResetError:
                endings.append("reset")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        thread = threading.Thread(target=serve)
        thread.start()
        with Mailer(listener.getsockname()[1]) as mailer:
            mailer.config(Linger=linger)
            assert mailer.connect() == 0
            assert mailer.disconnect() == 0
        thread.join(5)
    assert endings == [b"" if linger else "reset"]


# -- where from and where to ------------------------------------------------------------------------------------------


def test_localhost_and_localport_are_what_the_server_sees():
    port = closed_port()
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        mailer.config(LocalHost="127.0.0.2", LocalPort=port)
        assert mailer.connect() == 0, mailer.error
        assert live_socket(server).getsockname() == ("127.0.0.2", port)
        assert (mailer.get("LocalHost"), mailer.setting("LocalPort")) == ("127.0.0.2", str(port))


@pytest.mark.parametrize(("use_ipv6", "family"), [(0, 4), (1, 6), (2, 6)])
def test_useipv6_decides_between_the_addresses_of_a_name(
    resolver: Resolver, server_v6: ScriptedServer, use_ipv6: int, family: int
):
    with ScriptedServer() as server:
        resolver(("127.0.0.1", server.port), ("::1", server_v6.port))
        with Mailer(25, MailServer="mail.example.test") as mailer:
            mailer.config(UseIPv6=use_ipv6)
            assert mailer.send() == 0, mailer.error
    counts = {4: len(server.connections), 6: len(server_v6.connections)}
    assert counts == {family: 1, 10 - family: 0}


@pytest.mark.usefixtures("server_v6")  # for the skip
def test_useipv6_preferred_falls_back_from_dead_addresses_to_a_live_one(resolver: Resolver):
    with ScriptedServer() as server:
        resolver(("127.0.0.3", closed_port()), ("::1", closed_port("::1")), ("127.0.0.1", server.port))
        with Mailer(25, MailServer="mail.example.test") as mailer:
            mailer.config(UseIPv6=2)
            assert mailer.send() == 0, mailer.error
    assert len(server.messages) == 1


def test_useipv6_preferred_does_not_wait_for_an_address_that_swallows_packets(resolver: Resolver, silent_port: int):
    with ScriptedServer() as server:
        resolver(("127.0.0.1", silent_port), ("127.0.0.1", server.port))
        with Mailer(25, MailServer="mail.example.test", Timeout=60) as mailer:
            mailer.config(UseIPv6=2)
            began = time.monotonic()
            assert mailer.send() == 0, mailer.error
            assert time.monotonic() - began < 2
    assert len(server.messages) == 1


@pytest.mark.parametrize(("use_ipv6", "only"), [(0, "::1"), (1, "127.0.0.1")])
def test_useipv6_never_connects_to_the_other_family(resolver: Resolver, use_ipv6: int, only: str):
    resolver((only, 25))
    with Mailer(25, MailServer="mail.example.test") as mailer:
        mailer.config(UseIPv6=use_ipv6)
        assert mailer.send() == 11001


# -- time and size ----------------------------------------------------------------------------------------------------


def test_connectiontimeout_limits_making_the_connection_alone(silent_port: int):
    with Mailer(silent_port, Timeout=30) as mailer:
        mailer.config(ConnectionTimeout=1)
        began = time.monotonic()
        assert mailer.connect() == 301
        assert 0.9 < time.monotonic() - began < 3
        assert "connecting to 127.0.0.1" in mailer.error[1]
    with ScriptedServer(faults={"GREETING": Delay(1.2)}) as server, Mailer(server.port, Timeout=30) as mailer:
        mailer.config(ConnectionTimeout=1)
        assert mailer.send() == 0, mailer.error


@pytest.mark.parametrize(("limit", "timeout"), [(1, 30), (30, 1)])
def test_connectiontimeout_holds_for_a_handshake_at_once_and_not_for_starttls(
    loopback_identity: LoopbackIdentity, limit: int, timeout: int
):
    at_once = limit < timeout
    with (
        ScriptedServer(tls=loopback_identity.server_context(), implicit_tls=at_once, faults={"TLS": Stall()}) as server,
        Mailer(server.port, Timeout=timeout, SSLStartMode=1 if at_once else 2) as mailer,
    ):
        mailer.config(ConnectionTimeout=limit)
        began = time.monotonic()
        assert mailer.connect() == 301
        assert 0.9 < time.monotonic() - began < 3
        assert "TLS" in mailer.error[1]


@pytest.mark.parametrize("absolute", [True, False])
def test_absolutetimeout_limits_the_method_as_a_whole(absolute: bool):
    # 26 octets with pauses that are short, and together longer than Timeout.
    slow = {"GREETING": Split(pause=0.05)}
    greeting = "220 " + "x" * 20
    with (
        ScriptedServer(replies={"GREETING": greeting}, faults=slow) as server,
        Mailer(server.port, Timeout=1) as mailer,
    ):
        mailer.config(AbsoluteTimeout=absolute)
        assert mailer.send() == (301 if absolute else 0), mailer.error
    assert len(server.messages) == (0 if absolute else 1)


@pytest.mark.parametrize(("octets", "code"), [(300, 0), (301, 162)])
def test_maxlinelength_is_the_longest_reply_line(octets: int, code: int):
    greeting = "220 " + "x" * (octets - 4)
    with ScriptedServer(replies={"GREETING": greeting}) as server, Mailer(server.port) as mailer:
        mailer.config(MaxLineLength=300)
        assert mailer.send() == code, mailer.error
        assert code == 0 or "300 octets" in mailer.error[1]
    with ScriptedServer(replies={"GREETING": greeting}) as server, Mailer(server.port) as mailer:
        assert mailer.send() == 0, mailer.error


RATE = 200_000


def check_rate(rate: int, transfer: Callable[[], int]) -> None:
    """``transfer`` moves octets for about a second. A busy machine slows it down at times; nothing may speed it up."""
    rates: list[float] = []
    while not rates or (len(rates) < 3 and rates[-1] < 0.9 * rate):
        began = time.monotonic()
        octets = transfer()
        rates.append(octets / (time.monotonic() - began))
        assert rates[-1] < 1.1 * rate
    assert max(rates) > 0.9 * rate


def test_maxtransferrate_is_the_rate_at_which_a_message_leaves():
    with ScriptedServer() as server, Mailer(server.port, MessageText=("x" * 62 + "\r\n") * (RATE // 64)) as mailer:
        mailer.config(MaxTransferRate=RATE)
        assert mailer.connect() == 0

        def transfer() -> int:
            assert mailer.send() == 0, mailer.error
            return len(server.messages[-1].raw)

        check_rate(RATE, transfer)


def test_maxtransferrate_is_the_rate_at_which_replies_come_in():
    ehlo = ("250-" + "x" * 94 + "\n") * (RATE // 200) + "250 ok"
    with ScriptedServer(replies={"EHLO": ehlo}) as server, Mailer(server.port) as mailer:
        mailer.config(MaxTransferRate=RATE // 2)

        def transfer() -> int:
            assert mailer.disconnect() == 0
            assert mailer.connect() == 0, mailer.error
            return len(mailer.get("LastReply"))

        check_rate(RATE // 2, transfer)


# -- what no server can see -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [True, False])
def test_processidleevents_changes_no_octet(value: bool):
    assert "nothing can depend on it" in SETTINGS["processidleevents"].doc
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        mailer.config(ProcessIdleEvents=value)
        assert mailer.send() == 0
    assert server.messages[0].content == CONTENT
