"""Whatever goes wrong in some replies of a server: what the method says, what was delivered, and what is left."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ssmtp_compat.operations import content, transport
from unit.operations.memory_server import FAULTS, UNASKED, MemoryServer
from wire.mailer import Mailer

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
        assert mailer.recorded("ConnectionStatus", "connectionevent").count("Remote host disconnected") == 1 - connected
        assert error[0] == 0 or mailer.recorded("Error", "description").count(error[1]) >= 1
        assert error[0] != 161 or mailer.get("LastReply") == error[1]
        # Answers that nobody asked for may be taken for others: then an error may hide a delivery, never the reverse.
        in_order = not any(fault in UNASKED for _, fault in server.answered)
        assert len(server.delivered) == (error[0] == 0) or (not in_order and error[0])
        for _, message in server.delivered:
            assert message.partition(b"\r\n\r\n")[2] == text.encode()
            assert not (in_order and {role for role in roles if ROLES[role] in server.refused} & stop_on)
        assert len(server.sessions) == 1

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
        assert len(server.sessions) == (1 if good else 2)
