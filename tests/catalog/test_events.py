"""The event table holds the nine documented events with their documented parameters."""

from __future__ import annotations

import pytest

from ssmtp_compat.catalog.enums import EventID
from ssmtp_compat.catalog.events import EVENTS
from ssmtp_compat.catalog.schema import EventDef

ROWS = list(EVENTS.values())
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)

DOCUMENTED = {
    1: ("ConnectionStatus", ["connectionevent", "statuscode", "description"]),
    2: ("EndTransfer", ["direction"]),
    3: ("Error", ["errorcode", "description"]),
    4: ("Expand", ["address"]),
    5: ("PITrail", ["direction", "message"]),
    6: ("SSLServerAuthentication", ["certencoded", "certsubject", "certissuer", "status", "accept"]),
    7: ("SSLStatus", ["message"]),
    8: ("StartTransfer", ["direction"]),
    9: ("Transfer", ["direction", "bytestransferred", "percentdone"]),
}


def test_events_and_parameters_are_the_documented_ones_in_order():
    found = {int(row.id): (row.name, [parameter.name for parameter in row.parameters]) for row in ROWS}
    assert list(found.items()) == list(DOCUMENTED.items())


def test_every_id_has_a_row():
    assert list(EVENTS) == list(EventID)


def test_only_accept_is_writable():
    assert {(row.name, name) for row in ROWS for name in row.writable} == {("SSLServerAuthentication", "accept")}


@each_row
def test_texts_are_sentences_with_a_source(row: EventDef):
    assert row.doc.endswith(".")
    assert row.source.strip()
    for parameter in row.parameters:
        assert parameter.doc.endswith(".")
        assert parameter.type in {"str", "int", "bool", "bytes"}
