"""SCRAM by the examples of its RFCs, and a server that is not what it seems."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssmtp_compat.errors import InvalidValueError, ProtocolError
from ssmtp_compat.smtp.auth import scram
from ssmtp_compat.smtp.auth.mechanism import ChannelBinding, Credentials
from ssmtp_compat.smtp.auth.scram import Scram

USER = Credentials("user", "pencil")

# RFC 5802 section 5 and RFC 7677 section 3: hash, client's nonce, server-first, client-final, server-final.
RFC_5802 = (
    "sha1",
    "fyko+d2lbbFgONRv9qkxdawL",
    b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
)
RFC_7677 = (
    "sha256",
    "rOprNGfwEbeRWgbNEkqO",
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
)


@pytest.mark.parametrize(("digest", "nonce", "server_first", "client_final", "server_final"), [RFC_5802, RFC_7677])
def test_the_examples_of_the_rfcs(
    digest: str, nonce: str, server_first: bytes, client_final: bytes, server_final: bytes
):
    mechanism = Scram(USER, digest, nonce)
    assert mechanism.start() == f"n,,n=user,r={nonce}".encode()
    assert mechanism.step(server_first) == client_final
    assert mechanism.step(server_final) == b""
    mechanism.finish()


def proving(digest: str = RFC_7677[0]) -> Scram:
    mechanism = Scram(USER, digest, RFC_7677[1])
    mechanism.step(RFC_7677[2])
    return mechanism


def test_success_without_the_servers_proof_is_not_believed():
    for mechanism in (Scram(USER, "sha256"), proving()):
        with pytest.raises(ProtocolError, match="without having proved"):
            mechanism.finish()


@pytest.mark.parametrize(
    "final",
    [
        b"v=" + base64.b64encode(bytes(32)),
        b"v=6rriTRBi23WpRR/wtup+mMhUZUm/dB5nLTJRsjl95G4=",
        b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        b"v=",
        b"v=?",
        b"v=\xff",
        b"",
        b"x=1",
    ],
)
def test_a_wrong_server_signature_is_an_error(final: bytes):
    mechanism = proving()
    with pytest.raises(ProtocolError):
        mechanism.step(final)
    with pytest.raises(ProtocolError):
        mechanism.finish()


def test_an_error_in_the_final_message_is_answered_and_explained():
    mechanism = proving()
    assert mechanism.step(b"e=invalid-proof") == b""
    assert mechanism.refusal_detail == "invalid-proof"
    with pytest.raises(ProtocolError):
        mechanism.finish()
    with pytest.raises(ProtocolError, match="goes on asking"):
        mechanism.step(RFC_7677[4])
    unreadable = proving()
    unreadable.step(b"e=\x1b[31m\xff")
    assert unreadable.refusal_detail == "an unreadable error"


def test_nothing_is_asked_behind_the_final_message():
    mechanism = proving()
    mechanism.step(RFC_7677[4])
    with pytest.raises(ProtocolError, match="goes on asking"):
        mechanism.step(b"")


def first(nonce: str = "abcdef", salt: str = "c2FsdA==", iterations: str = "4096", rest: str = "") -> bytes:
    return f"r={nonce},s={salt},i={iterations}{rest}".encode()


@pytest.mark.parametrize("nonce", ["abc", "ab", "xabcdef", "Abcdef", "def"])
def test_a_nonce_that_does_not_continue_ours_is_refused(nonce: str):
    with pytest.raises(ProtocolError, match="nonce"):
        Scram(USER, "sha256", "abc").step(first(nonce))


@pytest.mark.parametrize(("iterations", "reason"), [("1", "guessing"), ("4095", "guessing"), ("2000001", "too long")])
def test_the_iteration_count_is_bounded_both_ways(iterations: str, reason: str):
    with pytest.raises(ProtocolError, match=reason):
        Scram(USER, "sha256", "abc").step(first(iterations=iterations))


def test_both_bounds_of_the_iteration_count_are_within(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(scram, "_MOST_ITERATIONS", 4096)
    assert Scram(USER, "sha256", "abc").step(first(iterations="4096"))
    with pytest.raises(ProtocolError, match="too long"):
        Scram(USER, "sha256", "abc").step(first(iterations="4097"))


@pytest.mark.parametrize(
    "message",
    [
        first(iterations="0"),
        first(iterations="-4096"),
        first(iterations="4096x"),
        first(iterations="99999999999"),
        first(salt=""),
        first(salt="?"),
        first(salt="c2F"),
        first(nonce=""),
        b"m=ext," + first(),  # an extension that this side does not know but would have to
        b"s=c2FsdA==,r=abcdef,i=4096",
        b"",
    ],
)
def test_a_malformed_first_message_is_refused(message: bytes):
    with pytest.raises(ProtocolError):
        Scram(USER, "sha256", "abc").step(message)


def test_optional_extensions_are_ignored():
    assert Scram(USER, "sha256", "abc").step(first(rest=",x=later")).startswith(b"c=biws,r=abcdef,p=")


def test_names_are_escaped_and_the_identity_stands_in_the_header():
    mechanism = Scram(Credentials("a=b,c", "pencil", "boss,=x"), "sha1", "abc")
    assert mechanism.start() == b"n,a=boss=2C=3Dx,n=a=3Db=2Cc,r=abc"
    header = base64.b64encode(b"n,a=boss=2C=3Dx,")
    assert mechanism.step(first()).startswith(b"c=" + header + b",r=abcdef,p=")


@pytest.mark.parametrize(
    ("binding", "plus", "flag", "bound"),
    [
        (ChannelBinding(), False, "n", b""),
        (ChannelBinding(server_end_point=b"a hash"), False, "n", b""),
        # A server that did offer it learns that the offer was tampered with.
        (ChannelBinding("tls-exporter", b"known"), False, "y", b""),
        (ChannelBinding("tls-exporter", b"known"), True, "p=tls-exporter", b"known"),
        (ChannelBinding("tls-unique", b"known"), True, "p=tls-unique", b"known"),
    ],
)
def test_the_channel_is_bound_or_said_to_be_bindable(binding: ChannelBinding, plus: bool, flag: str, bound: bytes):
    credentials = Credentials("user", "pencil", "boss", channel_binding=binding)
    mechanism = Scram(credentials, "sha256", "abc", plus=plus)
    header = f"{flag},a=boss,".encode()
    assert mechanism.start() == header + b"n=user,r=abc"
    assert mechanism.step(first()).startswith(b"c=" + base64.b64encode(header + bound) + b",r=abcdef,p=")
    assert "known" not in repr(credentials)


def test_names_and_passwords_are_prepared():
    decomposed, composed = Credentials("u\u0308", "pa\u0308ss\u00a01"), Credentials("ü", "päss 1")
    proofs = {Scram(credentials, "sha1", "abc").step(first()) for credentials in (decomposed, composed)}
    assert len(proofs) == 1
    assert Scram(decomposed, "sha1", "abc").start() == "n,,n=ü,r=abc".encode()


@pytest.mark.parametrize(
    "credentials", [Credentials("u\0", "p"), Credentials("u", "p\r\n"), Credentials("u", "p", "\x07")]
)
def test_control_characters_are_refused(credentials: Credentials):
    with pytest.raises(InvalidValueError):
        Scram(credentials, "sha256")


def test_no_two_exchanges_have_the_same_nonce():
    assert len({Scram(USER, "sha256").start() for _ in range(50)}) == 50


@settings(deadline=None)
@given(
    st.lists(st.binary(max_size=200) | st.from_regex(rb"[rsivem]=[ -~]{0,30}(,[rsive]=[ -~]{0,30}){0,3}"), max_size=3)
)
def test_whatever_the_server_says_only_a_protocol_error_comes_out(challenges: list[bytes]):
    mechanism = Scram(USER, "sha256", "abc")
    mechanism.start()
    try:
        for challenge in challenges:
            mechanism.step(challenge)
        mechanism.finish()
    except ProtocolError:
        return
    raise AssertionError("nothing of this proves anything")


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_no_final_message_but_the_right_one_is_believed(final: bytes):
    if final.partition(b",")[0] == RFC_7677[4]:
        return
    mechanism = proving()
    try:
        mechanism.step(final)
        mechanism.finish()
    except ProtocolError:
        return
    raise AssertionError(final)
