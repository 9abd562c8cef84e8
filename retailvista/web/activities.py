"""A connector's activities: query, create, update, delete and execute, made step by step.

Name, object, conditions and paging, review of the schema; the last step opens the form of the flow
that it becomes, filled in. Nothing is stored before somebody saves that form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from retailvista.connectors import field_variables, testing
from retailvista.connectors.choosing import connector_by_number
from retailvista.connectors.models import Connector
from retailvista.connectors.port import Provider
from retailvista.connectors.records import Entity, Kind
from retailvista.connectors.registry import provider_of, records_for
from retailvista.errors import NotFound, Refused
from retailvista.flows.models import INCOMING, OUTGOING
from retailvista.web import wiring
from retailvista.web.access import ADMINISTRATOR, allow
from retailvista.web.flow_choices import found_by

screen = Blueprint("activities", __name__)
QUERY, EXECUTE = "query", "execute"
KINDS = {
    QUERY: (_l("Query"), _l("Retrieves records; a source.")),
    "create": (_l("Create"), _l("Inserts a record; a target.")),
    "update": (_l("Update"), _l("Updates a record; a target.")),
    "delete": (_l("Delete"), _l("Deletes a record; a target.")),
    EXECUTE: (_l("Execute"), _l("Runs a procedure of the provider; a target.")),
}
COMPARISONS = ("eq", "ne", "gt", "ge", "lt", "le")
SHOWN = 60


@dataclass(frozen=True, slots=True)
class Condition:
    """One row of the third step."""

    name: str
    how: str
    value: str


@screen.get("/connectors/<int:number>/activities/new")
@allow(ADMINISTRATOR)
def new(number: int) -> str | tuple[str, int]:
    row, asked = _row(number), request.args
    provider = provider_of(row)
    kind = asked.get("kind", "") if asked.get("kind") in KINDS else ""
    offered = [one for one in _entities(row) if allows(one, kind)]
    chosen = next((one for one in offered if one.key == asked.get("entity")), None)
    text = asked.get("find", "")
    problem, query = "", {}
    conditions = list(_conditions(asked))
    if chosen is not None and kind == QUERY:
        try:
            query = query_of(provider, chosen, conditions, asked)
        except Refused as refused:
            problem = str(refused)
    page = render_template(
        "activity.html", row=row, kinds=KINDS, kind=kind, name=asked.get("name", "").strip(),
        entity=chosen, found=(found_by(offered, text) if text else offered)[:SHOWN],
        offered=len(offered), text=text, conditions=conditions, comparisons=COMPARISONS,
        query=query, problem=problem, filters=provider.literal is not None,
        paging=asked.get("paging") == "yes" or "reviewed" not in asked,
        reviewed="reviewed" in asked and not problem, fields=_fields(row, kind, chosen, query),
    )  # fmt: skip
    return (page, 400) if problem else page


@screen.post("/connectors/<int:number>/activities/refresh")
@allow(ADMINISTRATOR)
def refresh(number: int) -> Response:
    """Ask the provider again what it has; back to the step where one chooses."""
    _row(number)
    testing.test_connector(wiring.outside(), number)
    kind, name = request.form.get("kind", ""), request.form.get("name", "")
    return redirect(url_for(".new", number=number, kind=kind, name=name), 303)


def allows(entity: Entity, kind: str) -> bool:
    """Whether an entity can be the object of an activity."""
    if kind == QUERY:
        return EXECUTE not in entity.actions
    return kind in entity.actions


def query_of(
    provider: Provider, entity: Entity, conditions: list[Condition], asked: MultiDict[str, str]
) -> dict[str, str]:
    """The parameters of the flow's source. Refused names a value that is none of its kind."""
    query = {}
    parts = []
    for one in conditions:
        if provider.literal is None:
            query[one.name] = one.value
            continue
        found = entity.property_named(one.name)
        if found is None or one.how not in COMPARISONS:
            raise Refused(f"{entity.name} has no property {one.name!r} to compare.")
        # A variable is filled in when the flow runs; a text keeps its quotes around it.
        literal = one.value
        if not field_variables.has_variable(literal):
            literal = provider.literal(found.kind, one.value)
        elif found.kind is Kind.TEXT:
            literal = "'" + one.value.replace("'", "''") + "'"
        parts.append(f"{one.name} {one.how} {literal}")
    if parts:
        query["$filter"] = " and ".join(parts)
    if (top := asked.get("top", "").strip()).isdecimal():
        query["$top"] = top
    return query


def _conditions(asked: MultiDict[str, str]) -> Iterator[Condition]:
    rows = zip(
        asked.getlist("property"), asked.getlist("how"), asked.getlist("value"), strict=False
    )
    for name, how, value in rows:
        if name.strip() and value.strip():
            yield Condition(name.strip(), how, value.strip())


def _fields(
    row: Connector, kind: str, entity: Entity | None, query: dict[str, str]
) -> list[tuple[str, str]]:
    """The form of the flow, filled in (web/flow_fields.py reads it)."""
    if entity is None:
        return []
    fields = [("name", request.args.get("name", "").strip()), ("press", "look")]
    if kind == QUERY:
        fields += [("kind", INCOMING), ("source_connector", str(row.number))]
        fields += [("entity", entity.key), ("asked_how", "yes")]
        fields += [("paging", "yes")] * (request.args.get("paging") == "yes")
        fields += [("changed_since", "yes")]
        for name, text in query.items():
            fields += [("source_query_name", name), ("source_query_value", text)]
        return fields
    fields += [("kind", OUTGOING), ("target_connector", str(row.number))]
    return [*fields, ("target_entity", entity.key), ("action", kind)]


def _entities(row: Connector) -> tuple[Entity, ...]:
    records = records_for(row)
    return records.entities() if records is not None else ()


def _row(number: int) -> Connector:
    """A saved connector that has records; NotFound for another."""
    with wiring.reading() as session:
        row = connector_by_number(session, number)
    if row.draft or records_for(row) is None:
        raise NotFound
    return row
