"""Store days: may the day be posted, and if not, why not.

Invariants: nothing is posted before the company's start date ('Boeken vanaf') is set, and older
days never; a day is ready when a Z report covers all its receipts, or the file was made after the
day ended, or a person closes it. A day that was built opens again only when receipts arrive late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies import audit
from retailvista.companies.models import Company, Store
from retailvista.companies.scope import scoped_company_id
from retailvista.errors import NotFound, Refused
from retailvista.journals.models import ReceiptRow, StoreDay, ZReportRow
from retailvista.ledger.declaration import ZReport, ready_because

OPEN, READY, HELD, BUILT, TOO_OLD = "open", "ready", "held", "built", "too_old"
STATES = (OPEN, READY, HELD, BUILT, TOO_OLD)
NO_START, BEFORE_START, NOT_CLOSED, NOTHING_MOVED = "no_start", "before_start", "open", "empty"

# Dutch and English words of states and reasons.
STATE_WORDS = {
    OPEN: ("Nog open", "Still open"),
    READY: ("Gereed", "Ready"),
    HELD: ("Tegengehouden", "Held"),
    BUILT: ("Journaalpost gemaakt", "Journal built"),
    TOO_OLD: ("Niet te boeken", "Not to be posted"),
}
REASON_WORDS = {
    "z_report": ("Z-rapport dekt alle bonnen", "a Z report covers all receipts"),
    "file_made_later": (
        "het bestand is na afloop van de dag gemaakt",
        "the file was made after the day ended",
    ),
    "person": ("afgesloten door een medewerker", "closed by a person"),
    NOT_CLOSED: (
        "geen Z-rapport dekt de dag; lees een later bestand in of sluit de dag af",
        "no Z report covers the day; import a later file or close the day",
    ),
    NO_START: (
        "'Boeken vanaf' is niet ingesteld bij het bedrijf",
        "the company has no start date of posting",
    ),
    BEFORE_START: ("de dag ligt voor 'Boeken vanaf'", "the day lies before the start of posting"),
    NOTHING_MOVED: ("er viel niets te boeken", "there was nothing to post"),
}


@dataclass(frozen=True, slots=True)
class DayFilter:
    """Which days to show; None and '' mean all."""

    from_on: date | None = None
    to_on: date | None = None
    store_code: str = ""
    states: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """A store day as shown. `problems` are ledger.problem.Problem.to_json() values."""

    store_code: str
    store_name: str
    business_date: date
    state: str
    reason: str
    closed_by: str
    problems: tuple[dict[str, Any], ...]
    checks: tuple[dict[str, Any], ...]

    def state_word(self, language: str) -> str:
        return _word(STATE_WORDS, self.state, language)

    def reason_word(self, language: str) -> str:
        word = _word(REASON_WORDS, self.reason, language)
        return f"{word}: {self.closed_by}" if self.reason == "person" else word


def _word(words: Mapping[str, tuple[str, str]], code: str, language: str) -> str:
    dutch, english = words.get(code, (code, code))
    return dutch if language.startswith("nl") else english


def store_days(session: Session, which: DayFilter | None = None, limit: int = 400) -> list[Day]:
    """Days newest first, inside the caller's `db.reading`."""
    which = which or DayFilter()
    query = select(StoreDay, Store).join(Store, Store.id == StoreDay.store_id)
    if which.from_on:
        query = query.where(StoreDay.business_date >= which.from_on)
    if which.to_on:
        query = query.where(StoreDay.business_date <= which.to_on)
    if which.store_code:
        query = query.where(Store.code == which.store_code)
    if which.states:
        query = query.where(StoreDay.state.in_(which.states))
    query = query.order_by(StoreDay.business_date.desc(), Store.code).limit(limit)
    return [
        Day(
            store_code=store.code,
            store_name=store.name,
            business_date=day.business_date,
            state=day.state,
            reason=day.reason,
            closed_by=day.closed_by,
            problems=tuple(day.problems),
            checks=tuple(day.checks),
        )
        for day, store in session.execute(query)
    ]


def note_days(
    session: Session,
    file_id: int,
    days: Mapping[tuple[int, date], Mapping[str, str]],
    made_on: date | None,
) -> None:
    """What a file that was just read says of its days, inside the import's last transaction."""
    brought = session.execute(
        select(ReceiptRow.store_id, ReceiptRow.business_date)
        .where(ReceiptRow.file_id == file_id)
        .distinct()
    )
    with_new = {(store_id, on) for store_id, on in brought}
    dates = [on for _, on in days]
    rows = session.scalars(
        select(StoreDay).where(StoreDay.business_date.between(min(dates), max(dates)))
    )
    there = {(row.store_id, row.business_date): row for row in rows}
    for (store_id, on), registers in days.items():
        day = there.get((store_id, on))
        if day is None:
            day = StoreDay(store_id=store_id, business_date=on, state=OPEN, last_written={})
            session.add(day)
        moments = dict(day.last_written)
        for register, moment in registers.items():
            moments[register] = max(moment, moments.get(register, ""))
        day.last_written = moments
        if made_on is not None and (day.file_made_on is None or made_on > day.file_made_on):
            day.file_made_on = made_on
        if day.state == BUILT and (store_id, on) in with_new:
            day.state, day.closed_by = OPEN, ""
        day.updated_at = db.now(session)
    session.flush()


def refresh_days(session: Session) -> None:
    """Look again at every day that is not built: Z reports, files, start date."""
    with db.transaction(session):
        refresh_open_days(session)


def refresh_open_days(session: Session) -> None:
    """The same inside a transaction that is open already."""
    days = session.scalars(select(StoreDay).where(StoreDay.state != BUILT)).all()
    if not days:
        return
    post_from = session.scalar(select(Company.post_from).where(Company.id == scoped_company_id()))
    reports = _z_reports(session, min(day.business_date for day in days))
    for day in days:
        state, reason = _readiness(day, reports.get(day.store_id, []), post_from)
        if day.state == HELD and state == READY:
            state = HELD  # until the next build has looked at it
        if (day.state, day.reason) != (state, reason):
            day.state, day.reason, day.updated_at = state, reason, db.now(session)


def _readiness(day: StoreDay, reports: list[ZReport], post_from: date | None) -> tuple[str, str]:
    if post_from is None:
        return OPEN, NO_START
    if day.business_date < post_from:
        return TOO_OLD, BEFORE_START
    why = ready_because(
        day.business_date,
        day.last_written,
        reports,
        file_made_on=day.file_made_on,
        closed_by_person=day.closed_by != "",
    )
    return (READY, why) if why else (OPEN, NOT_CLOSED)


def _z_reports(session: Session, from_on: date) -> dict[int, list[ZReport]]:
    """Z reports per store since a day: one made later also covers that day."""
    found: dict[int, list[ZReport]] = {}
    query: Select[tuple[int, dict[str, Any]]] = select(
        ZReportRow.store_id, ZReportRow.content
    ).where(ZReportRow.on >= from_on)
    for store_id, content in session.execute(query):
        found.setdefault(store_id, []).append(ZReport.from_row(content))
    return found


def close_day(session: Session, store_code: str, on: date, actor: str) -> None:
    """A person says that the day is complete: no more receipts will come."""
    with db.transaction(session):
        day = session.scalars(
            select(StoreDay)
            .join(Store, Store.id == StoreDay.store_id)
            .where(Store.code == store_code, StoreDay.business_date == on)
        ).one_or_none()
        if day is None:
            raise NotFound(f"Store {store_code} has no receipts of {on}. Import the till file.")
        if day.state == TOO_OLD:
            raise Refused(f"{on} lies before the start date of posting of this company.")
        if day.state == BUILT:
            raise Refused(f"The journal of {on} is already built.")
        day.closed_by = actor
        refresh_open_days(session)
        audit.record(session, actor, "day.closed", f"store {store_code}, {on}")
