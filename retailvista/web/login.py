"""Logging in and out. On the base address with a company number, on an alias without one.

The cookie holds the session's token; on the base address the company's number goes before it,
because the host does not name the company there.
"""

from __future__ import annotations

import structlog
from flask import Blueprint, Flask, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField, validators

from retailvista.companies import people, registering, sessions
from retailvista.companies.models import Company, User
from retailvista.web import cookies, counters, tenancy, wiring
from retailvista.web.access import EVERYONE, allow
from retailvista.web.forms import PageForm
from retailvista.web.numbers import whole
from retailvista.web.tenancy import OpenCompany

screen = Blueprint("login", __name__)
log = structlog.get_logger(__name__)
KNOWN_SECONDS = 30 * 24 * 3600
STRAY_SECONDS = 3600
limiter = Limiter(get_remote_address, storage_uri=f"{counters.SCHEME}://")


class LoginForm(PageForm):
    """E-mail and password; the company number only on the base address."""

    company = StringField(_l("Company number"))
    email = StringField(_l("E-mail address"), [validators.InputRequired()])
    password = PasswordField(_l("Password"), [validators.InputRequired()])


def install(app: Flask) -> None:
    app.config.setdefault("RATELIMIT_HEADERS_ENABLED", False)
    limiter.init_app(app)
    app.register_blueprint(screen)
    app.before_request(load_login)


def load_login() -> None:
    """Set g.login from the cookie; a cookie of another company or instance is worth nothing."""
    g.login = None
    if request.endpoint in tenancy.ASSETS or request.path in tenancy.OPERATOR_PATHS:
        return
    raw = request.cookies.get(cookies.session_name(), "")
    company, token = _company_and_token(raw)
    if company is None or not token:
        return
    instance = wiring.settings().instance
    g.login = sessions.session_of(wiring.session(), token, company.id, instance)
    if g.login is not None:
        tenancy.take_company(company)
    else:
        _note_stray(token, company.id, instance)


def _note_stray(token: str, company_id: int, instance: str) -> None:
    """A browser never sends a session to another company: somebody took it. Once an hour each."""
    stray = sessions.stray_of(wiring.session(), token, company_id, instance)
    if stray is None:
        return
    if limiter.storage.incr(f"stray|{stray.session_id}", STRAY_SECONDS) > 1:
        return
    log.warning("session shown elsewhere", of=request.remote_addr, session=stray.session_id,
                company=stray.company_id, shown_at=company_id)  # fmt: skip
    sessions.record_stray(wiring.session(), stray, request.remote_addr or "")


def _company_and_token(raw: str) -> tuple[Company | OpenCompany | None, str]:
    if g.on_alias:
        return g.company, raw
    number, _dot, token = raw.partition(".")
    return _typed_company(number), token


def _account_key() -> str:
    """Tries per account, whoever makes them; per company, so that one cannot lock another's."""
    company = g.company.number if g.on_alias else _typed_number(request.form.get("company", ""))
    return f"{company}|{request.form.get('email', '').strip().lower()[:254]}"


def _known_mark() -> str:
    return f"known|{_account_key()}|{get_remote_address()}"


def _was_here_before() -> bool:
    """Who logged in from this address lately is not kept out by others who guess elsewhere."""
    return limiter.storage.get(_known_mark()) > 0


@screen.get("/login")
@allow(EVERYONE)
def form() -> str | Response:
    if g.login is not None:
        return redirect(url_for("start.page"), 303)
    return render_template("login.html", form=LoginForm(), on_alias=g.on_alias)


@screen.post("/login")
@allow(EVERYONE)
@limiter.limit("100 per hour; 20 per minute")
@limiter.limit("100 per hour; 10 per minute", key_func=_account_key, exempt_when=_was_here_before)
def enter() -> str | Response | tuple[str, int]:
    filled = LoginForm(request.form)
    if g.on_alias and "company" in request.form:
        return _again(filled, _("At this address no company number is used. Leave it out."))
    company = g.company if g.on_alias else _typed_company(filled.company.data or "")
    user = None
    if filled.validate():
        user = _person(company, filled.email.data, filled.password.data)
    if user is None or company is None:
        log.warning("login refused", company=company and company.number, of=request.remote_addr)
        return _again(filled, _("E-mail address or password is not right."))
    limiter.storage.incr(_known_mark(), KNOWN_SECONDS)
    return _logged_in(company, sessions.start_session(
        wiring.session(), user, company.id, wiring.settings().instance))  # fmt: skip


def _typed_number(text: str) -> int | None:
    """One value for every spelling, so that "01" gives no further tries than "1"."""
    try:
        return whole(text.strip())
    except ValueError:
        return None


def _typed_company(text: str) -> Company | None:
    number = _typed_number(text)
    if number is None:
        return None
    with wiring.reading() as session:
        return registering.company_by_number(session, number)


def _person(company: Company | OpenCompany | None, email: str, password: str) -> User | None:
    """Takes as long for an unknown company as for a wrong password."""
    with wiring.reading() as session:
        if company is None:
            people.verify_password(session, email, password)
            return None
        return people.check_login(session, email, password, company.id)


def _again(filled: LoginForm, message: str) -> tuple[str, int]:
    page = render_template("login.html", form=filled, on_alias=g.on_alias, message=message)
    return page, 400


def _logged_in(company: Company | OpenCompany, token: str) -> Response:
    response = redirect(url_for("start.page"), 303)
    value = token if g.on_alias else f"{company.number}.{token}"
    cookies.put(response, cookies.session_name(), value)
    cookies.drop(response, cookies.visitor_name())
    return response


@screen.post("/logout")
@allow(EVERYONE)
def leave() -> Response:
    if g.login is not None:
        sessions.end_session(wiring.session(), g.login.session_id)
    return logged_out()


def logged_out() -> Response:
    """The way to the login page, without cookies and with an empty browser cache."""
    response = redirect(url_for("login.form"), 303)
    cookies.drop(response, cookies.session_name())
    response.headers["Clear-Site-Data"] = '"cache"'
    return response
