"""What a page looks like when something did not happen: error class -> status, words, next step.

A thing of another company is answered exactly like a thing that does not exist.
"""

from __future__ import annotations

import structlog
from flask import Flask, g, jsonify, render_template, request
from flask_babel import gettext as _
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from retailvista.errors import (
    Later,
    LoginNeeded,
    NotAllowed,
    NotFound,
    Refused,
    RetailVistaError,
    Unknown,
)
from retailvista.vault import KeyLost
from retailvista.web import odata_answers, wiring

STATUS: tuple[tuple[type[RetailVistaError], int], ...] = (
    (NotFound, 404),
    (NotAllowed, 403),
    (Refused, 409),
    (Later, 503),
    (LoginNeeded, 409),
    (Unknown, 502),
    (KeyLost, 503),
    (RetailVistaError, 500),
)
log = structlog.get_logger(__name__)


def install(app: Flask) -> None:
    app.register_error_handler(RetailVistaError, show_ours)
    app.register_error_handler(HTTPException, show_http)
    app.register_error_handler(DataError, show_unstorable)
    app.register_error_handler(500, show_bug)


def status_of(error: RetailVistaError) -> int:
    return next(status for kind, status in STATUS if isinstance(error, kind))


def show_ours(error: RetailVistaError) -> tuple[Response | str, int]:
    status = status_of(error)
    if status == 404:
        return page(404, _("This page does not exist."))
    log.info("refused", status=status, endpoint=request.endpoint, why=type(error).__name__)
    return page(status, str(error))


def show_http(error: HTTPException) -> tuple[Response | str, int]:
    """Wrong host, wrong path, too many tries, too large a file."""
    code = error.code or 500
    if code == 400 and g.get("company") is None and request.url_rule is None:
        code = 404  # a host that is not ours: say no more than for an unknown alias
    if code == 404:
        return page(404, _("This page does not exist."))
    words = {
        405: _("This page does not exist."),
        413: _("The file is too large. A till file may hold 200 MB at most."),
        429: _("Too many attempts. Wait a few minutes and try again."),
    }
    return page(code, words.get(code, _("The request could not be read.")))


def show_unstorable(error: DataError) -> tuple[Response | str, int]:
    """The database cannot hold a value. Its own words may repeat the value: not in the log."""
    code = getattr(error.orig, "sqlstate", None)
    why = type(error.orig).__name__
    log.warning("data refused", endpoint=request.endpoint, why=why, code=code)
    return page(400, _(
        "A field is too long or holds characters that cannot be stored. Nothing was changed;"
        " correct it and send it again."
    ))  # fmt: skip


def show_bug(error: HTTPException) -> tuple[Response | str, int]:
    """A broken invariant: logged with its trace, shown without any detail."""
    log.error("bug", endpoint=request.endpoint, exc_info=getattr(error, "original_exception", None))
    return page(500, _("Something went wrong on our side. Nothing was changed; it has been noted."))


def page(status: int, message: str) -> tuple[Response | str, int]:
    """The failure as JSON for programs, as a page of the company for people, else bare."""
    if request.path.startswith("/api/"):
        return jsonify(error=message), status
    if request.path.startswith("/odata/"):
        return odata_answers.failure(status, message)
    wiring.close_session()
    template = "failure.html" if g.get("login") is not None else "failure_bare.html"
    return render_template(template, status=status, message=message), status
