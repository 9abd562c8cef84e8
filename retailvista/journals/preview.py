"""Preview of a journal: what a bookkeeper sees before letting it go.

Lines with where each account came from, what will be sent in the connector's VAT mode, what the
books are expected to hold afterwards, and every check as passed, failed or 'niet vast te stellen'.
Invariant: a check without data is unknown, never passed. Runs inside the caller's `db.reading`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista.companies.models import Store
from retailvista.connectors.masters import stored_master
from retailvista.connectors.models import Connector
from retailvista.connectors.port import MasterData
from retailvista.connectors.registry import provider_of
from retailvista.errors import Refused
from retailvista.journals import preview_checks
from retailvista.journals.drilling import journal_with_links
from retailvista.journals.entries import ledger_journal, vat_facts
from retailvista.journals.journal_rows import BUILT
from retailvista.journals.line_sources import source_of
from retailvista.journals.models import JournalLine, JournalRow
from retailvista.journals.prechecks import Target, findings
from retailvista.journals.preview_checks import PreviewCheck
from retailvista.journals.releasing import connector_of_journal
from retailvista.ledger import stored
from retailvista.ledger.journal import Journal
from retailvista.ledger.links import Links
from retailvista.ledger.problem import Problem


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A line as built. `source` is file, link, ledger or fallback; amounts in minor units."""

    nr: int
    side: str
    amount: int
    gl_code: str
    gl_name: str
    source: str
    description: str
    vat_code: str
    vat_amount: int
    vat_bp: int | None
    is_vat: bool
    cost_centre: str


@dataclass(frozen=True, slots=True)
class PreviewTarget:
    """Where the journal would go; `period` is year-period, empty while it is not known."""

    division_name: str
    journal_code: str
    period: str


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything the page of a journal shows before it is sent."""

    sequence: int
    kind: str
    store_code: str
    business_date: date
    currency: str
    debit: int
    credit: int
    receipts: int
    lines: tuple[PreviewLine, ...]
    connector_number: int | None
    vat_mode: str
    sent: tuple[stored.SentLine, ...]
    expected: stored.ExpectedStored | None
    checks: tuple[PreviewCheck, ...]
    problems: tuple[Problem, ...]
    no_connector: str = ""
    target: PreviewTarget | None = None
    # Whether these books could make the VAT lines themselves, from VAT codes.
    codes_make_vat: bool = True


def preview(session: Session, sequence: int) -> Preview:
    """The preview of a journal, by its number."""
    row = journal_with_links(session, sequence)
    store = session.scalars(select(Store.code).where(Store.id == row.store_id)).one()
    journal = ledger_journal(row, list(row.lines), store)
    connector, reason = _connector(session, row)
    master = stored_master(session, connector) if connector else None
    problems = _problems(journal, connector, master)
    sent, expected = _to_send(journal, connector, master)
    return Preview(
        sequence=sequence,
        kind=row.kind,
        store_code=store,
        business_date=row.business_date,
        currency=row.currency,
        debit=row.debit,
        credit=row.credit,
        receipts=row.receipts,
        lines=_lines(row, master),
        connector_number=connector.number if connector else None,
        vat_mode=connector.vat_mode if connector else "",
        sent=sent,
        expected=expected,
        checks=preview_checks.all_checks(row, journal, problems, master),
        problems=tuple(problems),
        no_connector=reason,
        target=_target(row, connector, master),
        codes_make_vat=connector is None or stored.EXACT in provider_of(connector).vat_modes,
    )


def _target(
    row: JournalRow, connector: Connector | None, master: MasterData | None
) -> PreviewTarget | None:
    if connector is None:
        return None
    period = master.period_of(row.business_date) if master else None
    name = connector.division_name or str(connector.division or "–")
    shown = f"{period.year}-{period.period}" if period else ""
    return PreviewTarget(name, connector.journal_code, shown)


def _connector(session: Session, row: JournalRow) -> tuple[Connector | None, str]:
    if row.connector_id is not None and row.state != BUILT:
        own = select(Connector).where(Connector.id == row.connector_id)
        return session.scalars(own).one(), ""
    try:
        return connector_of_journal(session, row), ""
    except Refused as why:
        return None, str(why)


def _problems(
    journal: Journal, connector: Connector | None, master: MasterData | None
) -> list[Problem]:
    if connector is None or master is None:
        return []
    return findings(journal, Target(connector.journal_code, connector.vat_mode), master)


def _to_send(
    journal: Journal, connector: Connector | None, master: MasterData | None
) -> tuple[tuple[stored.SentLine, ...], stored.ExpectedStored | None]:
    """Nothing can be said before the division's VAT codes are known and fit."""
    if connector is None or master is None:
        return (), None
    facts = vat_facts(master)
    if connector.vat_mode == stored.EXACT and stored.check_vat_codes(journal, facts):
        return (), None
    sent = stored.sent_lines(journal, connector.vat_mode, facts)
    return sent, stored.expected_stored(journal, connector.vat_mode, facts)


def _lines(row: JournalRow, master: MasterData | None) -> tuple[PreviewLine, ...]:
    links = Links.from_json(row.links) if row.links else Links()
    return tuple(_line(line, links, master) for line in row.lines)


def _line(line: JournalLine, links: Links, master: MasterData | None) -> PreviewLine:
    account: Any = master.gl_accounts.get(line.gl_code) if master else None
    return PreviewLine(
        nr=line.nr,
        side=line.side,
        amount=line.amount,
        gl_code=line.gl_code,
        gl_name=account.name if account else "",
        source=source_of(line.key, links) if line.key else "",
        description=line.description,
        vat_code=line.vat_code,
        vat_amount=line.vat_amount,
        vat_bp=line.vat_bp,
        is_vat=line.is_vat,
        cost_centre=line.cost_centre,
    )
