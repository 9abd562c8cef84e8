"""Extra > Runs: everything that talked to a connector or took long, with its log.

A run that has not ended is watched: the page asks for its body again every two seconds. Watching
changes nothing: the run goes on when the page is closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask import Blueprint, g, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from retailvista.flows.comparing import EQUAL, UNTOLD
from retailvista.flows.models import INCOMING, Flow
from retailvista.flows.starting import CHECK_RUN, FLOW_RUN, flow_key
from retailvista.flows.summing import READING
from retailvista.runs import asking, stopping
from retailvista.runs.models import ENDED, WORKING, Run, RunItem, RunLog
from retailvista.web import wiring
from retailvista.web.access import BOOKKEEPER, VIEWER, allow
from retailvista.web.numbers import whole
from retailvista.web.words import KINDS

screen = Blueprint("runs", __name__)
PAGE = 50
SHOWN_LINES = 500
OF_FLOWS = (FLOW_RUN, CHECK_RUN)


@screen.get("/runs")
@allow(VIEWER)
def index() -> str:
    before = request.args.get("before", 0, type=whole)
    kind, outcome = request.args.get("kind", ""), request.args.get("outcome", "")
    flow = request.args.get("flow", None, type=whole)
    query = select(Run).order_by(Run.number.desc()).limit(PAGE + 1)
    if before > 0:
        query = query.where(Run.number < before)
    if flow is not None:
        query = query.where(Run.kind.in_(OF_FLOWS), Run.key == flow_key(flow))
    elif kind:
        query = query.where(Run.kind == kind)
    if outcome:
        query = query.where(Run.outcome == outcome)
    with wiring.reading() as session:
        runs = session.scalars(query).all()
        kinds = sorted(session.scalars(select(Run.kind).distinct()))
        flows = {flow_key(row.number): row for row in session.scalars(select(Flow))}
    older = runs[PAGE - 1].number if len(runs) > PAGE else None
    return render_template(
        "runs.html", runs=runs[:PAGE], older=older, kinds=kinds, kind=kind, outcome=outcome,
        flow=flow, flows=flows,
    )  # fmt: skip


@screen.get("/runs/<int:number>")
@allow(VIEWER)
def page(number: int) -> str:
    return render_template("run.html", **_found(number))


@screen.get("/runs/<int:number>/body")
@allow(VIEWER)
def body(number: int) -> str:
    """The part of the page that changes, for polling."""
    return render_template("run_body.html", **_found(number))


@screen.post("/runs/<int:number>/stop")
@allow(BOOKKEEPER)
def stop(number: int) -> Response:
    """Between two pages; what has been done stays."""
    stopping.stop_run(wiring.session(), number, g.login.email)
    return redirect(url_for(".page", number=number), 303)


def minutes_left(run: Run, now: datetime) -> int | None:
    """About how long it takes to the end, from how long the pages took; None before one is done."""
    if run.state != WORKING or run.started_at is None:
        return None
    left = run.total_steps - run.done_steps
    if run.done_steps < 1 or left < 1:
        return None
    each: timedelta = (now - run.started_at) / run.done_steps
    return max(1, round(each * left / timedelta(minutes=1)))


def compared_of(run: Run, items: Sequence[RunItem]) -> list[RunItem]:
    """What a comparison found, with what differs on top."""
    if run.kind != CHECK_RUN:
        return []
    whole_items = [item for item in items if item.state != READING]
    return sorted(whole_items, key=lambda item: item.state in (EQUAL, UNTOLD))


def _flow(session: Session, run: Run) -> Flow | None:
    if run.kind not in OF_FLOWS:
        return None
    number = int(run.key.removeprefix("flow "))
    return session.scalar(select(Flow).where(Flow.number == number))


def _found(number: int) -> dict[str, object]:
    with wiring.reading() as session:
        run = asking.run_by_number(session, number)
        lines = session.scalars(
            select(RunLog).where(RunLog.run_id == run.id).order_by(RunLog.id).limit(SHOWN_LINES)
        ).all()
        items = session.scalars(
            select(RunItem).where(RunItem.run_id == run.id).order_by(RunItem.id).limit(SHOWN_LINES)
        ).all()
        flow = _flow(session, run)
    return {
        "run": run, "compared": compared_of(run, items),
        "lines": lines, "items": items, "ended": run.state == ENDED, "kinds": KINDS,
        "flow": flow, "minutes_left": minutes_left(run, wiring.clock().now()),
        "can_stop": run.state != ENDED and run.kind in stopping.STOPPABLE,
        "has_inbox": flow is not None and flow.kind == INCOMING,
    }  # fmt: skip
