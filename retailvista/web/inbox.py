"""Extra > Inbox: items of all flows; one of them as it came, was changed, sent and answered.

A record may be anything the provider has, also somebody's salary: bookkeepers and administrators
see it, viewers do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from retailvista import db as database
from retailvista.errors import Refused
from retailvista.flows import inbox, item_actions, keeping, starting
from retailvista.flows.canonical import pretty
from retailvista.flows.models import ITEM_STATES, OUTGOING, Flow
from retailvista.flows.variables import company_zone
from retailvista.runs.models import Run
from retailvista.web import wiring
from retailvista.web.access import BOOKKEEPER, allow
from retailvista.web.numbers import whole

screen = Blueprint("inbox", __name__)
ACTIONS = {
    "retry": item_actions.retry,
    "skip": item_actions.skip,
    "delete": item_actions.delete,
}
ONLY_UNCERTAIN = "uncertain"


@screen.get("/inbox")
@allow(BOOKKEEPER)
def index() -> str:
    return _list()


@screen.post("/inbox")
@allow(BOOKKEEPER)
def act() -> str | Response | tuple[str, int]:
    """What was ticked is tried again, skipped or deleted; what cannot be is named."""
    numbers = request.form.getlist("number", type=whole)
    if not numbers:
        return _list(message=gettext("Tick the items first.")), 409
    outcome = _do(numbers)
    if outcome.refused:
        return _list(outcome)
    return redirect(url_for(".index", done="saved", **_query()), 303)


@screen.get("/inbox/<int:number>")
@allow(BOOKKEEPER)
def page(number: int) -> str:
    return _page(number)


@screen.post("/inbox/<int:number>")
@allow(BOOKKEEPER)
def act_on(number: int) -> str | Response | tuple[str, int]:
    with wiring.reading() as session:
        inbox.item_by_number(session, number)
    outcome = _do([number])
    if outcome.refused:
        return _page(number, refused_text(outcome.refused[number], number)), 409
    if request.form.get("what") == "delete":
        return redirect(url_for(".index", done="removed"), 303)
    return redirect(url_for(".page", number=number, done="saved"), 303)


def refused_text(reason: str, number: int) -> str:
    return gettext(reason, number=number)


def _do(numbers: list[int]) -> item_actions.Done:
    """Do it; flows that have something to send again are started."""
    what = request.form.get("what", "")
    if what not in ACTIONS:
        raise Refused("Choose what to do with the items.")
    session, actor = wiring.session(), g.login.email
    if what == "retry":
        looked = request.form.get("looked") == "yes"
        outcome = item_actions.retry(session, numbers, actor, looked=looked)
        _start(outcome.flows)
        return outcome
    return ACTIONS[what](session, numbers, actor)


def _start(flow_ids: Iterable[int]) -> None:
    """The flows that have something to try again; those that are switched off wait."""
    session = wiring.session()
    with database.transaction(session):
        rows = session.scalars(
            select(Flow).where(Flow.id.in_(list(flow_ids)), Flow.disabled.is_(False))
        )
        for row in rows:
            if row.deleted_at is None:
                starting.ask_flow(session, row, g.login.email)


def _list(outcome: item_actions.Done | None = None, message: str = "") -> str:
    with wiring.reading() as session:
        which = _filter(ZoneInfo(company_zone(session)))
        found = inbox.list_items(session, which, _after())
        everywhere = inbox.ItemFilter(flow_number=which.flow_number)
        counts = inbox.state_counts(session, everywhere)
        flows = keeping.list_flows(session)
    return render_template(
        "inbox.html", page=found, counts=counts, flows=flows, states=ITEM_STATES, query=_query(),
        chosen=request.args, outcome=outcome, refused_text=refused_text, filtered=bool(_query()),
        message=message,
    )  # fmt: skip


def _filter(zone: ZoneInfo) -> inbox.ItemFilter:
    state = request.args.get("state", "")
    until = _day("to", zone)
    return inbox.ItemFilter(
        states=(state,) if state in ITEM_STATES else (),
        flow_number=request.args.get("flow", None, type=whole),
        from_at=_day("from", zone),
        until=until + timedelta(days=1) if until else None,
        text=request.args.get("text", ""),
        run_number=request.args.get("run", None, type=whole),
        uncertain=state == ONLY_UNCERTAIN,
    )


def _day(name: str, zone: ZoneInfo) -> datetime | None:
    """The beginning of a day as the store's clock has it; None for what is no day."""
    try:
        return datetime.combine(date.fromisoformat(request.args.get(name, "")), time(), zone)
    except ValueError:
        return None


def _after() -> str:
    after = request.args.get("after", 0, type=whole)
    return str(after) if after else ""


def _query() -> dict[str, Any]:
    """The filter, to be kept in links."""
    names = ("flow", "state", "from", "to", "text", "run")
    return {name: request.args[name] for name in names if request.args.get(name)}


def _page(number: int, message: str = "") -> str:
    with wiring.reading() as session:
        item = inbox.item_by_number(session, number)
        flow = session.scalars(select(Flow).where(Flow.id == item.flow_id)).one()
        run = session.scalar(select(Run).where(Run.id == (item.run_id or 0)))
    shown = {
        name: pretty(value)
        for name in ("received", "transformed", "request", "answer")
        if (value := getattr(item, name)) is not None
    }
    return render_template(
        "item.html", item=item, flow=flow, run=run, shown=shown, message=message,
        uncertain=inbox.is_uncertain(item), sends=flow.kind == OUTGOING,
        changes=keeping.spec_of_row(flow).transform.changes_records,
        log=[_line(line) for line in item.log],
    )  # fmt: skip


def _line(line: dict[str, Any]) -> dict[str, Any]:
    return {**line, "at": datetime.fromisoformat(line["at"]), "values": line.get("values", {})}
