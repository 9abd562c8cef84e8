"""ProfitLossOverview and AgingOverview: what they say today, from the same lines as everything.

Invariant: the result of a year is the sum of its lines on profit-and-loss accounts, and the groups
of an aging add up to the balance of the receivable (payable) accounts.
"""

from __future__ import annotations

from typing import Any

from retailvista.sandbox import times
from retailvista.sandbox.store import Store

DAY_MS = 86_400_000
REVENUE = 110
# (group, description, from days overdue): the last one whose days are reached.
GROUPS = (
    (1, "Not yet due", None),
    (2, "1 - 30 days", 1),
    (3, "31 - 60 days", 31),
    (4, "61 - 90 days", 61),
    (5, "> 90 days", 91),
)


def refresh(store: Store, table: str, division: int) -> None:
    """Work an overview out again, right before it is read."""
    if table == "aging":
        _age(store, division)
    elif table == "profit_loss":
        _result(store, division)


def _currency(store: Store, division: int) -> str:
    found = store.row("SELECT Currency FROM division WHERE Code = ?", division)
    return found[0] if found else "EUR"


def _age(store: Store, division: int) -> None:
    today = store.wall_ms() // DAY_MS * DAY_MS
    sums = {group: {"R": 0, "P": 0} for group, _, _ in GROUPS}
    for due, ledger, cents in store.rows(
        "SELECT coalesce(DueDate, Date), Ledger, "
        "sum(CAST(round(AmountDC * 100) AS INTEGER)) FROM line "
        "WHERE Division = ? AND Ledger IS NOT NULL GROUP BY 1, 2",
        division,
    ):
        sums[_group((today - due) // DAY_MS)][ledger] += cents
    currency = _currency(store, division)
    with store.transaction() as db:
        db.execute("DELETE FROM aging WHERE Division = ?", (division,))
        db.executemany(
            "INSERT INTO aging VALUES (?,?,?,?,?,?)",
            [
                (
                    *(division, group, text, -sums[group]["P"] / 100),
                    *(sums[group]["R"] / 100, currency),
                )
                for group, text, _ in GROUPS
            ],
        )


def _group(days: int) -> int:
    return max(group for group, _, start in GROUPS if start is None or days >= start)


def _result(store: Store, division: int) -> None:
    today = times.day_of(store.wall_ms())
    year, period = today.year, today.month
    row: dict[str, Any] = {
        "Division": division,
        "CurrencyCode": _currency(store, division),
        "CurrentYear": year,
        "CurrentPeriod": period,
        "PreviousYear": year - 1,
        "PreviousYearPeriod": period,
    }
    for word, of_year, of_period in (
        ("CurrentYear", year, None),
        ("CurrentPeriod", year, period),
        ("PreviousYear", year - 1, None),
        ("PreviousYearPeriod", year - 1, period),
    ):
        revenue, costs = _sums(store, division, of_year, of_period)
        row |= {f"Revenue{word}": revenue / 100, f"Costs{word}": costs / 100}
        row[f"Result{word}"] = (revenue - costs) / 100
    with store.transaction() as db:
        db.execute("DELETE FROM profit_loss WHERE Division = ?", (division,))
        store.insert("profit_loss", row)


def _sums(store: Store, division: int, year: int, period: int | None) -> tuple[int, int]:
    """(revenue, costs) in cents."""
    found = store.row(
        "SELECT coalesce(sum(CASE WHEN g.Type = ? THEN b.credit - b.debit END), 0), "
        "coalesce(sum(CASE WHEN g.Type <> ? THEN b.debit - b.credit END), 0) FROM balance b "
        "JOIN gl_account g ON g.ID = b.GLAccount AND g.Division = b.Division "
        "WHERE b.Division = ? AND b.ReportingYear = ? AND (? IS NULL OR b.ReportingPeriod = ?) "
        "AND g.BalanceType = 'W'",
        *(REVENUE, REVENUE, division, year, period, period),
    )
    assert found
    return int(found[0]), int(found[1])
