"""Extra > Variables: [names] for the fields of flows, on three levels."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from retailvista.errors import NotFound, Refused
from retailvista.flows import variables
from retailvista.web import wiring
from retailvista.web.access import ADMINISTRATOR, BOOKKEEPER, allow

screen = Blueprint("variables", __name__)


@screen.get("/variables")
@allow(BOOKKEEPER)
def page() -> str:
    return _page()


@screen.post("/variables")
@allow(ADMINISTRATOR)
def save() -> Response | tuple[str, int]:
    name, value = request.form.get("name", ""), request.form.get("value", "")
    try:
        variables.set_variable(wiring.session(), name, value, g.login.email)
    except Refused as refused:
        return _page(str(refused), name, value), 400
    return redirect(url_for(".page", done="saved"), 303)


@screen.post("/variables/remove")
@allow(ADMINISTRATOR)
def remove() -> Response:
    name = request.form.get("name", "")
    if not name:
        raise NotFound
    variables.remove_variable(wiring.session(), name, g.login.email)
    return redirect(url_for(".page", done="removed"), 303)


def _page(message: str = "", name: str = "", value: str = "") -> str:
    with wiring.reading() as session:
        rows = variables.list_variables(session, wiring.outside().variables)
    return render_template(
        "variables.html", rows=rows, built_in=variables.BUILT_IN_NAMES, message=message,
        name=name or request.args.get("name", ""), value=value or request.args.get("value", ""),
    )  # fmt: skip
