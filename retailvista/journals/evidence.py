"""What is known of an export, as a value, and the evidence that is appended to it.

Invariant: facts are read from the row in the transaction that acts on them; evidence is only
ever added, also by a worker whose claim is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Integer, bindparam, insert, select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies.scope import scoped_company_id
from retailvista.compiled import Read, Write
from retailvista.connectors.models import PROOF_YES, PostingSeat
from retailvista.journals import ladder
from retailvista.journals.models import Evidence, Export, JournalRow

TEXT_MAX = 2000
_SEAT = db.table_of(PostingSeat)
_SHOWN = Read(
    select(_SEAT.c.shown).where(
        _SEAT.c.company_id == bindparam("of_company"), _SEAT.c.id == bindparam("of_seat")
    )
)
_ADD = Write(insert(db.table_of(Evidence)))

EXPORT = db.table_of(Export)


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """One export as read; `attempt` is the fence of everything that is written about it."""

    id: int
    journal_id: int
    connector_id: int
    seat_id: int
    lane_key: str
    site: str
    division: int
    journal_code: str
    year: int
    period: int
    entry_number: int
    posting_key: str
    alone: bool
    state: str
    attempt: int
    lease_until: datetime | None
    not_before: datetime
    payload: bytes | None
    expected: dict[str, Any]
    sent_at: datetime | None
    sends: int
    unknown_since: datetime | None
    looks: int
    good_looks: int
    last_outcome: str
    refusal_text: str
    refusals: int
    in_use_looks: int
    clock_owner: str
    clock_offset: int
    decision: str
    external_id: str
    business_date: date
    sequence: int

    @property
    def shows(self) -> frozenset[str]:
        """What verifying it proves, as it stood when the intent was written."""
        return frozenset(self.expected.get("shows", ()))

    def for_ladder(self, *, proven: bool, now: datetime) -> ladder.Facts:
        """What the ladder needs to know."""
        unknown_for = now - self.unknown_since if self.unknown_since else timedelta(0)
        return ladder.Facts(
            sends=self.sends,
            unknown_for=unknown_for,
            last_outcome=self.last_outcome,
            refusals=self.refusals,
            in_use_looks=self.in_use_looks,
            proven=proven,
        )


# The last fields of ExportFacts, in that order: its rows are read by position.
_OF_JOURNAL = ("business_date", "sequence")
_COLUMNS = [EXPORT.c[field.name] for field in fields(ExportFacts) if field.name not in _OF_JOURNAL]


_JOURNAL = db.table_of(JournalRow)
# Built once: it is asked many times in every pass, and has as many columns as an export.
_FACTS = (
    select(*_COLUMNS, *(_JOURNAL.c[name] for name in _OF_JOURNAL))
    .join(_JOURNAL, _JOURNAL.c.id == EXPORT.c.journal_id)
    .where(EXPORT.c.company_id == bindparam("of_company"), EXPORT.c.live)
    .order_by(_JOURNAL.c.business_date, _JOURNAL.c.sequence)
    .limit(bindparam("at_most", type_=Integer))
)


def read_facts(session: Session, *conditions: Any, limit: int = 1000) -> list[ExportFacts]:
    """Live exports of the company in scope, oldest business date first."""
    of = {"of_company": scoped_company_id(), "at_most": limit}
    return [ExportFacts(*row) for row in session.execute(_FACTS.where(*conditions), of)]


def facts_of(session: Session, export_id: int) -> ExportFacts:
    """One export that is known to exist."""
    found = read_facts(session, EXPORT.c.id == export_id)
    assert len(found) == 1, f"export {export_id} is not there or not live"
    return found[0]


def seat_of(session: Session, seat_id: int) -> PostingSeat:
    """The seat as stored now."""
    return session.scalars(
        select(PostingSeat)
        .where(PostingSeat.id == seat_id)
        .execution_options(populate_existing=True)
    ).one()


def shown_of(session: Session, seat_id: int) -> frozenset[str]:
    """What was verified in the seat, as fingerprints; read before each claim."""
    of = {"of_company": scoped_company_id(), "of_seat": seat_id}
    found = _SHOWN.one_or_none(session, of)
    return frozenset(found[0] or ()) if found else frozenset()


def is_proven(seat: PostingSeat) -> bool:
    """Both proofs: our number is honoured, and a used one is refused."""
    return seat.number_honoured == PROOF_YES and seat.used_refused == PROOF_YES


def add_evidence(
    session: Session,
    facts: ExportFacts,
    kind: str,
    text: str = "",
    *,
    at: datetime | None = None,
    **detail: Any,
) -> None:
    """Append what happened, `at` when that is known already."""
    add_all(session, [evidence_row(facts, at or db.now(session), kind, text, detail)])


def add_all(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Append what happened to several exports."""
    _ADD.run_all(session, rows)


def evidence_row(
    facts: ExportFacts, at: datetime, kind: str, text: str, detail: Mapping[str, Any]
) -> dict[str, Any]:
    """A piece of evidence as it is stored."""
    return {
        "company_id": scoped_company_id(),
        "export_id": facts.id,
        "at": at,
        "attempt": facts.attempt,
        "kind": kind,
        "text": text[:TEXT_MAX],
        "detail": dict(detail),
    }
