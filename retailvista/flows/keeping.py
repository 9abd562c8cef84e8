"""Flows of a company: add, change, copy, switch off, remove, find. Each change is audited.

Invariants: a flow that is kept points at connectors and entities that exist and allow what it
does (flows/references.py); its number and its identifier are never given to another flow.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies import audit
from retailvista.companies.models import Company
from retailvista.companies.scope import scoped_company_id
from retailvista.errors import NotFound
from retailvista.flows.definition import NAME_MAX, FlowSpec, WrongFlow
from retailvista.flows.documents import document_of, part_of
from retailvista.flows.models import Flow
from retailvista.flows.references import Ends, check_references
from retailvista.flows.transforms import expression_problems
from retailvista.runs.models import Schedule

IDENTIFIER_MAX = 80


def add_flow(session: Session, spec: FlowSpec, actor: str) -> Flow:
    """A new flow. WrongFlow names every field that keeps it from being one."""
    with database.transaction(session):
        row = insert_flow(session, spec)
        audit.record(session, actor, "flow_added", f"flow {row.number}", name=row.name)
    return row


def change_flow(session: Session, number: int, spec: FlowSpec, actor: str) -> Flow:
    """Another definition for a flow; its identifier stays, and its marks per question do."""
    with database.transaction(session):
        row = flow_by_number(session, number)
        ends = checked(session, spec)
        changed = _differences(spec_of_row(row), spec)
        _fill(row, spec, ends)
        row.changed_at = database.now(session)
        audit.record(session, actor, "flow_changed", f"flow {number}", fields=changed)
    return row


def clone_flow(session: Session, number: int, actor: str, name: str = "") -> Flow:
    """A copy that is switched off and has no schedule, until somebody decides what it is for."""
    with database.transaction(session):
        spec = spec_of_row(flow_by_number(session, number))
        copied = name.strip() or f"{spec.name[: NAME_MAX - 7]} (copy)"
        row = insert_flow(session, replace(spec, name=copied, disabled=True))
        audit.record(session, actor, "flow_copied", f"flow {row.number}", copied_from=number)
    return row


def set_disabled(session: Session, number: int, actor: str, *, disabled: bool) -> Flow:
    """Switch a flow off, or on again when it can work."""
    with database.transaction(session):
        row = flow_by_number(session, number)
        if not disabled:
            checked(session, replace(spec_of_row(row), disabled=False))
        row.disabled = disabled
        row.changed_at = database.now(session)
        action = "flow_disabled" if disabled else "flow_enabled"
        audit.record(session, actor, action, f"flow {number}")
    return row


def remove_flow(session: Session, number: int, actor: str) -> None:
    """Take a flow away. Its items, runs and what it loaded stay; its schedules stop."""
    with database.transaction(session):
        row = flow_by_number(session, number)
        row.deleted_at = database.now(session)
        row.disabled = True
        session.execute(
            update(Schedule).where(Schedule.flow_id == row.id).values(enabled=False),
            execution_options={"synchronize_session": False},
        )
        audit.record(session, actor, "flow_removed", f"flow {number}", name=row.name)


def flow_by_number(session: Session, number: int) -> Flow:
    """A flow of the company, as it is now. The caller's transaction. NotFound otherwise."""
    found = session.scalar(
        select(Flow)
        .where(Flow.number == number, Flow.deleted_at.is_(None))
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(f"There is no flow {number}.")
    return found


def list_flows(session: Session) -> list[Flow]:
    """The flows of the company, by number. The caller's transaction."""
    query = select(Flow).where(Flow.deleted_at.is_(None)).order_by(Flow.number)
    return list(session.scalars(query))


def spec_of_row(row: Flow) -> FlowSpec:
    """The definition that a row keeps."""
    return FlowSpec(
        name=row.name,
        kind=row.kind,
        description=row.description,
        disabled=row.disabled,
        keep_days=row.keep_days,
        source=part_of("source", row.source),
        transform=part_of("transform", row.transform),
        target=part_of("target", row.target),
        retry=part_of("retry", row.retry),
    )


def checked(session: Session, spec: FlowSpec) -> Ends:
    """The connectors at both ends. WrongFlow with all that keeps the flow from being kept."""
    ends, found = check_references(session, spec)
    every = (*spec.problems(), *expression_problems(spec.transform), *found)
    problems = [one for one in every if not one.is_warning]
    if problems:
        raise WrongFlow(problems)
    return ends


def identifier_for(session: Session, name: str) -> str:
    """A short name for files and logs: 'Verkoop → DWH' becomes verkoop-dwh, the next -2."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[: IDENTIFIER_MAX - 5] or "flow"
    taken = set(session.scalars(select(Flow.identifier).where(Flow.identifier.startswith(stem))))
    if stem not in taken:
        return stem
    return next(made for n in range(2, len(taken) + 3) if (made := f"{stem}-{n}") not in taken)


def insert_flow(session: Session, spec: FlowSpec) -> Flow:
    """A new row, in the caller's transaction, who audits it. WrongFlow as for add_flow."""
    ends = checked(session, spec)
    # The company's row is held while its next number is taken, as for runs.
    session.scalar(select(Company.id).where(Company.id == scoped_company_id()).with_for_update())
    now = database.now(session)
    row = Flow(
        number=(session.scalar(select(func.max(Flow.number))) or 0) + 1,
        identifier=identifier_for(session, spec.name),
        created_at=now,
        changed_at=now,
    )
    _fill(row, spec, ends)
    session.add(row)
    session.flush()
    return row


def _fill(row: Flow, spec: FlowSpec, ends: Ends) -> None:
    parts: Mapping[str, Any] = document_of(replace(spec, name=spec.name.strip()))
    for name, value in parts.items():
        setattr(row, name, value)
    row.source_connector_id = ends.source_id
    row.target_connector_id = ends.target_id


def _differences(before: FlowSpec, after: FlowSpec) -> list[str]:
    """Which fields a change touches: who reads the audit trail sees what, not the values."""
    old, new = document_of(before), document_of(after)
    return [
        f"{name}.{inner}" if isinstance(new[name], dict) else name
        for name in new
        if old[name] != new[name]
        for inner in (
            [key for key in new[name] if old[name][key] != new[name][key]]
            if isinstance(new[name], dict)
            else [""]
        )
    ]
