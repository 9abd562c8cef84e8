"""The list of journals: filters, fifty at a time, totals, and how many are in which state.

Invariant: the state of a row is decided in one place in SQL, so that filter, count and row agree;
the next page starts after the last row shown (no offsets, so nothing is skipped or shown twice).
Functions run inside the caller's `db.reading`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from retailvista.companies.models import Store
from retailvista.connectors.models import Connector
from retailvista.journals import exporting_states as states
from retailvista.journals.actions import WAITING_FOR_PERSON
from retailvista.journals.completeness import missing_days, receipt_gaps
from retailvista.journals.csvfile import decimal
from retailvista.journals.models import Export, JournalRow

__all__ = [
    "JournalFilter",
    "JournalPage",
    "ListedJournal",
    "Totals",
    "decimal",
    "list_journals",
    "missing_days",
    "receipt_gaps",
    "state_counts",
]

PAGE = 50

LIVE = and_(Export.journal_id == JournalRow.id, Export.live.is_(True))
# The same words as exporting_states.state_of, where the database can filter and count them.
STATE: ColumnElement[str] = case(
    (JournalRow.state == states.WITHDRAWN, states.WITHDRAWN),
    (and_(Export.id.is_(None), JournalRow.problem != ""), states.NOT_READY),
    (Export.id.is_(None), states.TO_RELEASE),
    (
        and_(Export.state == states.SENDING, Export.decision.in_(WAITING_FOR_PERSON)),
        states.DECIDE,
    ),
    (
        and_(Export.state == states.SENDING, Export.unknown_since.is_not(None)),
        states.BEING_CHECKED,
    ),
    else_=Export.state,
)
MIRROR = aliased(JournalRow)
REVERSED_BY = (
    select(MIRROR.sequence)
    .where(
        MIRROR.company_id == JournalRow.company_id,
        MIRROR.reverses_id == JournalRow.id,
        MIRROR.state != states.WITHDRAWN,
    )
    .correlate(JournalRow)
    .scalar_subquery()
)
COLUMNS = (
    JournalRow.sequence, JournalRow.kind, Store.code, JournalRow.business_date,
    STATE, Export.entry_number, Export.external_id, JournalRow.debit,
    JournalRow.credit, JournalRow.currency, JournalRow.problem, Export.problem,
    Connector.number, JournalRow.reference, Export.decision, Export.journal_code, REVERSED_BY,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class JournalFilter:
    """Which journals; None and '' mean all. `text` looks in reference, problem and numbers.

    Withdrawn journals were never sent and count for nothing: they show when asked for.
    """

    from_on: date | None = None
    to_on: date | None = None
    store_code: str = ""
    states: tuple[str, ...] = ()
    kind: str = ""
    connector_number: int | None = None
    text: str = ""
    with_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class ListedJournal:
    """One row of the list; amounts in minor units."""

    number: int
    kind: str
    store: str
    business_date: date
    state: str
    entry_number: int | None
    external_id: str
    debit: int
    credit: int
    currency: str
    problem: str
    connector_number: int | None
    reference: str
    decision: str
    journal_code: str = ""
    reversed_by: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As `journals list --json` and the API show it."""
        return {
            "number": self.number,
            "kind": self.kind,
            "store": self.store,
            "business_date": self.business_date.isoformat(),
            "state": self.state,
            "entry_number": self.entry_number,
            "external_id": self.external_id or None,
            "debit": decimal(self.debit),
            "credit": decimal(self.credit),
            "problem": self.problem,
        }


@dataclass(frozen=True, slots=True)
class Totals:
    """Over the whole filter, not only the page; debit per currency in minor units."""

    count: int
    debit: dict[str, int]


@dataclass(frozen=True, slots=True)
class JournalPage:
    """A page of the list. `after` fetches the next one, '' = this is the last."""

    rows: tuple[ListedJournal, ...]
    after: str
    totals: Totals


def list_journals(
    session: Session, which: JournalFilter | None = None, after: str = "", limit: int = PAGE
) -> JournalPage:
    """Newest business date first."""
    which = which or JournalFilter()
    conditions = _conditions(which)
    query = (
        _joined(select(*COLUMNS))
        .where(*conditions, *_after(after))
        .order_by(JournalRow.business_date.desc(), JournalRow.sequence.desc())
        .limit(limit + 1)
    )
    found = [_listed(row) for row in session.execute(query)]
    more = len(found) > limit
    rows = tuple(found[:limit])
    next_after = f"{rows[-1].business_date}_{rows[-1].number}" if more else ""
    return JournalPage(rows, next_after, _totals(session, conditions))


def state_counts(session: Session) -> dict[str, int]:
    """How many journals are in which state, for the start page."""
    counted = _joined(select(STATE, func.count())).group_by(STATE)
    return {row[0]: row[1] for row in session.execute(counted)}


def _joined(query: Select[Any]) -> Select[Any]:
    """Outer joins name the company themselves: the scope filters only what is not joined out."""
    connector = func.coalesce(Export.connector_id, JournalRow.connector_id)
    return (
        query.select_from(JournalRow)
        .join(Store, Store.id == JournalRow.store_id)
        .outerjoin(Export, and_(LIVE, Export.company_id == JournalRow.company_id))
        .outerjoin(
            Connector,
            and_(Connector.id == connector, Connector.company_id == JournalRow.company_id),
        )
    )


def _conditions(which: JournalFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if which.from_on:
        found.append(JournalRow.business_date >= which.from_on)
    if which.to_on:
        found.append(JournalRow.business_date <= which.to_on)
    if which.store_code:
        found.append(Store.code == which.store_code)
    if which.states:
        found.append(STATE.in_(which.states))
    elif not which.with_withdrawn:
        found.append(JournalRow.state != states.WITHDRAWN)
    if which.kind:
        found.append(JournalRow.kind == which.kind)
    if which.connector_number is not None:
        found.append(Connector.number == which.connector_number)
    if which.text.strip():
        found.append(_matches(which.text.strip()))
    return found


def _matches(text: str) -> ColumnElement[bool]:
    tried = [
        JournalRow.reference.icontains(text, autoescape=True),
        JournalRow.problem.icontains(text, autoescape=True),
        Export.problem.icontains(text, autoescape=True),
        Export.external_id.icontains(text, autoescape=True),
    ]
    if text.isdecimal() and len(text) < 10:
        tried += [JournalRow.sequence == int(text), Export.entry_number == int(text)]
    return or_(*tried)


def _after(after: str) -> Sequence[ColumnElement[bool]]:
    """The rows below the last one shown. A cursor that is no cursor starts from the top."""
    on_text, _, number = after.partition("_")
    try:
        on = date.fromisoformat(on_text)
    except ValueError:
        return ()
    if not number.isdecimal() or len(number) > 9:
        return ()
    same_day = and_(JournalRow.business_date == on, JournalRow.sequence < int(number))
    return (or_(JournalRow.business_date < on, same_day),)


def _listed(row: Any) -> ListedJournal:
    (
        sequence, kind, store, on, state, entry_number, external_id, debit, credit, currency,
        journal_problem, export_problem, connector, reference, decision, journal_code, reversed_by,
    ) = row  # fmt: skip
    return ListedJournal(
        sequence,
        kind,
        store,
        on,
        state,
        entry_number,
        external_id or "",
        debit,
        credit,
        currency,
        journal_problem or export_problem or "",
        connector,
        reference,
        decision or "",
        journal_code or "",
        reversed_by,
    )


def _totals(session: Session, conditions: list[ColumnElement[bool]]) -> Totals:
    query = _joined(select(JournalRow.currency, func.count(), func.sum(JournalRow.debit))).where(
        *conditions
    )
    rows = session.execute(query.group_by(JournalRow.currency)).all()
    # PostgreSQL sums big integers as numeric.
    return Totals(sum(row[1] for row in rows), {row[0]: int(row[2]) for row in rows})
