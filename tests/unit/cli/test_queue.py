"""What the queue command puts into a directory, and each way in which it puts nothing there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ssmtp_compat.cli.demo.people import Authority, Identity
from ssmtp_compat.cli.demo.readers import PythonReader
from unit.cli.conftest import NOBODY, Run, status_for_nobody

ADDRESSES = ("--from", "Zoë Meyer <zoe@example.org>", "--to", "bob@example.org")


def queue(directory: Path, *more: str) -> tuple[str, ...]:
    return ("queue", str(directory), *ADDRESSES, *more)


def test_the_name_of_the_file_is_printed_and_nothing_else_is_there(run: Run, tmp_path: Path) -> None:
    options = ("--subject", "Grüße", "--header", "X-One: 1", "--cc", "dora@example.org", "--bcc", "eve@example.org")
    outcome = run(*queue(tmp_path, *options), stdin="Über alles\n".encode())
    assert (outcome.status, outcome.err) == (0, "")
    (file,) = tmp_path.iterdir()
    assert outcome.out == f"{file.name}\n"
    block, _, message = file.read_bytes().partition(b"\r\n\r\n")
    assert [line for line in block.decode().split("\r\n") if line.startswith("Recipient")] == [
        "Recipient: To <bob@example.org>",
        "Recipient: Cc <dora@example.org>",
        "Recipient: Bcc <eve@example.org>",
    ]
    assert b"X-One: 1\r\n" in message
    assert b"eve@" not in message


def test_a_line_for_send_needs_another_first_word_only_and_asks_for_no_password_of_the_server(
    run: Run, tmp_path: Path, closed_port: int
) -> None:
    server = ("--server", "127.0.0.1", "--port", str(closed_port), "--user", "zoe", "--tls", "none", "--trace")
    assert run(*queue(tmp_path, *server)).status == 0
    (file,) = tmp_path.iterdir()
    assert b"127.0.0.1" not in file.read_bytes()


@pytest.mark.parametrize("nobody", NOBODY)
def test_what_is_queued_is_a_success_whoever_reads_the_name(tmp_path: Path, nobody: str) -> None:
    assert status_for_nobody(nobody, *queue(tmp_path)) == 0
    assert len(list(tmp_path.iterdir())) == 1


def test_it_is_signed_and_encrypted_before_it_is_queued(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authority: Authority, zoe: Identity, juergen: Identity
) -> None:
    (tmp_path / "zoe.pfx").write_bytes(zoe.pfx("hunter2"))
    (tmp_path / "juergen.pem").write_bytes(juergen.certificate_pem())
    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setenv("SSMTP_PFX_PASSWORD", "hunter2")
    secured = ("--sign", str(tmp_path / "zoe.pfx"), "--encrypt-to", str(tmp_path / "juergen.pem"))
    assert run(*queue(spool, *secured), stdin=b"secret\n").status == 0
    (file,) = spool.iterdir()
    content = file.read_bytes()
    assert b"secret" not in content
    assert b"hunter2" not in content
    reader = PythonReader()
    signed, certificate = reader.verify(reader.decrypt(content.partition(b"\r\n\r\n")[2], juergen), authority.pem())
    assert signed.endswith(b"\r\n\r\nsecret\r\n")
    assert certificate == zoe.certificate


@pytest.mark.parametrize("directory", ["missing", "file"])
def test_a_directory_that_is_none_is_73(run: Run, tmp_path: Path, directory: str) -> None:
    (tmp_path / "file").touch()
    outcome = run(*queue(tmp_path / directory))
    assert (outcome.status, outcome.out) == (73, "")
    assert outcome.err.startswith("ssmtp-compat: 302: ")
    assert directory in outcome.err
    assert outcome.err.count("\n") == 1
    assert not (tmp_path / "missing").exists()


def test_a_full_disk_is_73_and_leaves_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    outcome = run(*queue(tmp_path))
    assert (outcome.status, outcome.out) == (73, "")
    assert "No space left" in outcome.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "status", "text"),
    [
        (("--to", "not an address"), 65, "20012: --to: "),
        (("--body", "missing"), 65, "302: --body missing: "),
        (("--encrypt-to", "missing"), 65, "302: --encrypt-to missing: "),
        (("--header", "no colon"), 64, "Name: value"),
        (("--password", "x"), 64, "--password"),
    ],
)
def test_wrong_data_and_wrong_usage_queue_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], status: int, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run(*queue(tmp_path, *options))
    assert (outcome.status, outcome.out) == (status, "")
    assert text in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_somebody_has_to_get_it(run: Run, tmp_path: Path) -> None:
    outcome = run("queue", str(tmp_path), "--from", "zoe@example.org")
    assert outcome.status == 64
    assert "--to, --cc or --bcc" in outcome.err
    assert run("queue", "--from", "zoe@example.org", "--to", "b@x.org").status == 64
