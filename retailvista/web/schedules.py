"""Extra > Schedules: everything that is done by itself, of connectors and of flows.

A connector's schedules are changed here; those of a flow on the page of the flow, which is one
click away.
"""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from retailvista.connectors.models import Connector
from retailvista.errors import NotFound, Refused
from retailvista.flows.keeping import list_flows
from retailvista.flows.scheduling import (
    NotConfirmed,
    flow_schedules,
    switch_connector_schedule,
)
from retailvista.runs import schedules
from retailvista.runs.models import Schedule
from retailvista.web import wiring
from retailvista.web.access import ADMINISTRATOR, VIEWER, allow
from retailvista.web.numbers import whole

screen = Blueprint("schedules", __name__)
INTERVALS = (5, 15, 30, 60, 120, 240, 1440)


@screen.get("/schedules")
@allow(VIEWER)
def index() -> str:
    return _page()


@screen.post("/schedules/<int:number>/<kind>")
@allow(ADMINISTRATOR)
def change(number: int, kind: str) -> Response | tuple[str, int]:
    schedule = _schedule(number, kind)
    minutes, session, actor = (
        request.form.get("every", 0, type=whole),
        wiring.session(),
        g.login.email,
    )
    try:
        if minutes:
            schedules.set_every(session, schedule.connector_id or 0, minutes, actor, kind=kind)
        else:
            switch_connector_schedule(
                session, number, kind, actor, on=request.form.get("enabled") == "yes",
                confirmed=request.form.get("confirmed") == "yes",
            )  # fmt: skip
    except NotConfirmed as unsure:
        return _page(unsure=(str(unsure), number, kind)), 409
    except Refused as refused:
        return _page(message=str(refused)), 400
    return redirect(url_for(".index", done="saved"), 303)


def _schedule(number: int, kind: str) -> Schedule:
    """The schedule of a kind of one connector of this company."""
    with wiring.reading() as session:
        found = session.scalar(
            select(Schedule)
            .join(Connector, Connector.id == Schedule.connector_id)
            .where(Connector.number == number, Schedule.kind == kind)
        )
    if found is None:
        raise NotFound
    return found


def _page(message: str = "", unsure: tuple[str, int, str] | None = None) -> str:
    with wiring.reading() as session:
        rows = [row for row in schedules.schedules_of(session) if row.flow_id is None]
        of_flows = flow_schedules(session)
        flows = {row.id: row for row in list_flows(session)}
        connectors = {row.id: row for row in session.scalars(select(Connector))}
    return render_template(
        "schedules.html", rows=rows, of_flows=of_flows, flows=flows, connectors=connectors,
        intervals=INTERVALS, message=message, unsure=unsure,
    )  # fmt: skip
