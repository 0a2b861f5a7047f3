"""ssmtp-compat process-queue: every file gets a line, the counts come last, and the exit status says what is left."""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from loopback_identity import LoopbackIdentity
from ssmtp_compat.cli.drain import worker_process
from unit.cli.conftest import Run
from wire.queued import queue_messages, recipient
from wire.scripted_server import Close, ScriptedServer, Send, Step


def process(directory: Path, port: int, *more: str) -> tuple[str, ...]:
    return ("process-queue", str(directory), "--server", "127.0.0.1", "--port", str(port), "--tls", "none", *more)


def when_connected(server: ScriptedServer, number: int) -> str:
    """Yes, but not before there are so many connections: one worker alone could be done before the next has begun."""
    patience = time.monotonic() + 10
    while len(server.connections) < number and time.monotonic() < patience:
        time.sleep(0.005)
    return "250 ok"


def children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()]


def endings(directory: Path) -> list[str]:
    return sorted(path.suffix for path in directory.iterdir())


def test_all_is_sent_over_one_connection_and_each_file_is_a_line(run: Run, tmp_path: Path) -> None:
    names = queue_messages(tmp_path, 5)
    with ScriptedServer() as server:
        outcome = run(*process(tmp_path, server.port))
    assert (outcome.status, outcome.err) == (0, "")
    lines = [f"{name}: sent" for name in names]
    assert outcome.out.splitlines() == [*lines, "5 sent, 0 put back, 0 failed, 0 refused, 0 not tried"]
    assert [message.recipients for message in server.messages] == [[recipient(number)] for number in range(5)]
    assert len(server.connections) == 1
    assert endings(tmp_path) == []


def test_an_empty_directory_starts_nothing(run: Run, tmp_path: Path, closed_port: int) -> None:
    outcome = run(*process(tmp_path, closed_port, "--workers", "4"))
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out == "0 sent, 0 put back, 0 failed, 0 refused, 0 not tried\n"


def test_workers_share_a_directory_and_each_message_goes_out_once(run: Run, tmp_path: Path) -> None:
    queue_messages(tmp_path, 60)
    with ScriptedServer(replies={"RCPT": lambda _: when_connected(server, 3)}) as server:
        outcome = run(*process(tmp_path, server.port, "--workers", "3"))
    assert outcome.status == 0, outcome.err
    sent = Counter(message.recipients[0] for message in server.messages)
    assert sent == dict.fromkeys(map(recipient, range(60)), 1)
    assert len(server.connections) == 3
    assert outcome.out.count(": sent\n") == 60
    assert endings(tmp_path) == []


def test_there_are_no_more_workers_than_files(run: Run, tmp_path: Path) -> None:
    queue_messages(tmp_path, 1)
    with ScriptedServer() as server:
        assert run(*process(tmp_path, server.port, "--workers", "50")).status == 0
    assert len(server.connections) == 1


@pytest.mark.parametrize(
    ("reply", "line", "counts", "status", "left"),
    [
        ("450 4.2.1 later", "put back: 450 4.2.1 later", "2 sent, 1 put back, 0 failed", 75, [".queued"]),
        ("550 5.1.1 no", "failed: 550 5.1.1 no", "2 sent, 0 put back, 1 failed", 69, [".failed", ".reason"]),
    ],
)
def test_what_is_not_sent_is_told_with_the_reason(
    run: Run, tmp_path: Path, reply: str, line: str, counts: str, status: int, left: list[str]
) -> None:
    names = queue_messages(tmp_path, 3)
    with ScriptedServer(replies={"RCPT": ["250 ok", f"{reply}\x1b[2J", "250 ok"]}) as server:
        outcome = run(*process(tmp_path, server.port))
    assert outcome.status == status
    assert outcome.err == f"ssmtp-compat: 161: {names[1]} {line}\\x1b[2J\n"
    assert outcome.out.endswith(f"\n{counts}, 0 refused, 0 not tried\n")
    assert endings(tmp_path) == left


def test_what_failed_matters_more_than_what_waits(run: Run, tmp_path: Path) -> None:
    queue_messages(tmp_path, 3)
    with ScriptedServer(replies={"RCPT": ["450 later", "550 no", "450 later"]}) as server:
        assert run(*process(tmp_path, server.port)).status == 69
        assert run(*process(tmp_path, server.port)).status == 0


def test_one_broken_file_does_not_stop_the_others(run: Run, tmp_path: Path) -> None:
    names = queue_messages(tmp_path, 4)
    (tmp_path / names[0]).write_bytes(b"rubbish")
    (tmp_path / names[1]).chmod(0o666)
    (tmp_path / "link.queued").symlink_to(tmp_path / names[2])
    with ScriptedServer() as server:
        outcome = run(*process(tmp_path, server.port))
    assert outcome.status == 69
    assert outcome.out.endswith("\n2 sent, 0 put back, 1 failed, 2 refused, 0 not tried\n")
    lines = sorted(outcome.err.splitlines(), key=lambda line: line.partition("queued ")[2])
    assert [line[:19] for line in lines] == ["ssmtp-compat: 302: "] * 3
    assert f"{names[0]} failed: " in lines[0]
    assert "is no queued message: there is no empty line" in lines[0]
    assert "link.queued in the queue is left alone: it is a symbolic link" in lines[1]
    assert f"{names[1]} in the queue is left alone: others may write it" in lines[2]
    assert endings(tmp_path) == [".failed", ".queued", ".queued", ".reason"]


@pytest.mark.parametrize("older", [".queued", ".sending"])
def test_a_name_that_is_there_twice_is_two_messages(run: Run, tmp_path: Path, older: str) -> None:
    for name, ending in zip(queue_messages(tmp_path, 2), (".queued", ".sending"), strict=True):
        (tmp_path / name).rename(tmp_path / f"x{ending}")
    os.utime(tmp_path / f"x{older}", (1, 1))
    with ScriptedServer() as server:
        outcome = run(*process(tmp_path, server.port))
    assert (outcome.status, outcome.err) == (0, "")
    assert sorted(message.recipients[0] for message in server.messages) == [recipient(0), recipient(1)]
    assert endings(tmp_path) == []


def test_a_name_that_is_no_text_is_one_line(run: Run, tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n.queued")).write_bytes(b"")
    outcome = run(*process(tmp_path, 25))
    assert outcome.status == 69
    assert outcome.err.startswith("ssmtp-compat: 302: caf\\udce9 .queued failed: ")
    assert outcome.err.count("\n") == 1


def test_what_was_sent_and_cannot_be_deleted_is_no_success(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (name,) = queue_messages(tmp_path, 1)
    sabotage = tmp_path / "sabotage"
    sabotage.mkdir()
    (sabotage / "sitecustomize.py").write_text(
        "import os\n"
        "def refuse(path, *, dir_fd): raise PermissionError(1, 'Operation not permitted')\n"
        "os.unlink = refuse\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(sabotage))  # of the workers
    with ScriptedServer() as server:
        outcome = run(*process(tmp_path, server.port))
    assert outcome.status == 73
    assert f"{name}: sent\n" in outcome.out
    assert "was sent and cannot be taken away: Operation not permitted" in outcome.err


# -- what ends a run --------------------------------------------------------------------------------------------------


def test_what_keeps_every_worker_from_beginning_is_told_once(run: Run, tmp_path: Path, closed_port: int) -> None:
    queue_messages(tmp_path, 6)
    outcome = run(*process(tmp_path, closed_port, "--workers", "4"))
    assert outcome.status == 75
    assert outcome.err.startswith("ssmtp-compat: 10061: ")
    assert outcome.err.count("\n") == 1
    assert outcome.out == "0 sent, 0 put back, 0 failed, 0 refused, 6 not tried\n"
    assert endings(tmp_path) == [".queued"] * 6


def test_a_server_that_takes_fewer_connections_gets_all_messages_over_those(run: Run, tmp_path: Path) -> None:
    queue_messages(tmp_path, 40)
    replies = {
        "GREETING": ["220 hello", "220 hello", "421 4.7.0 too many connections", "421 4.7.0 too many connections"],
        "RCPT": lambda _: when_connected(server, 3),
    }
    with ScriptedServer(replies=replies) as server:
        outcome = run(*process(tmp_path, server.port, "--workers", "4"))
    assert outcome.status == 0
    assert outcome.err == "ssmtp-compat: 161: 421 4.7.0 too many connections\n"
    assert len(server.messages) == 40


def test_a_connection_that_is_lost_before_anything_was_sent_ends_it(run: Run, tmp_path: Path) -> None:
    names = queue_messages(tmp_path, 40)
    with ScriptedServer(faults={"MAIL": Close()}) as server:
        outcome = run(*process(tmp_path, server.port))
    assert outcome.status == 75
    assert f" {names[0]} put back: " in outcome.err
    assert outcome.out == "0 sent, 1 put back, 0 failed, 0 refused, 39 not tried\n"
    assert len(server.connections) == 1


def test_a_server_with_a_limit_of_messages_for_a_connection_gets_all_over_several(run: Run, tmp_path: Path) -> None:
    queue_messages(tmp_path, 35)

    def ten_at_most(_: str) -> str:
        return "421 4.7.0 too many messages" if len(server.connections[-1].messages) >= 10 else "250 ok"

    with ScriptedServer(replies={"MAIL": ten_at_most}) as server:
        outcome = run(*process(tmp_path, server.port))
    assert (outcome.status, outcome.err) == (0, "ssmtp-compat: 161: 421 4.7.0 too many messages\n")
    assert [len(connection.messages) for connection in server.connections] == [10, 10, 10, 5]
    assert Counter(message.recipients[0] for message in server.messages) == dict.fromkeys(map(recipient, range(35)), 1)


def test_a_server_that_then_takes_no_connection_at_all_is_left_in_peace(run: Run, tmp_path: Path) -> None:
    queue_messages(tmp_path, 35)

    def ten_at_most(_: str) -> str:
        return "421 4.7.0 too many messages" if len(server.connections[-1].messages) >= 10 else "250 ok"

    def once(_: str) -> str:
        return "220 hello" if len(server.connections) == 1 else "421 4.7.0 later"

    with ScriptedServer(replies={"GREETING": once, "MAIL": ten_at_most}) as server:
        outcome = run(*process(tmp_path, server.port))
    assert outcome.status == 75
    assert outcome.out.endswith("\n10 sent, 0 put back, 0 failed, 0 refused, 25 not tried\n")
    assert len(server.connections) == 2


def test_a_message_that_every_connection_breaks_with_is_tried_last_and_keeps_no_other(run: Run, tmp_path: Path) -> None:
    names = queue_messages(tmp_path, 40)

    def break_with_the_sixth(line: str) -> str:
        return "421 4.3.0 my filter has crashed" if recipient(5) in line else "250 ok"

    with ScriptedServer(replies={"RCPT": break_with_the_sixth}) as server:
        outcome = run(*process(tmp_path, server.port))
    assert outcome.status == 75
    assert outcome.err.splitlines() == [
        "ssmtp-compat: 161: 421 4.3.0 my filter has crashed",
        f"ssmtp-compat: 161: {names[5]} put back: 421 4.3.0 my filter has crashed",
    ]
    assert outcome.out.endswith("\n39 sent, 1 put back, 0 failed, 0 refused, 0 not tried\n")
    assert [len(connection.messages) for connection in server.connections] == [5, 34, 0]


def test_the_message_that_a_connection_was_lost_with_is_put_back_and_the_rest_goes_over_another(
    run: Run, tmp_path: Path
) -> None:
    names = queue_messages(tmp_path, 40)
    with ScriptedServer(faults={Step("MAIL", 2): Close()}) as server:
        outcome = run(*process(tmp_path, server.port))
        assert outcome.status == 75
        lines = outcome.err.splitlines()
        assert [line[:20] for line in lines] == ["ssmtp-compat: 1120: "] * 2
        assert f" {names[1]} put back: " in lines[0]
        assert outcome.out.endswith("\n39 sent, 1 put back, 0 failed, 0 refused, 0 not tried\n")
        assert [path.name for path in tmp_path.iterdir()] == [names[1]]
        assert run(*process(tmp_path, server.port)).status == 0


def test_the_connection_may_be_lost_with_the_very_last_message(run: Run, tmp_path: Path) -> None:
    (name,) = queue_messages(tmp_path, 1)
    with ScriptedServer(faults={"MESSAGE": Close()}) as server:
        outcome = run(*process(tmp_path, server.port))
    assert outcome.status == 75
    assert outcome.err.startswith(f"ssmtp-compat: 1120: {name} put back: ")
    assert outcome.out == "0 sent, 1 put back, 0 failed, 0 refused, 0 not tried\n"


def test_a_process_that_cannot_be_started_is_told_and_loses_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_messages(tmp_path, 3)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("subprocess.Popen", refuse)
    outcome = run(*process(tmp_path, 25, "--workers", "3"))
    assert outcome.status == 69
    assert outcome.err == (
        "ssmtp-compat: 20014: A worker process cannot be started: Resource temporarily unavailable.\n"
    )
    assert outcome.out.endswith(", 3 not tried\n")


def test_a_worker_that_dies_costs_no_more_than_the_messages_it_was_at(run: Run, tmp_path: Path) -> None:
    queue_messages(tmp_path, 40)

    def kill_once(line: str) -> str:
        if recipient(3) in line and len(server.connections) == 1:
            for child in children():
                os.kill(child, signal.SIGKILL)
        return "250 ok"

    with ScriptedServer(replies={"RCPT": kill_once}) as server:
        outcome = run(*process(tmp_path, server.port))
        assert outcome.status == 69
        assert outcome.err.splitlines()[-1] == "ssmtp-compat: 20014: Worker process 1 ended by signal 9."
        # The one that was at RCPT, the one before, which was put back as well, or sent, and perhaps the one behind.
        sent, put_back = map(int, re.findall(r"(\d+) (?:sent|put back),", outcome.out.splitlines()[-1]))
        assert put_back in {1, 2, 3}
        assert sent + put_back == 40
        assert run(*process(tmp_path, server.port)).status == 0
    assert {message.recipients[0] for message in server.messages} == set(map(recipient, range(40)))


def test_what_a_worker_did_not_live_to_tell_was_sent_all_the_same(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, _) = queue_messages(tmp_path, 2)
    dies_behind_the_deletion = """
import json, os, sys; sys.path[:] = json.loads(sys.argv[1])
from ssmtp_compat.cli.drain.pipe import Lines, say
lines = Lines(0)
say(1, "want", False)
while True:
    for kind, first, *_ in lines.read():
        if kind == "take":
            os.unlink(os.path.join(directory, first[0]))
            os.kill(os.getpid(), 9)
        directory = first["directory"]
"""
    monkeypatch.setattr(worker_process, "_PROGRAM", dies_behind_the_deletion)
    outcome = run(*process(tmp_path, 25))
    assert outcome.out == f"{first}: sent\n1 sent, 0 put back, 0 failed, 0 refused, 1 not tried\n"
    assert outcome.err == "ssmtp-compat: 20014: Worker process 1 ended by signal 9.\n"


@pytest.mark.parametrize(
    ("greeting", "status"), [("554 5.3.2 no service", 69), ("554 5.7.1 not from there", 77), ("421 4.3.2 closing", 75)]
)
def test_the_status_is_that_of_what_ended_the_run(run: Run, tmp_path: Path, greeting: str, status: int) -> None:
    queue_messages(tmp_path, 2)
    with ScriptedServer(replies={"GREETING": greeting}) as server:
        outcome = run(*process(tmp_path, server.port))
    assert (outcome.status, outcome.err) == (status, f"ssmtp-compat: 161: {greeting}\n")


def test_garbage_in_place_of_a_verdict_loses_nothing(run: Run, tmp_path: Path) -> None:
    queue_messages(tmp_path, 2)
    with ScriptedServer(faults={"MESSAGE": Send(b"\xff\xfe\r\n")}) as server:
        assert run(*process(tmp_path, server.port)).status != 0
    assert endings(tmp_path) == [".queued", ".queued"]


# -- usage, data and secrets ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", ["0", "-1", "101", "many"])
def test_a_number_of_workers_that_is_none(run: Run, tmp_path: Path, workers: str) -> None:
    outcome = run(*process(tmp_path, 25, "--workers", workers))
    assert outcome.status == 64
    assert "from 1 to 100" in outcome.err


@pytest.mark.parametrize("directory", ["missing", "file"])
def test_a_directory_that_is_none_is_73(run: Run, tmp_path: Path, directory: str) -> None:
    (tmp_path / "file").touch()
    outcome = run(*process(tmp_path / directory, 25))
    assert (outcome.status, outcome.out) == (73, "")
    assert outcome.err.startswith("ssmtp-compat: 302: ")
    assert outcome.err.count("\n") == 1


def test_a_system_without_locks_is_told_before_anything_is_touched(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_messages(tmp_path, 1)
    arguments = process(tmp_path, 25)
    monkeypatch.setattr("ssmtp_compat.cli.drain.command.os", SimpleNamespace(name="nt"))
    outcome = run(*arguments)
    assert outcome.status == 69
    assert outcome.err.startswith("ssmtp-compat: 20008: ")
    assert outcome.err.count("\n") == 1


def test_wrong_data_is_found_before_any_worker_starts(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_messages(tmp_path, 1)
    monkeypatch.setattr("subprocess.Popen", None)
    outcome = run("process-queue", str(tmp_path), "--server", "a\r\nb", "--workers", "4")
    assert outcome.status == 65
    assert "--server: " in outcome.err


@pytest.mark.parametrize("typed", [True, False])
def test_the_password_reaches_the_workers_by_no_argument_and_no_variable(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: bool
) -> None:
    queue_messages(tmp_path, 1)
    if typed:
        monkeypatch.setattr("getpass.getpass", lambda prompt: "ge heim")
    else:
        monkeypatch.setenv("SSMTP_PASSWORD", "ge heim")
    seen: list[bytes] = []

    def look(_: str) -> str:
        for child in children():
            seen.append(Path(f"/proc/{child}/cmdline").read_bytes())
            seen.append(Path(f"/proc/{child}/environ").read_bytes())
        return "250 ok"

    with ScriptedServer(users={"zoe": "ge heim"}, replies={"RCPT": look}) as server:
        outcome = run(*process(tmp_path, server.port, "--user", "zoe", "--trace"))
    assert outcome.status == 0
    assert server.connection.user == "zoe"
    assert any(b"ssmtp_compat" in text for text in seen)
    assert not any(b"ge heim" in text for text in seen)
    assert "ge heim" not in outcome.err


def test_a_password_may_be_longer_than_a_pipe_holds(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queue_messages(tmp_path, 1)
    secret = "x" * 100_000
    monkeypatch.setenv("SSMTP_PASSWORD", secret)
    with ScriptedServer(users={"zoe": secret}) as server:
        outcome = run(*process(tmp_path, server.port, "--user", "zoe"))
    assert (outcome.status, outcome.err) == (0, "")
    assert server.connection.user == "zoe"


def test_the_log_in_is_refused_once_whatever_the_number_of_workers(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_messages(tmp_path, 4)
    monkeypatch.setenv("SSMTP_PASSWORD", "wrong-password")
    with ScriptedServer(users={"zoe": "right"}) as server:
        outcome = run(*process(tmp_path, server.port, "--user", "zoe", "--workers", "2"))
    assert outcome.status == 77
    assert outcome.err.startswith("ssmtp-compat: 161: 535")
    assert outcome.err.count("\n") == 1
    assert "wrong-password" not in outcome.err


def test_a_log_in_that_was_forgotten_is_told_once_and_fails_no_message(run: Run, tmp_path: Path) -> None:
    queue_messages(tmp_path, 4)
    wanted = "530 5.7.0 Authentication required"
    with ScriptedServer(replies={"MAIL": wanted}) as server:
        outcome = run(*process(tmp_path, server.port))
    assert outcome.status == 77
    assert f"ssmtp-compat: 161: {wanted}\n" in outcome.err
    assert outcome.out == "0 sent, 1 put back, 0 failed, 0 refused, 3 not tried\n"
    assert endings(tmp_path) == [".queued"] * 4


def test_tls_with_an_authority_of_ones_own_from_wherever_the_command_runs(
    run: Run, tmp_path: Path, loopback_identity: LoopbackIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    queue_messages(spool, 2)
    (tmp_path / "json.py").write_text("raise SystemExit('a file of the current directory was imported')")
    (tmp_path / "ca.pem").write_bytes(loopback_identity.ca_file.read_bytes())
    monkeypatch.chdir(tmp_path)
    with ScriptedServer(tls=loopback_identity.server_context()) as server:
        options = ("--tls", "starttls", "--ca-file", "ca.pem")
        outcome = run("process-queue", "spool", "--server", "127.0.0.1", "--port", str(server.port), *options)
    assert outcome.status == 0, outcome.err
    assert server.connection.tls
    assert len(server.messages) == 2


def test_the_dialogue_names_the_worker_where_there_are_several(run: Run, tmp_path: Path) -> None:
    queue_messages(tmp_path, 2)
    with ScriptedServer() as server:
        alone = run(*process(tmp_path, server.port, "--trace"))
        queue_messages(tmp_path, 2)
        together = run(*process(tmp_path, server.port, "--trace", "--workers", "2"))
    assert "\n--> QUIT\n" in alone.err
    assert re.search(r"^[12]: --> QUIT$", together.err, re.MULTILINE)
