"""Random filters over random items: what may differ between a database and the evaluator.

Every strategy is made once: to make it anew for each example took nine tenths of the time.
"""

from __future__ import annotations

import functools
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

TEXTS = [
    "",
    "a",
    "A",
    "aB",
    "ab",
    "b",
    "%",
    "_",
    "a%",
    "o'x",
    "é",
    "É",
    "ß",
    "SS",
    "€ 5",
    "x\\y",
    " a ",
]
NUMBERS = [-2, -1, 0, 1, 2, 3, 7]
PRICES = [Decimal(text) for text in ("-1.10", "-0.01", "0.00", "0.10", "1.00", "1.10", "10.00")]
DAYS = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 2, 28), date(2026, 3, 1)]
MOMENTS = [
    datetime(2025, 12, 31, 23, 30, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 1, 0, 0, 0, 500000, tzinfo=UTC), datetime(2026, 3, 1, 12, 5, tzinfo=UTC),
]  # fmt: skip
MARKS = [UUID(int=1), UUID(int=10), UUID("ffffffff-0000-4000-8000-000000000000")]


def maybe(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), st.sampled_from(values))


@functools.cache
def rows_of(count: int) -> st.SearchStrategy[dict[str, list[dict[str, Any]]]]:
    """So many items, and up to four orders of some of them."""
    ids = list(range(1, count + 1))
    item = {
        "Name": maybe(TEXTS), "Code": st.sampled_from(TEXTS), "Stock": maybe(NUMBERS),
        "Big": maybe([*NUMBERS, 2**53 + 1, -(2**62)]), "Price": maybe(PRICES),
        "Since": maybe(DAYS), "Changed": maybe(MOMENTS), "Sold": maybe([True, False]),
        "Mark": maybe(MARKS), "ParentId": maybe(ids),
    }  # fmt: skip
    order = {"ItemId": maybe(ids), "Text": maybe(TEXTS), "Amount": maybe(PRICES)}
    items = st.tuples(*(st.fixed_dictionaries({"Id": st.just(n), **item}) for n in ids))
    orders = st.lists(st.fixed_dictionaries(order), max_size=4).map(_numbered)
    return st.fixed_dictionaries({"Items": items.map(list), "Orders": orders})


def _numbered(orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"Nr": number, **order} for number, order in enumerate(orders)]


def all_rows() -> st.SearchStrategy[dict[str, list[dict[str, Any]]]]:
    """Up to five items with orders."""
    return st.integers(1, 5).flatmap(rows_of)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


LITERALS = {
    "text": st.sampled_from([quoted(text) for text in TEXTS]),
    "number": st.sampled_from(["-1", "0", "1", "2", "1.5", "0.001", "1e1", "9007199254740993"]),
    "day": st.sampled_from([day.isoformat() for day in DAYS]),
    "moment": st.sampled_from(
        ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2025-12-31T23:30:00.0000000Z"]
    ),
    "mark": st.sampled_from([str(mark).upper() for mark in MARKS]),
}
YES_NO = st.sampled_from(["true", "false", "null"])
FIELDS = {
    "text": ["Name", "Code", "Parent/Name", "Parent/Parent/Code"],
    "number": ["Stock", "Big", "Price", "Id", "Parent/Price", "Orders/$count"],
    "day": ["Since", "Parent/Since"],
    "moment": ["Changed"],
    "mark": ["Mark"],
}


@functools.cache
def fields(kind: str, inside: bool) -> st.SearchStrategy[str]:
    own = {"text": ["o/Text", "o/Item/Name"], "number": ["o/Amount", "o/Nr"]}
    return st.sampled_from(FIELDS[kind] + (own.get(kind, []) if inside else []))


@functools.cache
def values(kind: str, inside: bool, depth: int) -> st.SearchStrategy[str]:
    """A value of a kind."""
    plain = st.one_of(fields(kind, inside), LITERALS[kind])
    if depth <= 0 or kind not in ("text", "number", "day"):
        return plain
    text = values("text", inside, depth - 1)
    number = values("number", inside, depth - 1)
    made = {
        "text": [
            st.builds("concat({},{})".format, text, text),
            st.builds("substring({},{})".format, text, st.sampled_from(["0", "1", "-1", "Stock"])),
            st.builds("substring({},1,{})".format, text, st.sampled_from(["0", "1"])),
            st.builds("tolower({})".format, text),
            st.builds("trim({})".format, text),
        ],
        "number": [
            st.builds("length({})".format, text),
            st.builds("indexof({},{})".format, text, text),
            st.builds("year({})".format, fields("day", inside)),
            st.builds("month({})".format, fields("moment", inside)),
            st.builds("hour({})".format, fields("moment", inside)),
            st.builds("({} {} {})".format, number, st.sampled_from(["add", "sub", "mul"]), number),
            st.builds("({} {} 3)".format, number, st.sampled_from(["div", "divby", "mod"])),
            st.builds("-{}".format, fields("number", inside)),
            st.builds("floor({})".format, number),
        ],
        "day": [st.just("date(Changed)")],
    }
    return st.one_of(plain, *made[kind])


def filters(inside: bool = False, depth: int = 3) -> st.SearchStrategy[str]:
    """A condition."""
    kinds = st.sampled_from(sorted(FIELDS))
    return kinds.flatmap(functools.partial(conditions, inside, depth))


@functools.cache
def conditions(inside: bool, depth: int, kind: str) -> st.SearchStrategy[str]:
    """A condition whose comparisons are of this kind."""
    value = values(kind, inside, 2)
    text = values("text", inside, 1)
    leaves = [
        st.builds(
            "{} {} {}".format, value, st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]), value
        ),
        st.builds("{} {} null".format, fields(kind, inside), st.sampled_from(["eq", "ne", "ge"])),
        st.builds("({}) in ({},{})".format, value, value, LITERALS[kind]),
        st.builds(
            "{}({},{})".format, st.sampled_from(["contains", "startswith", "endswith"]), text, text
        ),
        st.just("Sold"),
        st.just("Parent eq null"),
        st.builds("Sold {} {}".format, st.sampled_from(["eq", "ne"]), YES_NO),
        st.builds("contains(Name,{}) eq {}".format, LITERALS["text"], YES_NO),
    ]
    if not inside:
        inner = filters(inside=True, depth=1)
        leaves.append(st.builds("Orders/{}(o:{})".format, st.sampled_from(["any", "all"]), inner))
        leaves.append(st.just("Orders/any()"))
    if depth <= 0:
        return st.one_of(*leaves)
    deeper = filters(inside=inside, depth=depth - 1)
    joined = [
        st.builds("({}) {} ({})".format, deeper, st.sampled_from(["and", "or"]), deeper),
        st.builds("not ({})".format, deeper),
    ]
    return st.one_of(*leaves, *joined)


SIGNS = ["eq", "ne", "gt", "ge", "lt", "le"]
# What lies around the hours that the clock leaves out or has twice, and the ends of days.
EDGES = {
    "text": st.just("null"),
    "number": st.sampled_from(["0.00000001", "1.10", "-0.01", "null", "-1e3", "999999999999999"]),
    "day": st.sampled_from(["2026-12-31", "0001-01-01", "9999-12-31", "null"]),
    "moment": st.sampled_from([
        "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-24T12:00:00Z",
        "2026-03-29T01:00:00Z", "1899-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "null",
    ]),
    "mark": st.just("null"),
}  # fmt: skip


@functools.cache
def plain(depth: int = 2) -> st.SearchStrategy[str]:
    """A condition on columns of the row itself, as most programs ask."""
    leaves = [st.just("Sold"), st.builds("Sold {} {}".format, st.sampled_from(SIGNS[:2]), YES_NO)]
    for kind, names in FIELDS.items():
        field = st.sampled_from([name for name in names if "/" not in name])
        literal = st.one_of(LITERALS[kind], EDGES[kind])
        leaves.append(st.builds("{} {} {}".format, field, st.sampled_from(SIGNS), literal))
        leaves.append(st.builds("{} {} {}".format, literal, st.sampled_from(SIGNS), field))
        leaves.append(st.builds("{} in ({},{})".format, field, literal, literal))
    part = st.builds("{}({},{})".format, st.sampled_from(["contains", "startswith"]),
                     st.sampled_from(["Name", "Code"]), LITERALS["text"])  # fmt: skip
    whole = st.one_of(*leaves, part, part)
    if not depth:
        return whole
    deeper = plain(depth - 1)
    joined = st.builds("({}) {} ({})".format, deeper, st.sampled_from(["and", "or"]), deeper)
    return st.one_of(whole, joined, joined)
