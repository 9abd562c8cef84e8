"""Journals: the list with filters, states and totals; releasing, exporting now, the CSV file."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from retailvista.companies import registering
from retailvista.errors import Refused
from retailvista.journals import csvfile, listing, releasing
from retailvista.journals.listing import JournalFilter
from retailvista.web import wiring
from retailvista.web.access import BOOKKEEPER, VIEWER, allow
from retailvista.web.asking import ask_for
from retailvista.web.numbers import whole
from retailvista.web.store_days import date_of

screen = Blueprint("journals", __name__)
STATES = (
    "not_ready", "to_release", "ready", "sending", "being_checked", "posted", "verified",
    "rejected", "conflict", "decide", "withdrawn",
)  # fmt: skip
KINDS = ("day", "late", "reversal")
FILTERS = ("from", "to", "store", "state", "kind", "connector", "text")
CSV_MOST = 5000


@screen.get("/journals")
@allow(VIEWER)
def index() -> str:
    return _page()


@screen.post("/journals/release")
@allow(BOOKKEEPER)
def release() -> BaseResponse | str | tuple[str, int]:
    chosen = request.form.getlist("number", type=whole)
    everything = request.form.get("which") == "all"
    if not chosen and not everything:
        return _page(message="Choose the journals to release first."), 400
    result = releasing.release(wiring.session(), None if everything else chosen, g.login.email)
    return _page(released=result)


@screen.post("/journals/export")
@allow(BOOKKEEPER)
def export_now() -> BaseResponse:
    return redirect(ask_for("export"), 303)


@screen.get("/journals.csv")
@allow(VIEWER)
def download() -> Response:
    which = _filter()
    with wiring.reading() as session:
        found = listing.list_journals(session, which, limit=CSV_MOST)
        if found.after:
            raise Refused(_("More than 5000 journals. Choose a shorter period first."))
        text = csvfile.journals_csv(session, [row.number for row in reversed(found.rows)])
    return Response(
        text,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="journals.csv"'},
    )


def _filter() -> JournalFilter:
    asked = request.args
    return JournalFilter(
        from_on=date_of(asked.get("from", "")),
        to_on=date_of(asked.get("to", "")),
        store_code=asked.get("store", ""),
        states=tuple(state for state in asked.getlist("state") if state in STATES),
        kind=asked.get("kind", "") if asked.get("kind") in KINDS else "",
        connector_number=asked.get("connector", type=whole),
        text=asked.get("text", "")[:100],
    )


def _page(**shown: object) -> str:
    which = _filter()
    with wiring.reading() as session:
        found = listing.list_journals(session, which, request.args.get("after", ""))
        counts = listing.state_counts(session)
        stores = registering.stores_of(session)
    # Only our own filters go into links: `_external` and others mean something to url_for.
    query: dict[str, Any] = {
        key: request.args.getlist(key) for key in FILTERS if key in request.args
    }
    return render_template(
        "journals.html", page=found, which=which, counts=counts, stores=stores, states=STATES,
        kinds=KINDS, query=query, csv_url=url_for(".download", **query), **shown,
    )  # fmt: skip
