"""Random filters over random items: what may differ between a database and the evaluator."""

from __future__ import annotations

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


@st.composite
def all_rows(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """Up to five items with orders."""
    count = draw(st.integers(1, 5))
    ids = list(range(1, count + 1))
    items = [
        {
            "Id": number, "Name": draw(maybe(TEXTS)), "Code": draw(st.sampled_from(TEXTS)),
            "Stock": draw(maybe(NUMBERS)), "Big": draw(maybe([*NUMBERS, 2**53 + 1, -(2**62)])),
            "Price": draw(maybe(PRICES)), "Since": draw(maybe(DAYS)),
            "Changed": draw(maybe(MOMENTS)), "Sold": draw(maybe([True, False])),
            "Mark": draw(maybe(MARKS)), "ParentId": draw(maybe(ids)),
        }
        for number in ids
    ]  # fmt: skip
    orders = [
        {
            "Nr": number, "ItemId": draw(maybe(ids)), "Text": draw(maybe(TEXTS)),
            "Amount": draw(maybe(PRICES)),
        }
        for number in range(draw(st.integers(0, 4)))
    ]  # fmt: skip
    return {"Items": items, "Orders": orders}


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


def fields(kind: str, inside: bool) -> st.SearchStrategy[str]:
    own = {"text": ["o/Text", "o/Item/Name"], "number": ["o/Amount", "o/Nr"]}
    return st.sampled_from(FIELDS[kind] + (own.get(kind, []) if inside else []))


@st.composite
def values(draw: st.DrawFn, kind: str, inside: bool, depth: int) -> str:
    """A value of a kind."""
    plain = st.one_of(fields(kind, inside), LITERALS[kind])
    if depth <= 0 or kind not in ("text", "number", "day"):
        return draw(plain)
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
    return draw(st.one_of(plain, *made[kind]))


@st.composite
def filters(draw: st.DrawFn, inside: bool = False, depth: int = 3) -> str:
    """A condition."""
    kind = draw(st.sampled_from(sorted(FIELDS)))
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
        return draw(st.one_of(*leaves))
    deeper = filters(inside=inside, depth=depth - 1)
    joined = [
        st.builds("({}) {} ({})".format, deeper, st.sampled_from(["and", "or"]), deeper),
        st.builds("not ({})".format, deeper),
    ]
    return draw(st.one_of(*leaves, *joined))
