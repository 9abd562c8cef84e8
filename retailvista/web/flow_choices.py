"""What can be chosen in the form of a flow: connectors, entities found by typing, divisions.

A choice shows how an entity is loaded and what may be written, so that nobody finds out later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from retailvista.connectors.choosing import connectors_of
from retailvista.connectors.models import Connector
from retailvista.connectors.port import Division
from retailvista.connectors.records import Entity, Kind, Property, Way
from retailvista.connectors.registry import records_for
from retailvista.flows import offered_rows
from retailvista.flows.definition import OWN, FlowSpec
from retailvista.flows.models import OUTGOING, REPLICATION
from retailvista.flows.references import OWN_ENTITIES, WAREHOUSE
from retailvista.web.flow_words import OWN_NAMES

FOUND_MAX = 12
OWN_KEY = Property("number", Kind.TEXT, is_key=True)


@dataclass(frozen=True, slots=True)
class Choices:
    """All that the form of one flow offers."""

    sources: tuple[Connector, ...]
    targets: tuple[Connector, ...]
    readable: tuple[Entity, ...]
    writable: tuple[Entity, ...]
    divisions: tuple[Division, ...]
    source: Connector | None
    target: Connector | None

    def entity(self, key: str) -> Entity | None:
        return next((found for found in (*self.readable, *self.writable) if found.key == key), None)

    def written(self, key: str) -> Entity | None:
        """The entity that is written; our own records may have the same key as one of theirs."""
        return next((found for found in self.writable if found.key == key), None)

    @property
    def listed(self) -> tuple[Entity, ...]:
        """What a warehouse usually wants; the others are found by typing."""
        return tuple(found for found in self.readable if found.listed)


def choices_for(session: Session, spec: FlowSpec) -> Choices:
    """The choices at the present state of the form. The caller's transaction."""
    rows = connectors_of(session)
    with_records = tuple(row for row in rows if has_records(row))
    warehouses = tuple(row for row in rows if row.provider == WAREHOUSE)
    source = _numbered(rows, spec.source.connector)
    targets = warehouses if spec.kind == REPLICATION else with_records
    target = _numbered(targets, spec.target.connector)
    return Choices(
        sources=with_records,
        targets=targets,
        readable=readable_of(session, source) if source or spec.kind == OUTGOING else (),
        writable=writable_of(target) if spec.kind == OUTGOING else (),
        divisions=visible_divisions(source),
        source=source,
        target=target,
    )


def numbered(session: Session, number: int) -> Connector | None:
    """The saved connector with this number; None for RetailVista itself or none."""
    return _numbered(connectors_of(session), number)


def has_records(row: Connector) -> bool:
    return records_for(row) is not None


def readable_of(session: Session, row: Connector | None) -> tuple[Entity, ...]:
    """What can be read; of RetailVista itself the tables of feeds as well."""
    if row is not None:
        return entities_of(row)
    tables = offered_rows.names(session).items()
    return (*entities_of(None), *(_own(key, name) for key, name in tables))


def entities_of(row: Connector | None) -> tuple[Entity, ...]:
    """What a connector offers to read; without one, RetailVista's own records."""
    if row is None:
        return tuple(_own(key) for key in OWN_ENTITIES)
    records = records_for(row)
    return records.entities() if records is not None else ()


def writable_of(row: Connector | None) -> tuple[Entity, ...]:
    """Entities of a connector that allow at least one action."""
    return tuple(found for found in entities_of(row) if found.actions) if row else ()


def visible_divisions(row: Connector | None) -> tuple[Division, ...]:
    """What the login of a connector could see when it was last asked."""
    kept = (row.last_test or {}).get("divisions", []) if row is not None else []
    return tuple(Division(**found) for found in kept)


def found_by(entities: Iterable[Entity], text: str) -> list[Entity]:
    """Entities whose name or key has the text or all its words, what people mean by it first."""
    wanted, parts = "".join(text.lower().split()), text.lower().split()
    if not wanted:
        return []
    hits = [
        found
        for found in entities
        if wanted in (name := "".join(f"{found.name} {found.key}".lower().split()))
        or all(part in name for part in parts)
    ]
    hits.sort(key=lambda found: _rank(found, wanted))
    return hits[:FOUND_MAX]


def _rank(found: Entity, wanted: str) -> tuple[bool, bool, int, str]:
    """What begins with the text first ('CRM - Accounts' by Accounts), then what is usual."""
    own_name = "".join(found.name.lower().split()).rpartition("-")[2]
    return not own_name.startswith(wanted), not found.listed, len(found.name), found.name


def _numbered(rows: Sequence[Connector], number: int) -> Connector | None:
    if number == OWN:
        return None
    return next((row for row in rows if row.number == number), None)


def _own(key: str, name: str = "") -> Entity:
    return Entity(
        key, name or str(OWN_NAMES.get(key, key)), "RetailVista", (OWN_KEY,), ("number",), Way.FULL
    )
