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
from retailvista.connectors.records import Asked, Kind, Way
from retailvista.flows.deletions import apply_deletions
from retailvista.flows.following import follow
from retailvista.flows.load import Load

COUNTED_EVERY = timedelta(hours=24)
LINES, BALANCES = "financialtransaction/TransactionLines", "financial/ReportingBalance"
SHOWN = 20
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not equal: `what` of a table, ours and theirs."""

    table: str
    division: int
    what: str
    ours: str
    theirs: str

    @property
    def text(self) -> str:
        return (
            f"{self.table}, division {self.division}: {self.what} is {self.ours} in the warehouse"
            f" and {self.theirs} at the provider. A full refresh of this table repairs it."
        )


def check_loads(loads: Sequence[Load], *, all_of_them: bool = False) -> list[Difference]:
    """Count what is due, or everything; the differences, told in the run's log and counted."""
    found: list[Difference] = []
    for load in loads:
        cursor = load.cursor()
        if cursor is None or cursor.state != LOADED or load.entity.way is Way.DELETED:
            continue
        if all_of_them or _is_due(load, cursor):
            found += _counted(load, cursor)
    found += balances(loads)
    for difference in found[:SHOWN]:
        loads[0].tally.say("warning", difference.text)
    if found:
        loads[0].tally.count(differences=len(found))
    return found


def _is_due(load: Load, cursor: Cursor) -> bool:
    return cursor.checked_at is None or load.now() - cursor.checked_at > COUNTED_EVERY


def _counted(load: Load, cursor: Cursor) -> list[Difference]:
    pair = _pair(load, cursor)
    if pair is not None and pair[0] != pair[1] and load.entity.way is not Way.FULL:
        # A row may have come or gone since: once more, then it counts.
        cursor = follow(load, cursor)
        apply_deletions([load])
        cursor = load.cursor() or cursor
        pair = _pair(load, cursor)
    if pair is None:
        load.say("info", "the provider does not tell how many rows there are: not counted.")
    elif pair[0] != pair[1]:
        ours, theirs = (str(number) for number in pair)
        return [
            Difference(load.shape.name, load.reader.division, "the number of rows", ours, theirs)
        ]
    target = load.target
    with target.warehouse.transaction():
        stored = target.save(replace(cursor, checked_at=load.now()))
    target.keep(stored)
    return []


def _pair(load: Load, cursor: Cursor) -> tuple[int, int] | None:
    """Rows here and there; None when the provider does not tell."""
    theirs = load.reader.count(Asked(load.entity.key, _way(load)))
    if theirs is None:
        return None
    return load.target.warehouse.count(load.target.schema, load.shape, cursor), theirs


def _way(load: Load) -> Way:
    return Way.SYNC if load.entity.way is Way.SYNC else Way.FULL


def balances(loads: Sequence[Load]) -> list[Difference]:
    """The control total of the books: lines per account and period against Exact's balances.

    Costs no call: both tables are in the warehouse. Compared when one of them changed in this run.
    """
    by_key = {load.entity.key: load for load in loads}
    lines, sums = by_key.get(LINES), by_key.get(BALANCES)
    if (
        lines is None
        or sums is None
        or not {lines.shape.name, sums.shape.name} & set(lines.target.touched)
    ):
        return []
    ours, theirs = _sums(lines, "AmountDC", "Financial"), _sums(sums, "Amount", "Reporting")
    return [
        Difference(
            lines.shape.name,
            lines.reader.division,
            f"the balance of account {account} in {year}/{period}",
            f"{ours.get((account, year, period), Decimal()):.2f}",
            f"{theirs.get((account, year, period), Decimal()):.2f}",
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


def totals_again(load: Load) -> list[Difference]:
    """Every amount of a table read once more and summed: on demand, it costs a call a page."""
    amounts = [column.name for column in load.shape.columns if column.kind is Kind.DECIMAL]
    cursor, address, since = load.cursor(), "", ""
    if cursor is None or not amounts:
        return []
    theirs = dict.fromkeys(amounts, Decimal())
    way, seen = _way(load), 0
    while True:
        asked = Asked(load.entity.key, way, since=since, select=load.columns)
        page = load.reader.page(asked, address)
        for row in page.rows:
            for name in amounts:
                theirs[name] += _eight(row.get(name))
        seen += len(page.rows)
        address = page.next
        if not address:
            break
    ours = _ours(load, amounts)
    return [
        Difference(
            load.shape.name,
            load.reader.division,
            f"the total of {name}",
            f"{ours[name]:.2f}",
            f"{theirs[name]:.2f}",
        )
        for name in amounts
        if abs(ours[name] - theirs[name]) >= CENT
    ]


def _ours(load: Load, amounts: Sequence[str]) -> dict[str, Decimal]:
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


def _eight(value: Any) -> Decimal:
    return Decimal() if value is None else Decimal(str(value)).quantize(Decimal("0.00000001"))
