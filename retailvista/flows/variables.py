"""[variables] in the fields of flows, on three levels.

The levels are those of connectors.field_variables; a flow has more names that are built in, such as
[last_run] and [today]. A name that no level knows is an error that says where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies import audit
from retailvista.companies.models import Company, Store
from retailvista.companies.scope import scoped_company_id
from retailvista.connectors.field_variables import (
    COMPANY,
    OPERATOR,
    company_names,
    filled,
    filled_mapping,
    own_variables,
)
from retailvista.connectors.models import Connector, Variable
from retailvista.errors import NotFound, Refused
from retailvista.flows.definition import FlowSpec
from retailvista.flows.models import Flow

NAME = re.compile(r"[a-z][a-z0-9_]{0,79}")
VALUE_MAX = 2000
# Before the first run there is no last one: everything is newer than this.
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
DEFAULT_ZONE = "Europe/Amsterdam"
BUILT_IN_NAMES = {
    "last_run": "When the last run that was done was asked for, as the clock of the store showed.",
    "now": "The present moment, as the clock of the store shows it.",
    "today": "The present day, such as 2026-03-14.",
    "company.number": "The number of the company.",
    "company.alias": "The alias of the company.",
    "company.name": "The name of the company.",
    "flow.number": "The number of the flow.",
    "flow.identifier": "The identifier of the flow.",
    "connector.number": "The number of the connector that is read from.",
    "connector.division": "The division of the connector that is read from.",
}


@dataclass(frozen=True, slots=True)
class Known:
    """A variable as the screen lists it."""

    name: str
    level: str
    value: str
    overruled: bool = False


def set_variable(session: Session, name: str, value: str, actor: str) -> None:
    """A variable of the company, new or changed."""
    name = name.strip().lower()
    if not NAME.fullmatch(name):
        raise Refused("A variable's name has letters, digits and _, and begins with a letter.")
    if name in BUILT_IN_NAMES:
        raise Refused(f"[{name}] is built in; choose another name.")
    if len(value) > VALUE_MAX:
        raise Refused("The value is too long: at most 2000 characters.")
    with database.transaction(session):
        row = session.scalar(select(Variable).where(Variable.name == name))
        if row is None:
            row = Variable(name=name)
            session.add(row)
        row.value, row.changed_at = value, database.now(session)
        audit.record(session, actor, "variable_set", f"variable {name}")


def remove_variable(session: Session, name: str, actor: str) -> None:
    """Take a variable of the company away; flows that use it say so at their next run."""
    with database.transaction(session):
        if not database.changed(session, delete(Variable).where(Variable.name == name)):
            raise NotFound(f"There is no variable [{name}].")
        audit.record(session, actor, "variable_removed", f"variable {name}")


def list_variables(session: Session, operators: Mapping[str, str]) -> list[Known]:
    """The operator's and the company's, by name. The caller's transaction."""
    own = own_variables(session)
    listed = [Known(name, OPERATOR, value, name in own) for name, value in operators.items()]
    listed += [Known(name, COMPANY, value) for name, value in own.items()]
    return sorted(listed, key=lambda one: (one.name, one.level))


def known_variables(
    session: Session,
    operators: Mapping[str, str],
    *,
    flow: Flow | None = None,
    source: Connector | None = None,
    last_run: datetime | None = None,
) -> dict[str, str]:
    """Every name with its value, for one flow. The caller's transaction."""
    own = own_variables(session)
    company = session.scalars(select(Company).where(Company.id == scoped_company_id())).one()
    zone, now = company_zone(session), database.now(session)
    built_in = {
        "last_run": _wall_clock(last_run or LONG_AGO, zone),
        "now": _wall_clock(now, zone),
        "today": now.astimezone(ZoneInfo(zone)).date().isoformat(),
        **company_names(company),
    }
    if flow is not None:
        built_in |= {"flow.number": str(flow.number), "flow.identifier": flow.identifier}
    if source is not None:
        built_in["connector.number"] = str(source.number)
        built_in["connector.division"] = str(source.division or "")
    return {**operators, **own, **built_in}


def company_zone(session: Session) -> str:
    """The time zone of the company's first store. The caller's transaction."""
    return session.scalar(select(Store.zone).order_by(Store.code).limit(1)) or DEFAULT_ZONE


def filled_spec(spec: FlowSpec, known: Mapping[str, str]) -> FlowSpec:
    """The definition with its variables filled in. Transforms get theirs as values instead."""
    source, target = spec.source, spec.target
    return replace(
        spec,
        source=replace(
            source,
            path=filled_mapping(source.path, known, "source.path"),
            query=filled_mapping(source.query, known, "source.query"),
        ),
        target=replace(
            target,
            path=filled_mapping(target.path, known, "target.path"),
            query=filled_mapping(target.query, known, "target.query"),
            database=filled(target.database, known, "target.database"),
            schema=filled(target.schema, known, "target.schema"),
            tables=filled_mapping(target.tables, known, "target.tables"),
        ),
    )


def _wall_clock(moment: datetime, zone: str) -> str:
    """As the provider's books write moments: local time without an offset."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%S")
