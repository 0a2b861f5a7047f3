"""The authorities and the signer that the tests of certificates and of S/MIME share."""

from __future__ import annotations

import pytest

from unit.pki.authority import Issued, issue, name, rsa_key


@pytest.fixture(scope="session")
def root() -> Issued:
    return issue(name(("C", "DE"), ("CN", "Test Root")), rsa_key(10), authority=True)


@pytest.fixture(scope="session")
def intermediate(root: Issued) -> Issued:
    return issue(name(("C", "DE"), ("CN", "Test Issuer")), rsa_key(11), issuer=root, authority=True)


@pytest.fixture(scope="session")
def alice(intermediate: Issued) -> Issued:
    subject = name(("C", "DE"), ("O", "Acme, Inc"), ("CN", "Alice"))
    return issue(subject, rsa_key(1), issuer=intermediate, emails=["alice@example.test"])
