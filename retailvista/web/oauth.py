"""The two ends of a login at a provider: /connectors/<n>/oauth goes there, /oauth.ashx comes back.

The callback consumes its state before anything is asked of the provider and ends with a 303 on a
page without code and state in its address. A login starts on the company's alias only.
"""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retailvista.companies import addresses
from retailvista.connectors import registering
from retailvista.connectors.models import Grant
from retailvista.errors import RetailVistaError
from retailvista.web import wiring
from retailvista.web.access import ADMINISTRATOR, allow
from retailvista.web.words import translated

screen = Blueprint("oauth", __name__)
CONNECTED = "connected"


@screen.get("/connectors/<int:number>/oauth")
@allow(ADMINISTRATOR)
def start(number: int) -> Response | str:
    from retailvista.connectors import logins
    with wiring.reading() as session:
        registering.connector_by_number(session, number)
    if not g.on_alias:
        return _away(f"/connectors/{number}")
    begun = logins.start_login(
        wiring.session(), wiring.outside(), number, g.login.token_hash, g.login.email,
        confirm_again=request.args.get("again") == "yes",
    )  # fmt: skip
    return redirect(begun.url, 302)


@screen.get("/oauth.ashx")
@allow(ADMINISTRATOR)
def callback() -> Response | str:
    from retailvista.connectors import logins
    if not g.on_alias:
        return _away("/connectors")
    number = request.args.get("provider", 0, type=int)
    asked = {name: request.args.get(name, "")[:4000] for name in ("state", "code", "error")}
    result = logins.finish_login(
        wiring.outside(), number, asked["state"], asked["code"], asked["error"],
        g.login.token_hash, g.login.email,
    )  # fmt: skip
    return redirect(url_for(".result", number=number, kind=result.kind), 303)


def _away(path: str) -> str:
    url = addresses.public_url(wiring.settings(), g.company.alias, path) if g.company.alias else ""
    return render_template("oauth_away.html", url=url)
