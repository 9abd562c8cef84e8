"""Control (aansluiting): per day and connector, what we posted against what the books hold."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, redirect, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response

from retailvista.connectors.models import Connector, PostingSeat
from retailvista.journals.models import ControlDay
from retailvista.web import wiring
from retailvista.web.access import BOOKKEEPER, VIEWER, allow
from retailvista.web.asking import ask_for
from retailvista.web.store_days import date_of

screen = Blueprint("control", __name__)
PAGE = 50


@screen.get("/control")
@allow(VIEWER)
def page() -> str:
    only_different = request.args.get("only") == "different"
    before = date_of(request.args.get("before", ""))
    query = (
        select(ControlDay, PostingSeat, Connector)
        .join(PostingSeat, PostingSeat.id == ControlDay.seat_id)
        .join(Connector, Connector.id == PostingSeat.connector_id)
        .order_by(ControlDay.business_date.desc(), Connector.number)
    )
    if before is not None:
        query = query.where(ControlDay.business_date < before)
    with wiring.reading() as session:
        found = session.execute(query.limit(1000)).all()
    rows = [row for row in found if row[0].differences or not only_different]
    older = rows[PAGE - 1][0].business_date if len(rows) > PAGE else None
    newest = found[0][0].business_date if found else wiring.clock().now().date()
    return render_template(
        "control.html", rows=rows[:PAGE], older=older, only_different=only_different,
        different=sum(bool(day.differences) for day, _seat, _connector in found),
        from_on=newest - timedelta(days=30), to_on=newest,
    )  # fmt: skip


@screen.post("/control/run")
@allow(BOOKKEEPER)
def run() -> Response:
    span = {name: request.form.get(name, "") for name in ("from", "to")}
    dates = {name: text for name, text in span.items() if date_of(text)}
    return redirect(ask_for("control", args=dates), 303)
