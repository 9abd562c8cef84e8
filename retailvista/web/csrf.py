"""Cross-site requests are refused twice: by Sec-Fetch-Site and by a token bound to the session.

The token is an HMAC over the session's own secret, which never leaves the database; on the login
page, where there is no session yet, over a random value in a cookie of this host alone. A plain
double submit could be set from a sibling host (OWASP, Cross-Site Request Forgery Prevention).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from flask import Flask, current_app, g, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retailvista.errors import NotAllowed
from retailvista.web import cookies
from retailvista.web.access import TOKEN, access_of

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OWN_PAGES = ("same-origin", "none")  # Sec-Fetch-Site of a page of this host, or of typing it


class CrossSite(NotAllowed):
    """The form was not sent from this page."""


def install(app: Flask) -> None:
    app.before_request(check_request)
    app.after_request(keep_visitor)
    app.jinja_env.globals["csrf_token"] = token


def token() -> str:
    """The token for forms of this session, or of this visitor of the login page."""
    login = g.get("login")
    if login is not None:
        return _sign(login.csrf_secret, "form")
    if "visitor" not in g:
        g.visitor = request.cookies.get(cookies.visitor_name()) or secrets.token_urlsafe(32)
    return _sign(g.visitor, "login")


def check_request() -> None:
    """Refuse an unsafe request that was not sent by a page of this host."""
    if request.method in SAFE_METHODS or request.endpoint is None:
        return
    if access_of(current_app, request.endpoint) == TOKEN:
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in OWN_PAGES:
        raise CrossSite(_("This form was sent from another site. Nothing was changed."))
    sent = request.form.get("csrf_token", "") or request.headers.get("X-CSRF-Token", "")
    known = g.get("login") is not None or cookies.visitor_name() in request.cookies
    if not known or not hmac.compare_digest(sent.encode(), token().encode()):
        raise CrossSite(_("This page is too old. Go back, load it again and send the form again."))


def keep_visitor(response: Response) -> Response:
    """Give a visitor without a session the cookie that his token was made from."""
    if "visitor" in g and cookies.visitor_name() not in request.cookies:
        cookies.put(response, cookies.visitor_name(), g.visitor)
    return response


def _sign(secret: str, purpose: str) -> str:
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()
