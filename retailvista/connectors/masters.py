"""The stored copy of master data: one JSON document per company, site and division.

Invariant: reading back a stored document gives the same MasterData that was stored.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista.connectors.models import Connector, MasterCopy
from retailvista.connectors.port import (
    BooksVatCode,
    GlAccount,
    JournalCode,
    MasterData,
    Period,
)


def stored_master(session: Session, connector: Connector) -> MasterData | None:
    """The last copy for the connector's division, of any age. The caller's transaction."""
    if connector.division is None:
        return None
    return stored_for(session, connector.site, connector.division)


def stored_for(session: Session, site: str, division: int) -> MasterData | None:
    """The last copy of a division."""
    copy = _copy(session, site, division)
    return None if copy is None else from_document(copy.document)


def store(session: Session, site: str, master: MasterData) -> None:
    """Keep a fetched copy. The caller's transaction."""
    copy = _copy(session, site, master.division)
    if copy is None:
        copy = MasterCopy(site=site, division=master.division)
        session.add(copy)
    copy.fetched_at = master.fetched_at
    copy.document = to_document(master)


def _copy(session: Session, site: str, division: int) -> MasterCopy | None:
    return session.scalar(
        select(MasterCopy)
        .where(MasterCopy.site == site, MasterCopy.division == division)
        .execution_options(populate_existing=True)
    )


def to_document(master: MasterData) -> dict[str, Any]:
    """JSON: dates as ISO texts, sets as sorted lists."""
    return {
        "division": master.division,
        "currency": master.currency,
        "fetched_at": master.fetched_at.isoformat(),
        "gl_accounts": [asdict(account) for account in master.gl_accounts.values()],
        "journals": [asdict(journal) for journal in master.journals.values()],
        "vat_codes": [_vat_document(code) for code in master.vat_codes.values()],
        "cost_centres": sorted(master.cost_centres),
        "periods": [
            [p.year, p.period, p.start.isoformat(), p.end.isoformat(), sorted(p.closed_for)]
            for p in master.periods
        ],
    }


def from_document(document: dict[str, Any]) -> MasterData:
    """The value of a stored document."""
    accounts = [GlAccount(**row) for row in document["gl_accounts"]]
    journals = [JournalCode(**row) for row in document["journals"]]
    codes = [_vat_code(row) for row in document["vat_codes"]]
    return MasterData(
        division=document["division"],
        currency=document["currency"],
        fetched_at=datetime.fromisoformat(document["fetched_at"]),
        gl_accounts={account.code: account for account in accounts},
        journals={journal.code: journal for journal in journals},
        vat_codes={code.code: code for code in codes},
        cost_centres=frozenset(document["cost_centres"]),
        periods=tuple(
            Period(year, period, _day(start), _day(end), frozenset(closed))
            for year, period, start, end, closed in document["periods"]
        ),
    )


def _vat_document(code: BooksVatCode) -> dict[str, Any]:
    dated = [
        [start.isoformat(), until.isoformat() if until else None, percent]
        for start, until, percent in code.dated
    ]
    return {**asdict(code), "dated": dated}


def _vat_code(row: dict[str, Any]) -> BooksVatCode:
    dated = tuple(
        (_day(start), _day(until) if until else None, percent)
        for start, until, percent in row["dated"]
    )
    return BooksVatCode(**{**row, "dated": dated})


def _day(text: str) -> date:
    return date.fromisoformat(text)
