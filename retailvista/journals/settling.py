"""Results of sends and looks, written under the fence, with everything that follows from them.

Invariant: state changes only where the attempt is still the worker's own; a stale worker leaves
evidence and nothing else. What is learnt about a seat (our number honoured, a used one refused,
the newest entry known to be there) is written in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.clock import Clock
from retailvista.companies.scope import scoped_company_id
from retailvista.compiled import Write
from retailvista.connectors.models import PROOF_NO, PROOF_UNKNOWN, PROOF_YES, Connector, PostingSeat
from retailvista.connectors.port import Outcome
from retailvista.journals.claiming import (
    CONFLICT,
    POSTED,
    READY,
    REJECTED,
    SENDING,
    VERIFIED,
    change_held,
    change_mine,
    hold,
    unknown_from,
)
from retailvista.journals.evidence import (
    ExportFacts,
    add_all,
    add_evidence,
    evidence_row,
    seat_of,
)
from retailvista.journals.ladder import Move, Next
from retailvista.journals.models import JournalRow

CONFLICTS_THAT_STOP = 3
SEAT = db.table_of(PostingSeat)
CONNECTOR = db.table_of(Connector)
JOURNAL = db.table_of(JournalRow)
_OF_SEAT = Write(
    update(SEAT).where(
        SEAT.c.company_id == bindparam("of_company"), SEAT.c.id == bindparam("of_seat")
    )
)
_OF_JOURNAL = Write(
    update(JOURNAL).where(
        JOURNAL.c.company_id == bindparam("of_company"), JOURNAL.c.id == bindparam("of_journal")
    )
)
PROBLEM_MAX = 2000
TEXTS = {
    "in_a_row": "{0} journals in a row were stored otherwise than sent. Compare them first.",
    "no_access": "The provider refused access.",
}


@dataclass(frozen=True, slots=True)
class Result:
    """What a send or a look came to, in words fit for the export's page."""

    move: Move
    said: str = ""
    external_id: str = ""
    from_answer: bool = False
    not_before: datetime | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


def settle(
    session: Session, facts: ExportFacts, result: Result, clock: Clock, now: datetime
) -> bool:
    """Write the result of a claim; False when the claim was taken over meanwhile."""
    values = _values(facts, result, now, clock)
    written = change_mine(session, facts, SENDING, **values)
    kind = result.move.next.value if written else f"stale: {result.move.next.value}"
    add_evidence(session, facts, kind, result.said, at=now, **result.detail)
    if written:
        _consequences(session, facts, result)
    return written


def settle_read_back(
    session: Session, results: Sequence[tuple[ExportFacts, Result]], clock: Clock, now: datetime
) -> set[int]:
    """Write what reading back showed of entries that the books confirmed before.

    The ids of those that are still ours to write about.
    """
    held = hold(session, [facts for facts, _ in results], POSTED)
    changes: list[tuple[ExportFacts, dict[str, Any]]] = []
    evidence = []
    for facts, result in ((f, r) for f, r in results if f.id in held):
        kind = f"read back: {result.move.next.value}"
        evidence.append(evidence_row(facts, now, kind, result.said, result.detail))
        if result.move.next is Next.CHECK:
            later = {"looks": facts.looks + 1, "not_before": now + result.move.wait}
            changes.append((facts, later))
        else:
            changes.append((facts, _values(facts, result, now, clock)))
            _consequences(session, facts, result)
    if changes:
        change_held(session, POSTED, changes)
        add_all(session, evidence)
    return held


def _values(facts: ExportFacts, result: Result, now: datetime, clock: Clock) -> dict[str, Any]:
    """The columns of the export after this move."""
    move = result.move
    free = {"lease_owner": "", "lease_until": None, **result.values}
    later = max(now + move.wait, result.not_before or now)
    sends = {"sends": facts.sends - 1} if move.uncount_send else {}
    problem = {"problem": result.said[:PROBLEM_MAX]}
    match move.next:
        case Next.READY:
            return {**free, **sends, **problem, "state": READY, "sent_at": None,
                    "not_before": later}  # fmt: skip
        case Next.CHECK if result.from_answer:
            return {**free, **sends, **problem, **unknown_from(now, clock), "not_before": later}
        case Next.CHECK:
            return {**free, "not_before": later}
        case Next.POSTED:
            return {**free, "state": POSTED, "external_id": result.external_id, "posted_at": now,
                    "problem": "", "looks": 0, "not_before": now}  # fmt: skip
        case Next.VERIFIED:
            found = {"external_id": result.external_id} if result.external_id else {}
            posted = {} if facts.state == POSTED else {"posted_at": now}
            return {**free, **found, **posted, "state": VERIFIED, "verified_at": now,
                    "problem": "", "decision": ""}  # fmt: skip
        case Next.REJECTED:
            # Nothing of it is in the books: the journal may be corrected, under the same number.
            return {**free, **problem, "state": REJECTED, "decision": move.action, "sent_at": None}
        case Next.CONFLICT:
            found = {"external_id": result.external_id} if result.external_id else {}
            return {**free, **found, **problem, "state": CONFLICT, "decision": move.action}
        case Next.DECIDE:
            return {**free, **problem, "decision": move.action}
    raise AssertionError(f"{move.next} is not a result")


def _consequences(session: Session, facts: ExportFacts, result: Result) -> None:
    move = result.move
    if move.next is Next.POSTED or (move.next is Next.VERIFIED and facts.state != POSTED):
        mark_exported(session, facts)
        _seat(session, facts, newest_known=facts.entry_number)
    if move.next is Next.VERIFIED and (facts.alone or facts.state != POSTED):
        learn_from(session, facts)
    if move.next is Next.CONFLICT:
        if result.detail.get("found_number") not in (None, facts.entry_number):
            _seat(session, facts, number_honoured=PROOF_NO)
        _count_conflict(session, facts)
    if move.stops_connector:
        pause(session, facts.connector_id, result.said or TEXTS["no_access"], None)


def mark_exported(session: Session, facts: ExportFacts) -> None:
    """The journal of an entry that is in the books never changes again."""
    of = {"of_company": scoped_company_id(), "of_journal": facts.journal_id}
    _OF_JOURNAL.run(session, {**of, "state": "exported", "problem": ""})


def learn_from(session: Session, facts: ExportFacts) -> None:
    """A verified entry stands under our number; one that went alone shows the rest the way."""
    seat = seat_of(session, facts.seat_id)
    if seat.number_honoured == PROOF_UNKNOWN:
        seat.number_honoured = PROOF_YES
    if facts.last_outcome == Outcome.NUMBER_IN_USE.value and seat.used_refused == PROOF_UNKNOWN:
        seat.used_refused = PROOF_YES
    if not facts.shows <= set(seat.shown):
        seat.shown = sorted({*seat.shown, *facts.shows})
        seat.first_verified = min(facts.shows)
    session.flush()
    _connector(session, facts, conflicts_in_a_row=0)


def _seat(session: Session, facts: ExportFacts, **values: Any) -> None:
    of = {"of_company": scoped_company_id(), "of_seat": facts.seat_id}
    _OF_SEAT.run(session, {**of, **values})


def _connector(session: Session, facts: ExportFacts, **values: Any) -> None:
    session.execute(
        update(CONNECTOR)
        .where(CONNECTOR.c.company_id == scoped_company_id(), CONNECTOR.c.id == facts.connector_id)
        .values(**values)
    )


def _count_conflict(session: Session, facts: ExportFacts) -> None:
    counted = session.scalar(
        update(CONNECTOR)
        .where(CONNECTOR.c.company_id == scoped_company_id(), CONNECTOR.c.id == facts.connector_id)
        .values(conflicts_in_a_row=CONNECTOR.c.conflicts_in_a_row + 1)
        .returning(CONNECTOR.c.conflicts_in_a_row)
    )
    if counted is not None and counted >= CONFLICTS_THAT_STOP:
        pause(session, facts.connector_id, TEXTS["in_a_row"].format(counted), None)


def pause(session: Session, connector_id: int, why: str, until: datetime | None) -> None:
    """Nothing is sent or looked for through the connector; without `until` a person resumes it."""
    session.execute(
        update(CONNECTOR)
        .where(CONNECTOR.c.company_id == scoped_company_id(), CONNECTOR.c.id == connector_id)
        .values(paused=why[:300], paused_until=until)
    )


def end_pause(session: Session, connector_id: int) -> None:
    """A rest that is over; what a person must resume stays."""
    session.execute(
        update(CONNECTOR)
        .where(
            CONNECTOR.c.company_id == scoped_company_id(),
            CONNECTOR.c.id == connector_id,
            CONNECTOR.c.paused_until <= db.now(session),
        )
        .values(paused="", paused_until=None)
    )


def pause_for(failures: int) -> timedelta:
    """How long a connector rests after a blind look: a minute, doubling up to an hour."""
    return min(timedelta(minutes=2 ** min(failures, 6)), timedelta(hours=1))
