"""The stores of the company: one form for a new one and for changing one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField, TextAreaField, validators

from retailvista.companies import registering
from retailvista.companies.models import Store
from retailvista.connectors.models import Connector
from retailvista.errors import NotFound, Refused
from retailvista.ledger.vat import COUNTRIES
from retailvista.web import wiring
from retailvista.web.access import ADMINISTRATOR, VIEWER, allow
from retailvista.web.forms import PageForm, choices

screen = Blueprint("stores", __name__)
STEPS = [
    ("0", "0,00"),
    ("1", "0,01"),
    ("5", "0,05"),
    ("10", "0,10"),
    ("50", "0,50"),
    ("100", "1,00"),
]


class StoreForm(PageForm):
    """The fields of a store."""

    code = StringField(_l("Code"), [validators.InputRequired(), validators.Length(max=20)])
    name = StringField(_l("Name"), [validators.InputRequired(), validators.Length(max=120)])
    currency = SelectField(_l("Currency"), choices=["EUR", "NOK", "DKK", "GBP"])
    country = SelectField(_l("Country"), default="NL", choices=COUNTRIES)
    zone = StringField(_l("Time zone"), [validators.InputRequired()], default="Europe/Amsterdam")
    rounding_step = SelectField(_l("Cash rounding step"), choices=choices(STEPS), default="5")
    cost_centre = StringField(_l("Cost centre"), [validators.Length(max=20)])
    connector = SelectField(_l("Connector it posts to"))
    till_locations = TextAreaField(_l("Names of this store in till files"))


@screen.get("/stores/new")
@allow(ADMINISTRATOR)
def new() -> str:
    return _page(StoreForm(), None)


@screen.post("/stores/new")
@allow(ADMINISTRATOR)
def add() -> str | Response | tuple[str, int]:
    filled = _filled()
    if not filled.validate():
        return _page(filled, None), 400
    try:
        values = filled.values("code", "name", "currency", "zone", "country", "cost_centre")
        registering.add_store(wiring.session(), **values, **_chosen(filled), actor=g.login.email)
    except Refused as refused:
        filled.complain("code", str(refused))
        return _page(filled, None), 400
    return redirect(_back(), 303)


@screen.get("/stores/<code>")
@allow(VIEWER)
def page(code: str) -> str:
    store = _store(code)
    with wiring.reading() as session:
        locations = registering.till_locations_of(session, store.id)
    filled = StoreForm(
        obj=store,
        connector=str(store.connector_id or ""),
        rounding_step=str(store.rounding_step),
        till_locations="\n".join(locations),
    )
    filled.rounding_step.data = str(store.rounding_step)
    return _page(filled, store)


@screen.post("/stores/<code>")
@allow(ADMINISTRATOR)
def save(code: str) -> str | Response | tuple[str, int]:
    store, filled = _store(code), _filled()
    # These three stay: receipts were read with them.
    filled.code.data, filled.currency.data, filled.country.data = (
        store.code, store.currency, store.country)  # fmt: skip
    if not filled.validate():
        return _page(filled, store), 400
    try:
        values = filled.values("name", "zone", "cost_centre")
        registering.change_store(
            wiring.session(), code, **values, **_chosen(filled), actor=g.login.email
        )
    except Refused as refused:
        filled.complain("name", str(refused))
        return _page(filled, store), 400
    return redirect(_back(), 303)


def _filled() -> StoreForm:
    filled = StoreForm(request.form)
    filled.connector.choices = choices(_connectors())
    return filled


def _chosen(filled: StoreForm) -> dict[str, Any]:
    return {
        "rounding_step": int(filled.rounding_step.data),
        "connector_id": int(filled.connector.data) if filled.connector.data else None,
        "till_locations": (filled.till_locations.data or "").splitlines(),
    }


def _connectors() -> list[tuple[str, str]]:
    with wiring.reading() as session:
        rows = session.scalars(
            select(Connector)
            .where(Connector.draft.is_(False), Connector.deleted_at.is_(None))
            .order_by(Connector.number)
        )
        named = [(str(row.id), f"{row.number} · {row.name}") for row in rows]
    return [("", _("the only connector of the company")), *named]


def _store(code: str) -> Store:
    with wiring.reading() as session:
        return registering.store_by_code(session, code)


def _page(filled: StoreForm, store: Store | None) -> str:
    filled.connector.choices = choices(_connectors())
    return render_template("store.html", form=filled, store=store)


def _back() -> str:
    if g.company is None:
        raise NotFound
    return url_for("companies.page", number=g.company.number, done="saved") + "#stores"
