"""NTLM, against pyspnego's own server: both sides in memory, and no server that is to be trusted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import spnego
from hypothesis import given
from hypothesis import strategies as st

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import ProtocolError, SSMTPError
from ssmtp_compat.smtp.auth import registry
from ssmtp_compat.smtp.auth.mechanism import Credentials, Mechanism

PASSWORD = "pässword-1"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> spnego.ContextProxy:
    """A server that knows alice by each form of her name."""
    users = tmp_path / "users"
    names = ("EXAMPLE:alice", ":alice@example.test", ":alice")
    users.write_text("".join(f"{name}:{PASSWORD}\n" for name in names), encoding="utf-8")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    return spnego.server(protocol="ntlm")


def client(user: str = "alice", password: str = PASSWORD) -> Mechanism:
    return registry.create("NTLM", Credentials(user, password, host="mail.example.test"))


@pytest.mark.parametrize(
    ("user", "seen"),
    [
        (r"EXAMPLE\alice", r"EXAMPLE\alice"),
        ("alice@example.test", "alice@example.test"),
        ("alice", "alice"),
    ],
)
def test_each_form_of_the_users_name_logs_in(server: spnego.ContextProxy, user: str, seen: str):
    mechanism = client(user)
    server.step(mechanism.step(server.step(mechanism.start())))
    assert server.complete
    assert server.client_principal == seen


def test_a_wrong_password_does_not(server: spnego.ContextProxy):
    mechanism = client(password="wrong")
    with pytest.raises(spnego.exceptions.InvalidTokenError):
        server.step(mechanism.step(server.step(mechanism.start())))


def test_an_empty_password_is_a_password(server: spnego.ContextProxy):
    """Without it pyspnego looks for one in the file that the environment names."""
    mechanism = client(password="")
    with pytest.raises(spnego.exceptions.InvalidTokenError):
        server.step(mechanism.step(server.step(mechanism.start())))


def test_the_proof_names_the_server_and_shows_no_password(server: spnego.ContextProxy):
    mechanism = client()
    challenge = server.step(mechanism.start())
    proof = mechanism.step(challenge)
    assert "SMTPSVC/mail.example.test".encode("utf-16-le") in proof
    assert all(PASSWORD.encode(codec) not in proof for codec in ("utf-8", "utf-16-le", "latin-1"))


def test_a_second_challenge_gets_no_answer(server: spnego.ContextProxy):
    mechanism = client()
    challenge = server.step(mechanism.start())
    mechanism.step(challenge)
    with pytest.raises(ProtocolError, match="second NTLM challenge"):
        mechanism.step(challenge)


CHALLENGE = b"NTLMSSP\0\2\0\0\0"
UNUSABLE = "Error communicating with server. The server's NTLM message cannot be used: "


@given(st.binary(max_size=200), st.booleans())
def test_no_challenge_raises_anything_but_a_protocol_error(junk: bytes, signed: bool):
    mechanism = client()
    mechanism.start()
    text = UNUSABLE
    try:
        mechanism.step(CHALLENGE + junk if signed else junk)
    except ProtocolError as error:
        text = error.message
    assert text.startswith(UNUSABLE)
    assert text.isprintable()


def test_without_the_extra_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "spnego", None)
    with pytest.raises(SSMTPError, match=r"NTLM needs: pip install 'ssmtp_compat\[ntlm\]'") as caught:
        client().start()
    assert caught.value.code is ErrorCode.MISSING_EXTRA


def test_the_extra_is_not_loaded_before_it_is_used():
    program = "import sys; from ssmtp_compat.smtp.auth import registry; sys.exit('spnego' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=30, check=False).returncode == 0


def test_what_pyspnego_cannot_do_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LM_COMPAT_LEVEL", "9")
    with pytest.raises(SSMTPError, match=r"NTLM: .*LM_COMPAT_LEVEL 9") as caught:
        client().start()
    assert caught.value.code is ErrorCode.NO_CREDENTIALS


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        (ValueError(f"cannot use {PASSWORD[:4]}"), "NTLM: ValueError."),  # these quote values, or a part of them
        (KeyError(PASSWORD[:4]), "NTLM: KeyError."),
        (RuntimeError(f"cannot use {PASSWORD}"), "NTLM: RuntimeError."),
        (RuntimeError("no\r\nluck"), "NTLM: no??luck."),
    ],
)
def test_a_foreign_error_shows_no_password(monkeypatch: pytest.MonkeyPatch, foreign: Exception, shown: str):
    def fail(*_: Any, **__: Any) -> None:
        raise foreign

    monkeypatch.setattr(spnego, "client", fail)
    with pytest.raises(SSMTPError) as caught:
        client().start()
    assert caught.value.message == f"Cannot acquire security credentials. {shown}"
    assert caught.value.__suppress_context__


def test_it_is_used_only_when_asked_for():
    offered = ("NTLM", "LOGIN")
    assert registry.choose(offered, "NTLM", tls=True) == "NTLM"
    assert registry.choose(offered, "", tls=False) == "LOGIN"
    with pytest.raises(SSMTPError, match="NTLM was asked for"):
        registry.choose(offered, "NTLM", tls=True, acting=True)
