"""ReportingBalance, ProfitLossOverview, AgingOverview and the trial balance agree with the lines.

Random entries of every kind; the sums are taken again in plain Python from the sync feed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailvista.sandbox.seed import empty_books
from retailvista.sandbox.server import Sandbox
from tests.conftest import TestClock
from tests.sandbox.test_properties import carry_out, every_page
from tests.sandbox.test_statements import bank, cash
from tests.sandbox.test_trade import (
    PURCHASES,
    SALES,
    change,
    customer,
    line,
    purchase,
    sale,
    supplier,
)
from tests.sandbox.visitor import CALLBACK, CLIENT_ID, ENTRIES, GROENHOF, SECRET, Visitor

ROOT = f"/api/v1/{GROENHOF}"


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    path = tmp_path_factory.mktemp("books") / "books.sqlite"
    with Sandbox(path, clock=TestClock(), settings={"limits": False}) as running:
        running.store.add_app(CLIENT_ID, SECRET, CALLBACK)
        visitor = Visitor(running).log_in()
        for code in ("60", "70", "91"):
            visitor.admin("journals", division=GROENHOF, code=code, AllowVariableCurrency=1)
        yield visitor


AMOUNTS = st.integers(-99_999, 99_999).map(lambda cents: cents / 100)
CODES = st.sampled_from(["0", "1", "2", "3", "4", "5", "10", "20", None])
DATES = st.sampled_from(["2025-12-31", "2026-01-31", "2026-03-14", "2018-12-31"])
KINDS = st.sampled_from(["general", "sales", "purchase", "bank", "cash"])
STEPS = st.tuples(
    KINDS,
    st.lists(st.tuples(AMOUNTS, CODES), min_size=1, max_size=4),
    DATES,
    st.sampled_from(["EUR", "EUR", "USD"]),
    st.booleans(),
)


def post(visitor: Visitor, step: tuple[Any, ...], people: tuple[str, str]) -> str | None:
    """Post one random entry; where to delete it, or None when the books refused."""
    kind, parts, date, currency, reversal = step
    account = {"general": "1210", "purchase": "7100"}.get(kind, "8220")
    made = [line(visitor, account, amount, VATCode=code or "") for amount, code in parts]
    trade = {"EntryDate": date, "Currency": currency, "Reversal": reversal}
    if kind == "sales":
        return located(SALES, sale(visitor, *made, Customer=people[0], **trade))
    if kind == "purchase":
        return located(PURCHASES, purchase(visitor, *made, Supplier=people[1], **trade))
    for row in made:
        row["Date"] = date
    if kind == "bank":
        return located("financialtransaction/BankEntries", bank(visitor, *made))
    if kind == "cash":
        return located("financialtransaction/CashEntries", cash(visitor, *made))
    for row in list(made):
        row["VATCode"] = ""
        made.append(visitor.line("1205", -row["AmountFC"], Date=date))
    header = {"Currency": currency, "Reversal": reversal}
    return located(ENTRIES, visitor.book(*made, **header))


def located(path: str, reply: Any) -> str | None:
    if reply.status != 201:
        assert reply.status == 500, reply.body
        return None
    return f"{path}(guid'{reply.json['d']['EntryID']}')"


def as_cents(amount: float) -> int:
    return round(amount * 100)


@settings(max_examples=25)
@given(steps=st.lists(STEPS, min_size=1, max_size=6), undone=st.integers(0, 2))
def test_every_overview_is_the_sum_of_the_lines(
    books: Visitor, steps: list[tuple[Any, ...]], undone: int
) -> None:
    empty_books(books.sandbox.store)
    people = customer(books), supplier(books)
    places = [place for place in (post(books, step, people) for step in steps) if place]
    for place in places[:undone]:
        assert carry_out(books, "DELETE", f"{ROOT}/{place}")[0] in (204, 500)
    rows = [
        row
        for row in every_page(books, f"{ROOT}/sync/Financial/TransactionLines")
        if row["LineNumber"] > 0
    ]
    by_account: dict[str, int] = defaultdict(int)
    by_period: dict[tuple[int, int], int] = defaultdict(int)
    by_entry: dict[str, int] = defaultdict(int)
    for row in rows:
        by_account[row["GLAccountCode"]] += as_cents(row["AmountDC"])
        by_period[row["FinancialYear"], row["FinancialPeriod"]] += as_cents(row["AmountDC"])
        by_entry[row["EntryID"]] += as_cents(row["AmountDC"])
    assert not any(by_period.values()), "zero per period"
    assert not any(by_entry.values()), "zero per entry"
    agrees(books, rows, dict(by_account))


def agrees(books: Visitor, rows: list[Any], by_account: dict[str, int]) -> None:
    """The four overviews against the sums."""
    trial = books.admin("balance", "GET", division=GROENHOF)["balance"]
    assert sum(row["debit"] - row["credit"] for row in trial) == 0
    assert {row["code"]: row["debit"] - row["credit"] for row in trial} == by_account
    balance: dict[str, int] = defaultdict(int)
    for row in every_page(books, f"{ROOT}/financial/ReportingBalance"):
        balance[row["GLAccountCode"]] += as_cents(row["Amount"])
        assert as_cents(row["AmountDebit"]) - as_cents(row["AmountCredit"]) == as_cents(
            row["Amount"]
        )
    assert dict(balance) == by_account
    overview = books.get("read/financial/AgingOverview").rows
    assert sum(as_cents(row["AmountReceivable"]) for row in overview) == by_account.get("1300", 0)
    assert sum(as_cents(row["AmountPayable"]) for row in overview) == -by_account.get("1600", 0)
    profit = books.get("read/financial/ProfitLossOverview").rows[0]
    for year, word in ((2026, "CurrentYear"), (2025, "PreviousYear")):
        result = -sum(
            as_cents(row["AmountDC"])
            for row in rows
            if row["FinancialYear"] == year and row["GLAccountCode"] >= "4"
        )
        assert as_cents(profit[f"Result{word}"]) == result
        parts = as_cents(profit[f"Revenue{word}"]) - as_cents(profit[f"Costs{word}"])
        assert parts == result


def test_a_reversal_stays_on_its_side_with_a_minus_sign(books: Visitor) -> None:
    """Exact's reference of Reversal: amounts of a correction stay on the same side."""
    empty_books(books.sandbox.store)
    books.book(books.line("1210", -25), books.line("1205", 25), Reversal=True)
    trial = books.admin("balance", "GET", division=GROENHOF)["balance"]
    assert [(row["code"], row["debit"], row["credit"]) for row in trial] == [
        ("1205", 0, -2500),
        ("1210", -2500, 0),
    ]


def test_a_change_moves_the_sums_along(books: Visitor) -> None:
    empty_books(books.sandbox.store)
    sold = sale(books, line(books, "8220", 100), Customer=customer(books)).json["d"]
    books.admin("process", division=GROENHOF, journal="70", number=sold["EntryNumber"])
    rows = books.get("financial/ReportingBalance").rows
    assert {row["Status"] for row in rows} == {50}
    assert change(books, "DELETE", SALES, sold["EntryID"]).status == 500
