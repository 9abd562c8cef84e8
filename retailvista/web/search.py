"""Quick search: a part of a screen's name in either language finds it ('conn': Connectors)."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from retailvista.web import access, pages
from retailvista.web.access import VIEWER, allow

screen = Blueprint("search", __name__)


def found(text: str) -> list[pages.Entry]:
    """Menu entries whose names contain the text; those that start with it first."""
    wanted = text.strip().lower()
    if not wanted:
        return []
    hits = [
        entry
        for entry in pages.MENU
        if access.may(entry.role)
        and any(wanted in name for name in (str(entry.title).lower(), *entry.also.split()))
    ]
    return sorted(hits, key=lambda entry: not str(entry.title).lower().startswith(wanted))


@screen.get("/search/list")
@allow(VIEWER)
def suggestions() -> str:
    text = request.args.get("q", "")
    return render_template("search_list.html", text=text, entries=found(text))


@screen.get("/search")
@allow(VIEWER)
def page() -> str | Response:
    """Enter goes straight to the only hit."""
    text = request.args.get("q", "")
    hits = found(text)
    if len(hits) == 1:
        return redirect(url_for(hits[0].endpoint), 303)
    return render_template("search.html", text=text, entries=hits)
