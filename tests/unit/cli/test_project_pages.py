"""What README and changelog promise stays true."""

from __future__ import annotations

import re
from pathlib import Path

from ssmtp_compat import __version__

ROOT = Path(__file__).parents[3]

COMMANDS = [
    "python3 -m venv .venv && .venv/bin/pip install -q '.[demo]' && .venv/bin/ssmtp-compat demo",
    "python3 -m venv .venv && .venv/bin/pip install -q nox && .venv/bin/nox",
]


def test_the_changelog_has_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)", changelog, re.MULTILINE)[0] == __version__


def test_the_changelog_has_only_the_agreed_headings() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^### (.+)$", changelog, re.MULTILINE))
    assert headings <= {"Security", "Removed", "Deprecated", "Added", "Changed", "Fixed"}


def test_the_readme_shows_the_two_commands_and_no_other_shell() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    assert [text.strip() for language, text in blocks if language != "python"] == COMMANDS


def test_the_readmes_example_is_python_that_uses_what_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    example = example.replace('"mail.example.org"', '""')  # nothing is to be sent
    said: list[str] = []
    exec(compile(example, "README.md", "exec"), {"print": said.append})
    assert said == ["Please specify a MailServer."]
