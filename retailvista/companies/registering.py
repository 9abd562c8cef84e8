"""Companies, their licences, warning recipients and stores: made and changed here.

An alias is a DNS label of its own: unique, lower case, never a word the installation needs.
Nothing is posted before `post_from`. A withdrawn licence keeps its row, so nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies import audit
from retailvista.companies.addresses import check_alias
from retailvista.companies.countries import check_country
from retailvista.companies.models import (
    LICENCES,
    Company,
    Licence,
    Store,
    TillLocation,
    WarningRecipient,
)
from retailvista.companies.people import clean_email
from retailvista.companies.scope import company_scope
from retailvista.errors import NotFound, Refused

ROUNDING_STEPS = (0, 1, 5, 10, 50, 100)


def company_by_alias(session: Session, alias: str) -> Company | None:
    """The company served at this alias."""
    return session.scalar(select(Company).where(Company.alias == alias))


def company_by_number(session: Session, number: int) -> Company | None:
    """The company with this number, as typed at the base address."""
    return session.scalar(select(Company).where(Company.number == number))


def all_companies(session: Session) -> list[Company]:
    """Every company, in order of number."""
    return list(session.scalars(select(Company).order_by(Company.number)))


def add_company(  # noqa: PLR0913  the fields of the screen Companies
    session: Session,
    number: int,
    name: str,
    alias: str | None,
    licences: Iterable[str] = (),
    warn: Iterable[str] = (),
    *,
    post_from: date | None = None,
    actor: str = "cli",
    language: str = "nl",
    country: str = "NL",
) -> Company:
    """Register a company. Refused when the number or alias is taken or badly formed."""
    name = _clean_name(name)
    if not 1 <= number <= 99_999_999:
        raise Refused("A company number lies between 1 and 99999999.")
    if alias:
        check_alias(alias)
    with database.transaction(session):
        if company_by_number(session, number):
            raise Refused(f"There is already a company with number {number}.")
        _refuse_taken_alias(session, alias, None)
        company = Company(
            number=number,
            name=name,
            alias=alias or None,
            language=language,
            country=country,
            post_from=post_from,
            created_at=database.now(session),
        )
        session.add(company)
        session.flush()
        with company_scope(company.id):
            _write_licences(session, licences)
            _write_recipients(session, warn, language)
            audit.record(session, actor, "company added", f"company {number}", alias=alias)
            session.flush()
    return company


def change_company(  # noqa: PLR0913  the fields of the screen Companies
    session: Session,
    company_id: int,
    *,
    name: str,
    alias: str | None,
    language: str = "nl",
    country: str = "NL",
    post_from: date | None = None,
    warn: Iterable[str] | None = None,
    actor: str,
) -> Company:
    """Change a company; None for recipients leaves them as they are. Licences stay."""
    name = _clean_name(name)
    if alias:
        check_alias(alias)
    with company_scope(company_id), database.transaction(session):
        company = session.scalar(select(Company).where(Company.id == company_id))
        if company is None:
            raise NotFound("There is no such company.")
        _refuse_taken_alias(session, alias, company_id)
        before = {"name": company.name, "alias": company.alias, "post_from": str(company.post_from)}
        company.name, company.alias = name, alias or None
        company.language, company.country = language, country
        company.post_from = post_from
        if warn is not None:
            _write_recipients(session, warn, language)
        after = {"name": name, "alias": alias, "post_from": str(post_from)}
        audit.record(
            session, actor, "company changed", f"company {company.number}",
            before=before, after=after,
        )  # fmt: skip
    return company


def has_licence(session: Session, name: str) -> bool:
    """Whether the company in scope holds this licence now."""
    found = select(Licence.id).where(Licence.name == name, Licence.withdrawn_at.is_(None))
    return session.scalar(found) is not None


def licences_of(session: Session) -> list[str]:
    """The licences the company in scope holds now."""
    held = select(Licence.name).where(Licence.withdrawn_at.is_(None)).order_by(Licence.name)
    return list(session.scalars(held))


def set_licences(session: Session, names: Iterable[str], actor: str) -> None:
    """Give the company in scope exactly these licences; others are withdrawn, not deleted.

    Only the operator does: no screen of a company calls this.
    """
    with database.transaction(session):
        wanted = sorted(set(names))
        _write_licences(session, wanted)
        audit.record(session, actor, "licences set", "company", licences=wanted)


def recipients_of(session: Session) -> list[WarningRecipient]:
    """Who is warned in the company in scope."""
    return list(session.scalars(select(WarningRecipient).order_by(WarningRecipient.email)))


def stores_of(session: Session) -> list[Store]:
    """The stores of the company in scope, by code."""
    return list(session.scalars(select(Store).order_by(Store.code)))


def store_by_code(session: Session, code: str) -> Store:
    """The store with this code. Raises NotFound."""
    store = session.scalar(select(Store).where(Store.code == code))
    if store is None:
        raise NotFound(f"There is no store with code {code!r}.")
    return store


def till_locations_of(session: Session, store_id: int) -> list[str]:
    """The names in till files that stand for this store."""
    names = select(TillLocation.name).where(TillLocation.store_id == store_id)
    return list(session.scalars(names.order_by(TillLocation.name)))


def add_store(  # noqa: PLR0913  the fields of the screen Stores
    session: Session,
    code: str,
    name: str,
    currency: str = "EUR",
    zone: str = "Europe/Amsterdam",
    country: str = "NL",
    *,
    rounding_step: int = 5,
    cost_centre: str = "",
    connector_id: int | None = None,
    till_locations: Iterable[str] = (),
    actor: str,
) -> Store:
    """Add a store to the company in scope. `rounding_step` is in minor units: 5 is 0.05."""
    code = code.strip()
    if not code or len(code) > 20:
        raise Refused("A store code has 1 to 20 characters.")
    name = _clean_name(name)
    _check_store(currency, zone, rounding_step)
    check_country(country)
    with database.transaction(session):
        if session.scalar(select(Store.id).where(Store.code == code)):
            raise Refused(f"There is already a store with code {code!r}.")
        store = Store(
            code=code, name=name, currency=currency, zone=zone, country=country,
            rounding_step=rounding_step, cost_centre=cost_centre, connector_id=connector_id,
        )  # fmt: skip
        session.add(store)
        session.flush()
        _write_locations(session, store, till_locations)
        audit.record(session, actor, "store added", f"store {code}", name=name, currency=currency)
    return store


def change_store(  # noqa: PLR0913  the fields of the screen Stores
    session: Session,
    code: str,
    *,
    name: str,
    zone: str,
    rounding_step: int,
    cost_centre: str,
    connector_id: int | None,
    till_locations: Iterable[str],
    actor: str,
) -> Store:
    """Change a store. Code, currency and country stay: receipts were read with them."""
    name = _clean_name(name)
    with database.transaction(session):
        store = store_by_code(session, code)
        _check_store(store.currency, zone, rounding_step)
        store.name, store.zone, store.rounding_step = name, zone, rounding_step
        store.cost_centre, store.connector_id = cost_centre, connector_id
        _write_locations(session, store, till_locations)
        audit.record(session, actor, "store changed", f"store {code}", name=name)
    return store


def _clean_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 120:
        raise Refused("A name has 1 to 120 characters.")
    return name


def _check_store(currency: str, zone: str, rounding_step: int) -> None:
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise Refused(f"{currency!r} is not a currency code of three letters, such as EUR.")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Refused(f"{zone!r} is not a time zone, such as Europe/Amsterdam.") from error
    if rounding_step not in ROUNDING_STEPS:
        raise Refused("A rounding step is 0, 0.01, 0.05, 0.10, 0.50 or 1.00.")


def _refuse_taken_alias(session: Session, alias: str | None, own_id: int | None) -> None:
    holder = company_by_alias(session, alias) if alias else None
    if holder is not None and holder.id != own_id:
        raise Refused(f"The alias {alias!r} is taken; choose another one.")


def _write_licences(session: Session, names: Iterable[str]) -> None:
    wanted = {name.strip() for name in names if name.strip()}
    if unknown := sorted(wanted - set(LICENCES)):
        raise Refused(f"There is no licence {unknown[0]!r}. There is: {', '.join(LICENCES)}.")
    held = {row.name: row for row in session.scalars(select(Licence))}
    for name in wanted - held.keys():
        session.add(Licence(name=name))
    for name, row in held.items():
        if name in wanted:
            row.withdrawn_at = None
        elif row.withdrawn_at is None:
            row.withdrawn_at = database.now(session)
    session.flush()


def _write_recipients(session: Session, emails: Iterable[str], language: str) -> None:
    wanted = {clean_email(email) for email in emails if email.strip()}
    held = {row.email: row for row in session.scalars(select(WarningRecipient))}
    for email in sorted(wanted - held.keys()):
        session.add(WarningRecipient(email=email, language=language))
    for email, row in held.items():
        if email not in wanted:
            session.delete(row)
    session.flush()


def _write_locations(session: Session, store: Store, names: Iterable[str]) -> None:
    wanted = {" ".join(name.split()) for name in names if name.strip()}
    for row in session.scalars(select(TillLocation)):
        if row.name in wanted and row.store_id != store.id:
            raise Refused(f"The till location {row.name!r} already stands for another store.")
        if row.store_id == store.id:
            if row.name in wanted:
                wanted.discard(row.name)
            else:
                session.delete(row)
    for name in sorted(wanted):
        session.add(TillLocation(store_id=store.id, name=name))
    session.flush()
