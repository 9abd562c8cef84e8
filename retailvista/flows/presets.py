"""Presets: many endpoints into a warehouse at once, as one flow or as one flow each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies import audit
from retailvista.connectors.choosing import connector_by_number
from retailvista.connectors.fields import FieldProblem
from retailvista.connectors.registry import records_for
from retailvista.errors import Refused
from retailvista.flows.definition import NAME_MAX, FlowSpec, SourceSpec, TargetSpec, WrongFlow
from retailvista.flows.keeping import insert_flow
from retailvista.flows.models import REPLICATION, Flow


@dataclass(frozen=True, slots=True)
class Load:
    """Which endpoints of which connector go to which warehouse. No entities: all that are listed.

    With `one_each` every endpoint has a flow, and so schedules and runs, of its own.
    """

    name: str
    source: int
    target: int
    entities: tuple[str, ...] = ()
    divisions: tuple[int, ...] = ()
    database: str = ""
    schema: str = ""
    one_each: bool = False


def add_load(session: Session, load: Load, actor: str) -> list[Flow]:
    """The flows of a preset, all or none. WrongFlow names every field that keeps it from being."""
    with database.transaction(session):
        return _inserted(session, _specs(session, load), actor)


def add_each(session: Session, spec: FlowSpec, actor: str) -> list[Flow]:
    """A flow for every endpoint of a replication, all or none. WrongFlow as for one."""
    with database.transaction(session):
        return _inserted(session, split(spec), actor)


def split(spec: FlowSpec) -> list[FlowSpec]:
    """The same for each of its entities alone."""
    return [
        replace(
            spec,
            name=_named(spec.name, entity),
            source=replace(spec.source, entities=(entity,)),
            target=replace(
                spec.target,
                tables={key: name for key, name in spec.target.tables.items() if key == entity},
            ),
        )
        for entity in spec.source.entities
    ]


def listed_entities(session: Session, number: int) -> tuple[str, ...]:
    """What a load of this connector offers by default. The caller's transaction."""
    records = records_for(connector_by_number(session, number))
    if records is None:
        raise Refused(f"Connector {number} has no records that a flow can read.")
    return tuple(entity.key for entity in records.entities() if entity.listed)


def _specs(session: Session, load: Load) -> Sequence[FlowSpec]:
    entities = load.entities or listed_entities(session, load.source)
    if not load.name.strip():
        raise WrongFlow([FieldProblem("name", "Give the flow a name.")])
    whole = FlowSpec(
        load.name,
        REPLICATION,
        SourceSpec(load.source, entities, load.divisions),
        TargetSpec(load.target, database=load.database, schema=load.schema),
    )
    return split(whole) if load.one_each else [whole]


def _inserted(session: Session, specs: Sequence[FlowSpec], actor: str) -> list[Flow]:
    flows = [insert_flow(session, spec) for spec in specs]
    for flow in flows:
        audit.record(session, actor, "flow_added", f"flow {flow.number}", name=flow.name)
    return flows


def _named(name: str, entity: str) -> str:
    """'Magazijn: crm/Accounts', cut at the front, where the names of a load are alike."""
    room = NAME_MAX - len(entity) - 2
    return f"{name.strip()[: max(room, 0)]}: {entity}"[:NAME_MAX]
