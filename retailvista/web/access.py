"""Who may see a screen: every view says it, and a view that says nothing is refused.

Roles rise: viewer, bookkeeper, administrator. A view marked `everyone` needs no login, one marked
`token` reads an access token from the headers and ignores cookies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, g, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retailvista.errors import NotAllowed
from retailvista.web.tenancy import ASSETS, OPERATOR_PATHS

EVERYONE = "everyone"
TOKEN = "token"
VIEWER = "viewer"
BOOKKEEPER = "bookkeeper"
ADMINISTRATOR = "administrator"
RANK = {VIEWER: 1, BOOKKEEPER: 2, ADMINISTRATOR: 3}

View = TypeVar("View", bound=Callable[..., Any])


def allow(role: str) -> Callable[[View], View]:
    """Mark a view with the least role that may use it."""
    assert role in (*RANK, EVERYONE, TOKEN)

    def mark(view: View) -> View:
        view.access = role  # type: ignore[attr-defined]  # a mark that functions may carry
        return view

    return mark


def install(app: Flask) -> None:
    app.before_request(check_access)


def access_of(app: Flask, endpoint: str) -> str:
    """The mark of a view. AssertionError for a view without one: default deny."""
    if endpoint in ASSETS:
        return EVERYONE
    mark = getattr(app.view_functions[endpoint], "access", None)
    assert mark, f"the view {endpoint} does not say who may see it"
    return str(mark)


def check_access() -> Response | None:
    """Send strangers to the login, refuse a role that is too low."""
    if request.endpoint is None or request.path in OPERATOR_PATHS:
        return None
    mark = access_of(current_app, request.endpoint)
    return None if mark in (EVERYONE, TOKEN) else need(mark)


def need(mark: str) -> Response | None:
    """Where a stranger goes instead; NotAllowed for a role that is too low."""
    if g.get("login") is None:
        return redirect(url_for("login.form"), 303)
    if not may(mark):
        raise NotAllowed(_("Your role does not permit this. Ask an administrator."))
    return None


def may(role: str) -> bool:
    """Whether the person of this request has at least this role."""
    login = g.get("login")
    return login is not None and RANK[login.role] >= RANK[role]
