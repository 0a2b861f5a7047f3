"""The demo says yes three times when all is well, and no, with status 1, when anything is not."""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from pathlib import Path

import pytest

from ssmtp_compat.cli.demo import readers, story
from ssmtp_compat.cli.demo.server import EmbeddedServer, Received
from unit.cli.conftest import Run


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("openssl", [True, False])
def test_delivered_decrypted_verified(run: Run, scratch: Path, monkeypatch: pytest.MonkeyPatch, openssl: bool) -> None:
    if not openssl:
        monkeypatch.setattr(readers.shutil, "which", lambda program: None)
    elif readers.shutil.which("openssl") is None:
        pytest.skip("no openssl command here; Debian package openssl")
    outcome = run("demo")
    assert outcome.status == 0, outcome.out
    assert outcome.err == ""
    assert outcome.out.endswith("\nDelivered, decrypted, signature verified.\n")
    for line in ("--> STARTTLS", "--> RCPT TO:<juergen@example.org>", "--> RCPT TO:<zoe@example.org>", "<-- 354"):
        assert line in outcome.out
    assert ("openssl command" in outcome.out) is openssl
    assert "Zoë Meyer <zoe@example.org>" in outcome.out
    assert list(scratch.iterdir()) == []


class _Meddling(EmbeddedServer):
    """Reports something else than it got."""

    @staticmethod
    def meddle(message: Received) -> list[Received]:
        raise NotImplementedError

    def __exit__(self, *arguments: object) -> None:
        super().__exit__(None, None, None)
        self.received[:] = self.meddle(self.received[0])


def _other_recipient(message: Received) -> list[Received]:
    return [dataclasses.replace(message, recipients=("eve@example.org",))]


def _cut_short(message: Received) -> list[Received]:
    return [dataclasses.replace(message, content=message.content[:-400])]


def _other_author(message: Received) -> list[Received]:
    content = message.content.replace(b"<zoe@example.org>", b"<eve@example.org>", 1)
    return [dataclasses.replace(message, content=content)]


@pytest.mark.parametrize(
    ("meddle", "failed"),
    [
        (lambda message: [], "not delivered, not decrypted, not signature verified"),
        (lambda message: [message, message], "not delivered"),
        (_other_recipient, "not delivered"),
        (lambda message: [dataclasses.replace(message, secured=False)], "not delivered"),
        (_cut_short, "not decrypted, not signature verified"),
        (_other_author, "not signature verified"),
    ],
)
def test_what_is_wrong_is_named(run: Run, monkeypatch: pytest.MonkeyPatch, meddle: object, failed: str) -> None:
    monkeypatch.setattr(_Meddling, "meddle", staticmethod(meddle))
    monkeypatch.setattr(story, "EmbeddedServer", _Meddling)
    outcome = run("demo")
    assert outcome.status == 1
    assert outcome.out.endswith(f"\nFAILED: {failed}.\n")


def test_another_text_than_the_one_sent_is_not_let_pass(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = story.ssmtp_set

    def forge(handle: int, property_id: int, value: object) -> int:
        if property_id == story.P.MessageText:
            value = str(value).replace("1000", "1001")
        return sent(handle, property_id, value)

    monkeypatch.setattr(story, "ssmtp_set", forge)
    outcome = run("demo")
    assert outcome.status == 1
    assert outcome.out.endswith("\nFAILED: not decrypted, not signature verified.\n")


def test_a_send_that_fails_is_told_with_its_code(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "ssmtp_do_config", lambda handle, text: "")  # nobody trusts the demo's authority
    outcome = run("demo")
    assert outcome.status == 1
    assert "delivered:           NO   280: " in outcome.out


def test_a_missing_extra_names_the_pip_command(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ssmtp_compat.cli.demo.story", "ssmtp_compat.cli.demo.server"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "aiosmtpd", None)
    monkeypatch.setitem(sys.modules, "aiosmtpd.smtp", None)
    outcome = run("demo")
    assert outcome.status == 1
    assert outcome.err.startswith("ssmtp-compat: 20009: ")
    assert "pip install 'ssmtp_compat[demo]'" in outcome.err
