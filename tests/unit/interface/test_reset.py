"""Reset and ResetHeaders: what goes back to its default and what stays."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ssmtp_compat import (
    CertStoreTypes,
    ErrorCode,
    PropertyID,
    ssmtp_do_addrecipientcert,
    ssmtp_do_config,
    ssmtp_do_connect,
    ssmtp_do_encrypt,
    ssmtp_do_reset,
    ssmtp_do_resetheaders,
)
from ssmtp_compat.catalog.config import SETTINGS
from ssmtp_compat.catalog.schema import Access, ConfigDef, PropertyDef, ValueType
from ssmtp_compat.catalog.values import format_text
from unit.interface.scripts import WRITABLE, each, last_error, put, reach, refused, take
from unit.pki.authority import Issued, issue, name
from wire.scripted_server import Ending, ScriptedServer

P = PropertyID

CERTIFICATES = {P.CertEncoded, P.CertSubject, P.SSLCertEncoded, P.SSLCertSubject}
SCALARS = [
    row for row in WRITABLE if row.indexed_by is None and row.id not in {*CERTIFICATES, P.Connected, P.LocalHost}
]


@pytest.fixture(scope="module")
def signer() -> Issued:
    return issue(name(("CN", "Signer")), ec.generate_private_key(ec.SECP256R1()))


def other_value(row: PropertyDef | ConfigDef) -> Any:
    """A value that is not the default and that every row of the type takes."""
    if row.value_type is ValueType.BOOL:
        return not row.default
    if row.value_type is ValueType.INT:
        return 2 if row.minimum in (0, 1, None) else 4096
    return b"other" if row.value_type is ValueType.BINARY else "ascii@example.test"


def select(handle: int, signer: Issued) -> None:
    key = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    put(handle, P.CertStoreType, CertStoreTypes.cstPEMKeyBlob)
    put(handle, P.CertStore, key + signer.certificate.pem())
    put(handle, P.CertSubject, "*")
    assert take(handle, P.CertSubject) == "CN=Signer"
    assert ssmtp_do_addrecipientcert(handle, signer.certificate.pem()) == 0


# -- ResetHeaders -----------------------------------------------------------------------------------------------------


@each(SCALARS)
def test_reset_headers_empties_the_header_properties_and_no_others(handle: int, row: PropertyDef):
    put(handle, row.id, other_value(row))
    changed = take(handle, row.id)
    assert changed != row.default
    assert ssmtp_do_resetheaders(handle) == 0
    assert take(handle, row.id) == (row.default if row.header else changed)


def test_reset_headers_empties_the_recipient_arrays(handle: int):
    put(handle, P.MessageRecipientCount, 3)
    put(handle, P.MessageRecipientAddress, 2, "bob@example.test")
    put(handle, P.Cc, "Team: a@example.test;, none: ;")
    assert ssmtp_do_resetheaders(handle) == 0
    assert (take(handle, P.MessageRecipientCount), take(handle, P.Cc)) == (0, "")


def test_reset_headers_keeps_settings_session_and_certificates(handle: int, server: ScriptedServer, signer: Issued):
    reach(handle, server)
    assert ssmtp_do_connect(handle) == 0
    select(handle, signer)
    assert ssmtp_do_config(handle, "Hello=me.example.test") == ""
    put(handle, P.MessageText, "text")
    assert ssmtp_do_resetheaders(handle) == 0
    assert take(handle, P.Connected) is True
    assert take(handle, P.CertSubject) == "CN=Signer"
    assert take(handle, P.CertEncoded) == signer.certificate.pem()
    assert ssmtp_do_config(handle, "Hello") == "me.example.test"
    assert take(handle, P.MessageText) == "text"


def test_reset_headers_makes_a_new_message_with_a_new_identifier(handle: int):
    identifiers = [take(handle, P.MessageHeaderValue, 1)]
    assert ssmtp_do_resetheaders(handle) == 0
    identifiers.append(take(handle, P.MessageHeaderValue, 1))
    assert identifiers[0] != identifiers[1]


# -- Reset ------------------------------------------------------------------------------------------------------------


@each([row for row in SCALARS if row.id is not P.RuntimeLicense])
def test_reset_puts_every_property_back(handle: int, row: PropertyDef):
    put(handle, row.id, other_value(row))
    assert take(handle, row.id) != row.default
    assert ssmtp_do_reset(handle) == 0
    assert take(handle, row.id) == row.default


@pytest.mark.parametrize(
    "row", [row for row in SETTINGS.values() if row.access is Access.READ_WRITE], ids=lambda row: row.name
)
def test_reset_puts_every_setting_back(handle: int, row: ConfigDef):
    before = ssmtp_do_config(handle, row.name)
    value = {"Charset": "utf-8", "CodePage": "1252", "DSNReturn": "HDRS"}.get(row.name, str(other_value(row)))
    assert ssmtp_do_config(handle, f"{row.name}={value}") == ""
    assert last_error(handle) == (0, "")
    assert ssmtp_do_config(handle, row.name) != before
    assert ssmtp_do_reset(handle) == 0
    assert ssmtp_do_config(handle, row.name) == before
    assert before == format_text(row.default, row) or row.name in ("Hello", "LocalHost")


def test_reset_keeps_the_runtime_licence(handle: int):
    put(handle, P.RuntimeLicense, "licence")
    assert ssmtp_do_reset(handle) == 0
    assert take(handle, P.RuntimeLicense) == "licence"


def test_reset_forgets_recipients_and_certificates(handle: int, signer: Issued):
    select(handle, signer)
    put(handle, P.SendTo, "bob@example.test")
    put(handle, P.MessageRecipientCount, 4)
    assert ssmtp_do_reset(handle) == 0
    assert take(handle, P.MessageRecipientCount) == 0
    assert (take(handle, P.CertSubject), take(handle, P.CertEncoded)) == ("", b"")
    refused(handle, ssmtp_do_encrypt(handle), ErrorCode.NO_RECIPIENT_CERTIFICATE)


def test_reset_drops_the_connection_without_quit(handle: int, server: ScriptedServer):
    reach(handle, server)
    assert ssmtp_do_connect(handle) == 0
    assert take(handle, P.LastReply) != ""
    assert ssmtp_do_reset(handle) == 0
    assert take(handle, P.Connected) is False
    assert take(handle, P.LastReply) == ""
    server.wait_closed()
    assert server.connection.ending in (Ending.CLIENT_CLOSED, Ending.CLIENT_RESET)
    assert "QUIT" not in server.connection.commands
    reach(handle, server)
    assert ssmtp_do_connect(handle) == 0
