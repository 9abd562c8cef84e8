"""Extra > Runs: everything that talked to a connector or took long, with its log.

A run that has not ended is watched: the page asks for its body again every two seconds.
"""

from __future__ import annotations

from flask import Blueprint, render_template, request
from sqlalchemy import select

from retailvista.runs import asking
from retailvista.runs.models import ENDED, Run, RunItem, RunLog
from retailvista.web import wiring
from retailvista.web.access import VIEWER, allow
from retailvista.web.numbers import whole
from retailvista.web.words import KINDS

screen = Blueprint("runs", __name__)
PAGE = 50
SHOWN_LINES = 500


@screen.get("/runs")
@allow(VIEWER)
def index() -> str:
    before = request.args.get("before", 0, type=whole)
    kind, outcome = request.args.get("kind", ""), request.args.get("outcome", "")
    query = select(Run).order_by(Run.number.desc()).limit(PAGE + 1)
    if before > 0:
        query = query.where(Run.number < before)
    if kind:
        query = query.where(Run.kind == kind)
    if outcome:
        query = query.where(Run.outcome == outcome)
    with wiring.reading() as session:
        runs = session.scalars(query).all()
        kinds = sorted(session.scalars(select(Run.kind).distinct()))
    older = runs[PAGE - 1].number if len(runs) > PAGE else None
    return render_template(
        "runs.html", runs=runs[:PAGE], older=older, kinds=kinds, kind=kind, outcome=outcome
    )


@screen.get("/runs/<int:number>")
@allow(VIEWER)
def page(number: int) -> str:
    return render_template("run.html", **_found(number))


@screen.get("/runs/<int:number>/body")
@allow(VIEWER)
def body(number: int) -> str:
    """The part of the page that changes, for polling."""
    return render_template("run_body.html", **_found(number))


def _found(number: int) -> dict[str, object]:
    with wiring.reading() as session:
        run = asking.run_by_number(session, number)
        lines = session.scalars(
            select(RunLog).where(RunLog.run_id == run.id).order_by(RunLog.id).limit(SHOWN_LINES)
        ).all()
        items = session.scalars(
            select(RunItem).where(RunItem.run_id == run.id).order_by(RunItem.id).limit(SHOWN_LINES)
        ).all()
    return {"run": run, "lines": lines, "items": items, "ended": run.state == ENDED, "kinds": KINDS}
