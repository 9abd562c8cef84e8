"""Extra > Schedules: when what is due; switched on and off, and how often."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from retailvista import db as database
from retailvista.companies import audit
from retailvista.connectors.models import Connector
from retailvista.errors import NotFound, Refused
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
    minutes = request.form.get("every", 0, type=whole)
    try:
        if minutes:
            schedules.set_every(
                wiring.session(), schedule.connector_id or 0, minutes, g.login.email, kind=kind
            )
        else:
            _switch(schedule, on=request.form.get("enabled") == "yes")
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


def _switch(schedule: Schedule, on: bool) -> None:
    session = wiring.session()
    with database.transaction(session):
        schedule.enabled = on
        audit.record(session, g.login.email, "schedule switched", schedule.kind, enabled=on)


def _page(message: str = "") -> str:
    with wiring.reading() as session:
        rows = schedules.schedules_of(session)
        connectors = {row.id: row for row in session.scalars(select(Connector))}
    return render_template(
        "schedules.html", rows=rows, connectors=connectors, intervals=INTERVALS, message=message
    )
