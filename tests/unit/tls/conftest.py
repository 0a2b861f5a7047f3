"""A client's handshake with a server in memory."""

import pytest

from ssmtp_compat.net.deadline import Deadline
from ssmtp_compat.tls.context import TlsOptions
from ssmtp_compat.tls.handshake import start_tls
from wire.tls_certificates import authority
from wire.tls_memory import MemoryServer


@pytest.fixture
def serve(tmp_path):
    """Makes a server that has the given certificate."""
    return lambda issued, **options: MemoryServer(issued.write(tmp_path), **options)


@pytest.fixture
def shake():
    """Makes the handshake, trusting the tests' own authority and nobody else."""

    def handshake(server, name="localhost", *, trust=None, accepted=b"", **options):
        anchors = (trust or authority()).pem.decode()
        wanted = TlsOptions(server_name=name, ca_pem=anchors, accepted_certificate=accepted)
        return start_tls(server, wanted, Deadline(5), **options)

    return handshake
