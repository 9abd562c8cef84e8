"""Is everything there? A whole replication beside its source, asked for by a person.

Every table is brought up to date first and counted; with `totals` all its amounts are read once
more and summed. A difference is looked at twice: rows come and go while others are read. What was
found stands in the items of the run, one for each table of each division.

Invariants: a table is equal only when the provider said so; one that it does not count, that kept
changing or that is not there is told as that. A run that has to wait goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import select

from retailvista import db as database
from retailvista.connectors.database.warehouse import LOADED, Cursor
from retailvista.connectors.records import Way
from retailvista.flows.checking import (
    LINES,
    REMEDY,
    Difference,
    balances,
    both_counts,
)
from retailvista.flows.deletions import apply_deletions
from retailvista.flows.following import follow
from retailvista.flows.load import Load
from retailvista.flows.reloading import reload
from retailvista.flows.summing import READING, summed
from retailvista.runs.models import RunItem

EQUAL, DIFFERENT, UNTOLD, MOVING, ABSENT = "equal", "different", "untold", "moving", "not loaded"
LOOKS = 2


@dataclass(slots=True)
class Found:
    """What is known of one table of one division. `totals` are name, ours and theirs."""

    division: int
    entity: str
    table: str
    ours: int | None = None
    theirs: int | None = None
    totals: list[list[str]] = field(default_factory=list)
    state: str = ""

    @property
    def differences(self) -> int:
        """How many figures are not equal."""
        if self.state == MOVING:
            return 0
        rows = self.theirs is not None and self.ours != self.theirs
        return int(rows) + sum(ours != theirs for _name, ours, theirs in self.totals)


def compare(loads: Sequence[Load], *, totals: bool) -> None:
    """Every table of a division that this run has not told of before it had to wait."""
    if not loads:
        return
    told = {item.name for item in items_of(loads[0]) if item.state != READING}
    for load in loads:
        if name_of(load) in told or load.entity.way is Way.DELETED:
            continue
        found = _looked(load, totals=totals)
        if found.entity == LINES:
            _with_balances(loads, found)
        _keep(load, found)


def _looked(load: Load, *, totals: bool) -> Found:
    found = Found(load.reader.division, load.entity.key, load.shape.name)
    cursor, moving = load.cursor(), False
    if cursor is None or cursor.state != LOADED:
        found.state = ABSENT
        return found
    for look in range(LOOKS):
        if look:
            cursor = _caught_up(load, cursor)
        counted = both_counts(load, cursor)
        found.ours, found.theirs = counted or (None, None)
        if totals:
            amounts = summed(load)
            moving = amounts.moving
            found.totals = amounts.figures
        if not found.differences:
            found.state = EQUAL if counted is not None or found.totals else UNTOLD
            return found
    found.state = MOVING if moving else DIFFERENT
    return found


def _caught_up(load: Load, cursor: Cursor) -> Cursor:
    """With what came and went since the first look."""
    if load.entity.way is Way.FULL:
        return reload(load, cursor)
    follow(load, cursor)
    apply_deletions([load])
    return load.cursor() or cursor


def _with_balances(loads: Sequence[Load], found: Found) -> None:
    """Lines of the books against Exact's own balances, where the flow loads both."""
    differing = balances(loads, always=True)
    found.totals += [[one.name, one.ours, one.theirs] for one in differing]
    if differing:
        found.state = DIFFERENT


def name_of(load: Load) -> str:
    """The name of its item in the run."""
    return f"{load.reader.division} {load.entity.key}"


def items_of(load: Load) -> list[RunItem]:
    """What this run has kept so far."""
    with load.outside.sessions() as session, database.reading(session):
        query = select(RunItem).where(RunItem.run_id == load.tally.run_id)
        return list(session.scalars(query))


def _keep(load: Load, found: Found) -> None:
    detail: dict[str, Any] = asdict(found)
    state = detail.pop("state")
    with load.outside.sessions() as session, database.transaction(session):
        query = select(RunItem).where(
            RunItem.run_id == load.tally.run_id, RunItem.name == name_of(load)
        )
        row = session.scalar(query)
        if row is None:
            row = RunItem(run_id=load.tally.run_id, name=name_of(load))
            session.add(row)
        row.state, row.detail, row.at = state, detail, database.now(session)
    if found.state == DIFFERENT:
        _tell(load, found)
    load.tally.count(compared=1, differences=found.differences)


def _tell(load: Load, found: Found) -> None:
    """What differs, a line for each with its remedy."""
    if found.theirs is not None and found.ours != found.theirs:
        Difference(load, str(found.ours), str(found.theirs)).tell()
    for name, ours, theirs in found.totals:
        if ours != theirs:
            load.say(
                "warning",
                f"the total of {name} is {ours} in the warehouse and {theirs} at the provider.",
                REMEDY,
            )
