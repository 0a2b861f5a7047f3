"""The scripted server does what its text says, to smtplib and to a plain socket."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from loopback_identity import LoopbackIdentity
from wire.scripted_server import (
    After,
    Close,
    Delay,
    Ending,
    EndlessLine,
    EndlessReply,
    Reset,
    ScriptedServer,
    Send,
    Split,
    Stall,
    Step,
    Then,
)
from wire.server_auth import WITHOUT_TLS

USERS = {"alice": "secret", "uni": "pässwörd-1"}
MAIL = b"From: a@example.test\r\nSubject: x\r\n\r\nbody\r\n"


class RawClient:
    """A socket and a buffer: exact octets out, exact octets in."""

    def __init__(self, server: ScriptedServer) -> None:
        self.socket = socket.create_connection((server.host, server.port), timeout=5)
        self.reader = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def line(self) -> bytes:
        return self.reader.readline()

    def reply(self) -> list[bytes]:
        lines = [self.line()]
        while lines[-1][3:4] == b"-":
            lines.append(self.line())
        return lines

    def rest(self) -> bytes:
        return self.reader.read()

    def close(self) -> None:
        self.reader.close()
        self.socket.close()


@contextmanager
def connected(server: ScriptedServer, *, greeting: bool = True) -> Iterator[RawClient]:
    client = RawClient(server)
    try:
        if greeting:
            assert client.line().startswith(b"220 ")
        yield client
    finally:
        client.close()


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


class TestCorrectServer:
    def test_delivers_with_smtplib_and_records_all(self) -> None:
        with ScriptedServer() as server, smtplib.SMTP(server.host, server.port, "me.test", timeout=5) as client:
            refused = client.sendmail("a@example.test", ["b@example.test", "c@example.test"], MAIL + b".dot\r\n")
        assert refused == {}
        (message,) = server.messages
        assert message.sender == "a@example.test"
        assert message.recipients == ["b@example.test", "c@example.test"]
        assert message.content == MAIL + b".dot\r\n"
        assert message.raw == MAIL + b"..dot\r\n.\r\n"
        verbs = [command.split()[0].upper() for command in server.commands]
        assert verbs == ["EHLO", "MAIL", "RCPT", "RCPT", "DATA", "QUIT"]
        assert server.connection.ending is Ending.QUIT
        assert server.connection.received.startswith(b"ehlo me.test\r\nmail FROM:<a@example.test>")
        assert server.connection.received.endswith(MAIL + b"..dot\r\n.\r\nQUIT\r\n")

    def test_ehlo_is_multi_line_with_the_extensions_asked_for(self) -> None:
        with ScriptedServer(extensions=["SIZE 1000", "CHUNKING"], users=USERS) as server, connected(server) as client:
            client.send(b"EHLO me\r\n")
            reply = client.reply()
        assert [line[:4] for line in reply] == [b"250-", b"250-", b"250-", b"250 "]
        offer = f"AUTH {' '.join(WITHOUT_TLS)}\r\n".encode()
        assert [line[4:] for line in reply[1:]] == [b"SIZE 1000\r\n", b"CHUNKING\r\n", offer]

    def test_a_pipelined_group_is_one_segment_and_so_are_its_answers(self) -> None:
        group = b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nRCPT TO:<c@x>\r\nDATA\r\n"
        replies = {"RCPT": ["250 first", "550 second"]}
        with ScriptedServer(replies=replies) as server, connected(server) as client:
            client.send(group)
            lines = client.socket.recv(1000).splitlines()
            client.send(b"hello\r\n.\r\nQUIT\r\n")
            assert [line[:3] for line in client.rest().splitlines()] == [b"250", b"221"]
        assert [line[:5] for line in lines] == [b"250 2", b"250 f", b"550 s", b"354 e"]
        assert server.connection.segments == [group, b"hello\r\n.\r\nQUIT\r\n"]
        assert server.messages[0].recipients == ["b@x"]

    def test_next_transaction_may_ride_behind_the_dot(self) -> None:
        group = b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n"
        with ScriptedServer() as server, connected(server) as client:
            client.send(group)
            assert [client.line()[:3] for _ in range(3)] == [b"250", b"250", b"354"]
            client.send(b"one\r\n.\r\n" + group)
            assert [client.line()[:3] for _ in range(4)] == [b"250", b"250", b"250", b"354"]
            client.send(b".\r\n")
            assert client.line().startswith(b"250 ")
        assert [message.content for message in server.messages] == [b"one\r\n", b""]
        assert server.connection.ending is Ending.CLIENT_CLOSED

    def test_only_crlf_dot_crlf_ends_the_content(self) -> None:
        tricky = b"a\n.\nb\r\n.\nc\n.\r\nd\r.\re\r\n..\r\n..two\r\n"
        with ScriptedServer() as server, connected(server) as client:
            client.send(b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n" + tricky + b".\r\nQUIT\r\n")
            client.rest()
        assert server.messages[0].raw == tricky + b".\r\n"
        assert server.messages[0].content == b"a\n.\nb\r\n\nc\n.\r\nd\r.\re\r\n.\r\n.two\r\n"

    def test_bdat(self) -> None:
        with ScriptedServer(extensions=["CHUNKING"]) as server, connected(server) as client:
            client.send(b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nBDAT 4\r\n.\r\nxBDAT 3 LAST\r\nyz\nQUIT\r\n")
            assert [line[:3] for line in client.rest().splitlines()] == [b"250", b"250", b"250", b"250", b"221"]
        assert server.messages[0].content == b".\r\nxyz\n"

    @pytest.mark.parametrize(
        ("sent", "code"),
        [
            (b"RCPT TO:<b@x>\r\n", b"503"),
            (b"DATA\r\n", b"503"),
            (b"MAIL FROM:<a@x>\r\nDATA\r\n", b"554"),
            (b"MAIL FROM:<a@x>\r\nMAIL FROM:<a@x>\r\n", b"503"),
            (b"MAIL FROM:<a@x>\r\nRSET\r\nRCPT TO:<b@x>\r\n", b"503"),
            (b"STARTTLS\r\n", b"503"),
            (b"AUTH PLAIN\r\n", b"504"),
            (b"HELP\r\n", b"214"),
            (b"NOOP\r\n", b"250"),
            (b"VRFY b\r\n", b"252"),
            (b"EXPN list\r\n", b"502"),
            (b"ETRN x.test\r\n", b"250"),
            (b"HELO me\r\n", b"250"),
            (b"XYZZY\r\n", b"500"),
        ],
    )
    def test_sequence_and_lesser_commands(self, sent: bytes, code: bytes) -> None:
        with ScriptedServer() as server, connected(server) as client:
            client.send(sent + b"QUIT\r\n")
            assert client.rest().splitlines()[-2][:3] == code

    def test_a_quoted_local_part_may_hold_angle_brackets(self) -> None:
        with ScriptedServer() as server, connected(server) as client:
            client.send(b'MAIL FROM:<> SIZE=5\r\nRCPT TO:<"a>b\\"<"@x> NOTIFY=NEVER\r\nDATA\r\n.\r\nQUIT\r\n')
            client.rest()
        assert server.messages[0].sender == ""
        assert server.messages[0].recipients == ['"a>b\\"<"@x']

    def test_ipv6(self) -> None:
        with ScriptedServer(host="::1") as server, smtplib.SMTP("::1", server.port, "me.test", timeout=5) as client:
            assert client.noop()[0] == 250


class TestAuthentication:
    @pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
    @pytest.mark.parametrize("initial", [True, False])
    def test_right_password(self, mechanism: str, initial: bool) -> None:
        with (
            ScriptedServer(users=USERS, mechanisms=[mechanism]) as server,
            smtplib.SMTP(server.host, server.port, timeout=5) as client,
        ):
            client.ehlo("me.test")
            client.user, client.password = "alice", "secret"
            method = getattr(client, f"auth_{mechanism.lower().replace('-', '_')}")
            assert client.auth(mechanism, method, initial_response_ok=initial)[0] == 235
        assert server.connection.user == "alice"

    @pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
    def test_wrong_password(self, mechanism: str) -> None:
        with (
            ScriptedServer(users=USERS, mechanisms=[mechanism]) as server,
            smtplib.SMTP(server.host, server.port, timeout=5) as client,
            pytest.raises(smtplib.SMTPAuthenticationError),
        ):
            client.login("alice", "wrong")
        assert server.connection.user is None

    def test_non_ascii_password_cancelling_and_bad_base64(self) -> None:
        proof = base64.b64encode("\0uni\0pässwörd-1".encode())
        with ScriptedServer(users=USERS) as server, connected(server) as client:
            client.send(b"AUTH LOGIN\r\n*\r\nAUTH PLAIN !!\r\nAUTH NTLM\r\nAUTH PLAIN " + proof + b"\r\nQUIT\r\n")
            assert [line[:3] for line in client.rest().splitlines()] == [b"334", b"501", b"501", b"504", b"235", b"221"]
        assert server.connection.auth_responses == ["*"]
        assert server.connection.user == "uni"

    def test_scripted_exchange_of_a_mechanism_the_server_does_not_know(self) -> None:
        replies = {"AUTH": [lambda line: f"334 {line[-3:]}", "334 more", "535 5.7.8 no"]}
        with ScriptedServer(replies=replies) as server, connected(server) as client:
            client.send(b"AUTH XYZ abc\r\n")
            assert client.line() == b"334 abc\r\n"
            client.send(b"one\r\ntwo\r\nQUIT\r\n")
            assert [line[:3] for line in client.rest().splitlines()] == [b"334", b"535", b"221"]
        assert server.connection.auth_responses == ["one", "two"]


class TestTLS:
    def test_starttls(self, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
        with (
            ScriptedServer(tls=server_tls, users=USERS) as server,
            smtplib.SMTP("localhost", server.port, "me.test", timeout=5) as client,
        ):
            client.ehlo()
            assert client.has_extn("starttls")
            client.starttls(context=client_tls)
            client.ehlo()
            assert not client.has_extn("starttls")
            client.login("alice", "secret")
            client.sendmail("a@x", ["b@x"], MAIL)
        assert server.connection.tls
        assert server.connection.tls_version == "TLSv1.3"
        assert server.connection.commands_in_clear == ["ehlo me.test", "STARTTLS"]
        assert server.messages[0].content == MAIL
        assert server.connection.ending is Ending.QUIT

    def test_implicit_tls(self, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
        with (
            ScriptedServer(tls=server_tls, implicit_tls=True) as server,
            smtplib.SMTP_SSL("localhost", server.port, "me.test", timeout=5, context=client_tls) as client,
        ):
            client.sendmail("a@x", ["b@x"], MAIL)
        assert server.connection.commands_in_clear == []
        assert server.messages[0].content == MAIL

    def test_octets_injected_behind_the_220_come_in_its_segment(self, server_tls: ssl.SSLContext) -> None:
        faults = {"STARTTLS": Then(b"250 injected\r\nfragment")}
        with ScriptedServer(tls=server_tls, faults=faults) as server, connected(server) as client:
            client.send(b"STARTTLS\r\n")
            assert client.socket.recv(1000) == b"220 2.0.0 ready to start TLS\r\n250 injected\r\nfragment"
        assert server.connection.ending is Ending.HANDSHAKE_FAILED

    def test_what_the_client_pipelines_behind_starttls_is_discarded(
        self, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
    ) -> None:
        with ScriptedServer(tls=server_tls) as server, connected(server) as client:
            client.send(b"STARTTLS\r\nNOOP\r\n")
            client.line()
            with client_tls.wrap_socket(client.socket, server_hostname="localhost", suppress_ragged_eofs=False) as tls:
                tls.sendall(b"QUIT\r\n")
                assert tls.recv(1000).startswith(b"221 ")
                assert tls.recv(1000) == b""  # close_notify
        assert server.commands == ["STARTTLS", "QUIT"]

    def test_refused_starttls_leaves_the_session_in_clear(self, server_tls: ssl.SSLContext) -> None:
        with (
            ScriptedServer(tls=server_tls, replies={"STARTTLS": "454 4.7.0 not now"}) as server,
            connected(server) as client,
        ):
            client.send(b"STARTTLS\r\nNOOP\r\nQUIT\r\n")
            assert [line[:3] for line in client.rest().splitlines()] == [b"454", b"250", b"221"]
        assert not server.connection.tls

    def test_client_that_distrusts_the_certificate(self, server_tls: ssl.SSLContext) -> None:
        with (
            ScriptedServer(tls=server_tls, implicit_tls=True) as server,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            smtplib.SMTP_SSL("localhost", server.port, timeout=5, context=ssl.create_default_context())
        # With TLS 1.3 the server has finished its side before the client's verdict arrives.
        assert server.connection.ending in {Ending.HANDSHAKE_FAILED, Ending.CLIENT_RESET, Ending.CLIENT_CLOSED}
        assert server.commands == []

    def test_client_certificate_is_recorded(self, loopback_identity: LoopbackIdentity) -> None:
        server_tls, client_tls = loopback_identity.server_context(), loopback_identity.client_context()
        server_tls.verify_mode = ssl.CERT_REQUIRED
        server_tls.load_verify_locations(loopback_identity.ca_file)
        client_tls.load_cert_chain(loopback_identity.certificate_file)
        with (
            ScriptedServer(tls=server_tls, implicit_tls=True) as server,
            smtplib.SMTP_SSL("localhost", server.port, timeout=5, context=client_tls) as client,
        ):
            client.noop()
        pem = loopback_identity.certificate_file.read_text()
        certificate = pem[pem.index("-----BEGIN CERTIFICATE") :]
        assert server.connection.client_certificate == ssl.PEM_cert_to_DER_cert(certificate)

    @pytest.mark.parametrize(
        ("fault", "seen"),
        [
            # Python before 3.11.4 calls a cut stream an orderly end.
            (Close(), (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError)),
            (Reset(), (ConnectionResetError, ssl.SSLEOFError)),
            (Send(b"250 not a handshake\r\n"), ssl.SSLError),
            (Stall(), TimeoutError),
        ],
    )
    def test_faults_at_the_handshake(
        self, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext, fault: object, seen: type[OSError]
    ) -> None:
        with (
            ScriptedServer(tls=server_tls, implicit_tls=True, faults={"TLS": fault}) as server,
            pytest.raises(seen),
            socket.create_connection((server.host, server.port), timeout=0.3) as plain,
        ):
            client_tls.wrap_socket(plain, server_hostname="localhost")
        assert not server.connection.tls


class TestReplies:
    def test_a_list_is_used_up_over_all_connections_then_the_default_holds(self) -> None:
        with ScriptedServer(replies={"MAIL": ["450 4.3.2 first", "451 4.3.2 second"]}) as server:
            codes = []
            for _ in range(3):
                with connected(server) as client:
                    client.send(b"MAIL FROM:<a@x>\r\nQUIT\r\n")
                    codes.append(client.rest()[:3])
        assert codes == [b"450", b"451", b"250"]
        assert len(server.connections) == 3

    @pytest.mark.parametrize(
        ("step", "sent"),
        [
            ("GREETING", b""),
            ("EHLO", b"EHLO me\r\n"),
            ("HELO", b"HELO me\r\n"),
            ("STARTTLS", b"STARTTLS\r\n"),
            ("AUTH", b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"),
            ("MAIL", b"MAIL FROM:<a@x>\r\n"),
            ("RCPT", b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\n"),
            ("DATA", b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n"),
            ("MESSAGE", b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n.\r\n"),
            ("BDAT", b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nBDAT 0 LAST\r\n"),
            *((verb, verb.encode() + b"\r\n") for verb in ("RSET", "VRFY", "EXPN", "ETRN", "HELP", "NOOP", "QUIT")),
            ("OTHER", b"XFOO\r\n"),
        ],
    )
    def test_every_step_can_be_answered_otherwise_and_421_closes(self, step: str, sent: bytes) -> None:
        replies = {step: "421-so long\n421 4.3.2 bye"}
        with ScriptedServer(replies=replies) as server, connected(server, greeting=False) as client:
            client.send(sent)
            assert client.rest().endswith(b"421-so long\r\n421 4.3.2 bye\r\n")
        assert server.connection.ending is Ending.SERVER_CLOSED

    def test_refused_mail_opens_no_transaction(self) -> None:
        with ScriptedServer(replies={"MAIL": "550 5.7.1 no"}) as server, connected(server) as client:
            client.send(b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nQUIT\r\n")
            assert [line[:3] for line in client.rest().splitlines()] == [b"550", b"503", b"503", b"221"]

    def test_354_without_a_recipient_takes_content_for_nobody(self) -> None:
        replies = {"RCPT": "550 5.1.1 no", "DATA": "354 go on"}
        with ScriptedServer(replies=replies) as server, connected(server) as client:
            client.send(b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n.\r\nQUIT\r\n")
            assert [line[:3] for line in client.rest().splitlines()] == [b"250", b"550", b"354", b"554", b"221"]
        assert server.messages == []

    def test_a_misspelt_step_is_refused(self) -> None:
        with pytest.raises(AssertionError, match="RCTP"):
            ScriptedServer(replies={"RCTP": "550 no"})
        with pytest.raises(AssertionError, match="BOD"):
            ScriptedServer(faults={Step("BOD", 1): Close()})
        with pytest.raises(AssertionError, match="BODY"):
            ScriptedServer(replies={"BODY": "250 ok"})


class TestFaults:
    def test_close_is_orderly_and_what_comes_later_is_recorded(self) -> None:
        with ScriptedServer(faults={"MAIL": Close()}) as server, connected(server) as client:
            client.send(b"NOOP\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\n")
            assert client.rest() == b"250 2.0.0 ok\r\n"
            client.send(b"later\r\n")
        assert server.connection.ending is Ending.SERVER_CLOSED
        assert server.connection.received.endswith(b"RCPT TO:<b@x>\r\nlater\r\n")

    def test_reset(self) -> None:
        with ScriptedServer(faults={"EHLO": Reset()}) as server, connected(server) as client:
            client.send(b"EHLO me\r\n")
            with pytest.raises(ConnectionResetError):
                client.rest()
        assert server.connection.ending is Ending.SERVER_RESET

    def test_stall_at_the_nth_time(self) -> None:
        with ScriptedServer(faults={Step("RCPT", 2): Stall()}) as server:
            with connected(server) as client:
                client.send(b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nRCPT TO:<c@x>\r\n")
                assert [client.line()[:3] for _ in range(2)] == [b"250", b"250"]
                client.socket.settimeout(0.1)
                with pytest.raises(TimeoutError):
                    client.line()
            server.wait_closed()
        assert server.connection.ending is Ending.CLIENT_CLOSED

    def test_stall_that_reads_nothing_blocks_the_writer(self) -> None:
        with ScriptedServer(faults={"BODY": Stall(reading=False)}) as server, connected(server) as client:
            client.send(b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n")
            client.socket.settimeout(0.3)
            with pytest.raises(TimeoutError):
                client.send(bytes(32 << 20))
        assert len(server.connection.received) < 100_000  # at most what came along with DATA

    def test_stalled_connection_ends_with_the_server(self) -> None:
        started = time.monotonic()
        with ScriptedServer(faults={"NOOP": Stall()}) as server:
            client = RawClient(server)
            client.send(b"NOOP\r\n")
        assert time.monotonic() - started < 2
        assert client.rest().endswith(b"scripted\r\n")
        client.close()
        assert server.connection.ending is Ending.STOPPED

    def test_send_replaces_the_reply(self) -> None:
        with ScriptedServer(faults={"NOOP": Send(b"\xff\x00 garbage\r\n")}) as server, connected(server) as client:
            client.send(b"NOOP\r\nQUIT\r\n")
            assert client.rest().startswith(b"\xff\x00 garbage\r\n221 ")

    def test_what_was_sent_decides_how_the_session_goes_on(self) -> None:
        faults = {Step("DATA", 1): Send(b"500 what\r\n"), Step("DATA", 2): Send(b"354\r\n")}
        with ScriptedServer(faults=faults) as server, connected(server) as client:
            client.send(b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n")
            client.rest()
        assert [message.content for message in server.messages] == [b"hi\r\n"]

    def test_extra_reply_in_the_same_segment(self) -> None:
        with ScriptedServer(faults={"NOOP": Then(b"250 unasked\r\n")}) as server, connected(server) as client:
            client.send(b"NOOP\r\n")
            assert client.socket.recv(1000) == b"250 2.0.0 ok\r\n250 unasked\r\n"

    def test_split_at_every_octet(self) -> None:
        with ScriptedServer(faults={"NOOP": Split(pause=0.005)}) as server, connected(server) as client:
            client.send(b"NOOP\r\n")
            pieces = []
            while not b"".join(pieces).endswith(b"\r\n"):
                pieces.append(client.socket.recv(1000))
        assert b"".join(pieces) == b"250 2.0.0 ok\r\n"
        assert len(pieces) > 7  # nearly always one an octet; a busy machine may join some

    def test_split_once(self) -> None:
        with ScriptedServer(faults={"NOOP": Split(at=13, pause=0.2)}) as server, connected(server) as client:
            client.send(b"NOOP\r\n")
            assert client.socket.recv(1000) == b"250 2.0.0 ok\r"
            assert client.socket.recv(1000) == b"\n"

    def test_delay(self) -> None:
        with ScriptedServer(faults={"NOOP": Delay(0.2)}) as server, connected(server) as client:
            started = time.monotonic()
            client.send(b"NOOP\r\n")
            assert client.line() == b"250 2.0.0 ok\r\n"
            assert time.monotonic() - started >= 0.2

    @pytest.mark.parametrize(
        ("fault", "pattern"), [(EndlessLine(), b"250 xxxx"), (EndlessReply(), b"250-and so on\r\n250-")]
    )
    def test_endless_until_the_client_hangs_up(self, fault: object, pattern: bytes) -> None:
        with ScriptedServer(faults={"NOOP": fault}) as server:
            with connected(server) as client:
                client.send(b"NOOP\r\n")
                assert client.reader.read(1 << 20).startswith(pattern)
            server.wait_closed()
        assert server.connection.ending is Ending.CLIENT_RESET
        assert server.connection.octets_sent > 1 << 20

    @pytest.mark.parametrize("fault", [EndlessLine(limit=100_000), EndlessReply(limit=100_000)])
    def test_endless_has_a_limit(self, fault: object) -> None:
        with ScriptedServer(faults={"NOOP": fault}) as server, connected(server) as client:
            client.send(b"NOOP\r\n")
            assert 100_000 <= len(client.rest()) < 110_000

    def test_endless_to_a_client_that_does_not_read_ends_with_the_server(self) -> None:
        with ScriptedServer(faults={"GREETING": EndlessReply()}) as server:
            client = RawClient(server)
            client.reader.read(1)
        client.close()
        assert server.connection.octets_sent < 64 << 20
        assert server.connection.ending is Ending.STOPPED

    def test_fault_in_the_middle_of_the_content(self) -> None:
        with ScriptedServer(faults={"BODY": After(5000, Reset())}) as server, connected(server) as client:
            client.send(b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n")
            assert [client.line()[:3] for _ in range(3)] == [b"250", b"250", b"354"]
            client.send(bytes(10_000))
            with pytest.raises(ConnectionResetError):
                client.rest()
        assert len(server.connection.received) >= 5000
        assert server.messages == []

    def test_early_reply_in_the_middle_of_the_content_leaves_the_content_whole(self) -> None:
        with ScriptedServer(faults={"BODY": After(3, Send(b"552 early\r\n"))}) as server, connected(server) as client:
            client.send(b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n")
            assert client.socket.recv(1000).splitlines()[-1].startswith(b"354 ")
            client.send(b"hello\r\n.\r\nQUIT\r\n")
            assert [line[:3] for line in client.rest().splitlines()] == [b"552", b"250", b"221"]
        assert server.messages[0].content == b"hello\r\n"

    def test_faults_work_inside_tls(self, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
        faults = {"NOOP": Split(at=3), "RSET": EndlessReply(), "HELP": Close()}
        with ScriptedServer(tls=server_tls, implicit_tls=True, faults=faults) as server:
            client = smtplib.SMTP_SSL("localhost", server.port, timeout=5, context=client_tls)
            assert client.noop()[0] == 250
            client.sock.sendall(b"HELP\r\n")
            # The stream is cut, without close_notify; Python before 3.11.4 may call that an orderly end.
            if sys.version_info >= (3, 11, 4):
                with pytest.raises(ssl.SSLEOFError):
                    client.sock._sslobj.read(1000)
            else:
                assert client.sock.recv(1000) == b""
            client.close()
            client = smtplib.SMTP_SSL("localhost", server.port, timeout=5, context=client_tls)
            client.sock.sendall(b"RSET\r\n")
            assert client.sock.recv(100).startswith(b"250-and so on\r\n")
            client.close()
            server.wait_closed()
        assert [connection.ending for connection in server.connections] == [Ending.SERVER_CLOSED, Ending.CLIENT_RESET]


class TestSupervision:
    def test_a_fault_of_the_server_itself_fails_the_test(self) -> None:
        def broken(line: str) -> str:
            raise ZeroDivisionError(line)

        def the_test() -> None:
            with ScriptedServer(replies={"NOOP": broken}) as server, connected(server) as client:
                client.send(b"NOOP\r\n")
                assert client.rest() == b""

        with pytest.raises(ZeroDivisionError, match="NOOP"):
            the_test()

    def test_and_is_noted_on_a_failure_of_the_test(self) -> None:
        def broken(line: str) -> str:
            raise ZeroDivisionError(line)

        def the_test() -> None:
            with ScriptedServer(replies={"NOOP": broken}) as server, connected(server) as client:
                client.send(b"NOOP\r\n")
                client.rest()
                raise KeyError

        with pytest.raises(KeyError) as failure:
            the_test()
        assert "ZeroDivisionError" in failure.value.__notes__[0]

    def test_a_client_that_falls_silent_fails_the_test(self) -> None:
        def the_test() -> None:
            with ScriptedServer(timeout=0.1) as server, connected(server) as client:
                client.send(b"NOOP\n")  # a lone LF ends no line
                assert client.rest() == b""

        with pytest.raises(AssertionError, match=r"sent nothing for 0\.1 s; unfinished input: b'NOOP"):
            the_test()

    @pytest.mark.parametrize(
        ("sent", "ending"),
        [(b"", Ending.STOPPED), (b"\x16\x03\x01\x00\xff", Ending.HANDSHAKE_FAILED)],
        ids=["nothing", "half a ClientHello"],
    )
    def test_a_client_that_does_not_finish_its_handshake_is_broken_off(
        self, server_tls: ssl.SSLContext, sent: bytes, ending: Ending
    ) -> None:
        started = time.monotonic()
        with ScriptedServer(tls=server_tls, implicit_tls=True) as server:
            client = RawClient(server)
            client.send(sent)
        client.close()
        assert server.connection.ending is ending
        assert time.monotonic() - started < 2

    def test_what_was_sent_before_the_end_is_recorded_and_answered(self) -> None:
        with ScriptedServer() as server:
            client = RawClient(server)
            client.send(b"NOOP\r\n")
        assert server.commands == ["NOOP"]
        assert client.rest().endswith(b"250 2.0.0 ok\r\n")
        client.close()

    def test_wait_closed_names_a_connection_that_stays(self) -> None:
        with ScriptedServer() as server, connected(server), pytest.raises(AssertionError, match="still open"):
            server.wait_closed(0.05)

    def test_the_port_is_free_again(self) -> None:
        with ScriptedServer() as server:
            pass
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((server.host, server.port), timeout=1)
