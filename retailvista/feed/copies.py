"""The copy of an entity in a warehouse: which flow makes it, where it lies, how fresh it is.

Invariant: a copy belongs to the company in scope and to one division; it is found by the flows as
they are now, never by a place that somebody types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista.connectors.database.shapes import shape_of
from retailvista.connectors.models import Connector
from retailvista.connectors.records import Records
from retailvista.errors import Refused
from retailvista.flows.definition import FlowSpec
from retailvista.flows.keeping import list_flows, spec_of_row
from retailvista.flows.models import REPLICATION, Flow
from retailvista.flows.variables import filled_spec, known_variables


@dataclass(frozen=True, slots=True)
class Copy:
    """Where the rows of one entity of one division lie. `schema` '' = as the warehouse says."""

    flow: int
    warehouse_id: int
    warehouse: str
    division: int
    entity: str
    schema: str
    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


def copies_of(
    session: Session, connector_id: int, records: Records, operators: Mapping[str, str]
) -> dict[str, Copy]:
    """The copies of what is behind a connector, by entity; of two the flow that is switched on.

    The caller's transaction.
    """
    source = session.scalars(select(Connector).where(Connector.id == connector_id)).one()
    flows = [
        row
        for row in list_flows(session)
        if row.kind == REPLICATION and row.source_connector_id == connector_id
    ]
    found: dict[str, Copy] = {}
    for row in sorted(flows, key=lambda each: (each.disabled, each.number)):
        for copy in _copies(session, row, source, records, operators):
            found.setdefault(copy.entity, copy)
    return found


def _copies(
    session: Session,
    row: Flow,
    source: Connector,
    records: Records,
    operators: Mapping[str, str],
) -> list[Copy]:
    target = session.scalars(
        select(Connector).where(Connector.id == row.target_connector_id)
    ).one_or_none()
    spec = _filled(session, row, source, operators)
    if target is None or target.deleted_at is not None or spec is None or not source.division:
        return []
    if spec.source.divisions and source.division not in spec.source.divisions:
        return []
    found = []
    for key in spec.source.entities:
        shape = shape_of(records.entity(key), spec.target.tables.get(key, ""), spec.source.select)
        columns = tuple(column.name for column in shape.columns if column.source)
        found.append(
            Copy(
                row.number, target.id, target.name, source.division, key, spec.target.schema,
                shape.name, columns, shape.key,
            )
        )  # fmt: skip
    return found


def _filled(
    session: Session, row: Flow, source: Connector, operators: Mapping[str, str]
) -> FlowSpec | None:
    """The definition with its variables; None when one of them is not known."""
    try:
        known = known_variables(session, operators, flow=row, source=source)
        return filled_spec(spec_of_row(row), known)
    except Refused:
        return None
