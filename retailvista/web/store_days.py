"""Store days: which days are ready, which wait and why; closing a day; building journals."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from retailvista.companies import registering
from retailvista.errors import NotFound
from retailvista.journals import completeness, declaring
from retailvista.web import wiring
from retailvista.web.access import BOOKKEEPER, VIEWER, allow
from retailvista.web.asking import ask_for
from retailvista.web.languages import language

screen = Blueprint("store_days", __name__)


@screen.get("/store-days")
@allow(VIEWER)
def index() -> str:
    state = request.args.get("state", "")
    which = declaring.DayFilter(
        from_on=date_of(request.args.get("from", "")),
        to_on=date_of(request.args.get("to", "")),
        store_code=request.args.get("store", ""),
        states=(state,) if state in declaring.STATES else (),
    )
    with wiring.reading() as session:
        days = declaring.store_days(session, which)
        stores = registering.stores_of(session)
        missing = completeness.missing_days(session, which.from_on, which.to_on, which.store_code)
        shown = [row.business_date for row in days] or [date.min]
        gaps = completeness.receipt_gaps(session, min(shown), max(shown), which.store_code)
    states = {code: words[language() != "nl"] for code, words in declaring.STATE_WORDS.items()}
    return render_template(
        "store_days.html", days=days, stores=stores, which=which, states=states,
        missing=[day for day in missing if day.usual], gaps=gaps,
    )  # fmt: skip


@screen.post("/store-days/build")
@allow(BOOKKEEPER)
def build() -> Response:
    return redirect(ask_for("build"), 303)


@screen.post("/store-days/<store>/<on>/close")
@allow(BOOKKEEPER)
def close(store: str, on: str) -> Response:
    closed = date_of(on)
    if closed is None:
        raise NotFound
    declaring.close_day(wiring.session(), store, closed, g.login.email)
    return redirect(url_for(".index", done="day-closed"), 303)


def date_of(text: str) -> date | None:
    """A date as browsers send it, or none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
