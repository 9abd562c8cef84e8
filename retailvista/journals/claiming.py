"""Claims, intents and take-overs: conditional updates that let one worker act at a time.

Invariants: a claim is one UPDATE that only one worker can win; the intent is committed, fenced by
the attempt and the lease, before the first byte is sent; a claim that ran out is never guessed
about: with a sent intent it becomes unknown, without one it is ready again.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.clock import Clock
from retailvista.companies.models import Instance
from retailvista.companies.scope import scoped_company_id
from retailvista.connectors.models import Lane
from retailvista.journals import ladder
from retailvista.journals.entries import Draft
from retailvista.journals.evidence import EXPORT, ExportFacts, add_evidence, facts_of, read_facts
from retailvista.journals.numbering import wall_minus_monotonic

READY, SENDING, POSTED, VERIFIED = "ready", "sending", "posted", "verified"
REJECTED, CONFLICT = "rejected", "conflict"
UNSETTLED = (SENDING, POSTED, CONFLICT)


def change(session: Session, conditions: Iterable[Any], **values: Any) -> bool:
    """One conditional UPDATE of one export of the company in scope; whether it applied."""
    statement = (
        update(EXPORT).where(EXPORT.c.company_id == scoped_company_id(), *conditions)
    ).values(**values)
    changed = session.connection().execute(statement).rowcount
    assert changed in (0, 1), "a conditional update is about one export"
    return changed == 1


def mine(facts: ExportFacts) -> tuple[Any, ...]:
    """The fence: nobody claimed the export since."""
    return (EXPORT.c.id == facts.id, EXPORT.c.attempt == facts.attempt, EXPORT.c.live)


def claim_to_send(
    session: Session, facts: ExportFacts, owner: str, *, alone: bool
) -> ExportFacts | None:
    """Take a ready export; None when another worker, an unknown or a first journal stands before.

    The lane's row is locked, so that on any database two claims in a lane follow one another.
    """
    session.execute(select(Lane.id).where(Lane.key == facts.lane_key).with_for_update())
    now = db.now(session)
    conditions = (
        *mine(facts),
        EXPORT.c.state == READY,
        EXPORT.c.decision == "",
        EXPORT.c.not_before <= now,
        ~_other_under_way(facts),
        ~_first_under_way(facts, alone=alone),
        ~exists(select(Instance.id).where(Instance.sending_locked != "")),
    )
    claimed = change(
        session,
        conditions,
        state=SENDING,
        attempt=facts.attempt + 1,
        lease_owner=owner[:64],
        lease_until=now + ladder.LEASE,
        alone=alone,
        sent_at=None,
        unknown_since=None,
    )
    return facts_of(session, facts.id) if claimed else None


def _other_under_way(facts: ExportFacts) -> Any:
    """Another export of the lane, of whatever company, without a good look since its last send."""
    other = EXPORT.alias("other")
    return exists(
        select(other.c.id).where(
            other.c.lane_key == facts.lane_key,
            other.c.id != facts.id,
            other.c.live,
            other.c.state == SENDING,
            other.c.decision == "",
            other.c.good_looks == 0,
        )
    )


def _first_under_way(facts: ExportFacts, *, alone: bool) -> Any:
    """A journal that went alone and is not verified; for one that goes alone: any unverified."""
    other = EXPORT.alias("first")
    pending = and_(other.c.alone, other.c.state.in_(UNSETTLED))
    if alone:
        # What a person has settled, or is asked about, is not on its way any more.
        on_its_way = and_(other.c.state.in_((SENDING, POSTED)), other.c.decision == "")
        pending = or_(pending, on_its_way)
    return exists(
        select(other.c.id).where(
            other.c.seat_id == facts.seat_id, other.c.id != facts.id, other.c.live, pending
        )
    )


def write_intent(session: Session, facts: ExportFacts, draft: Draft, payload: bytes) -> bool:
    """The first intent of a claim: what will be sent, before it is. False = do not send."""
    return _intend(
        session,
        facts,
        year=draft.entry.year,
        period=draft.entry.period,
        payload=payload,
        payload_sha256=hashlib.sha256(payload).hexdigest(),
        expected={**draft.expected.to_json(), "shows": sorted(draft.shows)},
    )


def write_intent_again(session: Session, facts: ExportFacts) -> bool:
    """The same number and the same bytes once more, in the same claim."""
    assert facts.payload, "a resend needs the bytes of the first send"
    return _intend(session, facts)


def _intend(session: Session, facts: ExportFacts, **values: Any) -> bool:
    now = db.now(session)
    written = change(
        session,
        (
            *mine(facts),
            EXPORT.c.state == SENDING,
            EXPORT.c.lease_until >= now + ladder.LEASE_LEFT_TO_SEND,
        ),
        sent_at=now,
        sends=EXPORT.c.sends + 1,
        # Each send starts an unknown period of its own.
        unknown_since=None,
        looks=0,
        good_looks=0,
        in_use_looks=0,
        **values,
    )
    add_evidence(session, facts, "intent" if written else "intent refused")
    return written


def may_still_send(facts: ExportFacts, now: datetime) -> bool:
    """Asked again right before the first byte: a pause may have eaten the lease."""
    return facts.lease_until is not None and facts.lease_until - now >= ladder.LEASE_LEFT_TO_SEND


def give_back(session: Session, facts: ExportFacts, now: datetime, **values: Any) -> bool:
    """Undo a claim under which nothing was sent."""
    return change(
        session,
        (*mine(facts), EXPORT.c.state == SENDING, EXPORT.c.sent_at.is_(None)),
        **{"state": READY, "lease_until": None, "lease_owner": "", "not_before": now, **values},
    )


def claim_to_look(
    session: Session, facts: ExportFacts, owner: str, clock: Clock
) -> ExportFacts | None:
    """Take an unknown export for one look. A clock that jumped restarts its quarantine instead."""
    now = db.now(session)
    conditions = (
        *mine(facts),
        EXPORT.c.state == SENDING,
        EXPORT.c.decision == "",
        EXPORT.c.unknown_since.is_not(None),
        EXPORT.c.not_before <= now,
        or_(EXPORT.c.lease_until.is_(None), EXPORT.c.lease_until <= now),
    )
    host, offset = clock_mark(now, clock)
    if facts.clock_owner == host and ladder.clock_jumped(facts.clock_offset, offset):
        restarted = {**unknown_from(now, clock), "attempt": facts.attempt + 1}
        if change(session, conditions, **restarted):
            add_evidence(session, facts, "clock", "a clock jumped: the quarantine starts again")
        return None
    claimed = change(
        session,
        conditions,
        attempt=facts.attempt + 1,
        lease_owner=owner[:64],
        lease_until=now + ladder.LEASE,
        clock_owner=host,
        clock_offset=offset,
    )
    return facts_of(session, facts.id) if claimed else None


def clock_mark(now: datetime, clock: Clock) -> tuple[str, int]:
    """This host and how far its wall clock is from its monotonic one, in milliseconds."""
    return platform.node()[:64], wall_minus_monotonic(now, clock.monotonic())


def unknown_from(now: datetime, clock: Clock) -> dict[str, Any]:
    """Values that start an unknown period now."""
    host, offset = clock_mark(now, clock)
    return {
        "unknown_since": now,
        "looks": 0,
        "good_looks": 0,
        "not_before": now + ladder.RUNGS[0],
        "lease_owner": "",
        "lease_until": None,
        "clock_owner": host,
        "clock_offset": offset,
    }


def take_over(session: Session, connector_id: int, clock: Clock) -> int:
    """Claims that ran out: unknown from now on when something may have been sent, else ready."""
    now = db.now(session)
    ran_out = (
        EXPORT.c.state == SENDING,
        EXPORT.c.unknown_since.is_(None),
        EXPORT.c.lease_until <= now,
    )
    taken = 0
    for facts in read_facts(session, EXPORT.c.connector_id == connector_id, *ran_out):
        values: dict[str, Any] = {"attempt": facts.attempt + 1}
        if facts.sent_at is None:
            values |= {"state": READY, "lease_until": None, "lease_owner": "", "not_before": now}
        else:
            values |= {**unknown_from(now, clock), "last_outcome": ladder.LOST}
        if change(session, (*mine(facts), *ran_out), **values):
            taken += 1
            add_evidence(session, replace(facts, attempt=facts.attempt + 1), "take-over")
    return taken


def end_leases_of(session: Session, owner: str) -> int:
    """Claims of a process that is known to be dead: the next pass takes them over at once."""
    now = db.now(session)
    statement = (
        update(EXPORT)
        .where(EXPORT.c.lease_owner == owner[:64], EXPORT.c.lease_until > now)
        .values(lease_until=now)
    )
    return session.connection().execute(statement).rowcount
