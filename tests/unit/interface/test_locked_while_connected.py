"""What decides where a connection goes cannot be changed while there is one."""

from __future__ import annotations

import pytest

from ssmtp_compat import (
    ErrorCode,
    EventID,
    PropertyID,
    ssmtp_do_config,
    ssmtp_do_connect,
    ssmtp_do_disconnect,
    ssmtp_get,
    ssmtp_register_callback,
    ssmtp_set,
)
from ssmtp_compat.catalog.config import SETTINGS
from ssmtp_compat.catalog.properties import PROPERTIES
from ssmtp_compat.catalog.schema import ConfigDef, PropertyDef, WritableWhen
from unit.interface.scripts import each, put, reach, reason, refused, take
from wire.scripted_server import ScriptedServer

P = PropertyID

CODES = {"MailServer": 101, "MailPort": 100, "LocalHost": 107, "LocalPort": 106, "MaxLineLength": 112}
PROPERTY_ROWS = [row for row in PROPERTIES.values() if row.writable_when is WritableWhen.DISCONNECTED]
SETTING_ROWS = [row for row in SETTINGS.values() if row.writable_when is WritableWhen.DISCONNECTED]


def connect(handle: int, server: ScriptedServer) -> None:
    reach(handle, server)
    assert ssmtp_do_connect(handle) == 0
    assert take(handle, P.Connected) is True


def test_these_are_locked():
    assert {row.name: row.locked_error for row in [*PROPERTY_ROWS, *SETTING_ROWS]} == CODES


@each(PROPERTY_ROWS)
def test_property(handle: int, server: ScriptedServer, row: PropertyDef):
    connect(handle, server)
    before = take(handle, row.id)
    for value in (before, 587, "other", ["no value at all"]):
        refused(handle, ssmtp_set(handle, row.id, value), CODES[row.name])
    assert take(handle, row.id) == before
    assert ssmtp_do_disconnect(handle) == 0
    put(handle, row.id, "587")
    assert str(take(handle, row.id)) == "587"


@pytest.mark.parametrize("row", SETTING_ROWS, ids=lambda row: row.name)
def test_setting(handle: int, server: ScriptedServer, row: ConfigDef):
    connect(handle, server)
    before = ssmtp_do_config(handle, row.name)
    assert ssmtp_do_config(handle, f"{row.name}=587") == ""
    reason(handle, CODES[row.name])
    assert ssmtp_do_config(handle, row.name) == before
    assert ssmtp_do_disconnect(handle) == 0
    assert ssmtp_do_config(handle, f"{row.name}=587") == ""
    assert ssmtp_do_config(handle, row.name) == "587"


def test_connected_reads_and_connects_as_well(handle: int, server: ScriptedServer):
    reach(handle, server)
    assert take(handle, P.Connected) is False
    for wanted in (True, True, False, False):
        put(handle, P.Connected, wanted)
        assert take(handle, P.Connected) is wanted
    server.wait_closed()
    assert len(server.connection.commands) == 2
    assert server.connection.commands[1] == "QUIT"


def test_setting_connected_reports_why_it_failed(handle: int, closed_port: int):
    refused(handle, ssmtp_set(handle, P.Connected, True), ErrorCode.NO_MAIL_SERVER)
    put(handle, P.MailServer, "127.0.0.1")
    put(handle, P.MailPort, closed_port)
    refused(handle, ssmtp_set(handle, P.Connected, True), ErrorCode.WSAECONNREFUSED)
    assert take(handle, P.Connected) is False


def test_local_end_reads_as_the_one_in_use(handle: int, server: ScriptedServer):
    before = take(handle, P.LocalHost)
    connect(handle, server)
    assert take(handle, P.LocalHost) == ssmtp_do_config(handle, "LocalHost") == "127.0.0.1"
    assert int(ssmtp_do_config(handle, "LocalPort")) > 0
    assert ssmtp_do_disconnect(handle) == 0
    assert take(handle, P.LocalHost) == before != "127.0.0.1"
    assert ssmtp_do_config(handle, "LocalPort") == "0"


def test_everything_else_can_be_set_during_a_connection(handle: int, server: ScriptedServer):
    connect(handle, server)
    put(handle, P.Subject, "new")
    put(handle, P.Timeout, 5)
    put(handle, P.User, "somebody")
    assert ssmtp_do_config(handle, "Hello=me.example.test") == ""
    assert ssmtp_do_config(handle, "Hello") == "me.example.test"


def test_locked_from_the_first_socket_on(handle: int, server: ScriptedServer):
    codes = []
    ssmtp_register_callback(
        handle,
        EventID.ConnectionStatus,
        lambda _: codes.append(ssmtp_set(handle, PropertyID.MailServer, "other.example")),
    )
    assert ssmtp_set(handle, PropertyID.MailServer, server.host) == 0
    assert ssmtp_set(handle, PropertyID.MailPort, server.port) == 0
    assert ssmtp_do_connect(handle) == 0
    assert codes == [101]
    assert ssmtp_get(handle, PropertyID.MailServer) == server.host
