"""Whatever is asked of a feed, it answers with rows or with words, never with a bug."""

from __future__ import annotations

import json
import os
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("RV_TEST_FILTERS", "60"))
WORDS = """Number Debit Kind BusinessDate BuiltAt Lines Journal Lines/any( l: l/Amount $count $it
 eq ne gt le and or not in has add sub mul div divby mod - ( ) , / : ; = ' '' " @a $ * [ ] {
 'day' 1 -1 0 1.50 1e400 99999999999999999999 null true INF NaN 2026-03-10 2026-03-10T00:00:00Z
 23:59:59 duration'P1D' 00000000-0000-0000-0000-000000000000 contains( length( substring(
 year( now() tolower( cast( isof( $select= $expand= $filter= $orderby= $top= $levels=max desc
 é € ² ÿ % %27 \\ ~"""
PIECES = WORDS.split()
OPTIONS = ["filter", "orderby", "select", "expand", "top", "skip", "count", "format", "skiptoken",
           "search", "compute", "@a", "x"]  # fmt: skip
texts = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=6).map("".join),
    st.text(max_size=20),
)
queries = st.lists(
    st.tuples(st.sampled_from(["", "$"]), st.sampled_from(OPTIONS), texts), max_size=3
)
paths = st.one_of(
    st.sampled_from(
        ["", "$metadata", "Journals", "Journals(1)", "Journals(1)/Lines", "JournalLines/$count",
         "Journals(1)/Debit/$value", "Runs", "Receipts"]
    ),
    st.lists(st.sampled_from(PIECES), max_size=4).map("/".join),
    st.text(max_size=20),
)  # fmt: skip
accepts = st.one_of(
    st.sampled_from(["*/*", "application/json", "application/json;odata.metadata=full"]),
    st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20),
)


def test_nothing_that_is_asked_is_answered_with_a_bug(program):
    seen = {"rows": 0, "words": 0}

    @settings(max_examples=EXAMPLES * 5, suppress_health_check=list(HealthCheck))
    @given(
        path=paths, query=queries, accept=accepts, version=st.sampled_from(["", "4.0", "4.01", "x"])
    )
    def ask(path, query, accept, version):
        text = "&".join(f"{sign}{name}={quote(value)}" for sign, name, value in query)
        answer = program.send(
            f"/odata/sales/{quote(path)}?{text}", Accept=accept, OData_MaxVersion=version
        )
        assert answer.status_code < 500 or answer.status_code == 501, answer.text
        seen["rows" if answer.status_code < 300 else "words"] += 1
        if answer.status_code >= 400:
            error = json.loads(answer.get_data())["error"]
            assert error["code"]
            assert error["message"]

    ask()
    assert seen["rows"] > EXAMPLES / 10, seen
    assert seen["words"] > EXAMPLES / 10, seen


def test_broken_links_to_a_next_page(program):
    for token in ("", "x", "W10", "bnVsbA", "W1siMSJdXQ", "W1tudWxsXSxudWxsXQ", "W1siYSJdLG51bGxd",
                  "W1siMSJdLC0xXQ", "e30", "W1siMSJdLHRydWVd", "%00", "[" * 3000):  # fmt: skip
        assert program.send(f"Journals?$skiptoken={token}").status_code == 400, token


def test_the_longest_conditions_are_answered(program):
    for text in (
        " or ".join(["Live"] * 740), " and ".join(["true"] * 740),
        " or ".join(["Year eq 1"] * 370), f"Year in ({','.join(['1'] * 740)})",
        "(" * 50 + "Live" + ")" * 50, "not (" * 25 + "Live" + ")" * 25,
    ):  # fmt: skip
        assert program.rows("Exports", filter=text) == [], text[:40]


def test_relatives_of_relatives_come_to_an_end(program):
    inner = "Lines($expand=Journal($expand=Lines($top=1)))"
    assert program.get(f"Journals?$expand={inner}")["value"][0]["Lines"][0]["Journal"]["Lines"]
    deeper = "Lines($expand=Journal($expand=Lines($expand=Journal)))"
    assert program.send(f"Journals?$expand={deeper}").status_code == 400
