"""Tables of a feed, step by step: choose where they come from, tick them, confirm; change one.

A changed table is a derived view: an alias, chosen columns under other names, a fixed condition.
"""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from retailvista.errors import NotFound, Refused
from retailvista.feed import feeds
from retailvista.feed.models import OWN, Dataset, Feed
from retailvista.feed.own_tables import OWN_TABLES
from retailvista.web import wiring
from retailvista.web.access import ADMINISTRATOR, allow
from retailvista.web.feeds import seen

screen = Blueprint("feed_tables", __name__)


@screen.get("/feeds/<int:number>/add")
@allow(ADMINISTRATOR)
def choose(number: int) -> str:
    """First where the records come from, then which tables."""
    feed, _tables = seen(number)
    if request.args.get("source") != OWN:
        return render_template("feed_source.html", feed=feed)
    return _tick(feed)


def _tick(feed: Feed, message: str = "") -> str:
    looked_for = request.args.get("q", "").strip().lower()
    origins = [origin for origin in feeds.origins() if looked_for in origin.name.lower()]
    return render_template("feed_add.html", feed=feed, origins=origins, message=message)


@screen.post("/feeds/<int:number>/tables")
@allow(ADMINISTRATOR)
def add(number: int) -> Response | tuple[str, int]:
    feed, _tables = seen(number)
    try:
        chosen = request.form.getlist("table")
        feeds.add_own_tables(wiring.session(), number, chosen, g.login.email)
    except NotFound:
        raise
    except Refused as refused:
        return _tick(feed, str(refused)), 400
    return redirect(url_for("feeds.page", number=number, done="added"), 303)


@screen.get("/feeds/<int:number>/tables/<alias>")
@allow(ADMINISTRATOR)
def page(number: int, alias: str) -> str:
    feed, table = _table(number, alias)
    return _page(feed, table, dict(table.columns), table.alias, table.filter)


@screen.post("/feeds/<int:number>/tables/<alias>")
@allow(ADMINISTRATOR)
def save(number: int, alias: str) -> Response | tuple[str, int]:
    feed, table = _table(number, alias)
    form = request.form
    pairs = [(own, form.get(f"name-{own}", "").strip() or own) for own in form.getlist("column")]
    new_alias, condition = form.get("alias", ""), form.get("filter", "")
    try:
        feeds.change_table(
            wiring.session(), number, alias, new_alias, pairs, condition, g.login.email
        )
    except NotFound:
        raise
    except Refused as refused:
        return _page(feed, table, dict(pairs), new_alias, condition, str(refused)), 400
    return redirect(url_for("feeds.page", number=number, done="saved"), 303)


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
    return render_template(
        "feed_table.html", feed=feed, table=table, origin=OWN_TABLES[table.entity].entity,
        published=published, alias=alias, condition=condition, message=message,
    )  # fmt: skip
