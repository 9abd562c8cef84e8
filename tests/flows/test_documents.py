"""Definitions as JSON: what is made comes back the same, what is read is refused in words."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from retailvista.flows.definition import (
    FlowSpec,
    RetrySpec,
    SourceSpec,
    TargetSpec,
    TransformSpec,
    WrongFlow,
)
from retailvista.flows.documents import document_of, spec_of

TEXT = st.text(max_size=20)
PAIRS = st.dictionaries(TEXT, TEXT, max_size=3)
SPECS = st.builds(
    FlowSpec,
    name=TEXT,
    kind=st.sampled_from(["incoming", "outgoing", "replication", "other"]),
    description=TEXT,
    disabled=st.booleans(),
    keep_days=st.integers(-5, 5000),
    source=st.builds(
        SourceSpec,
        connector=st.integers(-1, 99),
        entities=st.lists(TEXT, max_size=3).map(tuple),
        divisions=st.lists(st.integers(-1, 9), max_size=3).map(tuple),
        path=PAIRS,
        query=PAIRS,
        paging=st.booleans(),
    ),
    transform=st.builds(TransformSpec, request=PAIRS, fields=PAIRS, expression=TEXT, only_if=TEXT),
    target=st.builds(
        TargetSpec, connector=st.integers(-1, 99), entity=TEXT, action=TEXT, schema=TEXT,
        tables=PAIRS, deleted_rows=TEXT, parquet=st.booleans(),
    ),
    retry=st.builds(RetrySpec, times=st.integers(-1, 30), minutes=st.integers(-1, 2000)),
)  # fmt: skip
NAMES = st.sampled_from(
    ["name", "kind", "source", "transform", "target", "retry", "connector", "entities", "query",
     "fields", "keep_days", "disabled", "schedules", "other"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)


@given(spec=SPECS)
@settings(max_examples=60)
def test_a_definition_comes_back_from_its_json_as_it_was(spec):
    assert spec_of(json.loads(json.dumps(document_of(spec)))) == spec
    assert all(found.message for found in spec.problems())


@given(document=JSON)
@settings(max_examples=150)
def test_any_json_is_a_definition_or_is_refused_with_its_place(document):
    try:
        spec = spec_of(document)
    except WrongFlow as wrong:
        places = {found.field for found in wrong.problems}
        assert all(places)
    else:
        assert spec_of(document_of(spec)) == spec
