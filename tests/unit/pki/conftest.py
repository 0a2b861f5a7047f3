from __future__ import annotations

import pytest

from unit.pki.authority import Issued, issue, name, rsa_key
from unit.pki.people import alice, intermediate, root

__all__ = ["alice", "bob", "intermediate", "root"]


@pytest.fixture(scope="session")
def bob(intermediate: Issued) -> Issued:
    return issue(name(("CN", "Bob"), ("E", "bob@example.test")), rsa_key(2), issuer=intermediate)
