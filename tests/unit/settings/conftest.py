from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ssmtp_compat.pki.certificates import KeyPair
from ssmtp_compat.settings.store import Settings
from unit.pki.authority import issue, name


@pytest.fixture
def settings() -> Settings:
    """The values of a client that is not connected and computes nothing."""
    return Settings(connected=lambda: False)


@pytest.fixture(scope="session")
def signer() -> KeyPair:
    return issue(name(("CN", "Signer")), ec.generate_private_key(ec.SECP256R1())).key_pair
