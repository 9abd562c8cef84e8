"""Claims, intents and outcomes of items: conditional updates that let one worker act at a time.

Invariants: a claim and its intent (what will be sent) are committed in one transaction before the
first byte leaves; every result is fenced by the attempt, so that a worker who lost his claim
changes nothing; a claim that ran out with its intent written is never sent again without a look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from retailvista import db as database
from retailvista.flows.arriving import log_line
from retailvista.flows.models import (
    FAILED,
    FINISHED,
    NEW,
    PROCESSING,
    RETRY,
    SKIPPED,
    Item,
)

# Longer than any write may take.
LEASE = timedelta(seconds=300)
LEASE_LEFT_TO_SEND = timedelta(seconds=180)
OLDER = aliased(Item)
SAME_RECORD = and_(
    OLDER.company_id == Item.company_id,
    OLDER.flow_id == Item.flow_id,
    OLDER.division == Item.division,
    OLDER.record_key == Item.record_key,
)
# Whoever changes a record twice wants the second to come after the first.
NOT_SETTLED = or_(
    OLDER.state == PROCESSING,
    and_(OLDER.state == FAILED, OLDER.sent_at.is_not(None), OLDER.answered_at.is_(None)),
)


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """An item as it was read. `is_sent`: its intent is written and has no outcome."""

    id: int
    number: int
    flow_id: int
    attempts: int
    state: str
    division: int
    record_key: str
    received: Mapping[str, Any]
    request: Mapping[str, Any] | None
    answer: Mapping[str, Any] | None
    sends: int
    looks: int
    retries: int
    insists: bool
    sent_at: datetime | None
    unknown_since: datetime | None
    is_sent: bool


def next_due(session: Session, flow_id: int, leave: Iterable[int] = ()) -> ItemFacts | None:
    """The oldest item of a flow that can be worked on now. The caller's transaction."""
    row = session.scalar(
        select(Item)
        .where(Item.flow_id == flow_id, *due_at(database.now(session)))
        .where(Item.id.not_in(list(leave)))
        .order_by(Item.number)
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return None if row is None else facts_of(row)


def due_at(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Conditions for what can be worked on at a moment."""
    free = or_(Item.lease_until.is_(None), Item.lease_until <= now)
    return (
        Item.removed_at.is_(None),
        Item.not_before <= now,
        or_(Item.state.in_((NEW, RETRY)), and_(Item.state == PROCESSING, free)),
        _first_of_its_record(),
    )


def _first_of_its_record() -> ColumnElement[bool]:
    """No older content of the same record is on its way, or waits for a person."""
    older = select(OLDER.id).where(SAME_RECORD, OLDER.number < Item.number, NOT_SETTLED)
    return ~exists(older)


def next_moment(session: Session, flow_id: int) -> datetime | None:
    """When the next item that waits for time is due; None when none does."""
    waiting = (Item.flow_id == flow_id, Item.removed_at.is_(None), _first_of_its_record())
    query = select(func.min(Item.not_before)).where(*waiting, Item.state == RETRY)
    moments = [session.scalar(query)]
    for not_before, lease in session.execute(
        select(Item.not_before, Item.lease_until).where(*waiting, Item.state == PROCESSING)
    ):
        moments.append(max(not_before, lease) if lease is not None else not_before)
    found = [moment for moment in moments if moment is not None]
    return min(found) if found else None


def facts_of(row: Item) -> ItemFacts:
    """The row as a value."""
    named = {
        name: getattr(row, name) for name in ItemFacts.__dataclass_fields__ if name != "is_sent"
    }
    is_sent = row.state == PROCESSING and row.sent_at is not None and row.answered_at is None
    return ItemFacts(**named, is_sent=is_sent)


@dataclass(frozen=True, slots=True)
class Twin:
    """A finished item of the same record."""

    number: int
    target_key: str


def finished_twin(session: Session, facts: ItemFacts) -> Twin | None:
    """The newest finished item of this record, if there is another. The caller's transaction."""
    same = (
        Item.flow_id == facts.flow_id,
        Item.division == facts.division,
        Item.record_key == facts.record_key,
        Item.state == FINISHED,
    )
    query = select(Item.number, Item.target_key).where(*same, Item.number != facts.number)
    found = session.execute(query.order_by(Item.number.desc()).limit(1)).first()
    return None if found is None else Twin(*found)


def intend(
    session: Session,
    facts: ItemFacts,
    owner: str,
    request: Mapping[str, Any],
    **also: Any,
) -> ItemFacts | None:
    """Claim an item and write what will be sent. None = it is another's now: do not send."""
    now = database.now(session)
    claim: dict[str, Any] = {
        "attempts": facts.attempts + 1,
        "state": PROCESSING,
        "sends": facts.sends + 1,
        "sent_at": now,
        "unknown_since": None,
        "looks": 0,
        "request": dict(request),
        "answer": None,
    }
    values = claim | {
        **also,
        "lease_owner": owner[:64],
        "lease_until": now + LEASE,
        "answered_at": None,
        "problem": "",
        "problem_values": {},
        "said": "",
    }
    free = or_(Item.state.in_((NEW, RETRY)), _held(facts))
    if not change(session, facts, "sending", values, free, send=facts.sends + 1):
        return None
    _overtake(session, facts)
    return replace(facts, **claim, is_sent=True)


def hold(session: Session, facts: ItemFacts, owner: str) -> ItemFacts | None:
    """Claim an item for a look. None = it is another's now."""
    now = database.now(session)
    values = {
        "attempts": facts.attempts + 1,
        "lease_owner": owner[:64],
        "lease_until": now + LEASE,
        "unknown_since": facts.unknown_since or now,
    }
    if not change(session, facts, "looking", values, Item.state == PROCESSING, log=False):
        return None
    return replace(
        facts, attempts=facts.attempts + 1, unknown_since=facts.unknown_since or now, is_sent=True
    )


def may_still_send(session: Session, facts: ItemFacts) -> bool:
    """Whether enough is left of the claim; the process may have stood still since."""
    assert facts.sent_at is not None, "an intent has its moment"
    return database.now(session) <= facts.sent_at + LEASE - LEASE_LEFT_TO_SEND


def change(
    session: Session,
    facts: ItemFacts,
    line: str,
    values: Mapping[str, Any],
    *conditions: ColumnElement[bool],
    log: bool = True,
    **said: Any,
) -> bool:
    """One UPDATE of an item, if nobody claimed it since. Adds a line to its log."""
    now = database.now(session)
    written = dict(values) | {"changed_at": now}
    fence = (Item.id == facts.id, Item.attempts == facts.attempts, Item.removed_at.is_(None))
    if log:
        kept = session.scalar(select(Item.log).where(*fence))
        written["log"] = [*(kept or []), log_line(now, line, **said)]
    hit = database.changed(session, update(Item).where(*fence, *conditions).values(**written))
    assert hit in (0, 1), "a conditional update is about one item"
    return hit == 1


def _held(facts: ItemFacts) -> ColumnElement[bool]:
    """The same claim goes on: a resend after a look, or after a new token."""
    return and_(Item.state == PROCESSING, Item.attempts == facts.attempts)


def _overtake(session: Session, facts: ItemFacts) -> None:
    """Older contents of this record that wait to be tried again are out of date now."""
    older = (
        select(Item)
        .where(Item.flow_id == facts.flow_id, Item.division == facts.division)
        .where(Item.record_key == facts.record_key, Item.number < facts.number)
        .where(Item.state == RETRY, Item.removed_at.is_(None))
        .execution_options(populate_existing=True)
    )
    now = database.now(session)
    for row in session.scalars(older):
        row.state, row.attempts, row.changed_at = SKIPPED, row.attempts + 1, now
        row.log = [*row.log, log_line(now, "overtaken by item", item=facts.number)]
    session.flush()
