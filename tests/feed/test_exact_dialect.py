"""What is pushed down to Exact, in its words; Exact never keeps less than the evaluator."""

from __future__ import annotations

import functools
import os
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from retailvista.feed.edm import Edm
from retailvista.feed.language import checking, evaluating
from retailvista.feed.language.exact import Traits, pushdown
from retailvista.feed.model import EntitySet, Model, Property
from retailvista.sandbox import records
from retailvista.sandbox.server import Sandbox
from tests.conftest import TestClock
from tests.feed.stock import NOW
from tests.sandbox.test_properties import carry_out, every_page
from tests.sandbox.visitor import CALLBACK, CLIENT_ID, GROENHOF, SECRET, Visitor

ZONE = ZoneInfo("Europe/Amsterdam")
PLACE = "crm/Addresses"
ITEMS = EntitySet(
    "Rows",
    "ID",
    (
        Property("ID", Edm.GUID, nullable=False),
        Property("City", Edm.STRING),
        Property("Postcode", Edm.STRING),
        Property("FreeDateField_01", Edm.INSTANT),
        Property("FreeDateField_02", Edm.DATE),
        Property("FreeNumberField_01", Edm.DECIMAL),
        Property("FreeBoolField_01", Edm.BOOLEAN),
        Property("Contact", Edm.GUID),
        Property("Type", Edm.INT32),
        Property("Stamp", Edm.INT64),
    ),
)
TRAITS = Traits({p.name: p.name for p in ITEMS.properties} | {"Stamp": "Timestamp"})


def term_of(text: str):
    return checking.check_filter(text, checking.Scope.of(Model((ITEMS,)), ITEMS, NOW, {}))


SENT = [
    ("City eq 'Lisse'", "City eq 'Lisse'", False),
    ("'O''Hara' eq City", "City eq 'O''Hara'", False),
    ("City ne 'Lisse'", "", False),
    ("City ne null", "City ne null", True),
    ("City gt 'a'", "", False),
    ("contains(City,'is')", "substringof('is',City) eq true", False),
    ("startswith(City,'L')", "startswith(City,'L') eq true", False),
    ("endswith(City,'e')", "", False),
    ("contains(City,'[')", "", False),
    ("City eq 'a '", "", False),
    ("tolower(City) eq 'x'", "", False),
    ("Type eq 4 and Type ne 5", "Type eq 4 and (Type ne 5 or Type eq null)", True),
    ("4 lt Type", "Type gt 4", True),
    ("Type in (1,2)", "(Type eq 1 or Type eq 2)", True),
    ("Type eq 1.5", "", False),
    ("Stamp gt 12345678901", "Timestamp gt 12345678901L", True),
    ("FreeBoolField_01", "FreeBoolField_01 eq true", True),
    ("not FreeBoolField_01", "", False),
    (
        "Contact eq 0000000A-0000-4000-8000-000000000001",
        "Contact eq guid'0000000a-0000-4000-8000-000000000001'", True,
    ),
    (
        "FreeDateField_01 gt 2026-01-01T00:00:00Z",
        "FreeDateField_01 gt datetime'2026-01-01T01:00:00'", True,
    ),
    (
        "FreeDateField_01 lt 2026-07-01T00:00:00.0005Z",
        "FreeDateField_01 le datetime'2026-07-01T02:00:00.001'", False,
    ),
    (  # the night in which an hour is there twice
        "FreeDateField_01 ge 2026-10-25T00:30:00Z",
        "FreeDateField_01 ge datetime'2026-10-25T01:30:00'", False,
    ),
    (
        "FreeDateField_02 eq 2026-02-28",
        (
            "(FreeDateField_02 ge datetime'2026-02-28T00:00:00'"
            " and FreeDateField_02 lt datetime'2026-03-01T00:00:00')"
        ),
        True,
    ),
    (
        "FreeDateField_02 le 2026-12-31",
        "FreeDateField_02 lt datetime'2027-01-01T00:00:00'", True,
    ),
    ("FreeNumberField_01 gt 0.1", "FreeNumberField_01 ge 0.1", False),
    ("FreeNumberField_01 ne 0.1", "", False),
    ("Type eq 1 or City gt 'a'", "", False),
    ("Type eq 1 or (Type eq 2 and City gt 'a')", "(Type eq 1 or (Type eq 2))", False),
    ("Type eq 1 and City gt 'a'", "Type eq 1", False),
    ("City eq Postcode", "", False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sent", "whole"), SENT)
def test_what_is_sent(text, sent, whole):
    found = pushdown(term_of(text), TRAITS)
    assert (found.text, found.whole) == (sent, whole)


def test_traits_of_an_entity_are_kept_to():
    only = Traits(TRAITS.names, filterable=frozenset({"Timestamp"}))
    found = pushdown(term_of("Stamp gt 1 and Type eq 1"), only)
    assert (found.text, found.whole) == ("Timestamp gt 1L", False)
    padded = Traits(TRAITS.names, padded=frozenset({"Postcode"}))
    assert pushdown(term_of("Postcode eq '8'"), padded).text == "trim(Postcode) eq '8'"
    assert pushdown(term_of("startswith(Postcode,'8')"), padded).text == ""
    assert pushdown(None, TRAITS).whole


def test_a_condition_too_long_for_an_address_stays_here():
    many = " or ".join(f"City eq '{n:040}'" for n in range(60))
    found = pushdown(term_of(f"({many}) and Type eq 1"), TRAITS)
    assert (found.text, found.whole) == ("Type eq 1", False)


# Random filters over random rows of the sandbox.

TEXTS = ["", "a", "A", "Ab", "it's", "100%", "x_y", "é", "É", "a ", "[a]"]
WALLS = [
    datetime.fromisoformat(text)
    for text in (
        "2026-01-01T00:00:00", "2026-01-01T00:00:01", "2026-03-29T01:59:59", "2026-03-29T03:00:00",
        "2026-10-25T02:30:00", "2026-10-25T03:00:00", "2026-10-25T01:59:59",
        "2026-07-01T12:00:00.500000",
    )
]  # fmt: skip
GUIDS = [f"0000000{n}-0000-4000-8000-00000000000{n}" for n in range(3)]
VALUES = {
    "City": TEXTS, "Postcode": TEXTS, "FreeDateField_01": WALLS, "FreeDateField_02": WALLS,
    "FreeNumberField_01": [-12.1, 0.0, 0.05, 0.1, 100.0], "FreeBoolField_01": [0, 1],
    "Contact": GUIDS, "Type": [-1, 0, 7],
}  # fmt: skip
rows = st.lists(
    st.fixed_dictionaries({name: st.sampled_from([None, *of]) for name, of in VALUES.items()}),
    max_size=12,
)
LITERALS = {
    "City": [f"'{text.replace(chr(39), chr(39) * 2)}'" for text in TEXTS],
    "FreeDateField_01": [
        f"{(wall.replace(tzinfo=ZONE).astimezone(UTC) + step):%Y-%m-%dT%H:%M:%S.%f}Z"
        for wall in WALLS for step in (timedelta(0), timedelta(hours=1), timedelta(microseconds=1))
    ],
    "FreeDateField_02": [f"{wall:%Y-%m-%d}" for wall in WALLS],
    "FreeNumberField_01": ["-12.1", "0", "0.05", "0.1", "99.99"],
    "FreeBoolField_01": ["true", "false"], "Contact": GUIDS, "Type": ["-1", "0", "7", "0.5"],
}  # fmt: skip
LITERALS["Postcode"] = LITERALS["City"]


def conditions(depth: int = 2) -> st.SearchStrategy[str]:
    names = st.sampled_from(sorted(LITERALS))
    return names.flatmap(functools.partial(conditions_of, depth))


@functools.cache
def conditions_of(depth: int, name: str) -> st.SearchStrategy[str]:
    """Conditions that begin with this column; made once, each, which is most of the time."""
    literal = st.sampled_from([*LITERALS[name], "null"])
    signs = st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"])
    leaves = [
        st.builds(f"{name} {{}} {{}}".format, signs, literal),
        st.builds(f"{{1}} {{0}} {name}".format, signs, literal),
        st.builds(f"{name} in ({{}},{{}})".format, literal, literal),
        st.just("FreeBoolField_01"),
    ]
    if name in ("City", "Postcode"):
        part = st.sampled_from(LITERALS["City"])
        leaves.append(st.builds(f"contains({name},{{}})".format, part))
        leaves.append(st.builds(f"startswith({name},{{}})".format, part))
    if not depth:
        return st.one_of(*leaves)
    inner = conditions(depth - 1)
    join = st.builds("({}) {} ({})".format, inner, st.sampled_from(["and", "or"]), inner)
    return st.one_of(*leaves, join, st.builds("not ({})".format, inner))


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    path = tmp_path_factory.mktemp("dialect") / "rows.sqlite"
    switches = {"limits": False, "mandatory_filter": False}
    with Sandbox(path, clock=TestClock(), settings=switches) as running:
        running.store.add_app(CLIENT_ID, SECRET, CALLBACK)
        yield Visitor(running).log_in()


def published(row):
    """The row as a feed shows it."""
    found = dict(row)
    wall = row["FreeDateField_01"]
    found["FreeDateField_01"] = wall and wall.replace(tzinfo=ZONE).astimezone(UTC)
    found["FreeDateField_02"] = row["FreeDateField_02"] and row["FreeDateField_02"].date()
    found["Contact"] = row["Contact"] and UUID(row["Contact"])
    truth = row["FreeBoolField_01"]
    found["FreeBoolField_01"] = None if truth is None else bool(truth)
    number = row["FreeNumberField_01"]
    found["FreeNumberField_01"] = None if number is None else Decimal(str(number))
    return found


def stored(row):
    """The row as the sandbox keeps it: moments as milliseconds of the wall clock."""
    return {
        name: int(value.replace(tzinfo=UTC).timestamp() * 1000)
        if isinstance(value, datetime)
        else value
        for name, value in row.items()
    }


def test_exact_never_keeps_less_and_exactly_as_much_when_all_was_sent(asked):
    store, seen = asked.sandbox.store, Counter[str]()

    @settings(
        max_examples=int(os.environ.get("RV_TEST_FILTERS", "60")),
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )
    @given(table=rows, texts=st.lists(conditions(), min_size=3, max_size=6))
    def every_filter(table, texts):
        seen["sets of rows"] += 1
        with store.transaction() as db:
            db.execute("DELETE FROM record WHERE entity = ? AND Division = ?", (PLACE, GROENHOF))
        kept = records.put(store, GROENHOF, PLACE, [stored(row) for row in table])
        for text in texts:
            term = term_of(text)
            sent = pushdown(term, TRAITS)
            found = every_page(asked, f"/api/v1/{GROENHOF}/{PLACE}?$filter={quote(sent.text)}")
            keys = {str(row["ID"]) for row in found}
            keeps = evaluating.keeps(term)
            wanted = {
                record.key for record, row in zip(kept, table, strict=True) if keeps(published(row))
            }
            assert wanted <= keys, (text, sent.text)
            assert not sent.whole or wanted == keys, (text, sent.text)
            seen[("whole" if sent.whole else "part") if sent.text else "nothing sent"] += 1

    try:
        every_filter()
    finally:
        sys.stdout.write(f"exact: {dict(seen)}\n")
    assert min(seen["whole"], seen["part"]) > 10, seen
    assert carry_out(asked, "GET", f"/api/v1/{GROENHOF}/{PLACE}")[0] == 200
