"""Every amount of a table read once more from its source and summed, a call for each page.

Invariant: a row that changed while others were read is not compared but said to move: what the
feed tells with a rowversion above the highest we hold came after ours were summed. How far a sum
has come is kept with the run, so that waiting for the limits begins nothing again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from retailvista import db as database
from retailvista.connectors.database.shapes import ROWVERSION
from retailvista.connectors.records import Asked, Kind, Page, Way
from retailvista.errors import RetailVistaError
from retailvista.flows.checking import CENT, eight, own_totals, way_to_count
from retailvista.flows.load import Load
from retailvista.runs.models import RunItem

READING = "reading"
REST = ("newest", "since", "address", "moving")


@dataclass(slots=True)
class Sums:
    """`newest` is the highest rowversion we held when ours were summed."""

    ours: dict[str, Decimal]
    theirs: dict[str, Decimal]
    newest: int = 0
    since: str = ""
    address: str = ""
    moving: bool = False

    @property
    def figures(self) -> list[list[str]]:
        """Name, ours and theirs; less than a cent is equal."""
        return [
            [name, f"{ours:.2f}", f"{ours if abs(ours - theirs) < CENT else theirs:.2f}"]
            for name, ours in self.ours.items()
            for theirs in (self.theirs[name],)
        ]

    def add(self, page: Page, way: Way) -> None:
        """A page of theirs."""
        for row in page.rows:
            if way is Way.SYNC and int(row[ROWVERSION]) > self.newest:
                self.moving = True
                continue
            for name in self.theirs:
                self.theirs[name] += eight(row.get(name))
        self.since = page.mark if way.moves_by_page else ""
        self.address = page.next


def summed(load: Load) -> Sums:
    """Both sums, from where this run left off. Raises Later when it has to wait."""
    amounts = [column.name for column in load.shape.columns if column.kind is Kind.DECIMAL]
    sums = _kept(load) or _begun(load, amounts)
    way, over = way_to_count(load), not amounts
    while not over:
        asked = Asked(load.entity.key, way, since=sums.since, select=(*load.shape.key, *amounts))
        try:
            page = load.reader.page(asked, sums.address)
        except RetailVistaError:
            _keep(load, sums)
            raise
        sums.add(page, way)
        over = not page.next
        load.tally.page(lane_key=load.reader.lane_key)
    _forget(load)
    return sums


def _begun(load: Load, amounts: Sequence[str]) -> Sums:
    cursor, target = load.cursor(), load.target
    assert cursor is not None, "a table that is summed was loaded"
    newest = 0
    if load.shape.newer == ROWVERSION:
        newest = max(
            target.warehouse.newest(target.schema, load.shape, cursor).rowversion,
            int(cursor.mark or 0),
        )
    ours = own_totals(load, amounts) if amounts else {}
    return Sums(ours, dict.fromkeys(amounts, Decimal()), newest)


def _kept(load: Load) -> Sums | None:
    with load.outside.sessions() as session, database.reading(session):
        row = session.scalar(_row(load))
        return _read(row.detail) if row is not None else None


def _read(detail: Mapping[str, Any]) -> Sums:
    ours, theirs = (
        {name: Decimal(value) for name, value in detail[side].items()}
        for side in ("ours", "theirs")
    )
    return Sums(ours, theirs, *(detail[name] for name in REST))


def _keep(load: Load, sums: Sums) -> None:
    texts = {
        side: {name: str(value) for name, value in found.items()}
        for side, found in (("ours", sums.ours), ("theirs", sums.theirs))
    }
    rest = {name: getattr(sums, name) for name in REST}
    with load.outside.sessions() as session, database.transaction(session):
        row = session.scalar(_row(load))
        if row is None:
            name = f"{load.reader.division} {load.entity.key}"
            row = RunItem(run_id=load.tally.run_id, name=name, state=READING)
            session.add(row)
        row.detail, row.at = {**texts, **rest}, database.now(session)


def _forget(load: Load) -> None:
    with load.outside.sessions() as session, database.transaction(session):
        row = session.scalar(_row(load))
        if row is not None:
            session.delete(row)


def _row(load: Load) -> Any:
    return select(RunItem).where(
        RunItem.run_id == load.tally.run_id,
        RunItem.name == f"{load.reader.division} {load.entity.key}",
        RunItem.state == READING,
    )
