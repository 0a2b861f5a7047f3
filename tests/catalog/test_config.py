"""The settings table holds the 65 documented settings and ours, and every row is consistent in itself."""

from __future__ import annotations

import re

import pytest

from ssmtp_compat.catalog.config import SETTINGS
from ssmtp_compat.catalog.enums import FirewallTypes, PropertyID
from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.catalog.properties import PROPERTIES
from ssmtp_compat.catalog.schema import Access, ConfigDef, Evidence, Support, ValueType, WritableWhen

ROWS = list(SETTINGS.values())
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
each_alias = pytest.mark.parametrize("row", [row for row in ROWS if row.alias_of is not None], ids=lambda row: row.name)

PYTHON_TYPES = {ValueType.TEXT: str, ValueType.INT: int, ValueType.BOOL: bool}

# The overview page's list of settings by the groups of its configuration page, in order.
GROUPS = {
    "SMTP": """AllowEmptyTo AuthorizationIdentity Charset Hello KeepQueue MaxHeaderLength MessageHeadersString
        MessageIdAlgorithm OtherHeaders ReturnPath SendRSET StopOnBccErrors StopOnCcErrors StopOnToErrors
        TransferText""",
    "TCPClient": """ConnectionTimeout FirewallAutoDetect FirewallHost FirewallPassword FirewallPort FirewallType
        FirewallUser KeepAliveInterval KeepAliveTime Linger LingerTime LocalHost LocalPort MaxLineLength MaxTransferRate
        ProxyExceptionsList TCPKeepAlive TcpNoDelay UseIPv6""",
    "SSL": """LogSSLPackets OpenSSLCADir OpenSSLCAFile OpenSSLCipherList OpenSSLPrngSeedData ReuseSSLSession
        SSLCACertFilePaths SSLCACerts SSLCheckCRL SSLCipherStrength SSLEnabledCipherSuites SSLEnabledProtocols
        SSLEnableRenegotiation SSLIncludeCertChain SSLProvider SSLSecurityFlags TLS12SignatureAlgorithms
        TLS12SupportedGroups TLS13KeyShareGroups TLS13SignatureAlgorithms TLS13SupportedGroups""",
    "Socket": "AbsoluteTimeout FirewallData InBufferSize OutBufferSize",
    "Base": "BuildInfo CodePage LicenseInfo ProcessIdleEvents SelectWaitMillis UseInternalSecurityAPI",
    "ssmtp_compat": """UseChunking UsePipelining DetachedSignature UsePSS IssuerCertificatesFile
        CheckCertificateDates CheckCertificatePurpose MinimumRSAKeyBits UseOAEP OAEPHashAlgorithm DSNReturn
        DSNEnvelopeId StopOnQueueErrors""",
}


def test_names_and_groups_are_the_documented_ones_in_order():
    assert [(row.group, row.name) for row in ROWS] == [
        (group, name) for group, text in GROUPS.items() for name in text.split()
    ]


def test_sixty_five_settings_are_documented():
    assert sum(row.group != "ssmtp_compat" for row in ROWS) == 65


def test_rows_stand_under_their_lower_case_names():
    assert list(SETTINGS) == [row.name.lower() for row in ROWS]


def test_table_cannot_be_changed():
    with pytest.raises(TypeError):
        SETTINGS["hello"] = ROWS[0]


@each_row
def test_default_has_the_type_of_the_row(row: ConfigDef):
    assert type(row.default) is PYTHON_TYPES[row.value_type]


@each_row
def test_default_is_within_choices_and_bounds(row: ConfigDef):
    if row.choices:
        assert row.default in dict(row.choices)
    elif row.value_type is ValueType.INT:
        assert row.minimum is not None
        assert row.maximum is not None
        assert isinstance(row.default, int)
        assert row.minimum <= row.default <= row.maximum


@each_row
def test_only_numbers_have_choices_bounds_and_units(row: ConfigDef):
    if row.value_type is not ValueType.INT:
        assert (row.choices, row.minimum, row.maximum, row.unit, row.hexadecimal) == ((), None, None, "", False)


@each_row
def test_choices_have_distinct_numbers_and_names(row: ConfigDef):
    assert len({number for number, _ in row.choices}) == len(row.choices)
    assert len({name.lower() for _, name in row.choices}) == len(row.choices)
    assert all(name and not name.isdigit() for _, name in row.choices)


@each_row
def test_doc_is_sentences(row: ConfigDef):
    assert row.doc[0].isupper()
    assert row.doc.endswith(".")
    assert "  " not in row.doc
    assert "\n" not in row.doc


@each_row
def test_doc_and_source_name_no_absolute_path(row: ConfigDef):
    assert not re.search(r"(?:^|[\s\"'(;])(?:/[a-z]|[A-Z]:\\)", f"{row.doc} {row.source}")


@each_row
def test_row_names_its_source(row: ConfigDef):
    assert row.source.strip()
    assert not row.source.endswith(".")


@each_row
def test_support_note_says_what_is_missing_and_only_then(row: ConfigDef):
    assert bool(row.support_note) == (row.support is not Support.FULL)
    assert not row.support_note.endswith(".")


@each_row
def test_no_page_documents_a_whole_setting(row: ConfigDef):
    assert row.evidence is not Evidence.DOCUMENTED


def test_only_the_overview_page_documents_defaults():
    documented = {row.name for row in ROWS if row.default_evidence is Evidence.DOCUMENTED}
    assert documented == {"Hello", "MaxHeaderLength"}


@each_row
def test_our_settings_are_marked_as_ours(row: ConfigDef):
    if row.group == "ssmtp_compat":
        assert (row.evidence, row.default_evidence) == (Evidence.OURS, Evidence.OURS)


def test_settings_that_are_properties_too():
    assert {row.name for row in ROWS if row.alias_of is not None} == {
        "FirewallAutoDetect",
        "FirewallHost",
        "FirewallPassword",
        "FirewallPort",
        "FirewallType",
        "FirewallUser",
        "LocalHost",
        "MessageHeadersString",
        "OtherHeaders",
        "ReturnPath",
    }


def test_every_setting_that_has_a_property_s_name_shares_its_store():
    property_names = {property_id.name.lower() for property_id in PROPERTIES}
    assert all(row.alias_of is not None for row in ROWS if row.name.lower() in property_names)


@each_alias
def test_alias_agrees_with_its_property(row: ConfigDef):
    door = PROPERTIES[PropertyID(row.alias_of)]
    for column in (
        "name",
        "value_type",
        "default",
        "access",
        "unit",
        "minimum",
        "maximum",
        "writable_when",
        "locked_error",
        "single_line",
        "secret",
        "support",
        "support_note",
    ):
        assert getattr(row, column) == getattr(door, column), column
    assert row.choices == tuple((choice.value, choice.name) for choice in door.choices or ())


def test_firewall_type_takes_names():
    assert dict(SETTINGS["firewalltype"].choices) == {choice.value: choice.name for choice in FirewallTypes}


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("AllowEmptyTo", False),
        ("CodePage", 65001),
        ("ConnectionTimeout", 0),
        ("Hello", ""),
        ("Linger", True),
        ("MaxHeaderLength", 80),
        ("MaxLineLength", 2048),
        ("MessageIdAlgorithm", 3),
        ("SendRSET", True),
        ("SSLEnabledProtocols", 15360),
        ("SSLSecurityFlags", 0),
        ("StopOnBccErrors", False),
        ("StopOnCcErrors", True),
        ("StopOnToErrors", True),
        ("TcpNoDelay", True),
        ("UseIPv6", 0),
        ("UseChunking", False),
        ("DetachedSignature", True),
        ("UsePSS", False),
        ("IssuerCertificatesFile", ""),
        ("CheckCertificateDates", True),
        ("CheckCertificatePurpose", True),
        ("MinimumRSAKeyBits", 1024),
        ("UseOAEP", False),
        ("OAEPHashAlgorithm", "SHA256"),
        ("DSNReturn", ""),
        ("DSNEnvelopeId", ""),
        ("UsePipelining", True),
        ("StopOnQueueErrors", False),
    ],
)
def test_default(name: str, default: object):
    assert SETTINGS[name.lower()].default == default


def test_default_protocols_are_tls_1_2_and_1_3_and_no_older_one():
    default = SETTINGS["sslenabledprotocols"].default
    assert default == 3072 + 12288
    assert SETTINGS["sslenabledprotocols"].default_evidence is Evidence.OURS


@pytest.mark.parametrize(
    ("name", "minimum", "maximum"),
    [
        ("MaxHeaderLength", 0, 998),
        ("MaxLineLength", 256, 2**31 - 1),
        ("LocalPort", 0, 65535),
        ("LingerTime", 0, 65535),
        ("ConnectionTimeout", 0, 2**31 - 1),
        ("MinimumRSAKeyBits", 0, 16384),
        ("SSLSecurityFlags", 0, 0xFFFFFFFF),
    ],
)
def test_bounds(name: str, minimum: int, maximum: int):
    row = SETTINGS[name.lower()]
    assert (row.minimum, row.maximum) == (minimum, maximum)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [("UseIPv6", [0, 1, 2]), ("MessageIdAlgorithm", list(range(7))), ("SSLCheckCRL", [0, 1, 2])],
)
def test_choices(name: str, numbers: list[int]):
    assert [number for number, _ in SETTINGS[name.lower()].choices] == numbers


def test_use_ipv6_takes_the_booleans_of_older_editions():
    assert dict(SETTINGS["useipv6"].choices)[0] == "False"
    assert dict(SETTINGS["useipv6"].choices)[1] == "True"


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("ConnectionTimeout", "seconds"),
        ("KeepAliveInterval", "milliseconds"),
        ("KeepAliveTime", "milliseconds"),
        ("LingerTime", "seconds"),
        ("MaxTransferRate", "octets per second"),
        ("MinimumRSAKeyBits", "bits"),
        ("SelectWaitMillis", "milliseconds"),
    ],
)
def test_unit(name: str, unit: str):
    assert SETTINGS[name.lower()].unit == unit


def test_read_only_settings():
    assert {row.name for row in ROWS if row.access is not Access.READ_WRITE} == {
        "BuildInfo",
        "LicenseInfo",
        "MessageHeadersString",
        "TransferText",
    }


def test_settings_locked_during_a_connection_have_their_codes():
    locked = {row.name: row.locked_error for row in ROWS if row.writable_when is WritableWhen.DISCONNECTED}
    assert locked == {
        "LocalHost": ErrorCode.LOCAL_HOST_LOCKED,
        "LocalPort": ErrorCode.LOCAL_PORT_LOCKED,
        "MaxLineLength": ErrorCode.MAX_LINE_LENGTH_LOCKED,
    }
    assert sorted(map(int, locked.values())) == [106, 107, 112]


def test_single_line_settings():
    assert {row.name for row in ROWS if row.single_line} == {
        "AuthorizationIdentity",
        "Charset",
        "DSNEnvelopeId",
        "DSNReturn",
        "FirewallHost",
        "FirewallPassword",
        "FirewallUser",
        "Hello",
        "IssuerCertificatesFile",
        "LocalHost",
        "ReturnPath",
    }


def test_secret_settings():
    assert {row.name for row in ROWS if row.secret} == {
        "AuthorizationIdentity",
        "FirewallData",
        "FirewallPassword",
        "OpenSSLPrngSeedData",
    }


def test_only_security_flags_are_shown_in_hexadecimal():
    assert {row.name for row in ROWS if row.hexadecimal} == {"SSLSecurityFlags"}


def test_every_setting_is_carried_out():
    assert not [row.name for row in ROWS if row.support is not Support.FULL]
