"""Whatever goes wrong in some replies of a server: what the method says, what was delivered, and what is left."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ssmtp_compat import ssmtp_do_processqueue, ssmtp_do_verify
from ssmtp_compat.operations import content, transport
from unit.operations.memory_server import FAULTS, UNASKED, MemoryServer
from wire.mailer import Mailer
from wire.queued_file import write_queued

ROLES = {"To": "bob@example.test", "Cc": "carol@example.test", "Bcc": "dave@example.test"}


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(["PIPELINING", "CHUNKING"]), unique=True),
    st.booleans(),
    st.sampled_from(["Hello Bob\r\n", ".x\r\n" * 40, ""]),
    st.sampled_from([["To"], list(ROLES)]),
    st.sets(st.sampled_from(list(ROLES))),
    st.dictionaries(st.integers(0, 12), st.sampled_from(FAULTS), max_size=3),
)
@example(["PIPELINING", "CHUNKING"], True, ".x\r\n" * 40, ["To"], {"To"}, {5: "450"})
@example(["PIPELINING"], False, "", ["To"], {"To"}, {2: "close"})
@example(["PIPELINING"], True, "", ["To"], {"To"}, {1: "503", 2: "503"})
@example(["PIPELINING"], True, "", list(ROLES), set(), {3: "550", 4: "a 250 too many"})
def test_a_delivery(keywords: list[str], kept: bool, text: str, roles: list[str], stop_on: set[str], faults):
    """With ``kept`` the session is open before, and the first reply that may go wrong is the one to MAIL."""
    server = MemoryServer(keywords, {at + 2 * kept: fault for at, fault in faults.items()})
    with pytest.MonkeyPatch.context() as patch, Mailer(25, MessageText=text) as mailer:
        patch.setattr(transport, "tcp_connect", server.connect)
        patch.setattr(content, "_CHUNK", 64)  # several chunks, and several pieces in each
        patch.setattr(content, "_PIECE", 32)
        mailer.set(**{{"To": "SendTo", "Bcc": "BCc"}.get(role, role): ROLES[role] for role in roles})
        mailer.config(UseChunking=True, **{f"StopOn{role}Errors": role in stop_on for role in ROLES})
        mailer.record("Error", "ConnectionStatus")
        assert not kept or mailer.connect() == 0
        mailer.send()
        error, connected = mailer.error, mailer.get("Connected")
        assert kept or not connected
        assert mailer.recorded("ConnectionStatus", "connectionevent").count("Remote host disconnected") == (
            len(server.sessions) - connected
        )
        assert error[0] == 0 or mailer.recorded("Error", "description").count(error[1]) >= 1
        assert error[0] != 161 or mailer.get("LastReply") == error[1]
        # Answers that nobody asked for may be taken for others: then an error may hide a delivery, never the reverse.
        in_order = not any(fault in UNASKED for _, fault in server.answered)
        assert len(server.delivered) == (error[0] == 0) or (not in_order and error[0])
        for _, message in server.delivered:
            assert message.partition(b"\r\n\r\n")[2] == text.encode()
            assert not (in_order and {role for role in roles if ROLES[role] in server.refused} & stop_on)
        # What looks like a server that chokes on PIPELINING gets everything once more, over another session perhaps.
        sessions = len(server.sessions)
        assert sessions == 1 or (sessions == 2 and "PIPELINING" in keywords and not kept)

        # A session that is still open may hold such an answer, or have been closed behind the last one.
        good = connected and in_order and not server.sessions[0].ended
        server.faults = {}
        before = len(server.delivered)
        mailer.set(MessageText="Second\r\n")
        if mailer.send() and connected and not good:
            mailer.send()
        assert mailer.error == (0, "")
        ((recipients, message),) = server.delivered[before:]
        assert recipients == [ROLES[role] for role in roles]
        assert message.endswith(b"\r\n\r\nSecond\r\n")
        assert len(server.sessions) == sessions + (not good)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(["PIPELINING", "CHUNKING"]), unique=True),
    st.booleans(),
    st.booleans(),
    st.integers(1, 4),
    st.dictionaries(st.integers(0, 16), st.sampled_from(FAULTS), max_size=3),
)
@example(["PIPELINING"], False, True, 2, {5: "530"})
@example(["PIPELINING"], False, True, 2, {3: "550", 5: "502"})
@example(["PIPELINING"], True, True, 1, {0: "550", 2: "354"})
@example(["PIPELINING"], True, True, 2, {0: "550", 2: "354"})
@example(["CHUNKING"], True, False, 1, {2: "550"})
def test_a_queue(keywords: list[str], kept: bool, send_rset: bool, count: int, faults: dict[int, str]):
    server = MemoryServer(keywords, {at + 2 * kept: fault for at, fault in faults.items()})
    with tempfile.TemporaryDirectory() as spool, pytest.MonkeyPatch.context() as patch, Mailer(25) as mailer:
        files = [write_queued(Path(spool), number) for number in range(count)]
        messages = [path.read_bytes().partition(b"\n\n")[2] for path in files]
        patch.setattr(transport, "tcp_connect", server.connect)
        mailer.config(UseChunking=True, SendRSET=send_rset)
        assert not kept or mailer.connect() == 0
        code = ssmtp_do_processqueue(mailer.handle, spool)
        assert kept or not mailer.get("Connected")
        waiting = [path.exists() for path in files]
        failed = [path.with_suffix(".failed").exists() for path in files]
        assert code or not any(waiting + failed)
        delivered = [message for _, message in server.delivered]
        assert len(delivered) == len({*delivered}) <= len({*messages})
        assert {*delivered} <= {*messages}
        in_order = not any(fault in UNASKED for _, fault in server.answered)
        for message, waits, fails in zip(messages, waiting, failed, strict=True):
            assert waits + fails + (message in delivered) == 1 or (not in_order and message in delivered)

        server.faults = {}
        if mailer.get("Connected") and in_order and not server.sessions[0].ended:
            assert ssmtp_do_verify(mailer.handle, "bob") == 0, mailer.error
