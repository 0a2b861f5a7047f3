"""A decrypt or verify that is killed while it writes leaves nothing of the message about."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ssmtp_compat.cli.whole_file import write_whole
from unit.cli.test_decrypt import PLAIN, bob, message, pem
from unit.pki.authority import Issued

__all__ = ["bob", "message"]

CHILD = """
import os, sys
from ssmtp_compat.cli import main

way, call = sys.argv[1:3]
called = getattr(os, call)

def stall(*arguments, **options):
    print("stalled", flush=True)
    sys.stdin.readline()
    called(*arguments, **options)

setattr(os, call, stall)
if way == "without nameless files":
    del os.O_TMPFILE
sys.exit(main(sys.argv[3:]))
"""
NAMELESS, NAMED = "with nameless files", "without nameless files"


@pytest.fixture
def arguments(bob: Issued, message: bytes, tmp_path: Path) -> list[str]:
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    (inputs / "message.eml").write_bytes(message)
    (tmp_path / "output").mkdir()
    return ["decrypt", str(inputs / "message.eml"), "--store", pem(bob, inputs), "--output"]


@contextmanager
def stalled(way: str, arguments: list[str], call: str = "fsync") -> Iterator[subprocess.Popen[bytes]]:
    """The command, which has written all and waits for a line before ``call``."""
    command = [sys.executable, "-c", CHILD, way, call, *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **pipes) as child:
        try:
            assert child.stdout.readline() == b"stalled\n"
            yield child
        finally:
            child.kill()


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files without a name are Linux's")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("before", [None, b"before"])
def test_a_killed_command_leaves_no_file(arguments: list[str], tmp_path: Path, number: int, before: bytes | None):
    target = tmp_path / "output" / "letter.eml"
    if before is not None:
        target.write_bytes(before)
    with stalled(NAMELESS, [*arguments, str(target)]) as child:
        child.send_signal(number)
        child.wait(30)
    assert child.returncode == -number
    found = {path.name: path.read_bytes() for path in target.parent.iterdir()}
    assert found == ({} if before is None else {"letter.eml": before})


@pytest.mark.parametrize(
    ("way", "call"),
    [
        pytest.param(
            NAMELESS, "rename", marks=pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="these are Linux's")
        ),
        (NAMED, "fsync"),
    ],
)
def test_a_signal_waits_while_there_is_a_second_file(arguments: list[str], tmp_path: Path, way: str, call: str):
    target = tmp_path / "output" / "letter.eml"
    target.write_bytes(b"before")
    with stalled(way, [*arguments, str(target)], call) as child:
        child.send_signal(signal.SIGTERM)
        child.communicate(b"\n", 30)
    assert child.returncode == -signal.SIGTERM
    assert {path.name: path.read_bytes() for path in target.parent.iterdir()} == {"letter.eml": PLAIN}


@pytest.mark.parametrize("way", [NAMELESS, NAMED])
def test_what_cannot_take_the_name_leaves_nothing_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str):
    if way == NAMED:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    target = tmp_path / "letter.eml"
    target.mkdir()
    with pytest.raises(OSError):
        write_whole(target, b"secret")
    assert list(tmp_path.iterdir()) == [target]
    target.rmdir()
    for content in (b"first", b"second"):
        write_whole(target, content)
        assert target.read_bytes() == content
        assert target.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_system_that_has_no_nameless_files_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(path: object, flags: int, *arguments: object, open=os.open, **options: object) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(95, "Operation not supported")
        return open(path, flags, *arguments, **options)

    monkeypatch.setattr(os, "O_TMPFILE", 0o20200000, raising=False)
    monkeypatch.setattr(os, "open", refuse)
    write_whole(tmp_path / "letter.eml", b"content")
    assert (tmp_path / "letter.eml").read_bytes() == b"content"


@pytest.mark.parametrize("before", [None, b"before"])
def test_where_a_nameless_file_gets_no_name_it_has_another_one_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes | None
):
    """Without /proc there is nothing to link from, and a file system may have nameless files and no links."""

    def refuse(*_: object, **options: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    if before is not None:
        (tmp_path / "letter.eml").write_bytes(before)
    write_whole(tmp_path / "letter.eml", b"content")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"letter.eml": b"content"}
