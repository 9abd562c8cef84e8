"""Tables of a feed, step by step: choose where they come from, tick them, confirm; change one.

A changed table is a derived view: an alias, chosen columns under other names, a fixed condition.
A table of a connector comes live or, by one switch, from its copy in a warehouse.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from retailvista.errors import NotFound, Refused
from retailvista.feed import feeds, live_datasets, previewing
from retailvista.feed.failures import FeedError
from retailvista.feed.models import LIVE, OWN, Dataset, Feed
from retailvista.web import wiring
from retailvista.web.access import ADMINISTRATOR, allow
from retailvista.web.feed_choices import Choice, choice_of, choices, origin_and_words
from retailvista.web.feeds import seen

screen = Blueprint("feed_tables", __name__)


@screen.get("/feeds/<int:number>/add")
@allow(ADMINISTRATOR)
def choose(number: int) -> str:
    """First where the records come from, then which tables."""
    feed, _tables = seen(number)
    source = request.args.get("source", "")
    if not source:
        return render_template("feed_source.html", feed=feed, choices=_choices())
    return _tick(feed, source)


def _choices() -> list[Choice]:
    with wiring.reading() as session:
        return choices(session, wiring.outside().variables)


def _tick(feed: Feed, source: str, message: str = "") -> str:
    looked_for = request.args.get("q", "").strip().lower()
    with wiring.reading() as session:
        chosen, rows = choice_of(session, source, wiring.outside().variables)
    rows = [row for row in rows if looked_for in f"{row.key} {row.name}".lower()]
    return render_template(
        "feed_add.html", feed=feed, source=source, chosen=chosen, rows=rows, message=message
    )


@screen.post("/feeds/<int:number>/tables")
@allow(ADMINISTRATOR)
def add(number: int) -> Response | tuple[str, int]:
    feed, _tables = seen(number)
    source, chosen = request.form.get("source", OWN), request.form.getlist("table")
    session, actor = wiring.session(), g.login.email
    with wiring.reading() as reading:
        place, _rows = choice_of(reading, source, wiring.outside().variables)
    try:
        if place.number:
            live_datasets.add_live_tables(
                session, number, place.number, chosen, actor, warehouse=place.warehouse,
                operators=wiring.outside().variables,
            )  # fmt: skip
        else:
            feeds.add_own_tables(session, number, chosen, actor)
    except NotFound:
        raise
    except Refused as refused:
        return _tick(feed, source, str(refused)), 400
    return redirect(url_for("feeds.page", number=number, done="added"), 303)


@screen.get("/feeds/<int:number>/tables/<alias>")
@allow(ADMINISTRATOR)
def page(number: int, alias: str) -> str:
    feed, table = _table(number, alias)
    return _page(feed, table, dict(table.columns), table.alias, table.filter)


@screen.get("/feeds/<int:number>/tables/<alias>/preview")
@allow(ADMINISTRATOR)
def preview(number: int, alias: str) -> str:
    """The first rows, as a program would get them; of a live table that is one call."""
    feed, table = _table(number, alias)
    seen_now = previewing.preview(wiring.session(), wiring.outside(), feed, table)
    return render_template("feed_preview.html", feed=feed, table=table, preview=seen_now)


@screen.post("/feeds/<int:number>/tables/<alias>")
@allow(ADMINISTRATOR)
def save(number: int, alias: str) -> Response | tuple[str, int]:
    feed, table = _table(number, alias)
    form = request.form
    pairs = [(own, form.get(f"name-{own}", "").strip() or own) for own in form.getlist("column")]
    new_alias, condition = form.get("alias", ""), form.get("filter", "")
    try:
        feeds.change_table(
            wiring.session(), number, alias, new_alias, pairs, condition, g.login.email,
            operators=wiring.outside().variables,
        )  # fmt: skip
    except NotFound:
        raise
    except Refused as refused:
        return _page(feed, table, dict(pairs), new_alias, condition, _said(refused)), 400
    return redirect(url_for("feeds.page", number=number, done="saved"), 303)


def _said(refused: Refused) -> str:
    """What is wrong; of a condition in the words that programs hear, which are English."""
    if isinstance(refused, FeedError):
        return gettext("The condition cannot be used. OData says: %(said)s", said=refused)
    return str(refused)


@screen.post("/feeds/<int:number>/tables/<alias>/serve")
@allow(ADMINISTRATOR)
def serve(number: int, alias: str) -> Response | tuple[str, int]:
    """The one switch: from the warehouse, or live."""
    feed, table = _table(number, alias)
    warehouse = request.form.get("place") == "warehouse"
    try:
        live_datasets.serve_from(
            wiring.session(), number, alias, g.login.email, warehouse=warehouse,
            operators=wiring.outside().variables,
        )  # fmt: skip
    except NotFound:
        raise
    except Refused as refused:
        feed, table = _table(number, alias)
        shown = _page(feed, table, dict(table.columns), alias, table.filter, str(refused))
        return shown, 400
    return redirect(url_for(".page", number=number, alias=alias, done="saved"), 303)


@screen.post("/feeds/<int:number>/tables/<alias>/remove")
@allow(ADMINISTRATOR)
def remove(number: int, alias: str) -> Response:
    feeds.remove_table(wiring.session(), number, alias, g.login.email)
    return redirect(url_for("feeds.page", number=number, done="removed"), 303)


def _table(number: int, alias: str) -> tuple[Feed, Dataset]:
    feed, tables = seen(number)
    found = next((table for table in tables if table.alias == alias), None)
    if found is None:
        raise NotFound
    return feed, found


def _page(
    feed: Feed,
    table: Dataset,
    published: dict[str, str],
    alias: str,
    condition: str,
    message: str = "",
) -> str:
    with wiring.reading() as session:
        origin, words = origin_and_words(session, table, wiring.outside().variables)
    standing: Any = None
    if table.kind == LIVE and table.warehouse:
        standing = previewing.standing(wiring.session(), wiring.outside(), table)
    return render_template(
        "feed_table.html", feed=feed, table=table, origin=origin, words=words,
        published=published, alias=alias, condition=condition, message=message,
        standing=standing,
    )  # fmt: skip
