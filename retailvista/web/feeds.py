"""Extra > Feeds: the list and the one screen of a feed, and who may read it.

Making a feed and its permissions are an administrator's; every member sees the feeds he may read,
their addresses and how to connect.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from retailvista.companies import addresses, people
from retailvista.errors import NotFound, Refused
from retailvista.feed import feeds, previewing
from retailvista.feed.feeds import Reader
from retailvista.feed.models import Dataset, Feed
from retailvista.feed.origins import behind_all
from retailvista.web import wiring
from retailvista.web.access import ADMINISTRATOR, VIEWER, allow
from retailvista.web.feed_choices import words_of
from retailvista.web.numbers import whole

screen = Blueprint("feeds", __name__)


@screen.get("/feeds")
@allow(VIEWER)
def index() -> str:
    return _list()


def _list(name: str = "", message: str = "") -> str:
    with wiring.reading() as session:
        rows = [
            (feed, len(tables), service_url(feed))
            for feed in feeds.list_feeds(session)
            if (tables := feeds.readable(session, feed, reader())) is not None
        ]
    return render_template("feeds.html", rows=rows, name=name, message=message)


@screen.post("/feeds")
@allow(ADMINISTRATOR)
def add() -> Response | tuple[str, int]:
    name = request.form.get("name", "")
    try:
        number = feeds.add_feed(wiring.session(), name, g.login.email)
    except Refused as refused:
        return _list(name, str(refused)), 400
    return redirect(url_for("feed_tables.choose", number=number), 303)


@screen.get("/feeds/<int:number>")
@allow(VIEWER)
def page(number: int) -> str:
    feed, tables = seen(number)
    with wiring.reading() as session:
        named = feeds.permitted(session, feed)
        members = people.members(session)
        connectors = behind_all(session, tables, wiring.outside().variables)
        words = {table.alias: words_of(table, connectors) for table in tables}
    return render_template(
        "feed.html", feed=feed, tables=tables, service=service_url(feed), members=members,
        named=named, words=words,
        standings=previewing.standings(wiring.session(), wiring.outside(), tables),
    )  # fmt: skip


@screen.post("/feeds/<int:number>/permissions")
@allow(ADMINISTRATOR)
def permit(number: int) -> Response:
    """`table` empty: who may read the feed at all."""
    seen(number)
    chosen = request.form.getlist("user", type=whole)
    with wiring.reading() as session:
        members = {user.id for user, _role in people.members(session)}
    if not set(chosen) <= members:
        raise NotFound
    users = None if request.form.get("everyone") == "yes" else chosen
    feeds.permit(wiring.session(), number, request.form.get("table", ""), users, g.login.email)
    return redirect(url_for(".page", number=number, done="saved"), 303)


@screen.post("/feeds/<int:number>/remove")
@allow(ADMINISTRATOR)
def remove(number: int) -> Response:
    feeds.remove_feed(wiring.session(), number, g.login.email)
    return redirect(url_for(".index", done="removed"), 303)


def reader() -> Reader:
    """The person of this request."""
    return Reader(g.login.user_id, g.login.role)


def seen(number: int) -> tuple[Feed, list[Dataset]]:
    """A feed and the tables that this person may read; NotFound when it is not his to see."""
    with wiring.reading() as session:
        feed = feeds.feed_by_number(session, number)
        tables = feeds.readable(session, feed, reader())
    if tables is None:
        raise NotFound
    return feed, tables


def service_url(feed: Any) -> str:
    """The address that programs are given; it ends with a slash, so that names can follow."""
    return addresses.public_url(wiring.settings(), g.company.alias, f"/odata/{feed.name}/")
