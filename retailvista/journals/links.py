"""The company's ledger links: reading, setting, proposing (Initialise), importing, what lacks.

Invariants: Initialise adds what is missing and never overwrites; an import with a mistake stores
nothing; every change is audited. Reading functions run inside the caller's `db.reading`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies import audit
from retailvista.companies.models import Company, Store
from retailvista.companies.scope import scoped_company_id
from retailvista.errors import NotFound
from retailvista.journals.link_rules import checked_link, read_links
from retailvista.journals.missing import Missing, missing
from retailvista.journals.models import LedgerLink
from retailvista.journals.seen import Seen, seen_in_files
from retailvista.journals.starting_links import STANDARD_PAYMENTS, VAT_LINKS, proposed_links
from retailvista.ledger.link_rows import KINDS, VAT, LinkRow, links_of_rows
from retailvista.ledger.links import Links
from retailvista.ledger.problem import Problem


@dataclass(frozen=True, slots=True)
class Initialised:
    """What Initialise did: the links it added, and how many proposals were there already."""

    added: tuple[LinkRow, ...]
    kept: int


@dataclass(frozen=True, slots=True)
class LinksImported:
    """What an import did; with problems nothing was stored."""

    changed: int
    same: int
    problems: tuple[Problem, ...] = ()


def links_of(session: Session) -> Links:
    """The links of the company in scope, as the ledger wants them."""
    return links_of_rows(list_links(session))


def list_links(session: Session) -> list[LinkRow]:
    """Every link in a fixed order: kind, code, sales type, VAT."""
    rows = session.execute(
        select(
            LedgerLink.kind,
            LedgerLink.code,
            LedgerLink.gl_code,
            LedgerLink.sales_type,
            LedgerLink.vat,
            LedgerLink.name,
        )
    )
    found = [LinkRow(*row) for row in rows]
    return sorted(found, key=lambda r: (KINDS.index(r.kind), r.code, r.sales_type, r.vat))


def set_link(  # noqa: PLR0913, PLR0917 - the key of a link alone has four parts
    session: Session,
    kind: str,
    code: str,
    sales_type: str,
    vat: str,
    gl_code: str,
    actor: str,
    name: str = "",
) -> LinkRow:
    """Add a link or change its G/L code. For kind vat, `vat` is the VAT code of the books."""
    row = checked_link(LinkRow(kind, code, gl_code, sales_type, vat, name))
    with db.transaction(session):
        _store(session, row, actor)
        audit.record(session, actor, "link.set", f"{row.kind} {row.code}".strip(), link=list(row))
    return row


def remove_link(
    session: Session, kind: str, code: str, sales_type: str, vat: str, actor: str
) -> None:
    """Take a link away; journals keep their own snapshot."""
    with db.transaction(session):
        found = _stored(session, LinkRow(kind, code, "", sales_type, vat))
        if found is None:
            raise NotFound(f"There is no link {kind} {code} {sales_type} {vat}.".replace("  ", " "))
        session.delete(found)
        audit.record(session, actor, "link.removed", f"{kind} {code}", gl_code=found.gl_code)


def _stored(session: Session, row: LinkRow) -> LedgerLink | None:
    """A VAT rate has one link: its `vat` is a value, for groups it is part of the key."""
    query = select(LedgerLink).where(
        LedgerLink.kind == row.kind,
        LedgerLink.code == row.code,
        LedgerLink.sales_type == row.sales_type,
    )
    if row.kind != VAT:
        query = query.where(LedgerLink.vat == row.vat)
    return session.scalars(query).one_or_none()


def _store(session: Session, row: LinkRow, actor: str) -> bool:
    """True when the link is new or changed."""
    found = _stored(session, row)
    if found is None:
        found = LedgerLink(
            kind=row.kind, code=row.code, sales_type=row.sales_type, vat=row.vat, gl_code=""
        )
        session.add(found)
    elif (found.gl_code, found.vat) == (row.gl_code, row.vat):
        found.name = row.name or found.name
        return False
    found.gl_code, found.vat = row.gl_code, row.vat
    found.name = row.name or found.name or ""
    found.changed_by, found.changed_at = actor, db.now(session)
    return True


def initialise(session: Session, actor: str) -> Initialised:
    """Propose links for what till files use so far, add what is missing, overwrite nothing.

    Before any file is there it adds the standard payments, the VAT rates and the rounding.
    """
    with db.transaction(session):
        proposals = _proposals(session, seen_in_files(session))
        missing = [row for row in proposals if _stored(session, row) is None]
        for row in missing:
            _store(session, row, actor)
        subject = f"{len(missing)} links added"
        audit.record(session, actor, "links.initialised", subject, added=[*map(list, missing)])
    return Initialised(tuple(missing), len(proposals) - len(missing))


def _proposals(session: Session, seen: Seen) -> list[LinkRow]:
    countries = set(session.scalars(select(Store.country)))
    if not countries:
        own = select(Company.country).where(Company.id == scoped_company_id())
        countries.update(session.scalars(own))
    payments = {code: ("", code) for code in STANDARD_PAYMENTS} | seen.payment_types
    found: dict[LinkRow, None] = {}
    for country in sorted(countries):
        rates = seen.vat_rates | set(VAT_LINKS.get(country, {}))
        for row in proposed_links(country, seen.groups, payments, rates):
            found[checked_link(row)] = None
    return list(found)


def import_links(session: Session, text: str, actor: str) -> LinksImported:
    """Set every link of a CSV text. One wrong line, named by its number, stores nothing."""
    rows, problems = read_links(text)
    if problems:
        return LinksImported(0, 0, tuple(problems))
    with db.transaction(session):
        changed = sum(_store(session, row, actor) for row in rows)
        audit.record(session, actor, "links.imported", f"{changed} links", links=[*map(list, rows)])
    return LinksImported(changed, len(rows) - changed)


def missing_links(session: Session) -> list[Missing]:
    """Which links the files that were read need and the company has not, most used first."""
    return missing(links_of(session), seen_in_files(session))
