"""Processes that share a queue deliver to a real Postfix: every message arrives, and arrives once."""

from __future__ import annotations

import email
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from interop.postfix import Postfix
from ssmtp_compat import ssmtp_do_queue
from wire.mailer import Mailer

pytestmark = pytest.mark.interop


def command(directory: Path, port: int, *options: str) -> list[str]:
    server = ["--server", "localhost", "--port", str(port), "--workers", "4"]
    return [sys.executable, "-m", "ssmtp_compat", "process-queue", str(directory), *server, *options]


def queue_numbered(directory: Path, count: int) -> list[str]:
    """Messages for bob whose subjects tell them apart; the subjects."""
    subjects = [f"number {number}" for number in range(count)]
    with Mailer(25, MailServer="") as mailer:
        for subject in subjects:
            mailer.set(Subject=subject, MessageId="*")
            assert ssmtp_do_queue(mailer.handle, str(directory)), mailer.error
    return subjects


def arrived(postfix: Postfix) -> Counter[str]:
    """How often each subject stands in bob's mailbox once everything is delivered."""
    return Counter(email.message_from_bytes(content)["Subject"] for content in postfix.all_messages("bob"))


def test_four_workers_drain_200_messages_over_tls_with_a_login_each_exactly_once(postfix, ca, tmp_path):
    subjects = queue_numbered(tmp_path, 200)
    login = ("--tls", "starttls", "--ca-file", str(ca.certificate), "--user", "alice@example.test")
    done = subprocess.run(
        command(tmp_path, postfix.submission_port, *login),
        env={**os.environ, "SSMTP_PASSWORD": "secret"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("\n200 sent, 0 put back, 0 failed, 0 refused, 0 not tried\n")
    assert done.stdout.count(": sent\n") == 200
    assert list(tmp_path.iterdir()) == []
    assert arrived(postfix) == dict.fromkeys(subjects, 1)


def test_two_commands_share_a_directory(postfix, tmp_path):
    subjects = queue_numbered(tmp_path, 100)
    both = [
        subprocess.Popen(command(tmp_path, postfix.plain_port, "--tls", "none"), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    counts: Counter[str] = Counter()
    for process in both:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        counts.update(out.splitlines()[:-1])
    assert len(counts) == 100
    assert set(counts.values()) == {1}
    assert list(tmp_path.iterdir()) == []
    assert arrived(postfix) == dict.fromkeys(subjects, 1)


def test_a_worker_that_is_killed_again_and_again_loses_nothing(postfix, tmp_path):
    subjects = queue_numbered(tmp_path, 60)
    killed = 0
    with subprocess.Popen(
        command(tmp_path, postfix.plain_port, "--tls", "none"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while process.poll() is None and killed < 5:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            if children and len(list(tmp_path.iterdir())) < 60:
                os.kill(int(children[0]), signal.SIGKILL)
                killed += 1
            time.sleep(0.02)
        _, errors = process.communicate(timeout=120)
    again = subprocess.run(command(tmp_path, postfix.plain_port, "--tls", "none"), capture_output=True, timeout=120)
    assert again.returncode == 0
    assert errors.count("Worker process") >= 1
    assert list(tmp_path.iterdir()) == []
    copies = arrived(postfix)
    assert set(copies) == set(subjects)
    # Each one that was killed had one message whose verdict it could not write down any more.
    assert sum(copies.values()) - 60 <= killed
