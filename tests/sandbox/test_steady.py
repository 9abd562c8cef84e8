"""Pages read with a check instead of every column are the pages read in full, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from retailvista.sandbox import seed
from retailvista.sandbox.answers import Request
from retailvista.sandbox.bulk import seed_lines
from retailvista.sandbox.endpoints import endpoints
from retailvista.sandbox.lists import STEADY, Reach, read_list
from retailvista.sandbox.seed import GROENHOF
from retailvista.sandbox.store import Store

FEED = "sync/Financial/TransactionLines"
REACH = Reach(GROENHOF, "Division = ?", (GROENHOF,))
ROWS = 1000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "steady.sqlite")
    seed.seed(made)
    seed_lines(made, GROENHOF, 5 * ROWS)
    yield made
    made.close()


def pages(store: Store, *, in_full: bool = False) -> list[str]:
    """Every page of the feed."""
    (stamp,) = store.row("SELECT min(Timestamp) - 1 FROM line")
    (count,) = store.row("SELECT count(*) FROM line")
    found = []
    for first in range(stamp, stamp + count, ROWS):
        if in_full:
            STEADY.pop(store, None)
        target = f"/api/v1/{GROENHOF}/{FEED}?$filter=Timestamp%20gt%20{first}L"
        request = Request("GET", target, {"accept": "application/json"}, division=GROENHOF)
        found.append(read_list(store, endpoints()[FEED], request, REACH))
    return found


def change(store: Store, place: int, **values: object) -> None:
    (stamp,) = store.row("SELECT min(Timestamp) FROM line")
    for name, value in values.items():
        sql = f"UPDATE line SET {name} = ? WHERE Timestamp = ?"  # noqa: S608 - a column of ours
        store.rows(sql, value, stamp + place)


def test_the_pages_are_the_same_and_most_columns_are_not_read(store: Store) -> None:
    assert pages(store) == pages(store, in_full=True)
    pages(store)
    (known,) = STEADY[store].known.values()
    assert {"JournalCode", "Currency", "Notes", "Division"} <= known.keys()
    assert not {"Timestamp", "ID", "AmountFC"} & known.keys()


# A row of the second page that differs: in a null, in capitals alone, in type alone, in sign alone.
DIFFERENT = (
    {"Notes": "kapot"},
    {"JournalCode": "ab"},
    {"Currency": None},
    {"AmountVATFC": 0.01},
    {"FinancialYear": 2018},
)


@pytest.mark.parametrize("values", DIFFERENT, ids=lambda values: next(iter(values)))
def test_one_row_that_differs_is_shown_as_it_is(store: Store, values: dict[str, object]) -> None:
    store.rows("UPDATE line SET JournalCode = 'AB'")
    before = pages(store)
    change(store, ROWS + 7, **values)
    after = pages(store)
    assert after == pages(store, in_full=True)
    assert [a == b for a, b in zip(after, before, strict=True)].index(False) == 1


def test_a_list_whose_pages_never_agree_is_read_in_full(store: Store) -> None:
    (first,) = store.row("SELECT min(Timestamp) FROM line")
    store.rows("UPDATE line SET InvoiceNumber = (Timestamp - ?) / ?", first, ROWS)
    assert pages(store) == pages(store, in_full=True)
    for _ in range(3):
        found = pages(store)
    assert STEADY[store].known == {}, "it has given up"
    assert found == pages(store, in_full=True)
