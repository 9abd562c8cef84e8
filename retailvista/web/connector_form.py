"""The form of a connector: what a browser sends becomes values, and its page is made again.

Invariant: a secret or a token that was typed goes to the use case and never back into the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import g, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import BooleanField, PasswordField, SelectField, StringField, validators

from retailvista.companies import addresses
from retailvista.connectors import copying, field_variables
from retailvista.connectors.app_keys import uses_operators_app
from retailvista.connectors.connector_settings import ConnectorSettings
from retailvista.connectors.depending import FLOW_KIND, dependants_of
from retailvista.connectors.guidance import BASIC, FULL, NO_LOGIN, REFRESH, TOKEN
from retailvista.connectors.masters import stored_master
from retailvista.connectors.models import Connector, Grant, RequestLog
from retailvista.connectors.port import Provider
from retailvista.connectors.registry import provider_of, records_for
from retailvista.connectors.testing import TestResult
from retailvista.web import wiring
from retailvista.web.connector_steps import proof_steps
from retailvista.web.connector_view import view
from retailvista.web.forms import PageForm, choices

LOG_LINES = 20
GENERAL = 90  # Exact's type of a general journal (memoriaal)
MODE_WORDS = {
    FULL: _l("Log in here, renewed by itself (recommended)"),
    REFRESH: _l("Enter an access token and a refresh token; renewed by itself"),
    TOKEN: _l("Enter an access token; it is used until it ends"),
    NO_LOGIN: _l("No login"),
    BASIC: _l("User and password"),
}
VAT_WORDS = {
    "exact": _l("Exact makes the VAT lines from VAT codes"),
    "own": _l("RetailVista sends VAT lines, without codes"),
}
PLAIN = ("name", "site", "client_id", "callback_url", "journal_code", "vat_mode", "mode",
         "authorise_url", "token_url", "scope")  # fmt: skip
SECRETS = ("client_secret", "access_token", "refresh_token")


class ConnectorForm(PageForm):
    """The fields of a connector. The secret is empty when it stays as it is."""

    name = StringField(_l("Name"), [validators.Length(max=200)])
    site = StringField(_l("Base URL"), [validators.Length(max=400)])
    mode = SelectField(_l("Logging in"), choices=choices(MODE_WORDS.items()), validate_choice=False)
    client_id = StringField(_l("Client ID"), [validators.Length(max=400)])
    client_secret = PasswordField(_l("Client secret"), [validators.Length(max=400)])
    access_token = PasswordField(_l("Access token"), [validators.Length(max=10_000)])
    refresh_token = PasswordField(_l("Refresh token"), [validators.Length(max=10_000)])
    authorise_url = StringField(_l("Address to log in at"), [validators.Length(max=600)])
    token_url = StringField(_l("Address of the tokens"), [validators.Length(max=600)])
    scope = StringField(_l("Scope"), [validators.Length(max=600)])
    callback_url = StringField(_l("Callback URL"), [validators.Length(max=600)])
    journal_code = StringField(_l("Journal code"), [validators.Length(max=80)])
    vat_mode = SelectField(
        _l("VAT"),
        validate_choice=False,  # what may be chosen, the use case says
        choices=choices(VAT_WORDS.items()),
    )
    use_proxy = BooleanField(_l("Go by the proxy of this installation"))
    log_requests = BooleanField(_l("Keep a log of requests"))


@dataclass(slots=True)
class Shown:
    """The form and what stands beside it: rows of the table, complaints, the last trial."""

    form: ConnectorForm
    advanced: list[tuple[str, str]]
    advanced_open: bool = False
    advanced_errors: tuple[str, ...] = ()
    tried: TestResult | None = None
    try_errors: tuple[str, ...] = ()
    dirty: bool = False


def of_row(row: Connector, callback: str) -> Shown:
    """The form as the row has it."""
    settings, form = ConnectorSettings.of(row.settings), ConnectorForm(obj=row)
    for name in ("mode", "authorise_url", "token_url", "scope", "use_proxy"):
        form[name].data = getattr(settings, name)
    for name, text in settings.patterns.items():
        form[name].data = text
    if row.draft:
        provider = provider_of(row)
        with wiring.reading() as session:
            form.name.data = row.name or copying.free_name(session, provider.name)
        if not row.site and not row.settings:
            form.log_requests.data, form.mode.data = True, provider.modes[0]
        form.callback_url.data = callback
    if uses_operators_app(row, wiring.outside().apps):
        form.client_id.data = ""
    return Shown(form, list(settings.advanced.items()), bool(settings.advanced))


def of_request() -> Shown:
    """The form as the browser sent it, with what its small buttons ask for."""
    sent = request.form
    rows = list(zip(sent.getlist("advanced_name"), sent.getlist("advanced_value"), strict=False))
    rows = [(name.strip(), text.strip()) for name, text in rows if name.strip() or text.strip()]
    press = sent.get("press", "")
    if press.startswith("drop:"):
        rows = [row for row in rows if row[0] != press.removeprefix("drop:")]
    rows = [] if press == "clear" else rows
    is_open = press in ("more", "clear") or sent.get("advanced_open") == "yes"
    return Shown(ConnectorForm(sent), rows + [("", "")] * (press == "more"), is_open, dirty=True)


def values_of(shown: Shown) -> dict[str, Any]:
    """What the use cases take. Fields that the form did not send keep their values."""
    form, sent = shown.form, request.form
    values: dict[str, Any] = {
        name: (form[name].data or "").strip() for name in PLAIN if name in sent
    }
    values |= {name: form[name].data or "" for name in SECRETS}
    values["log_requests"] = form.log_requests.data
    values["clear_client_secret"] = sent.get("clear_secret") == "yes"
    if "mode" in sent:  # the whole form, and not a program that knows the older fields
        values["use_proxy"] = form.use_proxy.data
        values["advanced"] = {name: text for name, text in shown.advanced if name or text}
    return values


def page_of(row: Connector, shown: Shown) -> str:
    """The screen of one connector."""
    provider, outside, records = provider_of(row), wiring.outside(), records_for(row)
    with wiring.reading() as session:
        grant = session.scalar(select(Grant).where(Grant.id == (row.grant_id or 0)))
        master = stored_master(session, row) if row.division and provider.keeps_books else None
        log = session.scalars(
            select(RequestLog)
            .where(RequestLog.connector_id == row.id)
            .order_by(RequestLog.id.desc())
            .limit(LOG_LINES)
        ).all()
        steps = proof_steps(session, row, provider.name) if provider.keeps_books else []
        variables = field_variables.by_level(session, outside.variables, row.number)
        activities = [one for one in dependants_of(session, row) if one.kind == FLOW_KIND]
    callback = callback_of(row.number)
    shown.form.vat_mode.choices = choices([(mode, VAT_WORDS[mode]) for mode in provider.vat_modes])
    full = provider.modes[0] == FULL or shown.form.mode.data == FULL
    return render_template(
        "connector.html", row=view(row, grant, wiring.clock().now(), outside.apps),
        provider=provider, guidance=provider.guidance, shown=shown, form=shown.form, log=log,
        tried_words=_said(shown.tried),
        operators_app=row.provider in outside.apps, callback=callback,
        mismatch=full and row.callback_url != callback, login_url=login_url(row),
        findings=findings(), divisions=(row.last_test or {}).get("divisions", []),
        journals=_journals(master), proof_steps=steps, sites=sites_of(provider),
        modes=[(mode, MODE_WORDS[mode]) for mode in provider.modes],
        mode=shown.form.mode.data or FULL,
        stored_mode=provider.modes[0] if row.draft else ConnectorSettings.of(row.settings).mode,
        activities=activities, has_endpoints=bool(records and records.entities()),
        has_proxy=bool(wiring.settings().proxy_url), variables=variables,
        prove_url=url_for("connectors.prove", number=row.number),
    )  # fmt: skip


def _said(tried: TestResult | None) -> str:
    return gettext(tried.msgid, **tried.values) if tried else ""


def sites_of(provider: Provider) -> list[str]:
    hosts = [host for host in wiring.settings().provider_hosts if host.startswith("http")]
    return [*provider.sites, *hosts]


def callback_of(number: int) -> str:
    return addresses.callback_url(wiring.settings(), g.company.alias or "", number)


def login_url(row: Connector) -> str:
    """On the base address the way leads to the alias, where the login must start."""
    path = url_for("oauth.start", number=row.number)
    if g.on_alias:
        return path
    prefix = wiring.settings().prefix
    return addresses.public_url(wiring.settings(), g.company.alias, path.removeprefix(prefix))


def findings() -> list[addresses.Finding]:
    """Whether the provider can send people back to this address."""
    forwarded = request.headers.get("X-Forwarded-Proto", request.scheme)
    seen = addresses.Seen(forwarded, request.host, request.script_root)
    return addresses.preflight(wiring.settings(), g.company.alias, seen if g.on_alias else None)


def _journals(master: Any) -> list[Any]:
    if master is None:
        return []
    found = [journal for journal in master.journals.values() if journal.type_code == GENERAL]
    return sorted(found, key=lambda journal: journal.code)
