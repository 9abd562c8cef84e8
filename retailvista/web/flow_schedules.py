"""The schedules on the page of a flow: add, change, switch, remove; any number of them."""

from __future__ import annotations

from flask import Blueprint, g, redirect, request, url_for
from werkzeug.wrappers import Response

from retailvista.errors import NotFound, Refused
from retailvista.flows import keeping, scheduling
from retailvista.web import flow_when, wiring
from retailvista.web.access import ADMINISTRATOR, allow
from retailvista.web.flows import page_of

screen = Blueprint("flow_schedules", __name__)
Answer = Response | tuple[str, int]


@screen.post("/flows/<int:number>/schedules")
@allow(ADMINISTRATOR)
def add(number: int) -> Answer:
    """Not switched on past a failed test unless the box says so; then it is kept switched off."""
    shown = flow_when.of_form(request.form)
    confirmed = request.form.get("confirmed") == "yes"
    session, actor = wiring.session(), g.login.email
    try:
        scheduling.add_schedule(
            session, number, shown.when(), actor, mode=shown.mode, name=shown.name,
            confirmed=confirmed,
        )  # fmt: skip
    except scheduling.NotConfirmed as unsure:
        row = scheduling.add_schedule(
            session, number, shown.when(), actor, mode=shown.mode, name=shown.name, enabled=False
        )
        return page_of(number, unsure=unsure, unsure_schedule=row.number), 409
    except NotFound:
        raise
    except Refused as refused:
        return page_of(number, when=shown, schedule_problem=str(refused)), 400
    return _back(number)


@screen.post("/flows/<int:number>/schedules/<int:schedule>")
@allow(ADMINISTRATOR)
def change(number: int, schedule: int) -> Answer:
    shown = flow_when.of_form(request.form, schedule=schedule)
    try:
        scheduling.change_schedule(
            wiring.session(), number, schedule, shown.when(), g.login.email, mode=shown.mode,
            name=shown.name,
        )  # fmt: skip
    except NotFound:
        raise
    except Refused as refused:
        return page_of(number, when=shown, schedule_problem=str(refused)), 400
    return _back(number)


@screen.post("/flows/<int:number>/schedules/<int:schedule>/switch")
@allow(ADMINISTRATOR)
def switch(number: int, schedule: int) -> Answer:
    form = request.form
    try:
        scheduling.switch_schedule(
            wiring.session(), number, schedule, g.login.email, on=form.get("enabled") == "yes",
            confirmed=form.get("confirmed") == "yes",
        )  # fmt: skip
    except scheduling.NotConfirmed as unsure:
        return page_of(number, unsure=unsure, unsure_schedule=schedule), 409
    return _back(number)


@screen.post("/flows/<int:number>/schedules/<int:schedule>/delete")
@allow(ADMINISTRATOR)
def remove(number: int, schedule: int) -> Answer:
    scheduling.remove_schedule(wiring.session(), number, schedule, g.login.email)
    return _back(number)


def _back(number: int) -> Response:
    if request.form.get("back") == "schedules":
        return redirect(url_for("schedules.index", done="saved"), 303)
    with wiring.reading() as session:
        keeping.flow_by_number(session, number)
    return redirect(url_for("flows.page", number=number, done="saved") + "#schedules", 303)
