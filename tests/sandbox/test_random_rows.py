"""Random rows of random endpoints: filters, orders and pages agree with plain Python.

The comparison knows nothing of SQL: texts without regard to case, null beside nothing but null, and
"not" as the opposite of what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailvista.sandbox import records, times
from retailvista.sandbox.endpoints import Endpoint, endpoints
from retailvista.sandbox.server import Sandbox
from tests.conftest import TestClock
from tests.sandbox.test_properties import carry_out, every_page
from tests.sandbox.visitor import CALLBACK, CLIENT_ID, GROENHOF, SECRET, Visitor

Row = dict[str, Any]
Condition = tuple[str, Callable[[Row], bool]]
STORED = sorted(
    path
    for path, endpoint in endpoints().items()
    if endpoint.table == "record" and endpoint.kind == "regular" and endpoint.entity == path
)
TEXTS = ("", "a", "A", "Ab", "plant", "Potgrond 40 l", "it's", "100%", "x_y", 'q"uote', "\u00e9")
DAY = 86_400_000
GUIDS = tuple(f"0000000{n}-0000-4000-8000-00000000000{n}" for n in range(4))
VALUES: dict[str, tuple[Any, ...]] = {
    "String": TEXTS,
    "Guid": GUIDS,
    "DateTime": tuple(1_773_446_400_000 + n * DAY + n * 1_617 for n in range(-2, 4)),
    "Boolean": (0, 1),
    "Double": (-12.1, 0.0, 0.05, 3.5, 100.0),
    "Byte": (0, 1, 2),
    "Int16": (-1, 0, 7),
    "Int32": (-1, 0, 7, 2_000_000_000),
    "Int64": (1, 5_000_000_000),
}
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a is not None and a > b,
    "ge": lambda a, b: a is not None and a >= b,
    "lt": lambda a, b: a is not None and a < b,
    "le": lambda a, b: a is not None and a <= b,
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    path = tmp_path_factory.mktemp("random") / "rows.sqlite"
    switches = {"limits": False, "mandatory_filter": False}
    with Sandbox(path, clock=TestClock(), settings=switches) as running:
        running.store.add_app(CLIENT_ID, SECRET, CALLBACK)
        yield Visitor(running).log_in()


def folded(value: Any) -> Any:
    """SQL Server's default: no case, no trailing blanks."""
    if not isinstance(value, str):
        return value
    return "".join(c.lower() if c.isascii() else c for c in value).rstrip(" ")


def literal(kind: str, value: Any) -> str:
    if value is None:
        return "null"
    if kind == "String":
        return "'" + value.replace("'", "''") + "'"
    if kind == "Guid":
        return f"guid'{value}'"
    if kind == "DateTime":
        return f"datetime'{times.literal(value)}'"
    if kind == "Boolean":
        return "true" if value else "false"
    return f"{value}L" if kind == "Int64" else str(value)


def plain_props(endpoint: Endpoint) -> list[tuple[str, str]]:
    return [
        (prop.name, prop.type)
        for prop in endpoint.props.values()
        if prop.type in VALUES
        and prop.child is None
        and "K" not in prop.flags
        and prop.name not in ("Division", "Timestamp", "Modified", "Created")
    ]


@st.composite
def comparisons(draw: st.DrawFn, props: list[tuple[str, str]]) -> Condition:
    name, kind = draw(st.sampled_from(props))
    value = draw(st.sampled_from((None, *VALUES[kind])))
    operator = draw(st.sampled_from(sorted(OPERATORS)))
    if value is None or kind in ("Boolean", "Guid"):
        operator = draw(st.sampled_from(["eq", "ne"]))
    if kind == "String" and value and draw(st.booleans()):
        text = literal(kind, value)
        start = folded(value)
        if draw(st.booleans()):
            return (
                f"startswith({name},{text})",
                lambda row: row[name] is not None and folded(row[name]).startswith(start),
            )
        return (
            f"substringof({text},{name}) eq true",
            lambda row: row[name] is not None and start in folded(row[name]),
        )
    compare = OPERATORS[operator]
    return (
        f"{name} {operator} {literal(kind, value)}",
        lambda row: compare(folded(row[name]), folded(value)),
    )


def joined(word: str, left: Condition, right: Condition) -> Condition:
    one, two = left[1], right[1]
    if word == "and":
        return f"({left[0]} and {right[0]})", lambda row: one(row) and two(row)
    return f"({left[0]} or {right[0]})", lambda row: one(row) or two(row)


def denied(part: Condition) -> Condition:
    return f"not ({part[0]})", lambda row: not part[1](row)


@st.composite
def questions(draw: st.DrawFn) -> tuple[str, list[Row], Condition, str]:
    """An endpoint, its rows, a condition and an order."""
    path = draw(st.sampled_from(STORED))
    props = draw(
        st.lists(
            st.sampled_from(plain_props(endpoints()[path])), min_size=1, max_size=4, unique=True
        )
    )
    rows = draw(
        st.lists(
            st.fixed_dictionaries(
                {name: st.sampled_from((None, *VALUES[kind])) for name, kind in props}
            ),
            max_size=30,
        )
    )
    condition = draw(
        st.recursive(
            comparisons(props),
            lambda inner: st.one_of(
                st.builds(joined, st.sampled_from(["and", "or"]), inner, inner),
                st.builds(denied, inner),
            ),
            max_leaves=5,
        )
    )
    terms = draw(st.lists(st.sampled_from([name for name, _ in props]), max_size=2, unique=True))
    order = ",".join(f"{name}{draw(st.sampled_from(['', ' asc', ' desc']))}" for name in terms)
    return path, rows, condition, order


def in_order(rows: list[Row], order: str) -> list[Row]:
    """Sorted as asked, null being the smallest."""
    for term in reversed([part for part in order.split(",") if part]):
        name, _, direction = term.partition(" ")
        rows = sorted(
            rows,
            key=lambda row: (row[name] is not None, "" if row[name] is None else folded(row[name])),
            reverse=direction == "desc",
        )
    return rows


@settings(max_examples=150)
@given(question=questions(), page=st.integers(1, 12), top=st.none() | st.integers(1, 30))
def test_pages_of_random_rows_agree_with_plain_python(
    asked: Visitor, question: tuple[str, list[Row], Condition, str], page: int, top: int | None
) -> None:
    path, rows, (text, condition), order = question
    store, key = asked.sandbox.store, endpoints()[path].key[0]
    with store.transaction() as db:
        db.execute("DELETE FROM record WHERE entity = ? AND Division = ?", (path, GROENHOF))
    kept = records.put(store, GROENHOF, path, rows)
    wanted = [record.key for record, row in zip(kept, rows, strict=True) if condition(row)]
    store.set("page_rows", page)
    target = f"/api/v1/{GROENHOF}/{path}?$filter={quote(text)}"
    if order:
        target += f"&$orderby={quote(order)}"
    count, answer = carry_out(asked, "GET", f"{target}&$inlinecount=allpages")
    assert (count, answer["d"]["__count"]) == (200, str(len(wanted)))
    if top is not None:
        target += f"&$top={top}"
    found = every_page(asked, target)
    keys = [str(row[key]) for row in found]
    assert len(keys) == len(set(keys)), "no row twice"
    assert set(keys) <= set(wanted)
    assert len(keys) == (len(wanted) if top is None else min(top, len(wanted)))
    check_order(found, order, dict(zip([r.key for r in kept], rows, strict=True)), key)


def check_order(found: list[Row], order: str, sent: dict[str, Row], key: str) -> None:
    names = [part.partition(" ")[0] for part in order.split(",") if part]
    raw = [sent[str(row[key])] for row in found]
    seen = [[folded(row[name]) for name in names] for row in raw]
    wanted = [[folded(row[name]) for name in names] for row in in_order(raw, order)]
    assert seen == wanted


@settings(max_examples=30)
@given(path=st.sampled_from(STORED), changes=st.lists(st.integers(0, 9), max_size=15))
def test_a_reader_by_rowversion_ends_with_what_is_there(
    asked: Visitor, path: str, changes: list[int]
) -> None:
    """Quirk 20, Exact's page on sync: rows changed while one pages come back with a higher mark."""
    feed = next((e for e in endpoints().values() if e.sync and e.entities == (path,)), None)
    if feed is None or path == "webhooks/WebhookSubscriptions":
        return
    store = asked.sandbox.store
    with store.transaction() as db:
        db.execute("DELETE FROM record WHERE entity = ? AND Division = ?", (path, GROENHOF))
    kept = records.put(store, GROENHOF, path, [{} for _ in range(10)])
    store.set("page_rows_sync", 3)
    copy: dict[str, str] = {}
    name = next(n for n, place in feed.columns.items() if place == "key")
    target: str | None = f"/api/v1/{GROENHOF}/{feed.path}?$filter=Timestamp%20gt%201"
    while target:
        _, answer = carry_out(asked, "GET", target)
        for row in answer["d"]["results"]:
            assert int(row["Timestamp"]) > int(copy.get(row[name], 0))
            copy[row[name]] = row["Timestamp"]
        for place in changes[:2]:
            records.change(store, kept[place])
        changes = changes[2:]
        following = answer["d"].get("__next")
        target = following and following[following.index("/api/") :]
    assert copy.keys() == {record.key for record in kept}
