"""A run of a replication: every entity of every division into its table, then what was deleted.

Invariants: one endpoint that is refused does not keep the others from being loaded, and counts as
failed; a division that has to wait for its limits does not keep the others waiting, and the run
goes on by itself. Nothing of the warehouse is open while a page is fetched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from retailvista.connectors.database.warehouse import LOADED, LOADING, Cursor
from retailvista.connectors.outside import Outside
from retailvista.connectors.record_visits import Reader, reader_for
from retailvista.connectors.records import Way
from retailvista.errors import Later, LoginNeeded, Refused
from retailvista.flows.checking import check_loads
from retailvista.flows.comparing import compare
from retailvista.flows.definition import FlowFacts
from retailvista.flows.deletions import apply_deletions
from retailvista.flows.following import follow
from retailvista.flows.load import Load
from retailvista.flows.reloading import reload
from retailvista.flows.still import stands_still
from retailvista.flows.tally import Tally
from retailvista.flows.warehouse_target import Target, open_target
from retailvista.runs.working import Counts

# Exact keeps deletions for two months, the shortest of which have 59 days.
DELETIONS_KEPT = timedelta(days=55)
# A division that was moved has new rowversions: asked so often, one call for all its tables.
# A run that waits for its limits goes past the tables it has done, but not for hours.
DONE_LASTS = timedelta(minutes=15)
MOVED_ASKED_EVERY = timedelta(hours=20)


def replicate(outside: Outside, flow: FlowFacts, tally: Tally) -> Counts:
    """One run of a replication. Raises Later when it has to wait, with everything so far safe."""
    _each(outside, flow, tally, _Division.load)
    return tally.counts


def check(outside: Outside, flow: FlowFacts, tally: Tally, *, totals: bool = False) -> Counts:
    """Bring every table up to date and compare it with its source; see comparing."""

    def look(division: _Division) -> None:
        compare(division.fetch(), totals=totals)

    _each(outside, flow, tally, look)
    return tally.counts


def _each(
    outside: Outside, flow: FlowFacts, tally: Tally, work: Callable[[_Division], None]
) -> None:
    """Every division in turn; one that has to wait keeps no other waiting."""
    assert flow.source_connector_id is not None, "a replication reads through a connector"
    records = reader_for(outside, flow.source_connector_id).records
    waits: list[Later] = []
    target = open_target(outside, flow, records, tally.facts.number)
    with target.warehouse:
        try:
            for place, division in enumerate(flow.divisions):
                reader = reader_for(outside, flow.source_connector_id, division)
                ahead = (len(flow.divisions) - place - 1) * len(flow.entities)
                try:
                    work(_Division(outside, flow, tally, target, reader, ahead))
                except Later as later:
                    waits.append(later)
        finally:
            _exported(target, flow)
    if waits:
        raise min(waits, key=lambda later: later.not_before)


def must_reload(load: Load, cursor: Cursor) -> bool:
    """Whether the table is loaded anew, instead of going on from its mark."""
    if load.entity.way is Way.DELETED:
        return False  # what was deleted is only ever added to
    if cursor.state == LOADING or cursor.table_name != load.shape.name:
        return True
    if load.moved is not None and cursor.moved_at is not None and cursor.moved != load.moved:
        load.say("warning", "the division was moved at the provider; everything is loaded again.")
        return True
    read_at = cursor.deletions_at
    if load.entity.deleted_as and read_at and load.now() - read_at > DELETIONS_KEPT:
        text = "deletions were not read for too long; everything is loaded again."
        load.say("warning", text)
        return True
    if load.full and cursor.run == load.target.run:
        return False  # reloaded by this run, before it had to wait
    return load.full or load.entity.way is Way.FULL


def load_entity(load: Load) -> bool:
    """Bring one table up to date for one division. Raises Later, Refused, LoginNeeded.

    True when it was proven equal to its source: then no deletion is left to apply either.
    """
    cursor = load.cursor() or _fresh(load)
    if cursor.source != load.reader.site:
        raise Refused(
            f"{load.shape.name} already holds division {cursor.division} of {cursor.source}."
            " Load the other one into a schema of its own."
        )
    if _is_done(load, cursor):
        return False
    if must_reload(load, cursor):
        cursor = reload(load, cursor)
        if not load.reader.records.begins_by_bulk(load.entity.key):
            return False
    elif stands_still(load, cursor):
        return True
    cursor = load.cursor() or cursor
    if load.entity.way is not Way.FULL:
        follow(load, cursor)
    return False


def _is_done(load: Load, cursor: Cursor) -> bool:
    """Brought up to date by this run a moment ago, before it had to wait for another table."""
    return (
        cursor.state == LOADED
        and cursor.done_run == load.target.run
        and cursor.loaded_at is not None
        and load.now() - cursor.loaded_at < DONE_LASTS
    )


def _fresh(load: Load) -> Cursor:
    return Cursor(
        company=load.target.company,
        division=load.reader.division,
        entity=load.entity.key,
        table_name=load.shape.name,
        source=load.reader.site,
        way=load.entity.way.value,
        state=LOADED if load.entity.way is Way.DELETED else LOADING,
    )


@dataclass(frozen=True, slots=True)
class _Division:
    """One division of the run."""

    outside: Outside
    flow: FlowFacts
    tally: Tally
    target: Target
    reader: Reader
    ahead: int

    def load(self) -> None:
        """Every table, and a look whether everything is there."""
        check_loads(self.fetch())

    def fetch(self) -> list[Load]:
        """Every table brought up to date."""
        loads = self.loads(self._moved())
        is_still = False
        for load in loads:
            load.expect(1)
            is_still |= self._loaded(load)
        if not is_still:
            apply_deletions(loads)
        return loads

    def loads(self, moved: str | None) -> list[Load]:
        """A load for each entity of the flow."""
        found = [self.reader.records.entity(key) for key in self.flow.entities]
        listening = [entity for entity in found if entity.deleted_as is not None]
        return [
            Load(
                outside=self.outside,
                reader=self.reader,
                target=self.target,
                tally=self.tally,
                entity=entity,
                full=self.flow.is_full,
                moved=moved,
                remaining=self.ahead + len(found) - place - 1,
                alone=listening == [entity],
            )
            for place, entity in enumerate(found)
        ]

    def _loaded(self, load: Load) -> bool:
        """One table; what is refused is told and the next one follows."""
        try:
            return load_entity(load)
        except LoginNeeded:
            raise
        except Refused as refused:
            where = f"{load.entity.name}, division {self.reader.division}"
            self.tally.failed(where, f"{refused} {refused.said}".strip())
            return False

    def _moved(self) -> str | None:
        """When the division was moved; None where it was asked lately or does not matter."""
        records, division = self.reader.records, self.reader.division
        by_feed = [key for key in self.flow.entities if records.entity(key).way is Way.SYNC]
        found = [self.target.cursor(division, key) for key in by_feed]
        now = self.outside.clock.now()
        lately = [
            cursor is not None
            and cursor.moved_at is not None
            and now - cursor.moved_at < MOVED_ASKED_EVERY
            for cursor in found
        ]
        try:
            return None if all(lately) else self.reader.moved()
        except Refused:
            # Each of its tables will say so, and the next division follows.
            return None


def _exported(target: Target, flow: FlowFacts) -> None:
    """Tables that changed as Parquet files, where other programs cannot open the warehouse."""
    if flow.spec.target.parquet and target.touched:
        target.warehouse.export(target.schema, sorted(target.touched), target.facts.parquet)
