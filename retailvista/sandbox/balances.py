"""The sums of the lines per account, period, cost centre, status and type, and the trial balance.

They are kept up with every entry, so that an overview of a million lines is a look at a small
table. Invariant: `balance` always agrees with the sum of `line` (the header rows carry nothing).
Debit and credit: an entry marked as reversal keeps its side and shows a minus sign there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retailvista.sandbox.store import Store

if TYPE_CHECKING:
    from retailvista.sandbox.drafts import Draft

UPSERT = (
    "INSERT INTO balance (Division, GLAccount, ReportingYear, ReportingPeriod, CostCenterCode, "
    "CostUnitCode, Status, Type, debit, credit, Count) VALUES (?,?,?,?,?,?,?,?,?,?,?) "
    "ON CONFLICT (Division, GLAccount, ReportingYear, ReportingPeriod, CostCenterCode, "
    "CostUnitCode, Status, Type) DO UPDATE SET debit = debit + excluded.debit, "
    "credit = credit + excluded.credit, Count = Count + excluded.Count"
)
# Cents of a line as (debit, credit): a reversal keeps the side and turns the sign.
DEBIT = "CASE WHEN (AmountDC > 0) <> (coalesce(Reversal, 0) = 1) THEN {0} ELSE 0 END"
CREDIT = "CASE WHEN (AmountDC > 0) <> (coalesce(Reversal, 0) = 1) THEN 0 ELSE -{0} END"
CENTS = "CAST(round(AmountDC * 100) AS INTEGER)"
SUMS = (
    "SELECT Division, coalesce(GLAccount, ''), FinancialYear, FinancialPeriod, "  # noqa: S608 - our own names
    "coalesce(CostCenter, ''), coalesce(CostUnit, ''), Status, Type, "
    f"sum({DEBIT.format(CENTS)}), sum({CREDIT.format(CENTS)}), count(*) FROM line "
    "WHERE {where} AND LineNumber > 0 "
    "GROUP BY Division, GLAccount, FinancialYear, FinancialPeriod, CostCenter, CostUnit, "
    "Status, Type"
)


def sides(amount: int, *, reversal: bool) -> tuple[int, int]:
    """(debit, credit) of an amount in cents."""
    return (amount, 0) if (amount > 0) != reversal else (0, -amount)


def add(store: Store, draft: Draft) -> None:
    """Take the lines of a new entry into the sums."""
    sums: dict[tuple[Any, ...], list[int]] = {}
    for line in draft.lines:
        key = (
            *(draft.division, line.account_id or "", *line.period, line.cost_center or ""),
            *(line.cost_unit or "", draft.kind.status, draft.type),
        )
        debit, credit = sides(line.amount_dc, reversal=bool(draft.reversal))
        held = sums.setdefault(key, [0, 0, 0])
        held[0], held[1], held[2] = held[0] + debit, held[1] + credit, held[2] + 1
    with store.transaction() as db:
        db.executemany(UPSERT, [(*key, *held) for key, held in sums.items()])


def subtract(store: Store, entry_id: str) -> None:
    """Take the lines of an entry out of the sums, before they go."""
    with store.transaction() as db:
        found = db.execute(SUMS.format(where="EntryID = ?"), (entry_id,)).fetchall()
        db.executemany(UPSERT, [(*row[:8], -row[8], -row[9], -row[10]) for row in found])


def readd(store: Store, entry_id: str) -> None:
    """Take the lines of an entry into the sums as they stand."""
    with store.transaction() as db:
        found = db.execute(SUMS.format(where="EntryID = ?"), (entry_id,)).fetchall()
        db.executemany(UPSERT, found)


def rebuild(store: Store, division: int) -> None:
    """Every sum of a division anew, after lines were written in bulk."""
    with store.transaction() as db:
        db.execute("DELETE FROM balance WHERE Division = ?", (division,))
        found = db.execute(SUMS.format(where="Division = ?"), (division,)).fetchall()
        db.executemany(UPSERT, found)


def trial_balance(store: Store, division: int) -> list[tuple[str | None, str | None, int, int]]:
    """(code, description, debit, credit) in cents per account."""
    return [
        (row[0], row[1], row[2], row[3])
        for row in store.rows(
            "SELECT g.Code, g.Description, sum(b.debit), sum(b.credit) FROM balance b "
            "LEFT JOIN gl_account g ON g.ID = b.GLAccount AND g.Division = b.Division "
            "WHERE b.Division = ? GROUP BY b.GLAccount HAVING sum(b.Count) > 0 ORDER BY g.Code",
            division,
        )
    ]
