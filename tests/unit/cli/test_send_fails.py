"""Each way in which sending fails has its exit status and one line on standard error, and sends nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopback_identity import LoopbackIdentity
from ssmtp_compat import ErrorCode
from ssmtp_compat.cli import main
from ssmtp_compat.cli.demo.people import Identity
from ssmtp_compat.cli.outcomes import Exit, delivery_status
from unit.cli.conftest import Run
from wire.scripted_server import Close, ScriptedServer, Stall

ADDRESSES = ("--from", "zoe@example.org", "--to", "bob@example.org")


def send(port: int, *more: str) -> tuple[str, ...]:
    return ("send", "--server", "127.0.0.1", "--port", str(port), "--tls", "none", *ADDRESSES, *more)


REFUSALS = [
    ({"RCPT": "550 5.1.1 no such user"}, 69, "550 5.1.1 no such user"),
    ({"RCPT": "450 4.2.1 later"}, 75, "450 4.2.1 later"),
    ({"GREETING": "421 4.3.2 closing"}, 75, "421 4.3.2 closing"),
    ({"GREETING": "554 5.3.2 no service"}, 69, "554 5.3.2 no service"),
    ({"MAIL": "530 5.7.0 log in first"}, 77, "530 5.7.0 log in first"),
    ({"RCPT": "554 5.7.1 relay denied"}, 77, "554 5.7.1 relay denied"),
    ({"MESSAGE": "552-5.3.4 too\n552 5.3.4 big"}, 69, "552-5.3.4 too 552 5.3.4 big"),
]


@pytest.mark.parametrize(("replies", "status", "text"), REFUSALS)
def test_the_server_refuses(run: Run, replies: dict[str, str], status: int, text: str) -> None:
    with ScriptedServer(replies=replies) as server:
        outcome = run(*send(server.port))
    assert (outcome.status, outcome.out) == (status, "")
    assert outcome.err == f"ssmtp-compat: 161: {text}\n"


def test_the_log_in_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSMTP_PASSWORD", "wrong-password")
    with ScriptedServer(users={"zoe": "right"}) as server:
        outcome = run(*send(server.port, "--user", "zoe"))
    assert outcome.status == 77
    assert outcome.err.startswith("ssmtp-compat: 161: 535")
    assert "wrong-password" not in outcome.err


def test_nobody_listens(run: Run, closed_port: int) -> None:
    outcome = run(*send(closed_port))
    assert outcome.status == 75
    assert outcome.err.startswith("ssmtp-compat: 10061: ")


@pytest.mark.parametrize(("fault", "code"), [(Stall(), 301), (Close(), 1120)])
def test_the_server_falls_silent_or_goes(run: Run, fault: Stall | Close, code: int) -> None:
    with ScriptedServer(faults={"EHLO": fault}) as server:
        outcome = run(*send(server.port, "--timeout", "1"))
    assert outcome.status == 75
    assert outcome.err.startswith(f"ssmtp-compat: {code}: ")
    assert outcome.err.count("\n") == 1


def test_a_server_without_starttls_gets_nothing(run: Run) -> None:
    with ScriptedServer() as server:
        outcome = run(*send(server.port, "--tls", "starttls"))
    assert outcome.status == 69
    assert "STARTTLS" in outcome.err
    assert not any(command.startswith("MAIL") for command in server.commands)


def test_a_certificate_from_nowhere(run: Run, loopback_identity: LoopbackIdentity) -> None:
    with ScriptedServer(tls=loopback_identity.server_context()) as server:
        outcome = run(*send(server.port, "--tls", "starttls"))
    assert outcome.status == 69
    assert outcome.err.startswith("ssmtp-compat: 280: ")
    assert not any(command.startswith("MAIL") for command in server.commands)


@pytest.fixture
def files(tmp_path: Path, zoe: Identity) -> Path:
    (tmp_path / "zoe.pfx").write_bytes(zoe.pfx("right"))
    (tmp_path / "rubbish").write_bytes(b"this is no certificate")
    return tmp_path


BAD_DATA = [
    (("--to", "not an address"), 20012, "--to: "),
    (("--from", "a@b@c"), 20012, "From"),
    (("--subject", "a\r\nBcc: eve@example.org"), 20005, "--subject: "),
    (("--body", "{}/missing"), 302, "--body {}/missing: "),
    (("--sign", "{}/missing"), 302, "--sign {}/missing: "),
    (("--sign", "{}/rubbish"), 271, "--sign {}/rubbish: "),
    (("--sign", "{}/zoe.pfx"), 271, "--sign {}/zoe.pfx: "),
    (("--encrypt-to", "{}/missing"), 302, "--encrypt-to {}/missing: "),
    (("--encrypt-to", "{}/rubbish"), 10280, "--encrypt-to {}/rubbish: "),
    (("--tls", "implicit", "--ca-file", "{}/missing"), 271, "{}/missing"),
]


@pytest.mark.parametrize(("options", "code", "text"), BAD_DATA)
def test_the_data_is_wrong(
    run: Run, files: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], code: int, text: str
) -> None:
    monkeypatch.setenv("SSMTP_PFX_PASSWORD", "wrong-password")
    with ScriptedServer() as server:
        outcome = run(*send(server.port, *(option.format(files) for option in options)))
    assert outcome.status == 65
    assert outcome.err.startswith(f"ssmtp-compat: {code}: ")
    assert text.format(files) in outcome.err
    assert outcome.err.count("\n") == 1
    assert "wrong-password" not in outcome.err
    assert not server.messages


def test_a_body_that_is_not_utf_8(run: Run, closed_port: int) -> None:
    outcome = run(*send(closed_port), stdin=b"\xff\xfe")
    assert outcome.status == 65
    assert outcome.err.startswith("ssmtp-compat: 20005: --body: ")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (ErrorCode.WSAHOST_NOT_FOUND, Exit.UNAVAILABLE),
        (ErrorCode.WSATRY_AGAIN, Exit.TEMPORARY),
        (ErrorCode.WSAENETUNREACH, Exit.TEMPORARY),
        (ErrorCode.MESSAGE_TOO_LARGE, Exit.UNAVAILABLE),
        (ErrorCode.HANDSHAKE, Exit.UNAVAILABLE),
        (ErrorCode.CODE_PAGE, Exit.BAD_DATA),
    ],
)
def test_exit_status_of_failures_that_are_hard_to_stage(code: ErrorCode, status: Exit) -> None:
    assert delivery_status(code, "") is status


def test_ctrl_c_ends_without_a_traceback(run: Run, closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(handle: int) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("ssmtp_compat.cli.send.ssmtp_do_send", interrupt)
    outcome = run(*send(closed_port))
    assert (outcome.status, outcome.err) == (130, "ssmtp-compat: interrupted\n")


def test_a_closed_standard_input_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", None)
    status = main(["send", "--server", "127.0.0.1", "--tls", "none", "--from", "a@x.test", "--to", "b@x.test"])
    assert status == 65
    assert "Standard input is closed" in capsys.readouterr().err
