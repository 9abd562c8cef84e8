"""$metadata: complete in itself, and true: every table answers with what it says."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from lxml import etree

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
KINDS = {
    "Edm.String": str, "Edm.Int32": int, "Edm.Int64": int, "Edm.Decimal": (Decimal, int),
    "Edm.Boolean": bool, "Edm.Date": str, "Edm.DateTimeOffset": str,
}  # fmt: skip


@pytest.fixture
def schema(program):
    answer = program.send("$metadata")
    assert answer.headers["Content-Type"] == "application/xml"
    return etree.fromstring(answer.get_data())


@pytest.mark.statement("C-24")
def test_metadata_refers_to_nothing_elsewhere(schema, program):
    assert not schema.findall(".//{*}Reference")
    addresses = set(re.findall(r"https?://[^\"]+", program.send("$metadata").text))
    assert {address.split("/")[2] for address in addresses} == {"docs.oasis-open.org"}
    assert schema.get("Version") == "4.0"
    newest = etree.fromstring(program.send("$metadata", OData_MaxVersion="4.01").get_data())
    assert newest.get("Version") == "4.01"


@pytest.mark.statement("C-16")
def test_every_table_answers_with_what_metadata_says(schema, program):
    kinds = {kind.get("Name"): kind for kind in schema.iter(f"{EDM}EntityType")}
    sets = [each.get("Name") for each in schema.iter(f"{EDM}EntitySet")]
    assert [entry["name"] for entry in program.get()["value"]] == sets
    for name in sets:
        columns = {p.get("Name"): p for p in kinds[name].findall(f"{EDM}Property")}
        key = kinds[name].find(f"{EDM}Key/{EDM}PropertyRef").get("Name")
        assert columns[key].get("Nullable") == "false"
        rows = program.rows(name)
        assert len({row[key] for row in rows}) == len(rows)
        for row in rows:
            assert list(row) == list(columns)
            for column, value in row.items():
                if value is not None:
                    assert isinstance(value, KINDS[columns[column].get("Type")]), (name, column)
                else:
                    assert columns[column].get("Nullable") != "false"


def test_ways_lead_to_tables_that_are_there(schema, program):
    sets = {each.get("Name"): each for each in schema.iter(f"{EDM}EntitySet")}
    found = 0
    for kind in schema.iter(f"{EDM}EntityType"):
        for way in kind.findall(f"{EDM}NavigationProperty"):
            bindings = sets[kind.get("Name")].findall(f"{EDM}NavigationPropertyBinding")
            target = {b.get("Path"): b.get("Target") for b in bindings}[way.get("Name")]
            assert f"RetailVista.{target}" in way.get("Type")
            program.get(f"{kind.get('Name')}?$expand={way.get('Name')}")
            found += 1
    assert found >= 7


def test_decimals_say_their_scale(schema):
    decimals = [p for p in schema.iter(f"{EDM}Property") if p.get("Type") == "Edm.Decimal"]
    assert len(decimals) > 8
    assert {(p.get("Precision"), p.get("Scale")) for p in decimals} == {("18", "2")}
