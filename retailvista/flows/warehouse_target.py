"""Where a replication loads: the open warehouse with the tables of the flow, and its cursors.

Invariant: a table is prepared before anything is fetched for it; what lacks a privilege is told
then, with the statement that grants it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from retailvista.connectors.database.opening import WarehouseFacts, open_warehouse, warehouse_facts
from retailvista.connectors.database.shapes import TableShape, shape_of
from retailvista.connectors.database.warehouse import Cursor, Warehouse
from retailvista.connectors.outside import Outside
from retailvista.connectors.records import Entity, Records, Row
from retailvista.errors import Refused
from retailvista.flows.definition import FLAG, FlowFacts

# Exact writes the wall clock of Amsterdam; its Belgian site has the same.
ZONE = ZoneInfo("Europe/Amsterdam")


@dataclass(slots=True)
class Target:
    """An open warehouse for one run. Used by one thread."""

    warehouse: Warehouse
    facts: WarehouseFacts
    schema: str
    shapes: Mapping[str, TableShape]
    cursors: dict[tuple[int, str], Cursor]
    flags: bool
    run: int
    # Tables that changed in this run, for their Parquet files.
    touched: set[str] = field(default_factory=set)

    @property
    def company(self) -> int:
        return self.facts.company

    def cursor(self, division: int, entity: str) -> Cursor | None:
        """Where an entity of a division stands; None before its first load."""
        return self.cursors.get((division, entity))

    def save(self, cursor: Cursor) -> Cursor:
        """Store it, inside the transaction of its rows."""
        return self.warehouse.save(self.schema, cursor)

    def keep(self, cursor: Cursor) -> Cursor:
        """Remember what was stored, after its transaction."""
        self.cursors[cursor.key] = cursor
        return cursor

    def flag_at(self, now: datetime) -> datetime | None:
        """When rows are flagged as deleted; None where they are removed."""
        return now if self.flags else None

    def brought(
        self, shape: TableShape, rows: list[Row], cursor: Cursor, now: datetime, first: int = 0
    ) -> str:
        """The rows in the warehouse's own reach, ready to be merged or staged."""
        from retailvista.connectors.database.columns import Stamp, arrow_of

        stamp = Stamp(cursor.company, cursor.division, self.run, now, ZONE)
        return self.warehouse.bring(self.schema, shape, arrow_of(shape, rows, stamp, first))


def open_target(outside: Outside, flow: FlowFacts, records: Records, run: int) -> Target:
    """Connect, check privileges, create what is not there. Refused says what is missing."""
    assert flow.target_connector_id is not None, "a replication has a warehouse"
    facts = warehouse_facts(outside, flow.target_connector_id)
    schema = flow.spec.target.schema or facts.settings.schema
    shapes = shapes_of(flow, [records.entity(key) for key in flow.entities])
    warehouse = open_warehouse(outside, facts)
    try:
        check_privileges(warehouse, schema)
        warehouse.prepare(schema, ())
        cursors = warehouse.cursors(schema, facts.company)
        check_tables(shapes, cursors.values())
        new = warehouse.prepare(schema, list(shapes.values()))
    except BaseException:
        warehouse.__exit__()
        raise
    target = Target(
        warehouse=warehouse,
        facts=facts,
        schema=schema,
        shapes=shapes,
        cursors=cursors,
        flags=flow.spec.target.deleted_rows == FLAG,
        run=run,
    )
    target.touched |= {name.split(".", 1)[0] for name in new}
    return target


def shapes_of(flow: FlowFacts, entities: list[Entity]) -> dict[str, TableShape]:
    """The table of each entity, under its own name or the one the flow gives it."""
    tables: Mapping[str, Any] = flow.spec.target.tables
    return {
        entity.key: shape_of(entity, str(tables.get(entity.key, "")), flow.spec.source.select)
        for entity in entities
    }


def check_tables(shapes: Mapping[str, TableShape], cursors: Iterable[Cursor]) -> None:
    """Every table holds one entity. Refused names the table that two would share."""
    holds = {cursor.table_name.lower(): cursor.entity for cursor in cursors}
    for entity, shape in shapes.items():
        if holds.setdefault(shape.name.lower(), entity) != entity:
            raise Refused(
                f"Table {shape.name} holds {holds[shape.name.lower()]} already."
                f" Give {entity} another table."
            )


def check_privileges(warehouse: Warehouse, schema: str) -> None:
    """Before anything is fetched: Refused holds the statements that grant what is missing."""
    missing = warehouse.missing(schema)
    if missing:
        statements = " ".join(found.statement for found in missing)
        what = ", ".join(f"{found.privilege} on {found.on}" for found in missing)
        raise Refused(f"The warehouse does not allow {what}. Its administrator runs: {statements}")
