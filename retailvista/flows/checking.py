"""Is everything there? Row counts against the provider's own, and amounts against its balances.

Invariants: a table that changed is counted in the same run, every table once a day; a difference
is looked at twice, since rows may be added between two calls, and is then told with its remedy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from retailvista.connectors.database.shapes import COMPANY, DELETED_AT, DIVISION, quoted
from retailvista.connectors.database.warehouse import LOADED, Cursor
from retailvista.connectors.records import Asked, Way
from retailvista.flows.deletions import apply_deletions
from retailvista.flows.following import follow
from retailvista.flows.load import Load

COUNTED_EVERY = timedelta(hours=24)
LINES, BALANCES = "financialtransaction/TransactionLines", "financial/ReportingBalance"
SHOWN = 20
CENT = Decimal("0.01")


REMEDY = "A full refresh of this table repairs it."


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not equal. `account` and `period` name a balance, else rows are meant."""

    load: Load
    ours: str
    theirs: str
    account: str = ""
    period: str = ""

    @property
    def name(self) -> str:
        """What is not equal, as a name in a list."""
        return f"{self.account}, {self.period}"

    def tell(self) -> None:
        """A warning in the run's log, with its remedy."""
        ours, theirs = self.ours, self.theirs
        if not self.account:
            self.load.say(
                "warning",
                f"the number of rows is {ours} in the warehouse and {theirs} at the provider.",
                REMEDY,
            )
            return
        self.load.say(
            "warning",
            f"the balance of account {self.account} in {self.period} is {ours} in the warehouse"
            f" and {theirs} at the provider.",
            REMEDY,
        )


def check_loads(loads: Sequence[Load]) -> list[Difference]:
    """Count what is due; the differences, told in the run's log and counted."""
    found: list[Difference] = []
    for load in loads:
        cursor = load.cursor()
        if cursor is None or cursor.state != LOADED or load.entity.way is Way.DELETED:
            continue
        if _is_due(load, cursor):
            found += _counted(load, cursor)
    found += balances(loads)
    for difference in found[:SHOWN]:
        difference.tell()
    if found:
        loads[0].tally.count(differences=len(found))
    return found


def _is_due(load: Load, cursor: Cursor) -> bool:
    return cursor.checked_at is None or load.now() - cursor.checked_at > COUNTED_EVERY


def _counted(load: Load, cursor: Cursor) -> list[Difference]:
    pair = both_counts(load, cursor)
    if pair is not None and pair[0] != pair[1] and load.entity.way is not Way.FULL:
        # A row may have come or gone since: once more, then it counts.
        cursor = follow(load, cursor)
        apply_deletions([load])
        cursor = load.cursor() or cursor
        pair = both_counts(load, cursor)
    if pair is None:
        load.say("info", "the provider does not tell how many rows there are: not counted.")
    elif pair[0] != pair[1]:
        return [Difference(load, str(pair[0]), str(pair[1]))]
    target = load.target
    with target.warehouse.transaction():
        stored = target.save(replace(cursor, checked_at=load.now()))
    target.keep(stored)
    return []


def both_counts(load: Load, cursor: Cursor) -> tuple[int, int] | None:
    """Rows here and there; None when the provider does not tell."""
    theirs = load.reader.count(Asked(load.entity.key, way_to_count(load)))
    if theirs is None:
        return None
    return load.target.warehouse.count(load.target.schema, load.shape, cursor), theirs


def way_to_count(load: Load) -> Way:
    """How the rows of a table are counted and summed at the provider."""
    return Way.SYNC if load.entity.way is Way.SYNC else Way.FULL


def balances(loads: Sequence[Load], *, always: bool = False) -> list[Difference]:
    """The control total of the books: lines per account and period against Exact's balances.

    Costs no call: both tables are in the warehouse. Compared when one of them changed in this run.
    """
    by_key = {load.entity.key: load for load in loads}
    lines, sums = by_key.get(LINES), by_key.get(BALANCES)
    if lines is None or sums is None:
        return []
    if not always and not {lines.shape.name, sums.shape.name} & set(lines.target.touched):
        return []
    ours, theirs = _sums(lines, "AmountDC", "Financial"), _sums(sums, "Amount", "Reporting")
    return [
        Difference(
            lines,
            f"{ours.get((account, year, period), Decimal()):.2f}",
            f"{theirs.get((account, year, period), Decimal()):.2f}",
            account,
            f"{year}/{period}",
        )
        for account, year, period in sorted(ours.keys() | theirs.keys())
        if abs(
            ours.get((account, year, period), Decimal())
            - theirs.get((account, year, period), Decimal())
        )
        >= CENT
    ]


def _sums(load: Load, amount: str, word: str) -> dict[tuple[str, int, int], Decimal]:
    """Amounts per account code, year and period of a division."""
    names = ("GLAccountCode", f"{word}Year", f"{word}Period")
    group = ", ".join(quoted(name) for name in names)
    query = (
        f"SELECT {group}, sum({quoted(amount)}) FROM "  # noqa: S608  names of the catalogue
        f"{quoted(load.target.schema, load.shape.name)} WHERE {quoted(COMPANY)} = ? "
        f"AND {quoted(DIVISION)} = ? AND {quoted(DELETED_AT)} IS NULL "
        f"AND {quoted(names[0])} IS NOT NULL GROUP BY {group}"
    )
    rows = load.target.warehouse.rows(query, [load.target.company, load.reader.division])
    return {
        (str(code), int(year), int(period)): Decimal(total) for code, year, period, total in rows
    }


def own_totals(load: Load, amounts: Sequence[str]) -> dict[str, Decimal]:
    """The amounts of a division as they are here."""
    sums = ", ".join(f"coalesce(sum({quoted(name)}), 0)" for name in amounts)
    query = (
        # Names of the warehouse's own tables, quoted; every value is bound.
        f"SELECT {sums} FROM {quoted(load.target.schema, load.shape.name)} "  # noqa: S608
        f"WHERE {quoted(COMPANY)} = ? AND {quoted(DIVISION)} = ? AND {quoted(DELETED_AT)} IS NULL"
    )
    row: Sequence[Any] = load.target.warehouse.rows(
        query, [load.target.company, load.reader.division]
    )[0]
    return {name: Decimal(value) for name, value in zip(amounts, row, strict=True)}


def eight(value: Any) -> Decimal:
    """An amount as a table holds it."""
    return Decimal() if value is None else Decimal(str(value)).quantize(Decimal("0.00000001"))
