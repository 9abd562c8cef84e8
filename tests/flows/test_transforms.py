"""Transforms: what expressions can do, what they cannot, and how they say what is wrong."""

from __future__ import annotations

import time
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailvista.flows.definition import SourceSpec, TransformSpec
from retailvista.flows.expression_filters import TooMuch
from retailvista.flows.expressions import FAILURES, BadExpression, compiled
from retailvista.flows.transforms import Transform, TransformFailed, expression_problems, preview

ITEM = {
    "Code": " A-100 ",
    "Description": "Rozen, rood",
    "CostPriceStandard": Decimal("12.10"),
    "IsSalesItem": True,
    "Modified": "/Date(1773446400000)/",
    "Notes": None,
    "items": 5,
    "@odd name": "x",
    "Lines": [{"Item": "A", "Quantity": 2}, {"Item": "B", "Quantity": Decimal("2.5")}],
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("Description", "Rozen, rood"),
        ("Code | trim", "A-100"),
        ("items", 5),
        ("record['@odd name']", "x"),
        ("CostPriceStandard * 1.21 | round(2)", Decimal("14.64100")),
        ("(CostPriceStandard * 1.21) | round(2)", Decimal("14.64")),
        ("CostPriceStandard + 0.1 + 0.2", Decimal("12.40")),
        ("'Sales' if IsSalesItem else 'Other'", "Sales"),
        ("Notes | default('none')", "none"),
        ("Missing | default(0)", 0),
        ("Modified | date", "2026-03-14"),
        ("Modified | date('%d-%m-%Y')", "14-03-2026"),
        ("Modified | moment", "2026-03-14T00:00:00"),
        ("Lines | sum('Quantity')", Decimal("4.5")),
        ("Lines | pick('Item') | join('+')", "A+B"),
        ("Lines | each(\"{'Code': Item, 'Pieces': Quantity * 2}\")",
         [{"Code": "A", "Pieces": 4}, {"Code": "B", "Pieces": Decimal("5.0")}]),
        ("{{ Code | trim }}: {{ CostPriceStandard }}{{ Notes }}", "A-100: 12.10"),
        ("{% if IsSalesItem %}sold{% else %}kept{% endif %}", "sold"),
        ("{{ IsSalesItem }}", "true"),
        ("'007' | int", 7),
        ("7 | text | pad(3)", "007"),
    ],
)  # fmt: skip
def test_what_an_expression_makes(expression, value):
    made = compiled(expression)({**ITEM, "record": ITEM})
    assert (made, type(made)) == (value, type(value))


@pytest.mark.parametrize(
    "expression",
    [
        "Code.__class__",
        "Code['__class__']",
        "record.__class__.__mro__",
        "''.join",
        "'{0.__class__}'.format(Code)",
        "Code | attr('__class__')",
        "Lines | map('upper')",
        "range(10)",
        "cycler('a')",
        "lipsum()",
        "self",
        "self._TemplateReference__context",
        "{% for x in Lines %}{{ x }}{% endfor %}",
        "{% set x = 1 %}{{ x }}",
        "{% include 'users.html' %}",
        "{% import 'os' as os %}",
        "{% macro m() %}{% endmacro %}",
        "{% block b %}{% endblock %}",
        "{% raw %}{{ x }}{% endraw %}{% filter upper %}x{% endfilter %}",
        "2 ** 1000000",
        "'a' * 1000000000",
        "'%1000000000d' % 1",
        "'a' | pad(1000000000)",
        "Modified | date('%1000000000Y')",
        "('a' | pad(90000, 'a')) | replace('a', 'a' | pad(90000, 'b'))",
        "'9' | pad(5000, '9') | int",
        "Lines | each(\"Lines | each('Item')\")",
        "(" * 3000 + "1" + ")" * 3000,
        "not " * 900 + "1",
        "1+" * 1900 + "1",
        "Code if",
        "Code Description",
        "x" * 5000,
    ],
)
def test_nothing_gets_out_of_the_box_or_takes_long(expression):
    began = time.monotonic()
    with pytest.raises((BadExpression, *FAILURES)):
        compiled(expression)({**ITEM, "record": ITEM})
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("Code | upper(", "Something is missing at its end."),
        ("{{ Code", "Something is missing at its end."),
        ("{{ }}", "Something is missing at its end."),
        ("Code | upper)", ") does not belong there."),
        ("items ? 1 : 2", "? does not belong there."),
        ("'abc", "' does not belong there."),
        ("Code Description", "Description does not belong there."),
        ("(Code 3)", "A ) is missing."),
    ],
)
def test_what_cannot_be_read_is_told_without_words_of_a_template_engine(expression, why):
    with pytest.raises(BadExpression) as bad:
        compiled(expression)
    assert str(bad.value) == why


@pytest.mark.parametrize("expression", ["Code | replace('a')", "items | join"])
def test_what_a_filter_cannot_work_with_is_told_without_words_of_python(expression):
    shown = preview(TransformSpec(fields={"Name": expression}), ITEM, "A-100")
    place, _colon, why = shown.problem.partition(": ")
    assert place == "Field Name of record A-100"
    assert why == "A filter or a sign in it cannot work with the value that it gets."


@given(st.text(alphabet="(){}[]|.,:%'\"~+-*/ abCode_0123456789nitrue", max_size=60))
def test_whatever_is_typed_gives_a_value_or_a_reason(text):
    with suppress(BadExpression, *FAILURES):
        value = compiled(text)({**ITEM, "record": ITEM})
        assert value is None or isinstance(value, str | int | Decimal | list | dict | tuple)


def test_many_small_steps_are_too_much_together():
    lines = [{"n": number} for number in range(1000)]
    inner = "n | text | pad(99000, 'a')" + " | replace('a', 'b') | replace('b', 'a')" * 15
    began = time.monotonic()
    with pytest.raises(TooMuch, match="too much work"):
        compiled(f'Lines | each("{inner} | length")')({"Lines": lines})
    assert time.monotonic() - began < 2
    assert compiled('Lines | each("n * 2") | sum')({"Lines": lines}) == 999_000


def test_a_field_map_makes_a_new_record_with_paths():
    transform = Transform(
        TransformSpec(
            fields={
                "path.id": "Code | trim",
                "payload.Name": "Description",
                "payload.Price": "CostPriceStandard",
                "payload.Source": "till_system",
            }
        ),
        {"till_system": "RetailVista", "connector.number": "25"},
    )
    assert transform.record(ITEM, "A-100") == {
        "path": {"id": "A-100"},
        "payload": {
            "Name": "Rozen, rood",
            "Price": Decimal("12.10"),
            "Source": "RetailVista",
        },
    }


def test_an_expression_makes_a_whole_record_as_a_value_or_as_json():
    by_value = TransformSpec(expression="{'Code': Code | trim, 'Price': CostPriceStandard * 2.0}")
    by_text = TransformSpec(
        expression='{"Code": {{ Code | trim | json }}, "Price": {{ CostPriceStandard * 2.0 }} }'
    )
    for spec in (by_value, by_text):
        assert Transform(spec).record(ITEM, "") == {"Code": "A-100", "Price": Decimal("24.200")}
    onwards = TransformSpec(expression="{'a': {'b': Code}}", fields={"c": "a.b | trim"})
    assert Transform(onwards).record(ITEM, "") == {"c": "A-100"}


def test_without_a_transform_the_record_goes_on_as_it_came():
    assert Transform(TransformSpec()).record(ITEM, "A-100") == ITEM


def test_records_for_which_the_condition_is_false_are_skipped():
    transform = Transform(TransformSpec(only_if="IsSalesItem and CostPriceStandard > 100"))
    assert transform.record(ITEM, "A-100") is None


@pytest.mark.parametrize(
    ("spec", "field", "why"),
    [
        (TransformSpec(fields={"Name": "Descripton"}), "Name", "There is no field Descripton"),
        (TransformSpec(fields={"Price": "Description * 2"}), "Price", "is no number"),
        (TransformSpec(fields={"Price": "CostPriceStandard / 0"}), "Price", "It divides by zero"),
        (TransformSpec(expression="Code"), "expression", "makes no"),
        (TransformSpec(expression="[Code]"), "expression", "It makes no record"),
        (TransformSpec(only_if="Nothing"), "only_if", "There is no field Nothing"),
        (TransformSpec(fields={"a": "Code", "a.b": "Code"}), "a.b", "holds no fields"),
    ],
)
def test_an_error_names_the_field_and_the_record(spec, field, why):
    with pytest.raises(TransformFailed, match=why) as failed:
        Transform(spec).record(ITEM, "A-100")
    assert (failed.value.field, failed.value.record_key) == (field, "A-100")
    assert f"Field {field} of record A-100" in str(failed.value)


@pytest.mark.statement("A-10")
def test_the_request_is_made_from_its_parameters_before_it_is_sent():
    source = SourceSpec(
        25, ("logistics/Items",), path={"id": "7"}, query={"$filter": "old", "$top": "5"}
    )
    transform = Transform(
        TransformSpec(
            request={
                "query.$filter": "Modified ge datetime'{{ last_run }}'",
                "query.$top": "",
                "path.id": "{{ path.id | pad(18, ' ') }}",
            }
        ),
        {"last_run": "2026-03-14T09:00:00"},
    )
    path, query = transform.request(source)
    assert query == {"$filter": "Modified ge datetime'2026-03-14T09:00:00'"}
    assert path == {"id": "                 7"}


def test_a_preview_shows_what_becomes_of_a_real_record_or_where_it_goes_wrong():
    shown = preview(TransformSpec(fields={"Name": "Description"}), ITEM)
    assert (shown.transformed, shown.problem, shown.skipped) == ({"Name": "Rozen, rood"}, "", False)
    assert preview(TransformSpec(only_if="false"), ITEM).skipped
    wrong = preview(TransformSpec(fields={"Name": "Descripton"}), ITEM, "A-100")
    assert "Field Name of record A-100" in wrong.problem
    unread = preview(TransformSpec(fields={"Name": "Description |"}), ITEM)
    assert unread.problem.startswith("Name: This is no expression")


def test_what_is_no_expression_is_named_before_the_flow_is_kept():
    spec = TransformSpec(
        request={"query.$filter": "{{ last_run"}, fields={"Name": "a b"}, only_if="x | nothing"
    )
    assert [found.field for found in expression_problems(spec)] == [
        "transform.request.query.$filter",
        "transform.fields.Name",
        "transform.only_if",
    ]


def test_half_a_character_fails_its_own_record_only():
    """No database keeps it: what cannot be stored would stop all records after it."""
    tried = preview(TransformSpec(fields={"Name": r"'\ud800' + Name"}), {"Name": "Tuin"}, "7")
    assert tried.problem == "Field record of record 7: A text in it holds half a character."


@pytest.mark.parametrize("expression", ["1e400", "{{ 1e999 }}", "-1e400"])
def test_a_number_beyond_all_numbers_is_named_before_the_flow_is_kept(expression):
    with pytest.raises(BadExpression, match="too large"):
        compiled(expression)
