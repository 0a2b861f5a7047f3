"""The session: what may be sent when, which reply answers what, and what breaks the protocol. Bytes only."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmtp_compat.errors import ProtocolError, ReplyError
from ssmtp_compat.smtp import commands
from ssmtp_compat.smtp.commands import Verb
from ssmtp_compat.smtp.session import MAX_IN_FLIGHT, Session
from ssmtp_compat.smtp.transitions import TRANSITIONS, State

EHLO = commands.ehlo("client.example")
MAIL = commands.mail("a@client.example")
RCPT = commands.rcpt("b@server.example")


def answers(session: Session, data: bytes) -> list[tuple[Verb, int]]:
    session.receive(data)
    found = []
    while (answer := session.next_answer()) is not None:
        found.append((answer.verb, answer.reply.code))
    return found


def ready(*keywords: str) -> Session:
    """A session behind its EHLO."""
    session = Session()
    answers(session, b"220 server.example\r\n")
    session.send(EHLO)
    session.data_to_send()
    answers(
        session, b"250-server.example\r\n" + b"".join(b"250-%s\r\n" % k.encode() for k in keywords) + b"250 HELP\r\n"
    )
    assert session.state is State.IDLE
    return session


def test_a_whole_delivery_with_two_lists_of_bytes():
    session = ready("PIPELINING")
    for command in (MAIL, RCPT, commands.DATA):
        assert session.may_send(command)
        session.send(command)
    assert session.data_to_send() == b"MAIL FROM:<a@client.example>\r\nRCPT TO:<b@server.example>\r\nDATA\r\n"
    assert answers(session, b"250 1\r\n250 2\r\n354 go\r\n") == [(Verb.MAIL, 250), (Verb.RCPT, 250), (Verb.DATA, 354)]
    assert session.state is State.CONTENT
    session.content_sent()
    assert answers(session, b"250 queued\r\n") == [(Verb.CONTENT, 250)]
    assert session.state is State.IDLE
    session.send(commands.QUIT)
    assert answers(session, b"221 bye\r\n") == [(Verb.QUIT, 221)]
    assert session.state is State.CLOSED


@pytest.mark.parametrize("offer", [["PIPELINING"], []])
def test_only_another_transaction_follows_the_message_before_its_reply(offer):
    """RFC 2920 3.1."""
    session = ready(*offer)
    for command, reply in ((MAIL, b"250 1\r\n"), (RCPT, b"250 2\r\n"), (commands.DATA, b"354 go\r\n")):
        session.send(command)
        answers(session, reply)
    session.content_sent()
    assert session.may_send(MAIL) is bool(offer)
    assert not any(map(session.may_send, (RCPT, commands.RSET, commands.QUIT)))
    if offer:
        for command in (MAIL, RCPT, commands.DATA):
            session.send(command)
        replies = b"554 refused\r\n250 1\r\n250 2\r\n354 go\r\n"
        assert [verb for verb, _ in answers(session, replies)] == [Verb.CONTENT, Verb.MAIL, Verb.RCPT, Verb.DATA]
        assert session.state is State.CONTENT


@pytest.mark.parametrize(("offer", "first"), [(["PIPELINING"], 3), ([], 1)])
def test_a_group_is_as_many_commands_as_may_go_out_now(offer, first):
    session = ready(*offer)
    commands_ = [MAIL, RCPT, commands.DATA, commands.RSET]
    waiting = deque(commands_)
    assert session.send_group(waiting) == commands_[:first]
    assert list(waiting) == commands_[first:]
    assert session.in_flight == first
    assert session.send_group(waiting) == []


def test_a_group_too_meets_no_reply_that_came_unasked():
    session = ready("PIPELINING")
    session.receive(b"250 early\r\n")
    with pytest.raises(ProtocolError):
        session.send_group(deque([MAIL]))


def test_without_pipelining_each_command_waits_for_its_reply():
    session = ready()
    session.send(MAIL)
    assert not session.may_send(RCPT)
    answers(session, b"250 ok\r\n")
    assert session.may_send(RCPT)


def test_nothing_is_sent_before_the_greeting():
    assert not Session().may_send(EHLO)


def test_nothing_rides_behind_a_command_that_ends_a_group():
    session = ready("PIPELINING")
    for command in (MAIL, RCPT, commands.DATA):
        session.send(command)
    assert not session.may_send(commands.RSET)


@pytest.mark.parametrize("enquiry", [commands.vrfy("bob"), commands.expn("team")])
@pytest.mark.parametrize("reply", [b"250 <bob@x>\r\n", b"252 perhaps\r\n", b"550 no\r\n"])
def test_an_enquiry_ends_a_group_and_leaves_the_transaction_alone(enquiry, reply):
    session = ready("PIPELINING")
    session.send(MAIL)
    session.send(enquiry)
    assert not session.may_send(RCPT)
    answers(session, b"250 ok\r\n" + reply)
    assert session.state is State.MAIL
    assert session.may_send(RCPT)


def test_the_commands_in_flight_are_bounded():
    session = ready("PIPELINING")
    session.send(MAIL)
    while session.may_send(RCPT):
        session.send(RCPT)
    assert session.in_flight == MAX_IN_FLIGHT


def test_recipients_behind_a_refused_mail_are_answered_and_the_session_stays_idle():
    session = ready("PIPELINING")
    for command in (MAIL, RCPT, commands.DATA):
        session.send(command)
    answers(session, b"550 no\r\n503 no\r\n503 no\r\n")
    assert session.state is State.IDLE
    assert session.may_send(MAIL)


@pytest.mark.parametrize(
    ("prepare", "reply"),
    [
        ((MAIL,), b"354 go\r\n"),
        ((MAIL, RCPT), b"250 ok\r\n354 go\r\n"),
        ((MAIL, RCPT, commands.DATA), b"250 ok\r\n250 ok\r\n250 ok\r\n"),
        ((MAIL, RCPT, commands.DATA), b"550 no\r\n250 ok\r\n"),
        ((MAIL, RCPT, commands.DATA), b"550 no\r\n503 no\r\n354 go\r\n"),
        ((commands.NOOP,), b"334 \r\n"),
        ((commands.QUIT,), b"334 \r\n"),
    ],
)
def test_a_reply_that_its_command_cannot_have_is_a_protocol_error(prepare, reply):
    session = ready("PIPELINING")
    for command in prepare:
        session.send(command)
    with pytest.raises(ProtocolError, match="does not fit"):
        answers(session, reply)


@pytest.mark.parametrize("unasked", [True, False])
def test_an_error_shows_controls_of_the_server_as_escapes(unasked):
    session = ready()
    if not unasked:
        session.send(MAIL)
    session.receive(b"354 \x1b[2Jdone\rQUIT gr\xc3\xbcn\n")
    with pytest.raises(ProtocolError) as caught:
        session.next_answer()
    assert "354 \\u001b[2Jdone\\u000dQUIT grün" in caught.value.message


def test_a_reply_that_nothing_asked_for_is_a_protocol_error():
    session = ready()
    with pytest.raises(ProtocolError, match="nothing asked for"):
        answers(session, b"250 surprise\r\n")


@pytest.mark.parametrize("early", [b"250 surprise\r\n", b"250-half a", b"25"])
def test_octets_that_came_too_early_never_answer_the_next_command(early):
    session = ready()
    session.receive(early)
    with pytest.raises(ProtocolError, match="nothing asked for"):
        session.send(MAIL)


def test_421_may_answer_anything_and_closes_the_session():
    session = ready("PIPELINING")
    session.send(MAIL)
    session.send(RCPT)
    assert answers(session, b"421 going down\r\n") == [(Verb.MAIL, 421)]
    assert session.state is State.CLOSED
    assert session.in_flight == 0


def test_421_that_comes_unasked_is_told_when_the_next_command_is_sent():
    session = ready()
    session.receive(b"421 idle for too long\r\n")
    with pytest.raises(ReplyError, match="idle for too long"):
        session.send(MAIL)
    assert session.state is State.CLOSED


def in_content() -> Session:
    """A session whose server waits for the message."""
    session = ready("PIPELINING")
    for command in (MAIL, RCPT, commands.DATA):
        session.send(command)
    answers(session, b"250 1\r\n250 2\r\n354 go\r\n")
    return session


def test_a_reply_to_the_message_that_comes_before_the_message_is_a_protocol_error():
    session = in_content()
    session.receive(b"250 queued\r\n")
    with pytest.raises(ProtocolError, match="nothing asked for"):
        session.content_begins()


def test_a_session_whose_connection_is_lost_takes_nothing_more():
    session = in_content()
    session.content_begins()
    session.connection_lost()
    assert session.state is State.CLOSED
    with pytest.raises(AssertionError):
        session.send(commands.RSET)


@pytest.mark.parametrize("behind", [b"250 injected\r\n", b"250-inj", b"x"])
def test_whatever_stands_behind_the_answer_to_starttls_is_an_error(behind):
    session = ready("STARTTLS")
    session.send(commands.STARTTLS)
    with pytest.raises(ProtocolError, match="injection"):
        answers(session, b"220 go\r\n" + behind)


def test_what_was_learned_in_the_clear_is_forgotten_with_tls():
    session = ready("STARTTLS", "AUTH PLAIN", "PIPELINING")
    session.send(commands.STARTTLS)
    answers(session, b"220 go\r\n")
    assert session.state is State.TLS
    session.tls_started()
    assert session.extensions.keywords == {}
    with pytest.raises(AssertionError):
        session.send(MAIL)
    session.send(EHLO)


def test_a_sasl_exchange_goes_on_until_the_server_decides():
    session = ready("AUTH LOGIN")
    session.send(commands.auth("LOGIN", None))
    assert answers(session, b"334 VXNlcm5hbWU6\r\n") == [(Verb.AUTH, 334)]
    session.send_response(b"dGlt")
    assert answers(session, b"334 UGFzc3dvcmQ6\r\n") == [(Verb.AUTH, 334)]
    session.send_response(b"cHc=")
    assert answers(session, b"535 no\r\n") == [(Verb.AUTH, 535)]
    assert session.state is State.IDLE


def test_helo_clears_what_ehlo_offered():
    session = ready("PIPELINING")
    session.send(commands.helo("client.example"))
    answers(session, b"250 ok\r\n")
    assert "PIPELINING" not in session.extensions


@pytest.mark.parametrize("command", [MAIL, RCPT, commands.DATA, commands.STARTTLS, commands.auth("PLAIN", b"x")])
def test_a_command_out_of_place_is_the_callers_defect(command):
    session = Session()
    answers(session, b"220 hi\r\n")
    with pytest.raises(AssertionError):
        session.send(command)


# -- BDAT (RFC 3030) --------------------------------------------------------------------------------------------------

FIRST = commands.bdat(4, b".\r\nx", last=False)
LAST = commands.bdat(2, b"yz", last=True)


def test_a_delivery_in_chunks_rides_in_one_write():
    session = ready("PIPELINING", "CHUNKING")
    for command in (MAIL, RCPT, FIRST, LAST, commands.QUIT):
        assert session.may_send(command)
        session.send(command)
    assert session.data_to_send().endswith(b"RCPT TO:<b@server.example>\r\nBDAT 4\r\n.\r\nxBDAT 2 LAST\r\nyzQUIT\r\n")
    assert [code for _, code in answers(session, b"250 1\r\n250 2\r\n250 3\r\n")] == [250, 250, 250]
    assert session.state is State.CHUNKS
    answers(session, b"250 4\r\n")
    assert session.state is State.IDLE
    answers(session, b"221 bye\r\n")
    assert session.state is State.CLOSED


def test_nothing_is_sent_inside_a_chunk_but_the_octets_it_announced():
    session = ready("PIPELINING", "CHUNKING")
    for command in (MAIL, RCPT, commands.bdat(10, b"abc", last=False)):
        session.send(command)
    assert not session.may_send(commands.RSET)
    with pytest.raises(AssertionError):
        session.send(LAST)
    session.send_content(memoryview(b"defg"))
    with pytest.raises(AssertionError):
        session.send_content(b"hijk")
    session.send_content(b"hij")
    assert session.data_to_send().endswith(b"BDAT 10\r\nabcdefghij")
    assert session.may_send(LAST)


@pytest.mark.parametrize(
    ("replies", "state"),
    [
        (b"550 no\r\n503 no\r\n503 no\r\n", State.IDLE),  # MAIL is refused: there is no transaction to clear
        (b"250 ok\r\n550 no\r\n503 no\r\n", State.FAILED),
        (b"250 ok\r\n550 no\r\n250 for whom?\r\n", State.FAILED),
        (b"250 ok\r\n250 ok\r\n452 full\r\n", State.FAILED),
    ],
)
def test_a_refused_last_chunk_is_followed_by_rset_or_by_mail(replies, state):
    session = ready("PIPELINING", "CHUNKING")
    for command in (MAIL, RCPT, LAST):
        session.send(command)
    answers(session, replies)
    assert session.state is state
    if state is State.FAILED:
        session.send(commands.RSET)
        answers(session, b"250 ok\r\n")
    assert session.state is State.IDLE
    session.send(MAIL)


@pytest.mark.parametrize("command", [FIRST, LAST, commands.DATA, MAIL, RCPT], ids=lambda command: command.trace)
def test_behind_a_refused_chunk_only_rset_or_quit_may_come(command):
    session = ready("PIPELINING", "CHUNKING")
    for each in (MAIL, RCPT, FIRST, LAST):
        session.send(each)
    answers(session, b"250 ok\r\n250 ok\r\n452 full\r\n503 no\r\n")
    with pytest.raises(AssertionError):
        session.send(command)
    session.send(commands.QUIT)


@pytest.mark.parametrize("replies", [b"354 go\r\n", b"452 full\r\n250 yet taken\r\n", b"250 ok\r\n354 go\r\n"])
def test_a_reply_that_a_chunk_cannot_have_is_a_protocol_error(replies):
    session = ready("PIPELINING", "CHUNKING")
    for each in (MAIL, RCPT, FIRST, LAST):
        session.send(each)
    with pytest.raises(ProtocolError, match="does not fit"):
        answers(session, b"250 ok\r\n250 ok\r\n" + replies)


def test_a_heard_refusal_stops_the_chunks_although_another_is_in_flight():
    session = ready("PIPELINING")
    for command in (MAIL, RCPT, FIRST, FIRST):
        session.send(command)
    answers(session, b"250 ok\r\n250 ok\r\n452 full\r\n")
    assert session.in_flight == 1
    with pytest.raises(AssertionError, match="FAILED"):
        session.send(LAST)
    session.send(commands.RSET)
    session.send(MAIL)  # behind RSET all is as it was
    answers(session, b"503 no\r\n")
    session.send(RCPT)
    answers(session, b"250 reset\r\n250 ok\r\n250 ok\r\n")
    assert session.state is State.RCPT


def test_data_cannot_follow_bdat():
    session = ready("CHUNKING")
    for each in (MAIL, RCPT, FIRST):
        session.send(each)
        answers(session, b"250 ok\r\n")
    with pytest.raises(AssertionError):
        session.send(commands.DATA)


def test_every_state_can_be_reached_and_left():
    reached = {State.GREETING, *TRANSITIONS.values()}
    left = {state for state, _, _ in TRANSITIONS}
    assert reached == set(State)
    assert set(State) - left == {State.TLS, State.CLOSED}


@given(st.binary(max_size=300), st.sampled_from([(commands.DATA,), (LAST,), (FIRST, LAST)]))
def test_arbitrary_replies_never_leave_the_documented_errors(data, closing):
    session = ready("PIPELINING", "CHUNKING")
    for command in (MAIL, RCPT, *closing):
        session.send(command)
    try:
        for _, code in answers(session, data):
            assert 200 <= code <= 599
    except ProtocolError:
        pass
