"""Extra > Flows: the list, one flow with its runs and schedules, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from retailvista.connectors.fields import FieldProblem
from retailvista.connectors.models import Connector
from retailvista.connectors.records import Entity
from retailvista.flows import inbox, keeping, scheduling, starting
from retailvista.flows.definition import FULL, INCREMENTAL, FlowSpec, WrongFlow
from retailvista.flows.models import INCOMING, Flow
from retailvista.runs.models import Run, Schedule
from retailvista.web import flow_when, wiring
from retailvista.web.access import ADMINISTRATOR, BOOKKEEPER, VIEWER, allow
from retailvista.web.flow_choices import entities_of
from retailvista.web.numbers import whole

screen = Blueprint("flows", __name__)
RUNS = 8


@dataclass(frozen=True, slots=True)
class Row:
    """A flow in the list."""

    number: int
    identifier: str
    name: str
    kind: str
    disabled: bool
    source_words: str
    target_words: str
    entity_words: str
    last: Run | None
    next_at: datetime | None


@screen.get("/flows")
@allow(VIEWER)
def index() -> str:
    return list_page()


@screen.get("/flows/<int:number>")
@allow(VIEWER)
def page(number: int) -> str:
    return page_of(number)


@screen.post("/flows/<int:number>/fetch")
@allow(BOOKKEEPER)
def fetch(number: int) -> Response:
    """The run goes on whatever becomes of this page."""
    mode = FULL if request.args.get("mode") == FULL else INCREMENTAL
    asked = starting.fetch_now(
        wiring.session(),
        number,
        g.login.email,
        mode=mode,
        entities=tuple(request.args.getlist("entity")),
        divisions=tuple(request.args.getlist("division", type=whole)),
    )
    return redirect(url_for("runs.page", number=asked), 303)


@screen.post("/flows/<int:number>/check")
@allow(BOOKKEEPER)
def check(number: int) -> Response:
    """Every table beside its source; the run shows what was found."""
    totals = request.form.get("totals") == "yes"
    asked = starting.check_now(wiring.session(), number, g.login.email, totals=totals)
    return redirect(url_for("runs.page", number=asked), 303)


@screen.post("/flows/<int:number>/switch")
@allow(ADMINISTRATOR)
def switch(number: int) -> Response | tuple[str, int]:
    off = request.form.get("disabled") == "yes"
    try:
        keeping.set_disabled(wiring.session(), number, g.login.email, disabled=off)
    except WrongFlow as wrong:
        return page_of(number, todo=wrong.problems), 400
    return redirect(url_for(".page", number=number, done="saved"), 303)


@screen.post("/flows/<int:number>/clone")
@allow(ADMINISTRATOR)
def clone(number: int) -> Response:
    row = keeping.clone_flow(wiring.session(), number, g.login.email)
    return redirect(url_for("flow_form.change", number=row.number, done="added"), 303)


@screen.post("/flows/<int:number>/delete")
@allow(ADMINISTRATOR)
def remove(number: int) -> Response:
    keeping.remove_flow(wiring.session(), number, g.login.email)
    return redirect(url_for(".index", done="removed"), 303)


def page_of(number: int, **more: Any) -> str:
    """The page of one flow, also after a button that was refused."""
    with wiring.reading() as session:
        row = keeping.flow_by_number(session, number)
        spec = keeping.spec_of_row(row)
        source, target = (
            _connector(session, found)
            for found in (row.source_connector_id, row.target_connector_id)
        )
        kinds = (starting.FLOW_RUN, starting.CHECK_RUN)
        runs = session.scalars(_runs_of(number, *kinds).limit(RUNS)).all()
        schedules = scheduling.flow_schedules(session, row)
        values: dict[str, Any] = {
            "row": row, "spec": spec, "source": source, "target": target, "runs": runs,
            "entities": _entities(source, spec), "schedules": schedules,
            "states": inbox.state_counts(session, inbox.ItemFilter(flow_number=number)),
            "todo": [] if row.disabled else _todo(session, spec),
            "when": _when(schedules),
        }  # fmt: skip
    return render_template("flow.html", **values | more)


def _entities(source: Connector | None, spec: FlowSpec) -> list[Entity]:
    return [found for found in entities_of(source) if found.key in spec.source.entities]


def _when(schedules: list[Schedule]) -> flow_when.Shown:
    """The form for the schedule that was chosen to be changed, else for a new one."""
    chosen = request.args.get("schedule", 0, type=whole)
    found = next((one for one in schedules if one.number == chosen), None)
    return flow_when.of_schedule(found) if found else flow_when.of_form(request.form)


def list_page(problems: Sequence[FieldProblem] = ()) -> str:
    """The list, also after an import that was refused."""
    with wiring.reading() as session:
        rows = rows_of(session)
    return render_template("flows.html", rows=rows, import_problems=problems)


def rows_of(session: Session) -> list[Row]:
    """Every flow of the company as lists show it. The caller's transaction."""
    return [_row(session, row) for row in keeping.list_flows(session)]


def _row(session: Session, row: Flow) -> Row:
    spec = keeping.spec_of_row(row)
    source = _connector(session, row.source_connector_id)
    target = _connector(session, row.target_connector_id)
    names = {found.key: found.name for found in entities_of(source)}
    chosen = [names.get(key, key) for key in spec.source.entities]
    inbox = _("the inbox") if row.kind == INCOMING else "–"
    last = session.scalar(_runs_of(row.number).limit(1))
    due = [one.next_at for one in scheduling.flow_schedules(session, row) if one.enabled]
    return Row(
        number=row.number, identifier=row.identifier, name=row.name, kind=row.kind,
        disabled=row.disabled, last=last,
        source_words=source.name if source else "RetailVista",
        target_words=target.name if target else inbox,
        entity_words=", ".join(chosen[:3]) + (" …" if len(chosen) > len(chosen[:3]) else ""),
        next_at=min(due, default=None) if not row.disabled else None,
    )  # fmt: skip


def _runs_of(number: int, *kinds: str) -> Any:
    """The runs of a flow, the newest first."""
    query = select(Run).where(Run.kind.in_(kinds or (starting.FLOW_RUN,)))
    return query.where(Run.key == starting.flow_key(number)).order_by(Run.number.desc())


def _connector(session: Session, connector_id: int | None) -> Connector | None:
    return session.scalar(select(Connector).where(Connector.id == (connector_id or 0)))


def _todo(session: Session, spec: FlowSpec) -> list[FieldProblem]:
    try:
        keeping.checked(session, spec)
    except WrongFlow as wrong:
        return wrong.problems
    return []
