"""The method table holds the 26 documented functions with their documented parameters."""

from __future__ import annotations

import re

import pytest

from ssmtp_compat.catalog.methods import METHODS
from ssmtp_compat.catalog.schema import MethodDef, Support

ROWS = list(METHODS.values())
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.function)

# The procedural interface as the overview page prints it. open's key is the vendor's wrapper's.
OVERVIEW = {
    "open": ["key"],
    "close": ["res"],
    "register_callback": ["res", "id", "function"],
    "get_last_error": ["res"],
    "get_last_error_code": ["res"],
    "set": ["res", "id", "index", "value"],
    "get": ["res", "id", "index"],
    "do_addrecipientcert": ["res", "certencoded"],
    "do_config": ["res", "configurationstring"],
    "do_connect": ["res"],
    "do_disconnect": ["res"],
    "do_doevents": ["res"],
    "do_encrypt": ["res"],
    "do_expand": ["res", "emailaddress"],
    "do_interrupt": ["res"],
    "do_processqueue": ["res", "queuedir"],
    "do_queue": ["res", "queuedir"],
    "do_reset": ["res"],
    "do_resetheaders": ["res"],
    "do_send": ["res"],
    "do_sendtoterminalandemail": ["res"],
    "do_sendtoterminalonly": ["res"],
    "do_sendtoterminaloremail": ["res"],
    "do_sign": ["res"],
    "do_signandencrypt": ["res"],
    "do_verify": ["res", "emailaddress"],
}


def test_functions_and_parameters_are_the_documented_ones_in_order():
    found = {row.function: [parameter.name for parameter in row.parameters] for row in ROWS}
    assert list(found.items()) == list(OVERVIEW.items())


def test_there_are_nineteen_methods_and_seven_handle_functions():
    assert len(ROWS) == 26
    assert sum(row.function.startswith("do_") for row in ROWS) == 19


@each_row
def test_function_follows_from_the_name(row: MethodDef):
    assert row.function in (f"do_{row.name.lower()}", row.name)
    assert METHODS[row.function] is row


def test_table_cannot_be_changed():
    with pytest.raises(TypeError):
        METHODS["do_send"] = ROWS[0]


@each_row
def test_texts_are_sentences_with_a_source(row: MethodDef):
    assert row.doc.endswith(".")
    assert row.source.strip()
    for parameter in row.parameters:
        assert parameter.doc.endswith(".")
        assert parameter.type


@each_row
def test_doc_names_no_absolute_path(row: MethodDef):
    assert not re.search(r"(?:^|[\s\"'(;])(?:/[a-z]|[A-Z]:\\)", row.doc)


@each_row
def test_support_note_says_what_is_missing_and_only_then(row: MethodDef):
    assert bool(row.support_note) == (row.support is not Support.FULL)
    assert not row.support_note.endswith(".")


def test_only_config_and_queue_of_the_methods_return_text():
    assert {row.function for row in ROWS if row.function.startswith("do_") and row.returns != "int"} == {
        "do_config",
        "do_queue",
    }
    assert METHODS["do_config"].returns == METHODS["do_queue"].returns == "str"


@pytest.mark.parametrize(
    ("function", "returns"),
    [
        ("open", "int"),
        ("close", "int"),
        ("register_callback", "int"),
        ("get_last_error", "str"),
        ("get_last_error_code", "int"),
        ("set", "int"),
        ("get", "str | int | bool | bytes"),
    ],
)
def test_handle_function_returns(function: str, returns: str):
    assert METHODS[function].returns == returns


def test_optional_parameters():
    optional = {(row.function, p.name) for row in ROWS for p in row.parameters if p.optional}
    assert optional == {("open", "key"), ("set", "index"), ("get", "index")}


def test_functions_that_may_be_called_while_a_method_runs():
    assert {row.function for row in ROWS if row.while_busy} == {
        "close",
        "register_callback",
        "get_last_error",
        "get_last_error_code",
        "set",
        "get",
        "do_config",
        "do_doevents",
        "do_interrupt",
    }


def test_every_method_is_carried_out():
    assert not [row for row in ROWS if row.support is not Support.FULL]
