"""Flows as a JSON document: exported, and taken in by another company or installation.

Invariants: a document holds no secret and no data, only definitions and schedules; what is taken
in is switched off, with its schedules off, until somebody has looked; it comes in whole or not at
all, and what is wrong is named with its place in the document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies import audit
from retailvista.connectors.fields import FieldProblem
from retailvista.errors import Refused
from retailvista.flows.definition import INCREMENTAL, OWN, FlowSpec, WrongFlow
from retailvista.flows.documents import document_of, spec_of
from retailvista.flows.keeping import flow_by_number, insert_flow, list_flows, spec_of_row
from retailvista.flows.models import Flow
from retailvista.flows.scheduling import When, flow_schedules, insert_schedule
from retailvista.runs.models import Schedule

FORMAT, VERSION = "retailvista-flows", 1
SCHEDULE_FIELDS = ("every_minutes", "daily_at", "cron", "zone")
FLOWS_MAX = 500
UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
NUMBER_MAX = 2**31 - 1


def export_flows(session: Session, numbers: Sequence[int] | None = None) -> dict[str, Any]:
    """A document of these flows, or of all. The caller's transaction."""
    flows = (
        list_flows(session)
        if numbers is None
        else [flow_by_number(session, number) for number in numbers]
    )
    return {
        "format": FORMAT,
        "version": VERSION,
        "flows": [_exported(session, flow) for flow in flows],
    }


def import_flows(
    session: Session,
    document: Any,
    actor: str,
    connectors: Mapping[int, int] | None = None,
) -> list[Flow]:
    """New flows, switched off. `connectors` says by which number here one of there goes."""
    found = _read(document)
    made, problems = [], []
    with database.transaction(session):
        for at, (spec, schedules) in enumerate(found):
            try:
                made.append(_taken_in(session, _renumbered(spec, connectors or {}), schedules))
            except WrongFlow as wrong:
                problems += _placed(at, wrong)
            except Refused as refused:
                problems.append(FieldProblem(f"flows[{at}].schedules", str(refused)))
        if problems:
            raise WrongFlow(problems)
        for flow in made:
            audit.record(session, actor, "flow_imported", f"flow {flow.number}", name=flow.name)
    return made


def _exported(session: Session, flow: Flow) -> dict[str, Any]:
    document = document_of(spec_of_row(flow))
    document["schedules"] = [_schedule(row) for row in flow_schedules(session, flow)]
    return document


def _schedule(row: Schedule) -> dict[str, Any]:
    when = {name: getattr(row, name) for name in SCHEDULE_FIELDS if getattr(row, name)}
    return {"name": row.name, "mode": row.mode} | when


def _read(document: Any) -> list[tuple[FlowSpec, list[dict[str, Any]]]]:
    """Definitions and schedules, read before anything is written."""
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise _wrong("format", "This is no file with flows of RetailVista.")
    if document.get("version") != VERSION:
        raise _wrong("version", "The file is of another version of RetailVista.")
    flows = document.get("flows")
    if not isinstance(flows, list) or len(flows) > FLOWS_MAX:
        raise _wrong("flows", "A list of at most 500 flows is expected here.")
    found, problems = [], []
    for at, one in enumerate(flows):
        rest = dict(one) if isinstance(one, Mapping) else one
        schedules = rest.pop("schedules", []) if isinstance(rest, dict) else []
        try:
            _check_storable(one)
            found.append((spec_of(rest), _schedules(schedules)))
        except WrongFlow as wrong:
            problems += _placed(at, wrong)
    if problems:
        raise WrongFlow(problems)
    return found


def _check_storable(one: Any) -> None:
    """No part of it is more than every database can keep. WrongFlow names the first that is."""
    parts = one if isinstance(one, Mapping) else {}
    for name, part in parts.items():
        if not storable([name, part]):
            place = name if storable(name) else "flow"
            raise _wrong(place, "This holds a character or a number that cannot be kept.")


def storable(value: Any) -> bool:
    """No NUL and its kin, no half characters, no number beyond a column of PostgreSQL.

    >>> storable(["Naam", 25]), storable("a\\x00"), storable({"a": 2**31})
    (True, False, False)
    """
    if isinstance(value, str):
        return UNSTORABLE.search(value) is None
    if isinstance(value, Mapping):
        return all(storable(name) and storable(inner) for name, inner in value.items())
    if isinstance(value, list):
        return all(storable(inner) for inner in value)
    return not isinstance(value, int) or abs(value) <= NUMBER_MAX


def _schedules(given: Any) -> list[dict[str, Any]]:
    texts = ("name", "mode", "daily_at", "cron", "zone")
    if not isinstance(given, list):
        raise _wrong("schedules", "A list of schedules is expected here.")
    for one in given:
        if not isinstance(one, Mapping) or one.keys() - {*texts, "every_minutes"}:
            raise _wrong("schedules", "There is no such field.")
        every = one.get("every_minutes")
        whole = every is None or type(every) is int
        if not whole or not all(isinstance(one.get(name, ""), str) for name in texts):
            raise _wrong("schedules", "A value of a schedule is of another type.")
    return [dict(one) for one in given]


def _taken_in(session: Session, spec: FlowSpec, schedules: list[dict[str, Any]]) -> Flow:
    flow = insert_flow(session, replace(spec, disabled=True))
    for one in schedules:
        when = When(**{name: one[name] for name in SCHEDULE_FIELDS if one.get(name)})
        insert_schedule(session, flow, when, one.get("mode", INCREMENTAL), one.get("name", ""))
    return flow


def _renumbered(spec: FlowSpec, connectors: Mapping[int, int]) -> FlowSpec:
    def here(number: int) -> int:
        return connectors.get(number, number) if number != OWN else OWN

    return replace(
        spec,
        source=replace(spec.source, connector=here(spec.source.connector)),
        target=replace(spec.target, connector=here(spec.target.connector)),
    )


def _placed(at: int, wrong: WrongFlow) -> list[FieldProblem]:
    return [replace(found, field=f"flows[{at}].{found.field}") for found in wrong.problems]


def _wrong(place: str, text: str) -> WrongFlow:
    return WrongFlow([FieldProblem(place, text)])
