"""The two ends of a login at a provider: /connectors/<n>/oauth goes there, /oauth.ashx comes back.

The callback consumes its state before anything is asked of the provider and ends with a 303 on a
page without code and state in its address. A login starts on the company's alias only.
"""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from retailvista.companies import addresses
from retailvista.connectors import attempts, logins, registering
from retailvista.connectors.attempts import COMMAND_LINE
from retailvista.connectors.models import Connector, Grant, OauthAttempt
from retailvista.connectors.saying import CONNECTED
from retailvista.errors import NotFound, Refused
from retailvista.web import wiring
from retailvista.web.access import ADMINISTRATOR, EVERYONE, allow, need
from retailvista.web.csrf import OWN_PAGES
from retailvista.web.numbers import whole
from retailvista.web.words import translated

screen = Blueprint("oauth", __name__)


@screen.get("/connectors/<int:number>/oauth")
@allow(ADMINISTRATOR)
def start(number: int) -> Response | str | tuple[str, int]:
    row = _row(number)
    if not g.on_alias:
        return _away(f"/connectors/{number}")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in OWN_PAGES:
        # A link elsewhere must not replace the login by that of whoever is logged in there.
        return redirect(url_for("connectors.page", number=number), 303)
    try:
        begun = logins.start_login(
            wiring.session(), wiring.outside(), number, g.login.token_hash, g.login.email,
            confirm_again=request.args.get("again") == "yes",
        )  # fmt: skip
    except Refused as refused:
        return _shown(row, "", translated(refused)), 409
    return redirect(begun.url, 302)


@screen.get("/oauth.ashx")
@allow(EVERYONE)
def callback() -> Response | str:
    """Back from the provider. A login of the command line brings no session, but its state."""
    state, code, error = (request.args.get(name, "")[:4000] for name in ("state", "code", "error"))
    number = request.args.get("provider", 0, type=whole)
    if g.on_alias and _is_of_command_line(state):
        done = logins.finish_login(
            wiring.outside(), number, state, code, error, COMMAND_LINE, COMMAND_LINE,
        )  # fmt: skip
        text = gettext(done.msgid, **done.values)
        return render_template(
            "oauth_result.html", kind=done.kind, text=text, number=0, user_name=done.user_name,
            callback="", registered="",
        )  # fmt: skip
    away = need(ADMINISTRATOR)
    if away is not None:
        return away
    if not g.on_alias:
        return _away("/connectors")
    row = _row(number)
    result = logins.finish_login(
        wiring.outside(), row.number, state, code, error, g.login.token_hash, g.login.email,
        computed_callback=_computed(row),
    )  # fmt: skip
    return redirect(url_for(".result", number=row.number, kind=result.kind), 303)


@screen.get("/connectors/<int:number>/login-result")
@allow(ADMINISTRATOR)
def result(number: int) -> str:
    """Says how the last login of this session ended; the kind in the address only names it."""
    row, kind = _row(number), request.args.get("kind", "")
    if kind not in logins.TEXTS:
        raise NotFound
    with wiring.reading() as session:
        attempt = session.scalars(
            select(OauthAttempt)
            .where(OauthAttempt.connector_id == row.id)
            .where(OauthAttempt.bound_to == g.login.token_hash, OauthAttempt.outcome == kind)
            .order_by(OauthAttempt.id.desc())
            .limit(1)
        ).first()
        grant = session.scalar(select(Grant).where(Grant.id == (row.grant_id or 0)))
    if kind == CONNECTED and grant is None:
        raise NotFound
    values = {
        "said": attempt.problem if attempt else "",
        "user": grant.provider_user_name if grant else "",
        "saved": row.callback_url,
        "computed": _computed(row),
    }
    return _shown(row, kind, gettext(logins.TEXTS[kind], **values), values["user"])


def _shown(row: Connector, kind: str, text: str, user_name: str = "") -> str:
    return render_template(
        "oauth_result.html", kind=kind, text=text, number=row.number, user_name=user_name,
        callback=_computed(row) if kind == logins.MISMATCH else "", registered=row.callback_url,
    )  # fmt: skip


def _is_of_command_line(state: str) -> bool:
    with wiring.reading() as session:
        return bool(state) and attempts.is_of_command_line(session, state)


def _row(number: int) -> Connector:
    with wiring.reading() as session:
        return registering.connector_by_number(session, number)


def _computed(row: Connector) -> str:
    return addresses.callback_url(wiring.settings(), g.company.alias or "", row.number)


def _away(path: str) -> str:
    url = addresses.public_url(wiring.settings(), g.company.alias, path) if g.company.alias else ""
    return render_template("oauth_away.html", url=url)
