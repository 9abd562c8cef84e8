"""Help: how to start an integration with Exact Online, to read, to print and to judge.

Light or dark follows the reader's system until he chooses; what he thinks of the page is an event
in the audit of his company.
"""

from __future__ import annotations

from datetime import date

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from retailvista import db as database
from retailvista.companies import audit
from retailvista.errors import Refused
from retailvista.web import wiring
from retailvista.web.access import VIEWER, allow

screen = Blueprint("guide", __name__)
WRITTEN = date(2026, 11, 20)
THEMES = ("light", "dark")
MISSING_MAX = 300


@screen.get("/help")
@allow(VIEWER)
def page() -> str:
    theme = request.args.get("theme", "")
    return render_template("guide.html", written=WRITTEN, theme=theme if theme in THEMES else "")


@screen.get("/help/limitations")
@allow(VIEWER)
def limitations() -> str:
    """What the product cannot do, and where to ask for help."""
    return render_template("limitations.html", support=wiring.settings().support_url)


@screen.post("/help")
@allow(VIEWER)
def judge() -> Response:
    helpful = request.form.get("helpful", "")
    if helpful not in ("yes", "no"):
        raise Refused("Choose whether the page was helpful.")
    missing = request.form.get("missing", "").strip()[:MISSING_MAX]
    with database.transaction(wiring.session()):
        audit.record(
            wiring.session(), g.login.email, "help judged", "help", helpful=helpful,
            missing=missing,
        )  # fmt: skip
    return redirect(url_for(".page", done="judged"), 303)
