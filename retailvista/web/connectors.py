"""Extra > Connectors: the list and the one screen of a connector, from first draft to deletion.

The number is reserved before the screen opens, so the callback URL on it is right before the
first save. Secrets go in and never come out again.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import BooleanField, PasswordField, SelectField, StringField, validators

from retailvista.companies import addresses
from retailvista.companies import registering as companies
from retailvista.companies.models import LICENCE_EXACT
from retailvista.connectors import registering, warehouses
from retailvista.connectors.app_keys import uses_operators_app
from retailvista.connectors.masters import stored_master
from retailvista.connectors.models import Connector, Grant, RequestLog
from retailvista.connectors.registry import provider_of
from retailvista.errors import Refused
from retailvista.journals.numbering import sending_locked
from retailvista.web import warehouse, wiring
from retailvista.web.access import ADMINISTRATOR, BOOKKEEPER, VIEWER, allow
from retailvista.web.asking import ask_for
from retailvista.web.connector_steps import proof_steps
from retailvista.web.connector_view import view, views
from retailvista.web.forms import PageForm, choices
from retailvista.web.numbers import whole

screen = Blueprint("connectors", __name__)
PROVIDER = "exact-online"
LOG_LINES = 20
GENERAL = 90  # Exact's type of a general journal (memoriaal)


class ConnectorForm(PageForm):
    """The fields of a connector. The secret is empty when it stays as it is."""

    name = StringField(_l("Name"), [validators.InputRequired(), validators.Length(max=80)])
    site = SelectField(_l("Base URL"))
    client_id = StringField(_l("Client ID"), [validators.Length(max=200)])
    client_secret = PasswordField(_l("Client secret"), [validators.Length(max=400)])
    callback_url = StringField(_l("Callback URL"), [validators.Length(max=500)])
    journal_code = StringField(_l("Journal code"), [validators.Length(max=10)])
    vat_mode = SelectField(
        _l("VAT"),
        choices=choices(
            [
                ("exact", _l("Exact makes the VAT lines from VAT codes")),
                ("own", _l("RetailVista sends VAT lines, without codes")),
            ]
        ),
    )
    log_requests = BooleanField(_l("Keep a log of requests"))


@screen.get("/connectors")
@allow(VIEWER)
def index() -> str:
    with wiring.reading() as session:
        rows = views(session, wiring.clock().now(), wiring.outside().apps)
        licensed = companies.has_licence(session, LICENCE_EXACT)
        locked = sending_locked(session)
    return render_template("connectors.html", rows=rows, licensed=licensed, locked=locked)


@screen.post("/connectors")
@allow(ADMINISTRATOR)
def add() -> Response:
    """A draft of the provider that was chosen."""
    if request.form.get("provider") == warehouses.PROVIDER:
        made = warehouse.reserve()
    else:
        made = registering.reserve(wiring.session(), PROVIDER, g.login.email)
    return redirect(url_for(".page", number=made.number), 303)


@screen.get("/connectors/<int:number>")
@allow(VIEWER)
def page(number: int) -> str:
    row = _row(number)
    if warehouse.is_warehouse(row):
        return warehouse.show(row)
    filled = ConnectorForm(obj=row)
    if row.draft:
        filled.name.data, filled.log_requests.data = "Exact Online", True
        filled.callback_url.data = _callback(number)
    if uses_operators_app(row, wiring.outside().apps):
        filled.client_id.data = ""
    return _page(row, filled)


@screen.post("/connectors/<int:number>")
@allow(ADMINISTRATOR)
def save(number: int) -> Response | str | tuple[str, int]:
    row, filled = _row(number), ConnectorForm(request.form)
    if warehouse.is_warehouse(row):
        return warehouse.save(row)
    filled.site.choices = _sites(row)
    if not filled.validate():
        return _page(row, filled), 400
    values = filled.values("name", "site", "client_id", "callback_url", "journal_code", "vat_mode")
    values = {name: (text or "").strip() for name, text in values.items()}
    values["log_requests"] = filled.log_requests.data
    values["client_secret"] = filled.client_secret.data or ""
    values["clear_client_secret"] = request.form.get("clear_secret") == "yes"
    problems = registering.save(
        wiring.session(), wiring.outside().vault, number, values, g.login.email,
        provider_hosts=wiring.settings().provider_hosts, computed_callback=_callback(number),
        apps=wiring.outside().apps,
    )  # fmt: skip
    for problem in problems:
        filled.complain(problem.field, gettext(problem.msgid, **problem.values))
    if any(not problem.is_warning for problem in problems):
        return _page(row, filled), 400
    if request.form.get("had_token") == "yes" and not request.form.get("api_token", "").strip():
        registering.empty_token(wiring.session(), number, g.login.email)
    return redirect(url_for(".page", number=number, done="saved"), 303)


@screen.get("/connectors/<int:number>/status")
@allow(VIEWER)
def status(number: int) -> Response:
    """Asked every two seconds while the popup is open; nothing of a secret."""
    row = _row(number)
    with wiring.reading() as session:
        grant = session.scalar(select(Grant).where(Grant.id == (row.grant_id or 0)))
        has_master = stored_master(session, row) is not None
    seen = view(row, grant, wiring.clock().now(), wiring.outside().apps)
    return jsonify(connected=seen.connected, mark=seen.mark, master=has_master)


@screen.post("/connectors/<int:number>/test")
@allow(BOOKKEEPER)
def test(number: int) -> Response:
    _row(number)
    return redirect(ask_for("test", str(number), connector=number), 303)


@screen.post("/connectors/<int:number>/division")
@allow(ADMINISTRATOR)
def choose_division(number: int) -> Response:
    chosen = request.form.get("division", 0, type=whole)
    registering.choose_division(wiring.session(), number, chosen, g.login.email)
    ask_for("master", str(number), connector=number)
    return redirect(url_for(".page", number=number, done="saved"), 303)


@screen.post("/connectors/<int:number>/automatic")
@allow(BOOKKEEPER)
def switch_automatic(number: int) -> Response:
    on = request.form.get("automatic") == "yes"
    registering.set_automatic(wiring.session(), number, g.login.email, automatic=on)
    return redirect(url_for(".page", number=number, done="saved"), 303)


@screen.post("/connectors/<int:number>/resume")
@allow(BOOKKEEPER)
def resume(number: int) -> Response:
    registering.resume(wiring.session(), number, g.login.email)
    return redirect(url_for(".page", number=number, done="saved"), 303)


@screen.post("/connectors/<int:number>/prove")
@allow(BOOKKEEPER)
def prove(number: int) -> Response:
    """One entry is sent twice on purpose: not without the box that says so."""
    _row(number)
    if request.form.get("consent") != "yes":
        raise Refused("This sends an entry to the books a second time: consent is needed.")
    return redirect(ask_for("prove", str(number), {"consent": True}, connector=number), 303)


@screen.post("/connectors/<int:number>/disconnect")
@allow(ADMINISTRATOR)
def disconnect(number: int) -> Response:
    registering.empty_token(wiring.session(), number, g.login.email)
    return redirect(url_for(".page", number=number, done="disconnected"), 303)


@screen.post("/connectors/<int:number>/delete")
@allow(ADMINISTRATOR)
def remove(number: int) -> Response:
    registering.remove(wiring.session(), number, g.login.email)
    return redirect(url_for(".index", done="removed"), 303)


def _row(number: int) -> Connector:
    with wiring.reading() as session:
        return registering.connector_by_number(session, number)


def _callback(number: int) -> str:
    return addresses.callback_url(wiring.settings(), g.company.alias or "", number)


def _sites(row: Connector) -> list[str]:
    hosts = [host for host in wiring.settings().provider_hosts if host.startswith("http")]
    return [*provider_of(row).sites, *hosts]


def _page(row: Connector, filled: ConnectorForm) -> str:
    filled.site.choices = _sites(row)
    with wiring.reading() as session:
        grant = session.scalar(select(Grant).where(Grant.id == (row.grant_id or 0)))
        master = stored_master(session, row) if row.division else None
        log = session.scalars(
            select(RequestLog)
            .where(RequestLog.connector_id == row.id)
            .order_by(RequestLog.id.desc())
            .limit(LOG_LINES)
        ).all()
        steps = proof_steps(session, row)
    return render_template(
        "connector.html", row=view(row, grant, wiring.clock().now(), wiring.outside().apps),
        form=filled, log=log, operators_app=row.provider in wiring.outside().apps,
        callback=_callback(row.number), mismatch=row.callback_url != _callback(row.number),
        login_url=_login_url(row), findings=_findings(),
        divisions=(row.last_test or {}).get("divisions", []),
        journals=_general_journals(master), proof_steps=steps,
        prove_url=url_for(".prove", number=row.number),
    )  # fmt: skip


def _login_url(row: Connector) -> str:
    """On the base address the way leads to the alias, where the login must start."""
    path = url_for("oauth.start", number=row.number)
    if g.on_alias:
        return path
    prefix = wiring.settings().prefix
    return addresses.public_url(wiring.settings(), g.company.alias, path.removeprefix(prefix))


def _findings() -> list[addresses.Finding]:
    forwarded = request.headers.get("X-Forwarded-Proto", request.scheme)
    seen = addresses.Seen(forwarded, request.host, request.script_root)
    return addresses.preflight(wiring.settings(), g.company.alias, seen if g.on_alias else None)


def _general_journals(master: Any) -> list[Any]:
    if master is None:
        return []
    found = [journal for journal in master.journals.values() if journal.type_code == GENERAL]
    return sorted(found, key=lambda journal: journal.code)
