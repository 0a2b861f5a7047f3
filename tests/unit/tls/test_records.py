"""Every TLS record is told once, however the transport cuts it."""

import pytest

from ssmtp_compat.net.deadline import Deadline
from ssmtp_compat.tls.records import RecordLog

RECORDS = (
    b"\x16\x03\x01\x00\x05hello" + b"\x17\x03\x03\x00\x00" + b"\x15\x03\x03\x00\x02\x01\x00" + b"\x63\x03\x03\x00\x01x"
)
TOLD = ["handshake, 5 octets", "application data, 0 octets", "alert, 2 octets", "type 99, 1 octets"]


class Transport:
    """Gives out pieces of ``size`` octets."""

    def __init__(self, size: int) -> None:
        self.pieces = [RECORDS[start : start + size] for start in range(0, len(RECORDS), size)]
        self.written = b""

    def read(self, limit, deadline):
        return self.pieces.pop(0) if self.pieces else b""

    def write(self, data, deadline):
        self.written += data


@pytest.mark.parametrize("size", range(1, len(RECORDS) + 1))
def test_records_are_told_in_both_directions(size):
    transport, told = Transport(size), []
    log = RecordLog(transport, told.append)
    pieces = []
    while piece := log.read(65536, Deadline(1)):
        pieces.append(piece)
    assert b"".join(pieces) == RECORDS
    assert told == [f"Record received: {line}" for line in TOLD]
    told.clear()
    for piece in pieces:
        log.write(memoryview(piece), Deadline(1))
    assert transport.written == RECORDS
    assert told == [f"Record sent: {line}" for line in TOLD]
