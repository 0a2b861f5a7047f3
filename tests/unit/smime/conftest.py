from __future__ import annotations

from pathlib import Path

import pytest

from unit.pki.authority import Issued, issue, name, rsa_key
from unit.pki.people import alice, intermediate, root
from unit.smime.openssl_judge import Judge

__all__ = ["alice", "intermediate", "judge", "recipients", "root"]


@pytest.fixture(scope="session")
def recipients(intermediate: Issued) -> tuple[Issued, ...]:
    return tuple(
        issue(name(("CN", person), ("E", f"{person.lower()}@example.test")), rsa_key(number), issuer=intermediate)
        for number, person in enumerate(("Bob", "Carol", "Dave"), start=2)
    )


@pytest.fixture
def judge(tmp_path: Path, root: Issued) -> Judge:
    return Judge(tmp_path, root)
