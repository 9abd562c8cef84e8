"""The receipts and Z reports of a store day, as values of the ledger.

Invariant: only receipts of files that were read to the end are seen.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from retailvista.companies.countries import check_country
from retailvista.companies.models import Store
from retailvista.journals.models import JournalRow, ReceiptRow, StoreDay, TillFile, ZReportRow
from retailvista.ledger.checks import StoreFacts
from retailvista.ledger.declaration import Declaration, ZReport
from retailvista.ledger.receipt import Receipt

RUNS_MAX = 200  # runs of ids per query


@dataclass(frozen=True, slots=True)
class StoreRef:
    """What building needs to know of a store."""

    id: int
    code: str
    country: str
    currency: str
    rounding_step: int
    cost_centre: str

    @classmethod
    def of(cls, store: Store) -> StoreRef:
        return cls(
            store.id,
            store.code,
            store.country,
            store.currency,
            store.rounding_step,
            store.cost_centre,
        )

    @property
    def facts(self) -> StoreFacts:
        """What the checks need. Refused for a store of a country whose VAT rates are not known."""
        check_country(self.country)
        return StoreFacts(self.country, self.currency, self.rounding_step)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Reading a day makes many values and no cycles; looking for cycles takes a third of it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def is_read() -> ColumnElement[bool]:
    """Condition on receipts: their file was read to the end."""
    return ReceiptRow.file_id.in_(select(TillFile.id).where(TillFile.state == "read"))


def free_or_in(journal_ids: Iterable[int]) -> ColumnElement[bool]:
    """Condition on receipts: in no journal, or in one of these that may still be rebuilt."""
    return or_(ReceiptRow.journal_id.is_(None), ReceiptRow.journal_id.in_(list(journal_ids)))


def receipt_ids(session: Session, store_id: int, on: date, unsent: Iterable[int]) -> list[int]:
    """Ids of the receipts that a build of this day would take, in their order."""
    return list(
        session.scalars(
            select(ReceiptRow.id)
            .where(
                ReceiptRow.store_id == store_id,
                ReceiptRow.business_date == on,
                free_or_in(unsent),
                is_read(),
            )
            .order_by(ReceiptRow.id)
        )
    )


def receipts_to_build(
    session: Session, store: StoreRef, on: date, unsent: Iterable[int]
) -> tuple[list[int], list[Receipt]]:
    """The same receipts with their content."""
    rows = session.execute(
        select(ReceiptRow.id, ReceiptRow.content)
        .where(
            ReceiptRow.store_id == store.id,
            ReceiptRow.business_date == on,
            free_or_in(unsent),
            is_read(),
        )
        .order_by(ReceiptRow.id)
    ).all()
    ids = [row[0] for row in rows]
    return ids, [Receipt.from_row(store.code, row[1]) for row in rows]


def receipts_of_day(session: Session, store: StoreRef, on: date) -> list[Receipt]:
    """Every receipt of the day, also those that are in the books already."""
    rows = session.scalars(
        select(ReceiptRow.content)
        .where(ReceiptRow.store_id == store.id, ReceiptRow.business_date == on, is_read())
        .order_by(ReceiptRow.id)
    )
    return [Receipt.from_row(store.code, content) for content in rows]


def runs_of(ids: Iterable[int]) -> list[list[int]]:
    """Ids as runs without gaps; receipts of one day mostly came in one go.

    >>> runs_of([7, 3, 4, 5])
    [[3, 5], [7, 7]]
    """
    runs: list[list[int]] = []
    for number in sorted(ids):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return runs


def receipts_of_journal(session: Session, journal_id: int, store_code: str) -> list[Receipt]:
    """Every receipt that a journal was built from, also when it was withdrawn or reversed."""
    runs = session.scalars(select(JournalRow.receipt_runs).where(JournalRow.id == journal_id)).one()
    found: list[Receipt] = []
    for start in range(0, len(runs), RUNS_MAX):
        within = [ReceiptRow.id.between(*run) for run in runs[start : start + RUNS_MAX]]
        rows = session.scalars(
            select(ReceiptRow.content).where(or_(*within)).order_by(ReceiptRow.id)
        )
        found += [Receipt.from_row(store_code, row) for row in rows]
    return found


def declaration_of(store: StoreRef, on: date, receipts: list[Receipt]) -> Declaration:
    """The declaration that these receipts make."""
    return Declaration(store.code, on, tuple(receipts), currency=store.currency)


def z_reports_around(session: Session, store_id: int, on: date) -> list[ZReport]:
    """Z reports made on a day, each register's with the one before it."""
    made = session.scalars(
        select(ZReportRow.content).where(ZReportRow.store_id == store_id, ZReportRow.on == on)
    ).all()
    found = [ZReport.from_row(content) for content in made]
    for register in {report.register for report in found}:
        before = session.scalars(
            select(ZReportRow.content)
            .where(
                ZReportRow.store_id == store_id,
                ZReportRow.register == register,
                ZReportRow.on < on,
            )
            .order_by(ZReportRow.on.desc(), ZReportRow.id.desc())
            .limit(20)
        )
        earlier = [ZReport.from_row(content) for content in before]
        if earlier:
            found.append(max(earlier, key=lambda report: (report.at, report.number)))
    return found


def receipts_since(
    session: Session, store: StoreRef, after: dict[str, str], before: date
) -> list[Receipt]:
    """Receipts of earlier days in windows that are still open: written after `after[register]`."""
    if not after:
        return []
    first = date.fromisoformat(min(after.values())[:10])
    days = session.execute(
        select(StoreDay.business_date, StoreDay.last_written).where(
            StoreDay.store_id == store.id,
            StoreDay.business_date >= first,
            StoreDay.business_date < before,
        )
    )
    found: list[Receipt] = []
    for on, written in days.all():
        wanted = [r for r, moment in after.items() if written.get(r, "") > moment]
        if wanted:
            rows = session.scalars(
                select(ReceiptRow.content).where(
                    ReceiptRow.store_id == store.id,
                    ReceiptRow.business_date == on,
                    ReceiptRow.register.in_(wanted),
                    is_read(),
                )
            )
            found += [Receipt.from_row(store.code, row) for row in rows]
    return [receipt for receipt in found if receipt.written > after[receipt.register]]
