"""Short ways of the stories about replication: change the source, look at the warehouse."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.connectors.database.duck import SETTINGS
from retailvista.connectors.models import Lane
from retailvista.connectors.records import Entity
from retailvista.runs.models import Run
from retailvista.sandbox import records as store
from tests.flows.flow_house import FlowHouse
from tests.flows.mirror import entity_of
from tests.sandbox.visitor import GROENHOF

ITEMS = entity_of("logistics/Items")


COLUMNS = (
    "SELECT column_name FROM information_schema.columns WHERE table_name = 'Logistics_Items' "
    "ORDER BY ordinal_position"
)


COSTCENTERS = entity_of("hrm/Costcenters")
BALANCE = entity_of("financial/ReportingBalance")
ACCOUNTS = entity_of("crm/Accounts")


def query(file: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def shown(file: Path) -> int:
    """Items that a reader sees, while a run may be at work in this process."""
    with duckdb.connect(str(file), config=dict(SETTINGS)) as connection:
        found = connection.execute('SELECT count(*) FROM exact."Logistics_Items"').fetchall()
    return int(found[0][0])


def at(house: FlowHouse) -> dict[str, datetime]:
    now = house.stage.clock.now()
    return {"requested_at": now, "answered_at": now}


def used_this_minute(session: Session) -> int:
    with db.reading(session):
        return session.scalars(select(Lane.minute_used)).one()


def findings(house: FlowHouse) -> list[str]:
    house.stage.sandbox.judge.flush()
    return [row[0] for row in house.stage.sandbox.store.rows("SELECT rule FROM finding")]


def put(house: FlowHouse, found: Entity, *rows: dict[str, object], division: int = GROENHOF):
    return store.put(house.stage.sandbox.store, division, found.key, list(rows))


def remove(house: FlowHouse, found: Entity, key: str, division: int = GROENHOF) -> None:
    row = store.find(house.stage.sandbox.store, found.key, division, key)
    assert row is not None
    store.remove(house.stage.sandbox.store, row, "anna")


def counts(run: Run) -> dict[str, int]:
    """What it counted of rows."""
    names = ("read", "new", "changed", "deleted", "discarded", "failed")
    return {name: run.counts[name] for name in names if run.counts.get(name)}
