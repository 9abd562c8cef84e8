"""Webhooks: subscriptions of a connector, and the address where the provider announces changes.

Invariant: the address answers at once and does nothing but ask for runs; who calls it without the
secret in the address learns nothing, who calls it without a signature changes nothing.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound as NoSuchPage
from werkzeug.wrappers import Response

from retailvista.companies import addresses
from retailvista.config import is_loopback_host
from retailvista.connectors.choosing import connector_by_number
from retailvista.connectors.models import Connector
from retailvista.connectors.notices import NoticeRefused
from retailvista.errors import NotFound, Refused
from retailvista.flows import webhooks
from retailvista.flows.webhooks import Wish
from retailvista.web import wiring
from retailvista.web.access import ADMINISTRATOR, BOOKKEEPER, TOKEN, allow
from retailvista.web.login import limiter
from retailvista.web.numbers import whole

screen = Blueprint("webhooks", __name__)
# A notice has some hundred bytes.
BODY_MAX = 64 * 1024


@screen.post("/webhooks/<token>")
@allow(TOKEN)
@limiter.limit("600 per minute")
def notice(token: str) -> tuple[str, int]:
    """What Exact announces; 200 keeps it from trying ten times more."""
    if not g.on_alias:
        raise NoSuchPage
    if (request.content_length or 0) > BODY_MAX:
        return "", 413
    try:
        webhooks.take_notice(wiring.session(), wiring.outside(), token, request.get_data())
    except NotFound:
        return "", 404
    except NoticeRefused:
        return "", 401
    return "", 200


@screen.get("/connectors/<int:number>/webhooks")
@allow(BOOKKEEPER)
def page(number: int) -> str:
    return _page(_row(number))


@screen.post("/connectors/<int:number>/webhooks")
@allow(ADMINISTRATOR)
def subscribe(number: int) -> str | Response | tuple[str, int]:
    """Ask for a subscription; a run makes it, since the provider calls us at once."""
    row = _row(number)
    division = whole(request.form.get("division", "0"))
    try:
        wish = Wish(number, request.form.get("topic", ""), division, _callback(row))
        secret = request.form.get("secret", "")
        webhooks.subscribe(wiring.session(), wiring.outside().vault, wish, secret, g.login.email)
    except Refused as refused:
        return _page(row, str(refused)), 409
    return redirect(url_for(".page", number=number, done="asked"), 303)


@screen.post("/connectors/<int:number>/webhooks/<int:subscription>/end")
@allow(ADMINISTRATOR)
def end(number: int, subscription: int) -> Response:
    _row(number)
    webhooks.unsubscribe(wiring.session(), number, subscription, g.login.email)
    return redirect(url_for(".page", number=number, done="asked"), 303)


def _row(number: int) -> Connector:
    """A saved connector whose provider announces changes."""
    with wiring.reading() as session:
        row = connector_by_number(session, number)
    if row.draft:
        raise NotFound
    try:
        webhooks.notices_of(row)
    except Refused as refused:
        raise NotFound from refused
    return row


def _callback(row: Connector) -> str:
    """Where notices go; Exact wants https, on the host of the app's callback URL."""
    address = addresses.public_url(wiring.settings(), g.company.alias, "/webhooks/")
    parts, registered = urlsplit(address), urlsplit(row.callback_url)
    if parts.scheme != "https" and not is_loopback_host(parts.hostname or ""):
        raise Refused(_("Webhooks need an https address; this installation has none."))
    if parts.hostname != registered.hostname:
        raise Refused(
            _("Webhooks come to the host of the callback URL (%(host)s); this company has another.",
              host=registered.hostname or "–")
        )  # fmt: skip
    return address


def _page(row: Connector, problem: str = "") -> str:
    with wiring.reading() as session:
        found = webhooks.subscriptions_of(session, row.id)
    known = (row.last_test or {}).get("divisions", [])
    divisions = {one["code"]: f"{one['code']} {one['name']}" for one in known}
    if row.division:
        divisions.setdefault(row.division, f"{row.division} {row.division_name}".strip())
    return render_template(
        "webhooks.html", row=row, found=found, problem=problem, divisions=divisions,
        topics=webhooks.notices_of(row).topics(), chosen=request.form,
    )  # fmt: skip
