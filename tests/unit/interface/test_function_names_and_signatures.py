"""The 26 documented functions, each under two names, with the parameters of the method table."""

from __future__ import annotations

import inspect
import typing

import pytest

import ssmtp_compat
from ssmtp_compat import procedural
from ssmtp_compat.catalog.methods import METHODS
from ssmtp_compat.catalog.schema import MethodDef

ROWS = list(METHODS.values())


def each(rows: list[MethodDef]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.function)


def function(row: MethodDef) -> typing.Callable[..., typing.Any]:
    return getattr(ssmtp_compat, f"ssmtp_{row.function}")


@pytest.mark.parametrize("module", [ssmtp_compat, procedural])
def test_exactly_the_documented_functions_are_public(module: object):
    public = {name for name in module.__all__ if "ssmtp_" in name and callable(getattr(module, name))}
    documented = {f"{prefix}{row.function}" for row in ROWS for prefix in ("ssmtp_", "ipworkssmime_ssmtp_")}
    assert public == documented
    assert len(documented) == 52
    assert {name for name in vars(module) if name.startswith(("ssmtp_", "ipworkssmime_"))} == documented


@each(ROWS)
def test_both_names_are_the_same_object(row: MethodDef):
    found = function(row)
    assert found.__name__ == f"ssmtp_{row.function}"
    for module in (ssmtp_compat, procedural):
        assert getattr(module, f"ssmtp_{row.function}") is found
        assert getattr(module, f"ipworkssmime_ssmtp_{row.function}") is found


@each([row for row in ROWS if row.function != "set"])
def test_parameters_are_those_of_the_table(row: MethodDef):
    parameters = inspect.signature(function(row)).parameters.values()
    assert [parameter.name for parameter in parameters] == [parameter.name for parameter in row.parameters]
    optional = {parameter.name for parameter in parameters if parameter.default is not parameter.empty}
    assert optional == {parameter.name for parameter in row.parameters if parameter.optional}
    assert all(parameter.kind is parameter.POSITIONAL_OR_KEYWORD for parameter in parameters)


@each([row for row in ROWS if row.function != "get"])
def test_return_type_is_that_of_the_table(row: MethodDef):
    assert inspect.signature(function(row)).return_annotation == row.returns


def test_set_takes_the_parameters_of_the_table_in_their_order():
    forms = [list(inspect.signature(form).parameters) for form in typing.get_overloads(ssmtp_compat.ssmtp_set)]
    assert [parameter.name for parameter in METHODS["set"].parameters] in forms
    assert ["res", "id", "value", "index"] in forms
    assert all(set(form) <= {"res", "id", "index", "value"} for form in forms)


@each(ROWS)
def test_docstring_says_what_it_does_and_what_it_returns(row: MethodDef):
    text = inspect.getdoc(function(row))
    assert text
    first, _, rest = text.partition("\n\n")
    assert "." in first
    assert "return" in (first + rest).lower() or row.function.startswith("get_last_error")


def test_open_takes_a_licence_key_and_ignores_it():
    first, second = ssmtp_compat.ssmtp_open("KEY"), ssmtp_compat.ssmtp_open(key=None)
    assert 0 < first < second
    assert ssmtp_compat.ssmtp_get(first, ssmtp_compat.PropertyID.RuntimeLicense) == ""
    assert (ssmtp_compat.ssmtp_close(first), ssmtp_compat.ssmtp_close(second)) == (0, 0)
