"""The start page: what must I do. Nothing to do yet = the steps of setting up."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template

from retailvista.web.access import VIEWER
from retailvista.web.access import allow

screen = Blueprint("start", __name__)


@screen.get("/")
@allow(VIEWER)
def page() -> str:
    return render_template("start.html")
