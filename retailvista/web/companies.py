"""Extra > Companies: the company's own data, alias, licences, recipients, stores and users.

A person sees the companies he is a member of; only the one whose address is open can be changed.
Licences are shown here and changed by the operator alone: nobody gives himself one.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import (
    DateField,
    SelectField,
    StringField,
    TextAreaField,
    validators,
)

from retailvista.companies import addresses, people, registering
from retailvista.companies.models import LICENCES, Company, Membership
from retailvista.companies.scope import across_companies
from retailvista.connectors.models import Connector
from retailvista.errors import NotFound, Refused
from retailvista.ledger.vat import COUNTRIES
from retailvista.web import wiring
from retailvista.web.access import ADMINISTRATOR, VIEWER, allow
from retailvista.web.forms import PageForm, choices
from retailvista.web.languages import LANGUAGES
from retailvista.web.tenancy import OpenCompany

screen = Blueprint("companies", __name__)


class CompanyForm(PageForm):
    """The fields of a company."""

    name = StringField(_l("Name"), [validators.InputRequired()])
    alias = StringField(_l("Alias (URL tag)"))
    language = SelectField(_l("Language"), choices=choices(LANGUAGES.items()))
    country = SelectField(_l("Country"), default="NL", choices=COUNTRIES)
    post_from = DateField(_l("Post from"), [validators.Optional()])
    warn = TextAreaField(_l("Who is warned by e-mail"))


@screen.get("/companies")
@allow(VIEWER)
def index() -> str:
    with wiring.reading() as session, across_companies():
        mine = select(Membership.company_id).where(Membership.user_id == g.login.user_id)
        found = list(
            session.scalars(select(Company).where(Company.id.in_(mine)).order_by(Company.number))
        )
    return render_template("companies.html", companies=found, url_of=_url_of)


def _url_of(company: Company | OpenCompany) -> str:
    return addresses.public_url(wiring.settings(), company.alias)


@screen.get("/companies/<int:number>")
@allow(VIEWER)
def page(number: int) -> str:
    company = _own(number)
    with wiring.reading() as session:
        filled = CompanyForm(
            obj=company,
            warn="\n".join(row.email for row in registering.recipients_of(session)),
        )
    return _page(company, filled)


@screen.post("/companies/<int:number>")
@allow(ADMINISTRATOR)
def save(number: int) -> str | Response | tuple[str, int]:
    company, filled = _own(number), CompanyForm(request.form)
    filled.alias.data = (filled.alias.data or "").strip().lower()
    if not filled.validate():
        return _page(company, filled), 400
    moved = filled.alias.data != (company.alias or "") and "confirmed" not in request.form
    if moved and company.alias and (affected := _affected(filled.alias.data)):
        return _page(company, filled, affected=affected)
    try:
        values = filled.values("name", "language", "country", "post_from")
        registering.change_company(
            wiring.session(), company.id, **values, alias=filled.alias.data or None,
            warn=(filled.warn.data or "").split(), actor=g.login.email,
        )  # fmt: skip
    except Refused as refused:
        filled.complain(_field_of(str(refused)), str(refused))
        return _page(company, filled), 400
    return redirect(_after(filled.alias.data, url_for(".page", number=number, done="saved")), 303)


def _after(alias: str, path: str) -> str:
    """The page again, at the new address when the alias has changed."""
    if not g.on_alias or alias == g.company.alias:
        return path
    prefix = wiring.settings().prefix
    return addresses.public_url(wiring.settings(), alias or None, path.removeprefix(prefix))


def _field_of(message: str) -> str:
    if "alias" in message:
        return "alias"
    return "warn" if "e-mail" in message else "name"


def _affected(alias: str) -> list[dict[str, Any]]:
    """Connectors whose registered callback URL will not fit any more, with the new ones."""
    with wiring.reading() as session:
        found = session.scalars(
            select(Connector)
            .where(Connector.draft.is_(False), Connector.deleted_at.is_(None))
            .order_by(Connector.number)
        )
        return [{"connector": row, "url": _callback(alias, row.number)} for row in found]


def _callback(alias: str, number: int) -> str:
    return addresses.callback_url(wiring.settings(), alias, number) if alias else ""


def _page(company: OpenCompany, filled: CompanyForm, affected: list[Any] | None = None) -> str:
    with wiring.reading() as session:
        stores = registering.stores_of(session)
        members = people.members(session)
        connectors = {row.id: row for row in session.scalars(select(Connector))}
        held = registering.licences_of(session)
    return render_template(
        "company.html", form=filled, edited=company, stores=stores, members=members,
        licences=[(name, name in held) for name in LICENCES],
        connectors=connectors, affected=affected or [], url=_url_of(company),
        base=addresses.public_url(wiring.settings(), None), instance=wiring.settings().instance,
    )  # fmt: skip


def _own(number: int) -> OpenCompany:
    """The company that is open. Another one, also one the person knows, is not found here."""
    if g.company.number != number:
        raise NotFound
    company: OpenCompany = g.company
    return company
