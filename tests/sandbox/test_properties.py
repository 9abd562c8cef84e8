"""Random questions: filters agree with plain Python, pages hold every row once, nothing breaks."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailvista.sandbox.answers import Request
from retailvista.sandbox.endpoints import endpoints
from retailvista.sandbox.server import Sandbox
from tests.conftest import TestClock
from tests.sandbox.visitor import CALLBACK, CLIENT_ID, ENTRIES, SECRET, Visitor

Row = dict[str, Any]
Test = Callable[[Row], bool]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """One sandbox for all questions, without limits."""
    path: Path = tmp_path_factory.mktemp("sandbox") / "asked.sqlite"
    with Sandbox(path, clock=TestClock(), settings={"limits": False}) as running:
        running.store.add_app(CLIENT_ID, SECRET, CALLBACK)
        yield Visitor(running).log_in()


def carry_out(visitor: Visitor, method: str, target: str, body: bytes = b"") -> Any:
    """A request in-process: status and JSON."""
    headers = {name.lower(): value for name, value in visitor.headers.items()}
    answer = visitor.sandbox.carry_out(Request(method, target, headers, body))
    return answer.status, json.loads(answer.body) if answer.body else None


def every_page(visitor: Visitor, target: str) -> list[Row]:
    """Follow `__next` to the end."""
    rows: list[Row] = []
    while target:
        status, answer = carry_out(visitor, "GET", target)
        assert status == 200, answer
        found = answer["d"]
        rows += found if isinstance(found, list) else found["results"]
        following = found.get("__next") if isinstance(found, dict) else None
        parts = urlsplit(following or "")
        target = f"{parts.path}?{parts.query}" if following else ""
    return rows


def text_test(operator: str, value: str) -> tuple[str, Test]:
    """A comparison of Code as OData and as Python."""
    known: dict[str, Test] = {
        "eq": lambda row: row["Code"] == value,
        "ne": lambda row: row["Code"] != value,
        "gt": lambda row: row["Code"] > value,
        "le": lambda row: row["Code"] <= value,
    }
    return f"Code {operator} '{value}'", known[operator]


def type_test(operator: str, value: int) -> tuple[str, Test]:
    known: dict[str, Test] = {
        "eq": lambda row: row["Type"] == value,
        "ne": lambda row: row["Type"] != value,
        "ge": lambda row: row["Type"] >= value,
        "lt": lambda row: row["Type"] < value,
    }
    return f"Type {operator} {value}", known[operator]


def start_test(start: str) -> tuple[str, Test]:
    return f"startswith(Code,'{start}')", lambda row: row["Code"].startswith(start)


def part_test(part: str) -> tuple[str, Test]:
    text = part.replace("'", "''")
    return (
        f"substringof('{text}',Description)",
        lambda row: part.lower() in row["Description"].lower(),
    )


def null_test(operator: str) -> tuple[str, Test]:
    is_null = operator == "eq"
    return f"VATCode {operator} null", lambda row: (row["VATCode"] is None) == is_null


LEAVES = st.one_of(
    st.builds(
        text_test,
        st.sampled_from(["eq", "ne", "gt", "le"]),
        st.from_regex("[0-9]{4}", fullmatch=True),
    ),
    st.builds(type_test, st.sampled_from(["eq", "ne", "ge", "lt"]), st.integers(0, 130)),
    st.builds(start_test, st.from_regex("[0-9]{1,3}", fullmatch=True)),
    st.builds(part_test, st.sampled_from(["omzet", "BTW", "kosten", "'", "kas", '"'])),
    st.builds(null_test, st.sampled_from(["eq", "ne"])),
)


def joined(word: str, left: tuple[str, Test], right: tuple[str, Test]) -> tuple[str, Test]:
    one, two = left[1], right[1]
    if word == "and":
        return f"({left[0]} and {right[0]})", lambda row: one(row) and two(row)
    return f"({left[0]} or {right[0]})", lambda row: one(row) or two(row)


def denied(part: tuple[str, Test]) -> tuple[str, Test]:
    return f"not ({part[0]})", lambda row: not part[1](row)


CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(joined, st.sampled_from(["and", "or"]), inner, inner), st.builds(denied, inner)
    ),
    max_leaves=6,
)
ORDERS = st.sampled_from(
    ["", "Code", "Code desc", "Type,Code desc", "VATCode desc,Type", "VATCode"]
)


@settings(max_examples=60)
@given(
    condition=CONDITIONS, order=ORDERS, page=st.integers(1, 70), top=st.none() | st.integers(1, 90)
)
def test_filters_and_pages_agree_with_plain_python(
    asked: Visitor, condition: tuple[str, Test], order: str, page: int, top: int | None
) -> None:
    asked.sandbox.store.set("page_rows", 1000)
    rows = every_page(asked, "/api/v1/1000001/financial/GLAccounts")
    assert len(rows) == 111
    wanted = {row["ID"] for row in rows if condition[1](row)}
    target = f"/api/v1/1000001/financial/GLAccounts?$filter={quote(condition[0])}"
    if order:
        target += f"&$orderby={quote(order)}"
    if top is not None:
        target += f"&$top={top}"
    asked.sandbox.store.set("page_rows", page)
    found = [row["ID"] for row in every_page(asked, target)]
    assert len(found) == len(set(found)), "no row twice"
    assert set(found) <= wanted
    assert len(found) == (len(wanted) if top is None else min(top, len(wanted)))


PIECES = (
    *("'a'", "guid'x'", "1", "99999999999999999999", "1e400", "datetime'x'", "null", "true", "5L"),
    *("eq", "ne", "and", "or", "not", "(", ")", ",", "startswith(", "substringof(", "trim("),
    *("Code", "ID", "EntryNumber", "Timestamp", "Created", "Foo", "A/B", "$", "%", '"', "'"),
)
VALUES: list[Any] = [
    None,
    True,
    -1,
    12.5,
    7,
    1e308,
    10**30,
    "",
    "91",
    "2026-03-14T25:00:00",
    [],
    {},
    "\0",
]


def random_request(dice: random.Random, line: Row) -> tuple[str, str, bytes]:
    """A request that is more or less wrong."""
    path = ENTRIES if dice.random() < 0.4 else dice.choice([*endpoints(), "x/y"])
    if dice.random() < 0.2:
        path += f"({dice.choice(PIECES)})"
    options = []
    for name in ("filter", "select", "orderby", "top", "skiptoken", "expand"):
        if dice.random() < 0.3:
            text = " ".join(dice.choices(PIECES, k=dice.randint(1, 4)))
            options.append(f"${name}={quote(text)}")
    body: Row = {"JournalCode": "91", "GeneralJournalEntryLines": [line | {"AmountFC": 0}]}
    changed = body if dice.random() < 0.5 else body["GeneralJournalEntryLines"][0]
    names = ("EntryNumber", "Date", "AmountFC", "AmountVATFC", "VATCode", "FinancialYear", "OurRef")
    for name in dice.sample(names, dice.randint(0, 2)):
        changed[name] = dice.choice(VALUES)
    method = dice.choice(["GET", "GET", "POST", "POST", "DELETE", "PUT"])
    return method, f"/api/v1/1000001/{path}?{'&'.join(options)}", json.dumps(body).encode()


def test_wrong_requests_are_answered_not_broken(asked: Visitor) -> None:
    dice, seen = random.Random(20261120), set()
    for _ in range(1500):
        method, target, body = random_request(dice, asked.line("1210", 0))
        status, answer = carry_out(asked, method, target, body)
        seen.add(status)
        if status == 500:
            assert not answer["error"]["message"]["value"].startswith("A problem has occurred")
    assert {200, 201, 400, 404, 405, 500} <= seen <= {200, 201, 204, 400, 403, 404, 405, 500, 501}


@pytest.mark.parametrize(
    "noise",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\n\r\n",
        b"POST /api/oauth2/token HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nshort",
        b"A" * 200_000,
    ],
)
def test_noise_on_the_wire_ends_one_connection_only(asked: Visitor, noise: bytes) -> None:
    with socket.create_connection(("127.0.0.1", asked.sandbox.port), timeout=5) as link:
        try:
            link.sendall(noise)
            link.shutdown(socket.SHUT_WR)
            answer = link.recv(4096)
        except OSError:
            answer = b""
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert asked.ask("GET", "/sandbox/api/state").status == 200
