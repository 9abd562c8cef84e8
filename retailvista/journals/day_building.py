"""One store day: compute its journal, then write it, or hold the day with its problems.

Invariants: one transaction per store day, and only if nothing came between computing and writing;
a finding that holds means no journal; a journal that was not released is rebuilt under a new
number when its receipts or its links changed, and keeps its number when they did not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from retailvista import db
from retailvista.companies import audit
from retailvista.journals import declaring, journal_rows
from retailvista.journals.day_receipts import (
    StoreRef,
    collector_paused,
    declaration_of,
    receipt_ids,
    receipts_of_day,
    receipts_to_build,
)
from retailvista.journals.journal_rows import Snapshot
from retailvista.journals.models import JournalRow, StoreDay
from retailvista.journals.windows import window_checks
from retailvista.ledger.checks import check
from retailvista.ledger.journal import DAY, LATE, Journal
from retailvista.ledger.links import Links
from retailvista.ledger.posting import post
from retailvista.ledger.problem import Place, Problem, holding

LINES_MAX = 500


@dataclass(frozen=True, slots=True)
class BuiltWith:
    """What all days of one build share."""

    links: Links
    links_json: dict[str, Any]
    names: dict[str, str]
    actor: str


@dataclass(slots=True)
class DayWork:
    """One day as computed, before anything is written."""

    store: StoreRef
    on: date
    receipt_ids: list[int]
    unsent: list[JournalRow]
    standing: bool = False
    journal: Journal | None = None
    problems: list[Problem] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)


def build_day(
    session: Session, store: StoreRef, on: date, shared: BuiltWith
) -> tuple[DayWork, JournalRow | None]:
    """Compute outside the writing transaction; write only if the receipts are still the same."""
    with collector_paused(), db.reading(session):
        work = _compute(session, store, on, shared)
    with db.transaction(session):
        day = _locked_day(session, store.id, on)
        if not _is_still_so(session, work):
            # An import, a release or another build came between; the next build sees it.
            return DayWork(store, on, [], []), None
        return work, _write(session, day, work, shared)


def _locked_day(session: Session, store_id: int, on: date) -> StoreDay:
    """The row of the day; two builds of one day take turns on it."""
    return session.scalars(
        select(StoreDay)
        .where(StoreDay.store_id == store_id, StoreDay.business_date == on)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _is_still_so(session: Session, work: DayWork) -> bool:
    store_id, on = work.store.id, work.on
    unsent = [row.id for row in journal_rows.unsent_journals(session, store_id, on)]
    return (
        unsent == [row.id for row in work.unsent]
        and receipt_ids(session, store_id, on, unsent) == work.receipt_ids
        and journal_rows.has_standing_journal(session, store_id, on) == work.standing
    )


def _compute(session: Session, store: StoreRef, on: date, shared: BuiltWith) -> DayWork:
    unsent = journal_rows.unsent_journals(session, store.id, on)
    standing = journal_rows.has_standing_journal(session, store.id, on)
    ids, receipts = receipts_to_build(session, store, on, [row.id for row in unsent])
    work = DayWork(store, on, ids, unsent, standing)
    declaration = declaration_of(store, on, receipts)
    work.problems = check(declaration, shared.links, store.facts)
    # A Z report counts the whole day: late receipts alone would prove nothing against it.
    of_day = receipts_of_day(session, store, on) if standing else receipts
    work.checks = window_checks(session, store, on, of_day)
    if holding(work.problems):
        return work
    kind = LATE if standing else DAY
    journal = post(declaration, shared.links, kind=kind, names=shared.names)
    journal = journal_rows.with_cost_centre(journal, store.cost_centre)
    if len(journal.lines) > LINES_MAX:
        work.problems.append(_too_large(len(journal.lines)))
    else:
        work.journal = journal
    return work


def _write(session: Session, day: StoreDay, work: DayWork, shared: BuiltWith) -> JournalRow | None:
    """The outcome of one day: held, nothing to post, unchanged, or a new journal."""
    day.problems = [problem.to_json() for problem in work.problems]
    day.checks, day.updated_at = work.checks, db.now(session)
    if work.journal is None:
        day.state = declaring.HELD
        _withdraw_all(session, work, "the day is held", shared.actor)
        return None
    day.state = declaring.BUILT
    if work.journal.is_empty:
        day.reason = declaring.NOTHING_MOVED
        _withdraw_all(session, work, "nothing is left to post", shared.actor)
        return None
    if len(work.unsent) == 1 and _is_same(session, work.unsent[0], work):
        return None
    _withdraw_all(session, work, "built again: receipts or links changed", shared.actor)
    snapshot = Snapshot(shared.links_json, _checks_of(work), work.receipt_ids)
    row = journal_rows.add_journal(session, work.journal, work.store, snapshot)
    subject = f"journal {row.sequence}"
    audit.record(session, shared.actor, "journal.built", subject, reference=row.reference)
    return row


def _is_same(session: Session, row: JournalRow, work: DayWork) -> bool:
    """Links may have changed without changing this journal; then its number stays."""
    assert work.journal is not None, "there is a journal to compare with"
    stored = session.scalars(
        select(JournalRow).where(JournalRow.id == row.id).options(undefer(JournalRow.links))
    ).one()
    known = set(receipt_ids(session, work.store.id, work.on, []))
    if known.intersection(work.receipt_ids) or row.kind != work.journal.kind:
        return False
    new = [journal_rows.line_values(line, row.id) for line in work.journal.lines]
    old = [{column: getattr(line, column) for column in new[0]} for line in stored.lines]
    return old == new


def _withdraw_all(session: Session, work: DayWork, reason: str, actor: str) -> None:
    for row in work.unsent:
        journal_rows.withdraw(session, row, reason)
        subject = f"journal {row.sequence}"
        audit.record(session, actor, "journal.withdrawn", subject, reason=reason)


def _checks_of(work: DayWork) -> list[dict[str, Any]]:
    """What the ledger asserted while posting, then the Z windows; shown in the preview."""
    assert work.journal is not None, "only a journal has checks"
    balance = {
        "what": "balanced",
        "result": "passed",
        "expected": work.journal.debit.minor,
        "found": work.journal.credit.minor,
    }
    shown = [
        {"what": problem.code, "result": "shown", "problem": problem.to_json()}
        for problem in work.problems
        if not problem.holds
    ]
    return [balance, *work.checks, *shown]


def _too_large(lines: int) -> Problem:
    return Problem(
        "journal_too_large",
        f"De journaalpost zou {lines} regels hebben; meer dan {LINES_MAX} wordt niet verzonden.",
        f"The journal would have {lines} lines; more than {LINES_MAX} are not sent.",
        Place(),
        "Voeg kassagroepen samen, of koppel ze zonder kostenplaats per regel.",
        "Merge register groups, or link them without a cost centre per line.",
    )
