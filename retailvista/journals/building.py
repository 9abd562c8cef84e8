"""Building: receipts of ready store days become journals; what is not sent can be taken back.

Invariants: what was released never changes: later receipts make a late journal (nagekomen); a
journal that was reversed frees its receipts only when a person asks to build its day again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies import audit
from retailvista.companies.language import company_language
from retailvista.companies.models import Store
from retailvista.errors import Refused
from retailvista.journals import declaring, journal_rows
from retailvista.journals.day_building import BuiltWith, build_day
from retailvista.journals.day_receipts import StoreRef
from retailvista.journals.journal_rows import BUILT, RELEASED
from retailvista.journals.links import links_of
from retailvista.journals.models import JournalRow, StoreDay
from retailvista.journals.reversing import reversal_of
from retailvista.journals.seen import names_of, seen_in_files
from retailvista.ledger.journal import DAY, LATE
from retailvista.ledger.problem import Problem, holding

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class BuiltJournal:
    """A journal that was built, as reported."""

    sequence: int
    kind: str
    store_code: str
    business_date: date
    debit: int
    currency: str


@dataclass(frozen=True, slots=True)
class DayProblem:
    """A finding about a store day."""

    store_code: str
    business_date: date
    problem: Problem

    def to_json(self) -> dict[str, Any]:
        day = {"store": self.store_code, "business_date": self.business_date.isoformat()}
        return day | self.problem.to_json()


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build made, and what holds the other days."""

    built: tuple[BuiltJournal, ...] = ()
    problems: tuple[DayProblem, ...] = ()


def build_journals(
    session: Session, until: date | None, actor: str, progress: Progress | None = None
) -> BuildResult:
    """Build every day that is ready, up to and including `until`."""
    declaring.refresh_days(session)
    with db.reading(session):
        links = links_of(session)
        names, language = names_of(seen_in_files(session)), company_language(session)
        shared = BuiltWith(links, links.to_json(), names, actor, language)
        days = _days_to_build(session, shared, until)
    built: list[BuiltJournal] = []
    problems: list[DayProblem] = []
    for done, (store, on) in enumerate(days, start=1):
        work, row = build_day(session, store, on, shared)
        problems += [DayProblem(store.code, on, p) for p in holding(work.problems)]
        if row is not None:
            kind, debit = row.kind, row.debit
            built.append(BuiltJournal(row.sequence, kind, store.code, on, debit, row.currency))
        if progress is not None:
            progress(done, len(days))
    return BuildResult(tuple(built), tuple(problems))


def _days_to_build(
    session: Session, shared: BuiltWith, until: date | None
) -> list[tuple[StoreRef, date]]:
    """Ready and held days, and days whose unreleased journal has other links, oldest first."""
    stores = {store.id: StoreRef.of(store) for store in session.scalars(select(Store))}
    waiting = session.execute(
        select(StoreDay.store_id, StoreDay.business_date).where(
            StoreDay.state.in_((declaring.READY, declaring.HELD))
        )
    )
    found = {(store_id, on) for store_id, on in waiting}
    unreleased = session.execute(
        select(JournalRow.store_id, JournalRow.business_date, JournalRow.links).where(
            JournalRow.state == BUILT, JournalRow.kind.in_((DAY, LATE))
        )
    )
    found |= {(store_id, on) for store_id, on, links in unreleased if links != shared.links_json}
    wanted = sorted((on, store_id) for store_id, on in found if until is None or on <= until)
    return [(stores[store_id], on) for on, store_id in wanted]


def withdraw_journal(session: Session, sequence: int, actor: str) -> None:
    """Take back a journal that was not sent; the next build makes a new one."""
    with db.transaction(session):
        row = _day_journal(session, sequence)
        if row.state not in (BUILT, RELEASED):
            raise Refused(f"Journal {sequence} is {row.state}. Reverse it instead.")
        journal_rows.withdraw(session, row, f"withdrawn by {actor}")
        _open_again(session, row)
        audit.record(session, actor, "journal.withdrawn", f"journal {sequence}")


def build_again(session: Session, sequence: int, actor: str) -> None:
    """After a reversal: free the receipts of the reversed journal, for the next build."""
    with db.transaction(session):
        row = _day_journal(session, sequence)
        if reversal_of(session, row.id) is None:
            raise Refused(f"Journal {sequence} is not reversed. Reverse it first.")
        if not journal_rows.free_receipts(session, row.id):
            raise Refused(f"The receipts of journal {sequence} are already free or built again.")
        _open_again(session, row)
        audit.record(session, actor, "journal.build_again", f"journal {sequence}")


def _day_journal(session: Session, sequence: int) -> JournalRow:
    row = journal_rows.held_journal(session, sequence)
    if row.kind not in (DAY, LATE):
        raise Refused(f"Journal {sequence} is a {row.kind}; it has no receipts of its own.")
    return row


def _open_again(session: Session, row: JournalRow) -> None:
    day = session.scalars(
        select(StoreDay).where(
            StoreDay.store_id == row.store_id, StoreDay.business_date == row.business_date
        )
    ).one()
    day.state = declaring.OPEN
    declaring.refresh_open_days(session)
