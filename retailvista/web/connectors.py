"""Extra > Connectors: the list and the one screen of a connector, from first draft to deletion.

The number is reserved before the screen opens, so the callback URL on it is right before the
first save. Secrets go in and never come out again.
"""

from __future__ import annotations

from flask import Blueprint, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from retailvista.companies import registering as companies
from retailvista.connectors import copying, depending, registering, trying, warehouses
from retailvista.connectors.connector_settings import ConnectorSettings
from retailvista.connectors.depending import Dependant, dependants_of
from retailvista.connectors.fields import FieldProblem
from retailvista.connectors.masters import stored_master
from retailvista.connectors.models import Connector, Grant
from retailvista.connectors.registry import PROVIDERS, provider_of
from retailvista.errors import Refused
from retailvista.journals.numbering import sending_locked
from retailvista.web import connector_form, warehouse, wiring
from retailvista.web.access import ADMINISTRATOR, BOOKKEEPER, VIEWER, allow
from retailvista.web.asking import ask_for
from retailvista.web.connector_form import Shown, callback_of, page_of, values_of
from retailvista.web.connector_view import view, views
from retailvista.web.numbers import whole

screen = Blueprint("connectors", __name__)
# Without a provider a form of the first days means this one.
FIRST_PROVIDER = "exact-online"
# Presses that answer with the same form once more, and store nothing.
ONCE_MORE = ("look", "more", "clear")


@screen.get("/connectors")
@allow(VIEWER)
def index() -> str:
    with wiring.reading() as session:
        rows = views(session, wiring.clock().now(), wiring.outside().apps)
        licensed = any(
            not one.licence or companies.has_licence(session, one.licence)
            for one in PROVIDERS.values()
            if one.keeps_books
        )
        locked = sending_locked(session)
    return render_template("connectors.html", rows=rows, licensed=licensed, locked=locked)


@screen.post("/connectors")
@allow(ADMINISTRATOR)
def add() -> Response:
    """A draft of the provider that was chosen."""
    provider = request.form.get("provider") or FIRST_PROVIDER
    if provider == warehouses.PROVIDER:
        made = warehouse.reserve()
    else:
        made = registering.reserve(wiring.session(), provider, g.login.email)
    return redirect(url_for(".page", number=made.number), 303)


@screen.get("/connectors/<int:number>")
@allow(VIEWER)
def page(number: int) -> str:
    row = _row(number)
    if warehouse.is_warehouse(row):
        return warehouse.show(row)
    return page_of(row, connector_form.of_row(row, callback_of(number)))


@screen.post("/connectors/<int:number>")
@allow(ADMINISTRATOR)
def save(number: int) -> Response | str | tuple[str, int]:
    row, press = _row(number), request.form.get("press", "save")
    is_new = row.draft
    if warehouse.is_warehouse(row):
        return warehouse.save(row)
    shown = connector_form.of_request()
    if press in ONCE_MORE or press.startswith("drop:"):
        return page_of(row, shown)
    if press == "discard":
        return _discarded(row, shown)
    if not shown.form.validate():
        return page_of(row, shown), 400
    if press == "try":
        return _tried(row, shown)
    problems = registering.save(
        wiring.session(), wiring.outside().vault, number, values_of(shown), g.login.email,
        provider_hosts=wiring.settings().provider_hosts, computed_callback=callback_of(number),
        apps=wiring.outside().apps, variables=wiring.outside().variables,
    )  # fmt: skip
    if _complained(shown, problems):
        return page_of(row, shown), 400
    if request.form.get("had_token") == "yes" and not request.form.get("api_token", "").strip():
        registering.empty_token(wiring.session(), number, g.login.email)
    if is_new and not provider_of(row).keeps_books:
        # What the service has is told by its test: flows can choose from it then.
        ask_for("test", str(number), connector=number)
    if press == "close":
        return redirect(url_for(".index", done="saved"), 303)
    return redirect(url_for(".page", number=number, done="saved"), 303)


def _complained(shown: Shown, problems: list[FieldProblem]) -> bool:
    """Put each problem at its field; whether one of them keeps it from being used."""
    said = []
    for problem in problems:
        text = gettext(problem.msgid, **problem.values) if problem.values else problem.msgid
        if problem.field.startswith("advanced") or problem.field == "division":
            said.append(text)
            shown.advanced_open = True
        else:
            shown.form.complain(problem.field, text)
    shown.advanced_errors = tuple(said)
    return any(not problem.is_warning for problem in problems)


def _tried(row: Connector, shown: Shown) -> str:
    """Test with what stands on the screen; nothing of it is stored."""
    outside = wiring.outside()
    result, problems = trying.try_values(
        outside, row.number, values_of(shown), callback_of(row.number)
    )
    if _complained(shown, problems):
        shown.try_errors = (
            tuple(error for field in shown.form for error in field.errors) + shown.advanced_errors
        )
    shown.tried = result
    return page_of(row, shown)


def _discarded(row: Connector, shown: Shown) -> Response | str:
    """Close without saving: asked again when something would be lost."""
    if request.form.get("sure") != "yes" and _changed(row, shown):
        return render_template(
            "connector_discard.html", number=row.number, name=row.name, names=_names(shown)
        )
    return redirect(url_for(".index"), 303)


def _names(shown: Shown) -> dict[str, str]:
    """What was entered apart from secrets, so that somebody may go on."""
    return {name: str(text) for name, text in values_of(shown).items() if isinstance(text, str)
            and name not in connector_form.SECRETS}  # fmt: skip


def _changed(row: Connector, shown: Shown) -> bool:
    values, settings = values_of(shown), ConnectorSettings.of(row.settings)
    stored = connector_form.of_row(row, callback_of(row.number))
    texts = {name: (stored.form[name].data or "").strip() for name in connector_form.PLAIN}
    if any(values.get(name) for name in (*connector_form.SECRETS, "clear_client_secret")):
        return True
    if bool(values["log_requests"]) != bool(stored.form.log_requests.data):
        return True
    if "mode" in request.form and (
        bool(values["use_proxy"]) != settings.use_proxy
        or values["advanced"] != dict(settings.advanced)
    ):
        return True
    return any(name in values and values[name] != text for name, text in texts.items())


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


@screen.get("/connectors/<int:number>/dependencies")
@allow(VIEWER)
def dependencies(number: int) -> str:
    return _dependencies(_row(number))


@screen.post("/connectors/<int:number>/copy")
@allow(ADMINISTRATOR)
def copy(number: int) -> Response:
    row = _row(number)
    if warehouse.is_warehouse(row):
        raise Refused("A warehouse is not copied: add another one.")
    made = copying.copy(wiring.session(), number, g.login.email)
    return redirect(url_for(".page", number=made.number, done="copied"), 303)


@screen.post("/connectors/<int:number>/delete")
@allow(ADMINISTRATOR)
def remove(number: int) -> Response | tuple[str, int]:
    """Deleted for good, unless something still needs it: then that is shown, with the way there."""
    row = _row(number)
    with wiring.reading() as session:
        needed = dependants_of(session, row)
    if needed:
        return _dependencies(row, refused=True), 409
    registering.remove(wiring.session(), number, g.login.email)
    return redirect(url_for(".index", done="removed"), 303)


def _dependencies(row: Connector, *, refused: bool = False) -> str:
    with wiring.reading() as session:
        found = [(one, _link(one)) for one in dependants_of(session, row)]
    return render_template(
        "connector_needed.html", number=row.number, name=row.name, found=found, refused=refused
    )


def _link(one: Dependant) -> str:
    match one.kind:
        case depending.STORE | depending.DEFAULT_STORE:
            return url_for("stores.page", code=one.key)
        case depending.FLOW_KIND:
            return url_for("flows.page", number=int(one.key))
        case depending.FEED_KIND:
            return url_for("feeds.page", number=int(one.key))
        case depending.WEBHOOK:
            return url_for("webhooks.page", number=int(one.key))
    return url_for("journals.index")


def _row(number: int) -> Connector:
    with wiring.reading() as session:
        return registering.connector_by_number(session, number)
