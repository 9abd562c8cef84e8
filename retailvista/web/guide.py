"""Help: how to start an integration with Exact Online, to read and to print."""

from __future__ import annotations

from flask import Blueprint, render_template

from retailvista.web.access import VIEWER, allow

screen = Blueprint("guide", __name__)


@screen.get("/help")
@allow(VIEWER)
def page() -> str:
    return render_template("guide.html")
