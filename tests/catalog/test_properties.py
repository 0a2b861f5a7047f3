"""The property table holds what the documentation gives, and every row is consistent in itself."""

from __future__ import annotations

import re
from enum import IntEnum

import pytest

from ssmtp_compat.catalog.enums import (
    AuthMechanisms,
    CertStoreTypes,
    FirewallTypes,
    Importance,
    Priority,
    PropertyID,
    RecipientTypes,
    Sensitivity,
    SSLStartModes,
)
from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.catalog.properties import PROPERTIES
from ssmtp_compat.catalog.schema import Access, Evidence, PropertyDef, Support, ValueType, WritableWhen

ROWS = list(PROPERTIES.values())
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)

PYTHON_TYPES = {ValueType.TEXT: str, ValueType.INT: int, ValueType.BOOL: bool, ValueType.BINARY: bytes}

# The overview page's property list, in its order, which is the order of the ids from 1 on.
OVERVIEW = """
AllowExtensions AuthMechanism BCc Cc CertEncoded CertStore CertStorePassword CertStoreType CertSubject Command
Connected DeliveryNotificationTo EncryptingAlgorithm FirewallAutoDetect FirewallType FirewallHost FirewallPassword
FirewallPort FirewallUser From Idle Importance IncludeCertificate IncludeChain LastReply LocalHost MailPort MailServer
Message MessageDate MessageHeaderCount MessageHeaderField MessageHeaderValue MessageHeadersString MessageId
MessageRecipientCount MessageRecipientAddress MessageRecipientName MessageRecipientOptions MessageRecipientType
MessageText OtherHeaders Password Priority ReadReceiptTo ReplyTo ReturnPath SendTo Sensitivity SigningAlgorithm
SSLAcceptServerCertEncoded SSLCertEncoded SSLCertStore SSLCertStorePassword SSLCertStoreType SSLCertSubject SSLEnabled
SSLServerCertEncoded SSLStartMode Subject Timeout User
"""


def names(*, where: str) -> set[str]:
    return {row.name for row in ROWS if getattr(row, where)}


def test_ids_are_the_documented_ones_in_order():
    assert [int(row.id) for row in ROWS] == [0, *range(1, 63), 2011]


def test_names_are_those_of_the_overview_page():
    assert [row.name for row in ROWS[1:-1]] == OVERVIEW.split()


def test_every_id_has_a_row():
    assert list(PROPERTIES) == list(PropertyID)


@each_row
def test_row_stands_under_its_own_id(row: PropertyDef):
    assert PROPERTIES[PropertyID(row.id)] is row


def test_table_cannot_be_changed():
    with pytest.raises(TypeError):
        PROPERTIES[PropertyID.Version] = ROWS[1]


@each_row
def test_default_has_the_type_of_the_row(row: PropertyDef):
    assert type(row.default) is PYTHON_TYPES[row.value_type]


@each_row
def test_default_is_within_choices_and_bounds(row: PropertyDef):
    if row.choices is not None:
        assert row.default in [int(choice) for choice in row.choices]
    elif row.value_type is ValueType.INT:
        assert row.minimum is not None
        assert row.maximum is not None
        assert isinstance(row.default, int)
        assert row.minimum <= row.default <= row.maximum


@each_row
def test_only_numbers_have_choices_bounds_and_units(row: PropertyDef):
    if row.value_type is not ValueType.INT:
        assert (row.choices, row.minimum, row.maximum, row.unit) == (None, None, None, "")


@each_row
def test_doc_is_sentences(row: PropertyDef):
    assert row.doc[0].isupper() or row.doc[0] == "'"
    assert row.doc.endswith(".")
    assert "  " not in row.doc
    assert "\n" not in row.doc


@each_row
def test_doc_and_source_name_no_absolute_path(row: PropertyDef):
    assert not re.search(r"(?:^|[\s\"'(;])(?:/[a-z]|[A-Z]:\\)", f"{row.doc} {row.source}")


@each_row
def test_row_names_its_source(row: PropertyDef):
    assert row.source.strip()
    assert not row.source.endswith(".")


@each_row
def test_support_note_says_what_is_missing_and_only_then(row: PropertyDef):
    assert bool(row.support_note) == (row.support is not Support.FULL)
    assert not row.support_note.endswith(".")


@each_row
def test_evidence_documented_stands_on_a_page_of_this_class(row: PropertyDef):
    for evidence in (row.evidence, row.default_evidence):
        if evidence is Evidence.DOCUMENTED:
            assert "SSMTP " in row.source


@each_row
def test_what_is_ours_is_said_in_the_source(row: PropertyDef):
    if row.evidence is Evidence.OURS:
        assert row.source.endswith("is ours")


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("AuthMechanism", AuthMechanisms),
        ("CertStoreType", CertStoreTypes),
        ("FirewallType", FirewallTypes),
        ("Importance", Importance),
        ("MessageRecipientType", RecipientTypes),
        ("Priority", Priority),
        ("Sensitivity", Sensitivity),
        ("SSLCertStoreType", CertStoreTypes),
        ("SSLStartMode", SSLStartModes),
    ],
)
def test_enumerated_property_has_its_enumeration(name: str, choices: type[IntEnum]):
    assert PROPERTIES[PropertyID[name]].choices is choices


def test_nothing_else_is_enumerated():
    assert len([row for row in ROWS if row.choices]) == 9


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("AllowExtensions", True),
        ("CertStore", b"MY"),
        ("EncryptingAlgorithm", "AESCBC256"),
        ("Idle", True),
        ("IncludeCertificate", True),
        ("IncludeChain", False),
        ("MailPort", 25),
        ("MessageDate", "*"),
        ("MessageId", "*"),
        ("SigningAlgorithm", "SHA256"),
        ("SSLCertStore", b"MY"),
        ("SSLStartMode", 3),
        ("Timeout", 60),
    ],
)
def test_default(name: str, default: object):
    assert PROPERTIES[PropertyID[name]].default == default


def test_every_other_default_is_the_empty_value():
    not_empty = {row.name for row in ROWS if row.default not in ("", b"", 0)}
    assert not_empty == {
        "AllowExtensions",
        "CertStore",
        "EncryptingAlgorithm",
        "Idle",
        "IncludeCertificate",
        "MailPort",
        "MessageDate",
        "MessageId",
        "SigningAlgorithm",
        "SSLCertStore",
        "SSLStartMode",
        "Timeout",
    }


def test_binary_properties():
    assert {row.name for row in ROWS if row.value_type is ValueType.BINARY} == {
        "CertEncoded",
        "CertStore",
        "Message",
        "SSLAcceptServerCertEncoded",
        "SSLCertEncoded",
        "SSLCertStore",
        "SSLServerCertEncoded",
    }


def test_boolean_properties():
    assert {row.name for row in ROWS if row.value_type is ValueType.BOOL} == {
        "AllowExtensions",
        "Connected",
        "FirewallAutoDetect",
        "Idle",
        "IncludeCertificate",
        "IncludeChain",
        "SSLEnabled",
    }


def test_read_only_properties():
    assert {row.name for row in ROWS if row.access is Access.READ_ONLY} == {
        "Version",
        "Idle",
        "LastReply",
        "MessageHeaderCount",
        "MessageHeaderField",
        "MessageHeaderValue",
        "MessageHeadersString",
        "SSLServerCertEncoded",
    }


def test_command_is_the_only_write_only_property():
    assert {row.name for row in ROWS if row.access is Access.WRITE_ONLY} == {"Command"}


def test_arrays_and_their_lengths():
    assert {row.name: row.indexed_by.name for row in ROWS if row.indexed_by is not None} == {
        "MessageHeaderField": "MessageHeaderCount",
        "MessageHeaderValue": "MessageHeaderCount",
        "MessageRecipientAddress": "MessageRecipientCount",
        "MessageRecipientName": "MessageRecipientCount",
        "MessageRecipientOptions": "MessageRecipientCount",
        "MessageRecipientType": "MessageRecipientCount",
    }


@pytest.mark.parametrize(
    ("name", "minimum", "maximum"),
    [
        ("MailPort", 1, 65535),
        ("FirewallPort", 0, 65535),
        ("Timeout", 0, 2**31 - 1),
        ("MessageRecipientCount", 0, 100_000),
    ],
)
def test_bounds(name: str, minimum: int, maximum: int):
    row = PROPERTIES[PropertyID[name]]
    assert (row.minimum, row.maximum) == (minimum, maximum)


def test_timeout_counts_seconds():
    assert PROPERTIES[PropertyID.Timeout].unit == "seconds"


def test_properties_locked_during_a_connection_have_their_codes():
    locked = {row.name: row.locked_error for row in ROWS if row.writable_when is WritableWhen.DISCONNECTED}
    assert locked == {
        "LocalHost": ErrorCode.LOCAL_HOST_LOCKED,
        "MailPort": ErrorCode.PORT_LOCKED,
        "MailServer": ErrorCode.HOST_LOCKED,
    }
    assert sorted(map(int, locked.values())) == [100, 101, 107]


@each_row
def test_only_a_locked_property_has_a_locked_error(row: PropertyDef):
    assert bool(row.locked_error) == (row.writable_when is WritableWhen.DISCONNECTED)


def test_reset_headers_clears_the_header_properties_and_the_recipients():
    assert names(where="header") == {
        "BCc",
        "Cc",
        "DeliveryNotificationTo",
        "From",
        "Importance",
        "MessageDate",
        "MessageId",
        "MessageRecipientAddress",
        "MessageRecipientCount",
        "MessageRecipientName",
        "MessageRecipientOptions",
        "MessageRecipientType",
        "OtherHeaders",
        "Priority",
        "ReadReceiptTo",
        "ReplyTo",
        "ReturnPath",
        "SendTo",
        "Sensitivity",
        "Subject",
    }


def test_texts_for_a_command_line_or_one_header_field_are_single_line():
    assert names(where="single_line") == {
        "BCc",
        "Cc",
        "Command",
        "DeliveryNotificationTo",
        "FirewallHost",
        "FirewallPassword",
        "FirewallUser",
        "From",
        "LocalHost",
        "MailServer",
        "MessageDate",
        "MessageId",
        "MessageRecipientAddress",
        "MessageRecipientName",
        "MessageRecipientOptions",
        "ReadReceiptTo",
        "ReplyTo",
        "ReturnPath",
        "SendTo",
        "Subject",
        "User",
    }


@each_row
def test_only_text_is_single_line(row: PropertyDef):
    assert row.value_type is ValueType.TEXT or not row.single_line


def test_secrets():
    assert names(where="secret") == {
        "CertStore",
        "CertStorePassword",
        "FirewallPassword",
        "Password",
        "SSLCertStore",
        "SSLCertStorePassword",
    }


def test_every_property_is_carried_out_at_least_in_part():
    assert not [row.name for row in ROWS if row.support is Support.NONE]


@pytest.mark.parametrize("name", ["EncryptingAlgorithm", "SigningAlgorithm"])
def test_algorithms_are_our_own_defaults(name: str):
    assert PROPERTIES[PropertyID[name]].default_evidence is Evidence.OURS
