"""What a flow points at: connectors that are there and logged in, entities, actions they allow."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from retailvista.connectors.choosing import connector_by_number
from retailvista.connectors.database.opening import PROVIDER
from retailvista.connectors.fields import FieldProblem
from retailvista.connectors.grants import login_state
from retailvista.connectors.models import Connector
from retailvista.connectors.records import Entity
from retailvista.connectors.registry import records_for
from retailvista.errors import NotFound, Refused
from retailvista.flows import offered_rows
from retailvista.flows.definition import OWN, FlowSpec
from retailvista.flows.models import OUTGOING, REPLICATION

WAREHOUSE = PROVIDER
# Our own records as a source (flows/own_data.py).
OWN_ENTITIES = ("journals", "journal_lines", "receipts", "items")


@dataclass(frozen=True, slots=True)
class Ends:
    """The rows at both ends of a flow; None is RetailVista itself."""

    source: Connector | None = None
    target: Connector | None = None

    @property
    def source_id(self) -> int | None:
        return self.source.id if self.source is not None else None

    @property
    def target_id(self) -> int | None:
        return self.target.id if self.target is not None else None


def check_references(session: Session, spec: FlowSpec) -> tuple[Ends, list[FieldProblem]]:
    """Both ends, and what is wrong with them. The caller's transaction."""
    problems: list[FieldProblem] = []
    source = _connector(session, spec, "source", spec.source.connector, problems)
    target = _connector(session, spec, "target", spec.target.connector, problems)
    if source is not None or spec.source.connector == OWN:
        problems += _readable(session, spec, source)
    if target is not None and spec.kind == OUTGOING:
        problems += _writable(spec, target)
    if target is not None and spec.kind == REPLICATION and target.provider != WAREHOUSE:
        text = "Connector %(number)s is no warehouse."
        problems.append(FieldProblem("target.connector", text, {"number": str(target.number)}))
    return Ends(source, target), problems


def entity_of(connector: Connector, key: str) -> Entity | None:
    """The entity of a connector's provider, None when it has no such thing."""
    records = records_for(connector)
    if records is None:
        return None
    try:
        return records.entity(key)
    except Refused:
        return None


def _connector(
    session: Session, spec: FlowSpec, end: str, number: int, problems: list[FieldProblem]
) -> Connector | None:
    """The saved connector with this number. A flow that is switched off may wait for its login."""
    if number <= OWN:
        return None
    values = {"number": str(number)}
    try:
        row = connector_by_number(session, number)
    except NotFound:
        row = None
    if row is None or row.draft:
        text = "There is no connector %(number)s."
        problems.append(FieldProblem(f"{end}.connector", text, values))
        return None
    if row.provider == WAREHOUSE or spec.disabled:
        return row
    state = login_state(session, row).kind
    if state != "connected":
        text = "Connector %(number)s is not logged in: press oAuth there first."
        # A login that ended is repaired at the connector; the flow itself is as it should be.
        passing = state not in ("none", "connected")
        problems.append(FieldProblem(f"{end}.connector", text, values, is_warning=passing))
    return row


def own_entities(session: Session) -> tuple[str, ...]:
    """What a flow can read of ourselves: our records, and tables of feeds."""
    return (*OWN_ENTITIES, *offered_rows.names(session))


def _readable(session: Session, spec: FlowSpec, source: Connector | None) -> list[FieldProblem]:
    own = own_entities(session) if source is None else ()
    missing = [
        key
        for key in spec.source.entities
        if (key not in own if source is None else entity_of(source, key) is None)
    ]
    text = "There is nothing called %(entity)s to read."
    return [FieldProblem("source.entities", text, {"entity": key}) for key in missing]


def _writable(spec: FlowSpec, target: Connector) -> list[FieldProblem]:
    key, action = spec.target.entity, spec.target.action
    entity = entity_of(target, key) if key else None
    if key and entity is None:
        text = "There is nothing called %(entity)s to write."
        return [FieldProblem("target.entity", text, {"entity": key})]
    if entity is not None and action and action not in entity.actions:
        text = "%(entity)s does not allow %(action)s."
        return [FieldProblem("target.action", text, {"entity": key, "action": action})]
    return []
