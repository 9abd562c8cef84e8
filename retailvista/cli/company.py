"""company, store and user: who there is."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import click
from sqlalchemy import select

from retailvista import db as database
from retailvista.cli.program import ACTOR, in_company, json_option, open_outside, secret_from
from retailvista.companies import people, registering
from retailvista.companies.models import LICENCES, ROLES
from retailvista.companies.scope import company_scope
from retailvista.connectors.models import Connector
from retailvista.errors import NotFound, Refused


class Day(click.ParamType[date]):
    """A date as 2026-03-14."""

    name = "date"

    def convert(self, value: Any, param: Any, ctx: Any) -> date:
        """The date, or a usage error."""
        if isinstance(value, date):
            return value
        try:
            return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007  a date has no zone
        except ValueError:
            self.fail(f"{value!r} is not a date such as 2026-03-14.", param, ctx)


DAY = Day()


@click.group("company")
def company() -> None:
    """Companies."""


@company.command("add")
@click.argument("number", type=int)
@click.argument("name")
@click.option("--alias", required=True, help="The first part of its address.")
@click.option("--licence", "licences", multiple=True, type=click.Choice(LICENCES))
@click.option("--warn", "warn", multiple=True, help="Who is warned before a login expires.")
@click.option("--post-from", type=DAY, help="Nothing older is posted.")
@json_option
def add_company(
    number: int,
    name: str,
    alias: str,
    licences: tuple[str, ...],
    warn: tuple[str, ...],
    post_from: date | None,
) -> dict[str, Any]:
    """Register a company."""
    with open_outside(key=False) as outside, outside.sessions() as session:
        row = registering.add_company(
            session, number, name, alias, licences, warn, post_from=post_from, actor=ACTOR
        )
        return {
            "number": row.number,
            "name": row.name,
            "alias": row.alias,
            "licences": list(licences),
            "post_from": row.post_from,
        }


@company.command("licence")
@click.option("--company", "alias", required=True)
@click.option("--give", multiple=True, type=click.Choice(LICENCES))
@click.option("--withdraw", multiple=True, type=click.Choice(LICENCES))
@json_option
def change_licences(alias: str, give: tuple[str, ...], withdraw: tuple[str, ...]) -> dict[str, Any]:
    """Give or withdraw licences: the operator alone does that. Without options they are shown.

    Withdrawing one stops exports at once and loses nothing.
    """
    with in_company(alias) as (_outside, session, owner):
        with database.reading(session):
            held = set(registering.licences_of(session))
        wanted = (held | set(give)) - set(withdraw)
        if wanted != held:
            registering.set_licences(session, wanted, ACTOR)
        return {"number": owner.number, "alias": owner.alias, "licences": sorted(wanted)}


@company.command("list")
@json_option
def list_companies() -> list[dict[str, Any]]:
    """All companies."""
    with open_outside(key=False) as outside, outside.sessions() as session:
        shown = []
        with database.reading(session):
            for row in registering.all_companies(session):
                with company_scope(row.id):
                    licences = registering.licences_of(session)
                shown.append(
                    {
                        "number": row.number,
                        "name": row.name,
                        "alias": row.alias,
                        "licences": licences,
                        "post_from": row.post_from,
                    }
                )
        return shown


@click.group("store")
def store() -> None:
    """Stores of a company."""


@store.command("add")
@click.option("--company", "alias", required=True)
@click.argument("code")
@click.argument("name")
@click.option("--zone", default="Europe/Amsterdam", show_default=True)
@click.option("--currency", default="EUR", show_default=True)
@click.option("--country", default=None, help="Default: the company's.")
@click.option("--rounding-step", default="0.05", show_default=True, help="Of cash; 0 for none.")
@click.option("--connector", type=int, help="The connector it posts to.")
@click.option("--till-location", "locations", multiple=True, help="Its name in till files.")
@json_option
def add_store(  # noqa: PLR0913  the options of the command
    *,
    alias: str,
    code: str,
    name: str,
    zone: str,
    currency: str,
    country: str | None,
    rounding_step: str,
    connector: int | None,
    locations: tuple[str, ...],
) -> dict[str, Any]:
    """Add a store."""
    with in_company(alias) as (_outside, session, owner):
        row = registering.add_store(
            session,
            code,
            name,
            currency,
            zone,
            country or owner.country,
            rounding_step=_minor(rounding_step),
            connector_id=_connector_id(session, connector),
            till_locations=locations,
            actor=ACTOR,
        )
        return {
            "code": row.code,
            "name": row.name,
            "currency": row.currency,
            "zone": row.zone,
            "rounding_step": rounding_step,
            "connector": connector,
            "till_locations": list(locations),
        }


@store.command("list")
@click.option("--company", "alias", required=True)
@json_option
def list_stores(alias: str) -> list[dict[str, Any]]:
    """The stores of a company."""
    with in_company(alias) as (_outside, session, _owner), database.reading(session):
        return [
            {"code": row.code, "name": row.name, "currency": row.currency, "zone": row.zone}
            for row in registering.stores_of(session)
        ]


@click.group("user")
def user() -> None:
    """People and their roles."""


@user.command("add")
@click.option("--company", "alias", required=True)
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--first-name", default="")
@click.option("--last-name", default="")
@click.option("--password-stdin", is_flag=True, help="Else from RV_PASSWORD, else none.")
@json_option
def add_user(
    alias: str, email: str, role: str, first_name: str, last_name: str, password_stdin: bool
) -> dict[str, Any]:
    """Give a person a role; a person who exists keeps his own password."""
    with in_company(alias) as (_outside, session, owner):
        password = secret_from(password_stdin, "RV_PASSWORD", "password")
        added = people.add_user(
            session,
            email,
            role,
            password,
            first_name,
            last_name,
            actor=ACTOR,
            language=owner.language,
        )
        return {"email": added.user.email, "role": role, "new_person": added.new_person}


def _minor(text: str) -> int:
    try:
        step = Decimal(text)
    except InvalidOperation:
        raise Refused(f"{text!r} is not a rounding step such as 0.05.") from None
    if step * 100 != int(step * 100):
        raise Refused(f"{text!r} is not a rounding step such as 0.05.")
    return int(step * 100)


def _connector_id(session: Any, number: int | None) -> int | None:
    if number is None:
        return None
    with database.reading(session):
        found = session.scalar(
            select(Connector.id).where(Connector.number == number, Connector.deleted_at.is_(None))
        )
    if found is None:
        raise NotFound(f"There is no connector {number}.")
    return int(found)


COMMANDS: list[click.Command] = [company, store, user]
