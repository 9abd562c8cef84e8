"""Claims and intents: conditional updates that let one worker act at a time.

Invariants: a claim is one UPDATE that only one worker can win, and it holds the intent: whoever has
it has written down what he will send, committed before the first byte leaves. Everything that is
written about a claim is fenced by its attempt.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Update, and_, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.clock import Clock
from retailvista.companies.models import Instance
from retailvista.companies.scope import scoped_company_id
from retailvista.compiled import Write
from retailvista.connectors.models import Connector
from retailvista.journals import ladder
from retailvista.journals.evidence import EXPORT, ExportFacts, add_evidence, facts_of
from retailvista.journals.numbering import wall_minus_monotonic

READY, SENDING, POSTED, VERIFIED = "ready", "sending", "posted", "verified"
REJECTED, CONFLICT = "rejected", "conflict"
CLOCK_JUMPED = "A clock jumped: the quarantine starts again."
UNSETTLED = (SENDING, POSTED, CONFLICT)


CONNECTOR = db.table_of(Connector)


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
    return _fence(facts.id, facts.attempt)


def _fence(export_id: Any, attempt: Any) -> tuple[Any, ...]:
    return (EXPORT.c.id == export_id, EXPORT.c.attempt == attempt, EXPORT.c.live)


def _of_mine(facts: ExportFacts) -> dict[str, Any]:
    """The values of the fence in statements that are built once."""
    of_company = scoped_company_id()
    return {"of_company": of_company, "of_export": facts.id, "of_attempt": facts.attempt}


def change_mine(session: Session, facts: ExportFacts, in_state: str, /, **values: Any) -> bool:
    """The fenced UPDATE of an export that is in this state; whether it applied."""
    return _MINE[in_state].run(session, {**_of_mine(facts), **values}) == 1


def hold(session: Session, batch: Sequence[ExportFacts], in_state: str) -> set[int]:
    """Which of these are still as read, locked until the transaction ends."""
    query = (
        select(EXPORT.c.id, EXPORT.c.attempt)
        .where(EXPORT.c.company_id == scoped_company_id(), EXPORT.c.state == in_state)
        .where(EXPORT.c.id.in_([facts.id for facts in batch]), EXPORT.c.live)
        .with_for_update()
    )
    attempts = dict(session.connection().execute(query).tuples().all())
    return {facts.id for facts in batch if attempts.get(facts.id) == facts.attempt}


def change_held(
    session: Session, in_state: str, changes: Sequence[tuple[ExportFacts, Mapping[str, Any]]]
) -> None:
    """The fenced UPDATE of exports that are held, in as few statements as they allow."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for facts, values in changes:
        alike.setdefault(tuple(values), []).append({**_of_mine(facts), **values})
    for rows in alike.values():
        hit = _MINE[in_state].run_all(session, rows)
        assert hit == len(rows), "what is held does not change meanwhile"


# Statements of the hot path are built once: building one costs more than executing it.
_FENCED = update(EXPORT).where(
    EXPORT.c.company_id == bindparam("of_company"),
    *_fence(bindparam("of_export"), bindparam("of_attempt")),
)
_MINE = {state: Write(_FENCED.where(EXPORT.c.state == state)) for state in (READY, SENDING, POSTED)}


@dataclass(frozen=True, slots=True)
class Intent:
    """What will be sent, and how the connector stood when that was worked out.

    `alone`: it shows something that was never read back in this seat, so that nothing follows it.
    """

    payload: bytes = field(repr=False)
    expected: Mapping[str, Any]
    year: int
    period: int
    vat_mode: str
    alone: bool


def claim_to_send(
    session: Session, facts: ExportFacts, intent: Intent, owner: str, now: datetime
) -> ExportFacts | None:
    """Take a ready export and write its intent; None when another worker, an unknown, a first
    journal, a pause or a lock stands before, or the connector was changed since.

    The caller has locked the lane's row before it read the time, so that on any database two
    claims in a lane follow one another.
    """
    claim: dict[str, Any] = {
        "state": SENDING,
        "attempt": facts.attempt + 1,
        "lease_until": now + ladder.LEASE,
        "alone": intent.alone,
        "year": intent.year,
        "period": intent.period,
        "payload": intent.payload,
        "expected": intent.expected,
        **_new_send(facts, now),
    }
    digest = hashlib.sha256(intent.payload).hexdigest()
    conditions = {
        **_of_mine(facts),
        "of_lane": facts.lane_key,
        "of_seat": facts.seat_id,
        "of_mode": intent.vat_mode,
        "at_now": now,
    }
    written = {"lease_owner": owner[:64], "payload_sha256": digest}
    if not _CLAIM[intent.alone].run(session, {**conditions, **claim, **written}):
        return None
    mine_now = replace(facts, **claim)
    add_evidence(session, mine_now, "intent", at=now, sha256=digest)
    return mine_now


def _new_send(facts: ExportFacts, now: datetime) -> dict[str, Any]:
    """Each send starts an unknown period of its own."""
    return {
        "sent_at": now,
        "sends": facts.sends + 1,
        "unknown_since": None,
        "looks": 0,
        "good_looks": 0,
        "in_use_looks": 0,
    }


_OTHER = EXPORT.alias("other")
# Another export of the lane, of whatever company, without a good look since its last send.
_OTHER_UNDER_WAY = exists(
    select(_OTHER.c.id).where(
        _OTHER.c.lane_key == bindparam("of_lane"),
        _OTHER.c.id != bindparam("of_export"),
        _OTHER.c.live,
        _OTHER.c.state == SENDING,
        _OTHER.c.decision == "",
        _OTHER.c.good_looks == 0,
    )
)
_OF_SEAT = and_(
    _OTHER.c.seat_id == bindparam("of_seat"),
    or_(*(_OTHER.c.state == state for state in UNSETTLED)),
    _OTHER.c.id != bindparam("of_export"),
    _OTHER.c.live,
)
# What a person has settled, or is asked about, is not on its way any more.
_ON_ITS_WAY = and_(_OTHER.c.state != CONFLICT, _OTHER.c.decision == "")
# A journal that went alone and is not verified; for one that goes alone: any unverified.
_FIRST_UNDER_WAY = exists(select(_OTHER.c.id).where(_OF_SEAT, _OTHER.c.alone))
_ANY_UNDER_WAY = exists(select(_OTHER.c.id).where(_OF_SEAT, or_(_OTHER.c.alone, _ON_ITS_WAY)))
_AS_PREPARED = exists(
    select(CONNECTOR.c.id).where(
        CONNECTOR.c.id == EXPORT.c.connector_id,
        CONNECTOR.c.deleted_at.is_(None),
        CONNECTOR.c.paused == "",
        CONNECTOR.c.site == EXPORT.c.site,
        CONNECTOR.c.division == EXPORT.c.division,
        CONNECTOR.c.journal_code == EXPORT.c.journal_code,
        CONNECTOR.c.vat_mode == bindparam("of_mode"),
    )
)


def _claim(first_under_way: Any) -> Update:
    return _FENCED.where(
        EXPORT.c.state == READY,
        EXPORT.c.decision == "",
        EXPORT.c.not_before <= bindparam("at_now"),
        ~_OTHER_UNDER_WAY,
        ~first_under_way,
        _AS_PREPARED,
        ~exists(select(Instance.id).where(Instance.sending_locked != "")),
    )


_CLAIM = {True: Write(_claim(_ANY_UNDER_WAY)), False: Write(_claim(_FIRST_UNDER_WAY))}


def write_intent_again(session: Session, facts: ExportFacts) -> ExportFacts | None:
    """The same number and the same bytes once more, in the same claim.

    Not while another send of the lane is unknown and nobody has looked for it yet.
    """
    assert facts.payload, "a resend needs the bytes of the first send"
    now = db.now(session)
    conditions = (
        *mine(facts),
        EXPORT.c.state == SENDING,
        EXPORT.c.lease_until >= now + ladder.LEASE_LEFT_TO_SEND,
        ~_OTHER_UNDER_WAY.params(of_lane=facts.lane_key, of_export=facts.id),
    )
    intent = _new_send(facts, now)
    if not change(session, conditions, **intent):
        add_evidence(session, facts, "intent refused")
        return None
    digest = hashlib.sha256(facts.payload).hexdigest()
    add_evidence(session, facts, "intent", sha256=digest)
    return replace(facts, **intent)


def may_still_send(facts: ExportFacts, since_intent: timedelta) -> bool:
    """Asked again right before the first byte: a pause may have eaten the lease.

    `since_intent` is counted from before the intent's transaction, by our own clocks: what was
    left of the lease then is known by the database's.
    """
    assert facts.lease_until is not None, "a claim has a lease"
    assert facts.sent_at is not None, "an intent has its moment"
    left = facts.lease_until - facts.sent_at - since_intent
    return left >= ladder.LEASE_LEFT_TO_SEND


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
            add_evidence(session, facts, "clock", CLOCK_JUMPED)
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
