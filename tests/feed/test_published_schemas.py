"""$metadata by the standard's own schemas, converted to OpenAPI, and asked by a machine from that.

The schemas of OASIS (CSDL XML 4.01, edmx.xsd and edm.xsd) come with the npm package odata-csdl,
the conversion with odata-openapi, both of OASIS; the requests are made by schemathesis. A few
hundred in the suite, 20,000 with RV_TEST_FUZZ=20000 (`make feed-proofs`).
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lxml import etree
from schemathesis import GenerationMode

from tests.feed.outsiders import PACKAGES, node
from tests.feed.program import make_program
from tests.feed.test_hostile import texts

REQUESTS = int(os.environ.get("RV_TEST_FUZZ", "150"))
REQUESTS_PER_TOKEN = 1_000
OWN_WORDS = (
    "$search",
    "$filter",
    "$orderby",
    "$expand",
    "$select",
)  # what may name something that is not offered


@pytest.fixture(scope="module")
def rules() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(PACKAGES / "odata-csdl" / "schemas" / "edmx.xsd"))


@pytest.mark.parametrize("version", ["4.0", "4.01"])
def test_metadata_keeps_to_the_schemas_of_oasis(program, rules, version):
    document = etree.fromstring(program.send("$metadata", OData_MaxVersion=version).get_data())
    assert rules.validate(document), rules.error_log
    assert len(document.findall(".//{*}EntityType")) == 8


@pytest.mark.parametrize(
    ("place", "attribute", "wrong"),
    [
        (".//{*}Property", "Name", None), (".//{*}Property", "Nullable", "perhaps"),
        (".//{*}EntityType", "Name", "two words"), (".//{*}EntitySet", "Kind", "x"),
        (".", "Version", "3.0"),
    ],
)  # fmt: skip
def test_the_schemas_would_find_a_mistake(program, rules, place, attribute, wrong):
    document = etree.fromstring(program.send("$metadata").get_data())
    found = document.find(place)
    if wrong is None:
        del found.attrib[attribute]
    else:
        found.set(attribute, wrong)
    assert not rules.validate(document)


@pytest.fixture
def openapi(program, tmp_path) -> dict:
    """The OpenAPI document that the converter of OASIS makes of our metadata."""
    given_file, made = tmp_path / "metadata.xml", tmp_path / "openapi.json"
    given_file.write_bytes(program.send("$metadata").get_data())
    node(
        PACKAGES / "odata-openapi" / "lib" / "cli.js", "--skipBatchPath", "--target", str(made),
        str(given_file),
    )  # fmt: skip
    return json.loads(made.read_text(encoding="utf-8"))


@pytest.mark.statement("C-10")
def test_the_converter_understands_the_metadata(openapi):
    assert {"/Journals", "/Journals({Number})/Lines", "/JournalLines('{Id}')"} <= set(
        openapi["paths"]
    )
    amount = openapi["components"]["schemas"]["RetailVista.JournalLines"]["properties"]["Amount"]
    assert amount["format"] == "decimal"
    assert amount["anyOf"][0]["type"] == "number"


def cases_of(openapi: dict) -> st.SearchStrategy:
    """Requests that read, right ones and spoiled ones, and one that writes."""
    schema = schemathesis.openapi.from_dict(openapi)
    found = [each.ok() for each in schema.get_all_operations()]
    asked = [each for each in found if each.method == "get"]
    return st.one_of(
        *(each.as_strategy(generation_mode=GenerationMode.POSITIVE) for each in asked),
        *(each.as_strategy(generation_mode=GenerationMode.NEGATIVE) for each in asked),
        next(each for each in found if each.method == "post").as_strategy(),
    )


def test_no_request_made_from_the_metadata_is_answered_with_a_bug(site, program, openapi):
    cases = cases_of(openapi)
    seen: Counter[int] = Counter()

    @settings(
        max_examples=REQUESTS,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
        database=None,
    )
    @given(case=cases, condition=st.none() | texts)
    def ask(case, condition):
        if sum(seen.values()) % REQUESTS_PER_TOKEN == REQUESTS_PER_TOKEN - 1:
            program.headers["Authorization"] = make_program(site).headers["Authorization"]
        query = dict(case.query or {})
        if condition is not None and "$filter" in query:
            query["$filter"] = condition
        answer = program.client.open(
            f"/odata/{program.feed}{case.formatted_path}", method=case.method,
            query_string=query, headers=program.headers, buffered=True,
        )  # fmt: skip
        seen[answer.status_code] += 1
        assert answer.status_code < 500 or answer.status_code == 501, answer.text
        if answer.status_code == 501:
            assert [name for name in OWN_WORDS if name in query], (case, query)
        if answer.status_code >= 400:
            assert json.loads(answer.get_data())["error"]["message"]

    try:
        ask()
    finally:
        sys.stdout.write(f"{sum(seen.values()):,} requests: {dict(sorted(seen.items()))}\n")
    assert seen[200] > REQUESTS / 25, seen
    assert seen[400] > REQUESTS / 25, seen
    assert seen[429] == 0, seen
