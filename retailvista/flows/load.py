"""One entity of one division in one run of a replication: what its steps share.

Invariant: what was read is told to the tally after it is safe in the warehouse, every page once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from retailvista.connectors.database.shapes import TableShape
from retailvista.connectors.database.warehouse import Counted, Cursor
from retailvista.connectors.outside import Outside
from retailvista.connectors.record_visits import Reader
from retailvista.connectors.records import Asked, Entity, Page, Way
from retailvista.errors import Later, Refused
from retailvista.flows.tally import RunStopped, Tally
from retailvista.flows.warehouse_target import Target


@dataclass(slots=True)
class Load:
    """`moved` is when the division was moved, None where it was not asked in this run.

    `remaining` counts what the run has to do after this one, for its bar. `alone`: no other table
    of the division listens to the feed of deletions in this run.
    """

    outside: Outside
    reader: Reader
    target: Target
    tally: Tally
    entity: Entity
    full: bool
    moved: str | None = None
    remaining: int = 0
    alone: bool = False
    counted: Counted = field(default_factory=Counted)

    @property
    def shape(self) -> TableShape:
        return self.target.shapes[self.entity.key]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table that come from the record."""
        return tuple(column.name for column in self.shape.columns if column.source)

    def now(self) -> datetime:
        return self.outside.clock.now()

    def cursor(self) -> Cursor | None:
        return self.target.cursor(self.reader.division, self.entity.key)

    def page(self, way: Way, since: str, address: str) -> Page:
        """One page of the table's columns."""
        asked = Asked(self.entity.key, way, since=since, select=self.columns)
        return self.reader.page(asked, address)

    def believe_empty(self, cursor: Cursor) -> None:
        """Exact answers a list that a login may not read with no rows: Refused unless it may."""
        before = self.target.warehouse.count(self.target.schema, self.shape, cursor)
        if before and not self.reader.may_read(self.entity.key):
            raise Refused(
                f"{self.entity.name} answers without a row and the right to read it is not"
                " confirmed: its table is left as it was."
            )

    def say(self, level: str, *texts: str) -> None:
        """A line in the run's log that names table and division."""
        place = f"{self.shape.name}, division {self.reader.division}"
        self.tally.say(level, f"{place}: {' '.join(texts)}")

    def expect(self, pages: int) -> None:
        """So many more pages of this one."""
        self.tally.expect(pages + self.remaining)

    def count(self, counted: Counted) -> None:
        """What a change did, into the run and this load."""
        self.counted += counted
        if counted != Counted():
            self.target.touched.add(self.shape.name)
        self.tally.count(
            new=counted.new,
            changed=counted.changed,
            discarded=counted.discarded,
            deleted=counted.deleted,
        )

    def sizes(self, pages: list[Page]) -> list[int]:
        """The rows of each page, to be told when they are safe."""
        return [len(page.rows) for page in pages]

    def tell(self, sizes: list[int]) -> None:
        """Every page once; being stopped is heeded after all of them are told."""
        stopped: Later | RunStopped | None = None
        for size in sizes:
            try:
                self.tally.page(lane_key=self.reader.lane_key, read=size)
            except (Later, RunStopped) as error:
                stopped = error
        if stopped is not None:
            raise stopped
