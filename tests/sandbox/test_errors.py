"""Every error people have recorded of Exact comes over the wire as they recorded it.

`exact-errors.csv` holds status, body, headers, language and the public source of each; a body that
ends in `...` was recorded in part. Confidence H is official or recorded live, M good second hand,
L an assumption that `docs/exact.md` names.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from tests.conftest import TestClock
from tests.sandbox.errors_of_books import BOOKS
from tests.sandbox.errors_of_calls import CALLS
from tests.sandbox.visitor import BOOKKEEPER, Visitor

TABLE = Path(__file__).with_name("exact-errors.csv")
ROWS = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
PROVOKED = CALLS | BOOKS
# Rows whose body is known to be empty; of the others without one, nobody noted the body.
EMPTY = ("token-calls", "minute-limit", "day-limit", "blocked-user", "too-broad", "expect-continue")
ABSENT = {
    "minute-limit": ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"),
    "day-limit": ("X-RateLimit-Minutely-Limit", "X-RateLimit-Minutely-Reset"),
    "error-block": ("X-RateLimit-Limit", "X-RateLimit-Minutely-Limit"),
}


def test_the_table_is_whole() -> None:
    assert len(ROWS) == 57
    assert {row["case"] for row in ROWS} == set(PROVOKED)
    assert all(row["source"] for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_every_error_on_the_wire(visitor: Visitor, clock: TestClock, row: dict[str, str]) -> None:
    case = row["case"]
    if row["lang"] == "en":
        visitor.admin("users", name=BOOKKEEPER, language="en")
    reply = PROVOKED[case](visitor, clock)
    assert reply.status == int(row["status"]), reply.body
    body, (start, cut, _) = reply.body.decode(), row["body"].partition("...")
    if cut:
        assert body.startswith(start)
    elif start:
        assert body == start
    elif case in EMPTY:
        assert body == ""
    check_headers(reply.headers, row["headers"])
    for name in ABSENT.get(case, ()):
        assert name not in reply.headers
    if row["area"] == "business":
        assert reply.headers["Content-Type"] == "application/json;charset=utf-8"


def check_headers(headers: dict[str, str], wanted: str) -> None:
    """`Reason: A | B` is one of them; `Name, Name: 0` must be there, with that value."""
    if not wanted:
        return
    name, _, values = wanted.partition(": ")
    if name == "Reason":
        assert headers[name] in values.split(" | ")
        return
    for part in re.sub(r"\(.*\)| sometimes", "", wanted).split(","):
        name, _, value = part.strip().partition(": ")
        assert name in headers
        assert value in ("", headers[name])
