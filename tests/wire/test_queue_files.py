"""Files that other programs, or nobody good, put into a queue: sent if they are as the page says, and else never."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from wire.queue_runs import delivered, endings, queue, run
from wire.queued_file import write_queued
from wire.scripted_server import ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaks")


def corrupted(file: Path, old: bytes, new: bytes) -> None:
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        pytest.param(b"queue 1", b"queue 2", "another version", id="version"),
        pytest.param(b"Hello", b"Jello", "SHA-256 differs", id="changed"),
        pytest.param(b"Bob\r\n", b"", "octets where its header says", id="truncated"),
        pytest.param(b"From: <alice@example.test>\r\nRec", b"Rec", "no line From", id="no sender"),
        pytest.param(b"Recipient: To <bob0@example.test>\r\n", b"", "no line Recipient", id="no recipient"),
        pytest.param(b"bob0@example.test>", b"bob0@example.test> SIZE=1", "SIZE", id="foreign parameter"),
        pytest.param(b"<bob0@example.test>", b"<bob0@exa mple.test>", "exa mple", id="bad address"),
        pytest.param(b"<bob0@example.test>", b"<x> <bob0@example.test>", "line", id="two addresses"),
        pytest.param(b"<alice@example.test>", b"<alice@example.test> SIZE=1", "angle brackets", id="sender with more"),
        pytest.param(b"<bob0@", b"<bob\r\nRCPT TO:<eve@", "Recipient: To <address>", id="CRLF in an address"),
        pytest.param(b"<bob0@", b"<bob\nRCPT TO:<eve@", "Recipient: To <address>", id="LF in an address"),
        pytest.param(b"<bob0@", b"<bob\rRCPT TO:<eve@", "Name: value", id="CR in an address"),
        pytest.param(b"<bob0@", b"<bob\x000@", "Name: value", id="NUL in an address"),
        pytest.param(b"Body: 7bit", b"Body: 7bit\r\nBody: 8bit", "a second time", id="twice"),
        pytest.param(b"Body: 7bit", b"Body: binary", "neither 7bit nor 8bit", id="body"),
        pytest.param(b"Body: 7bit", b"Evil: 7bit", "unknown name", id="unknown"),
        pytest.param(b"Body: 7bit", b"Body: 7bit\r\n folded", "Name: value", id="folded"),
        pytest.param(b"Length: ", b"Length: -", "no number", id="length"),
        pytest.param(b"SHA-256: ", b"SHA-256: x", "64 hexadecimal", id="digest"),
        pytest.param(b"Created: ", b"Created: \xff", "not UTF-8", id="not UTF-8"),
    ],
)
def test_a_damaged_file_is_set_aside_and_never_sent(spool: Path, old: bytes, new: bytes, words: str):
    (name, _) = queue(spool, count=2)
    corrupted(spool / name, old, new)
    with ScriptedServer() as server:
        code, text = run(server.port, spool)
    assert code == ErrorCode.CANNOT_OPEN_FILE
    assert name in text
    assert [message.recipients for message in server.messages] == [["bob1@example.test"]]
    assert endings(spool) == [".failed", ".reason"]
    assert words in (spool / name.replace(".queued", ".reason")).read_text()


@pytest.mark.parametrize("content", [b"", b"\r\n", b"ssmtp_compat queue 1\r\n", b"\0" * 100, b"From: a@b\r\n\r\nx\r\n"])
def test_what_is_no_queued_message_is_set_aside(spool: Path, content: bytes):
    file = spool / "x.queued"
    file.write_bytes(content)
    file.chmod(0o600)
    with ScriptedServer() as server:
        assert run(server.port, spool)[0] == ErrorCode.CANNOT_OPEN_FILE
    assert server.connections == []
    assert endings(spool) == [".failed", ".reason"]
    assert (spool / "x.failed").read_bytes() == content


def symbolic_link(path: Path, message: Path) -> None:
    path.symlink_to(message)


def hard_link(path: Path, message: Path) -> None:
    os.link(message, path)


def directory(path: Path, _: Path) -> None:
    path.mkdir()


def pipe(path: Path, _: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path, _: Path) -> None:
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(path))


def device(path: Path, _: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))  # as /dev/null
    except PermissionError:
        pytest.skip("only root can make a device")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (symbolic_link, "symbolic link"),
        (hard_link, "second name"),
        (directory, "directory"),
        (pipe, "no regular file"),
        (unix_socket, "cannot be taken"),
        (device, "no regular file"),
    ],
)
@pytest.mark.parametrize("ending", ["queued", "sending"])
def test_what_is_no_file_of_ours_is_left_alone(
    spool: Path, tmp_path: Path, make: Callable[[Path, Path], None], words: str, ending: str
):
    message = tmp_path / "message"
    write_queued(spool, 1).rename(message)
    make(spool / f"it.{ending}", message)
    before = (spool / f"it.{ending}").lstat()
    with ScriptedServer() as server:
        code, text = run(server.port, spool)
    assert code == ErrorCode.CANNOT_OPEN_FILE
    assert f"it.{ending} in the queue is left alone" in text
    assert words in text.lower()
    assert server.connections == []
    assert [path.name for path in spool.iterdir()] == [f"it.{ending}"]
    assert (spool / f"it.{ending}").lstat().st_mtime_ns == before.st_mtime_ns


def test_files_with_other_endings_are_never_touched(spool: Path):
    names = [
        "notes.txt",
        "x.queue",
        "x.queued.bak",
        "queued",
        "x.QUEUED",
        "x.failed",
        "x.sent",
        "x.reason",
        "x.unfinished",
    ]
    for name in names:
        (spool / name).write_text("keep")
    write_queued(spool, 0)
    with ScriptedServer() as server:
        assert run(server.port, spool) == (0, "")
    assert delivered(server) == {0: 1}
    assert {path.name: path.read_text() for path in spool.iterdir()} == dict.fromkeys(names, "keep")


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_left_alone(spool: Path, mode: int):
    (name,) = queue(spool)
    (spool / name).chmod(mode)
    with ScriptedServer() as server:
        code, text = run(server.port, spool)
    assert code == ErrorCode.CANNOT_OPEN_FILE
    assert f"mode {mode:04o}" in text
    assert endings(spool) == [".queued"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_left_alone(spool: Path, monkeypatch: pytest.MonkeyPatch):
    (name,) = queue(spool)
    os.chown(spool / name, 12345, -1)
    with ScriptedServer() as server:
        assert "uid 12345" in run(server.port, spool)[1]
    assert endings(spool) == [".queued"]


@pytest.mark.parametrize(
    "message",
    [b"a\nb\r\n", b"a\r\n.\nb\r\n", b"a\0\r\n", b"x" * 999 + b"\r\n", b"\r\n\xfc\r\n", b"Subject: \xfc\r\n\r\n"],
)
def test_a_message_that_is_not_fit_for_the_wire_is_set_aside(spool: Path, message: bytes):
    head = (
        f"ssmtp_compat queue 1\nFrom: <a@b>\nRecipient: To <c@d>\nBody: 7bit\nLength: {len(message)}\n"
        f"SHA-256: {hashlib.sha256(message).hexdigest()}\n\n"
    )
    file = spool / "x.queued"
    file.write_bytes(head.encode() + message)
    file.chmod(0o600)
    with ScriptedServer() as server:
        assert run(server.port, spool)[0] == ErrorCode.CANNOT_OPEN_FILE
    assert server.connections == []
    assert endings(spool) == [".failed", ".reason"]


def test_a_message_of_another_program_is_sent(spool: Path):
    page = Path(__file__).parents[2] / "docs" / "queue-format.md"
    program = page.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(program, names)
    message = "Bcc: secret@example.test\r\nSubject: hand-made\r\n\r\n.grün\r\n".encode()
    names["queue"](str(spool), "1", "", ["bob@example.test", "carol@example.test"], message)
    (queued,) = spool.iterdir()
    assert (queued.name, queued.stat().st_mode & 0o777) == ("1.queued", 0o600)
    with ScriptedServer() as server:
        assert run(server.port, spool) == (0, "")
    (sent,) = server.messages
    assert sent.content == "Subject: hand-made\r\n\r\n.grün\r\n".encode()
    assert (sent.sender, sent.recipients) == ("", ["bob@example.test", "carol@example.test"])


def test_every_line_that_the_page_names_is_read(spool: Path):
    message = b"Subject: all lines\r\n\r\nbody\r\n"
    lines = [
        "ssmtp_compat queue 1",
        f"SHA-256: {hashlib.sha256(message).hexdigest().upper()}",
        "Notify: DELAY",
        f"Length: {len(message)}",
        "Recipient: To <bob@example.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;rob@example.test",
        "Envelope-ID: a b",
        "Return: HDRS",
        "Message-ID: anything",
        "Recipient: Bcc <carol@example.test>",
        "Body: 7bit",
        "Created: yesterday",
        "From: <alice@example.test>",
    ]
    file = write_queued(spool, 0)
    file.write_bytes("\r\n".join([*lines, "", ""]).encode() + message)
    with ScriptedServer() as server:
        assert run(server.port, spool) == (0, "")
    assert [command for command in server.commands if command.startswith(("MAIL", "RCPT"))] == [
        "MAIL FROM:<alice@example.test> SIZE=28 RET=HDRS ENVID=a+20b",
        "RCPT TO:<bob@example.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;rob@example.test",
        "RCPT TO:<carol@example.test> NOTIFY=DELAY",
    ]


def test_a_message_for_blind_recipients_alone_is_sent(spool: Path):
    file = write_queued(spool, 0)
    corrupted(file, b"Recipient: To", b"Recipient: Bcc")
    with ScriptedServer() as server:
        assert run(server.port, spool) == (0, "")
    assert delivered(server) == {0: 1}


def test_a_name_from_elsewhere_cannot_forge_lines_of_the_trace(spool: Path):
    write_queued(spool, 0).rename(spool / "x\n250 OK\udcff.queued")
    (spool / "x\n250 OK\udcff.queued").chmod(0o666)
    with ScriptedServer() as server:
        code, text = run(server.port, spool)
    assert code == ErrorCode.CANNOT_OPEN_FILE
    assert r"x\n250 OK\udcff.queued" in text
