"""Lanes: one sender at a time per (site, client id, division), and the budget of its calls.

Invariants: a call is charged before it is sent, by the one who holds the lease. The lane's row is
global and holds hashes only. All instants are of the database's clock. The counting is budgets.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.compiled import Read, Write
from retailvista.connectors import budgets
from retailvista.connectors.budgets import LEASE, LaneClosed, LaneState, Need, Seen
from retailvista.connectors.models import Lane
from retailvista.connectors.port import Budget
from retailvista.runs.owners import lease_name

__all__ = [
    "BudgetView",
    "LaneClosed",
    "LaneLease",
    "Need",
    "Noted",
    "Seen",
    "charge",
    "give_back",
    "is_held",
    "lane_key",
    "locked",
    "note",
    "take",
    "view",
]

BUSY_PAUSE = timedelta(seconds=2)
OTHER_FIRST = "Another call to this division came first."
LANE = db.table_of(Lane)
# Built once, since every call to a provider reads and writes its lane.
_OF_LANE = select(*(LANE.c[field.name] for field in fields(LaneState))).where(
    LANE.c.key == bindparam("of_lane")
)
_READ, _LOCK = Read(_OF_LANE), Read(_OF_LANE.with_for_update())
_WRITE = Write(update(LANE).where(LANE.c.key == bindparam("of_lane")))
_NAMES = [field.name for field in fields(LaneState)]
# The sweep that comes back with a posting is at most five seconds away.
WANTED = timedelta(seconds=8)


@dataclass(frozen=True, slots=True)
class LaneLease:
    """Proof that we are the one sender."""

    key: str
    owner: str


def lane_key(site: str, client_id: str, division: int, company_id: int | None = None) -> str:
    """Key of the lane: a hash, since lanes are shared by the whole installation.

    With `company_id` it is that company's alone.
    """
    whose = "" if company_id is None else f"|company {company_id}"
    return hashlib.sha256(f"{site}|{client_id}|{division}{whose}".encode()).hexdigest()


def take(session: Session, key: str, owner: str, need: Need) -> LaneLease:
    """Become the one sender, with the calls charged. Later when another is at it or no room.

    A posting that finds another at it comes next: what reads page after page makes way.
    """
    lease = LaneLease(key, lease_name(owner))
    with db.transaction(session):
        now = db.now(session)
        lane = locked(session, key)
        busy = lane.lease_until is not None and lane.lease_until > now
        if busy and need.posting:
            lane.wanted_until = now + WANTED
        elif not need.posting and lane.wanted_until is not None and lane.wanted_until > now:
            raise LaneClosed("A posting goes first.", not_before=lane.wanted_until)
        if not busy:
            lane.lease_owner, lane.wanted_until = lease.owner, None
            budgets.charge(lane, need, now)
        _write(session, key, lane)
    if busy:
        raise LaneClosed("Another call to this division is going on.", not_before=now + BUSY_PAUSE)
    return lease


def charge(session: Session, lease: LaneLease, need: Need) -> None:
    """Charge calls before they are sent, and renew the lease. Later when they do not fit."""
    with db.transaction(session):
        now = db.now(session)
        lane = locked(session, lease.key)
        if lane.lease_owner != lease.owner:
            raise LaneClosed(OTHER_FIRST, not_before=now + BUSY_PAUSE)
        budgets.charge(lane, need, now)
        _write(session, lease.key, lane)


def is_held(session: Session, lease: LaneLease) -> bool:
    """Whether we are still the one sender. The lane's row is locked; the caller's transaction."""
    return locked(session, lease.key).lease_owner == lease.owner


def give_back(session: Session, lease: LaneLease, unused: int = 0) -> None:
    """Stop being the sender; calls that were charged and not sent are free again."""
    with db.transaction(session):
        lane = locked(session, lease.key)
        if lane.lease_owner != lease.owner:
            return
        now = db.now(session)
        if lane.minute == budgets.minute_of(now):
            lane.minute_used = max(0, lane.minute_used - unused)
        if lane.day == budgets.day_of(now):
            lane.day_used = max(0, lane.day_used - unused)
        lane.lease_owner, lane.lease_until = "", None
        _write(session, lease.key, lane)


def note(
    session: Session, lease: LaneLease, seen: Seen, budget: Budget, ahead: Need | None = None
) -> Noted:
    """Learn from an answer: headers, counted errors, 429. Inside the caller's transaction.

    Renews the lease. `ahead` charges the next call in the same transaction, if it fits.
    """
    lane = locked(session, lease.key)
    now = db.now(session)
    if lane.lease_owner == lease.owner:
        lane.lease_until = now + LEASE
    stop = budgets.learn(lane, seen, budget, now)
    charged = _charged_ahead(lane, lease, ahead, now)
    _write(session, lease.key, lane)
    return Noted(now, stop, charged)


def _charged_ahead(lane: LaneState, lease: LaneLease, ahead: Need | None, now: datetime) -> int:
    if ahead is None or lane.lease_owner != lease.owner:
        return 0
    try:
        budgets.charge(lane, ahead, now)
    except LaneClosed:
        return 0
    return ahead.calls


@dataclass(frozen=True, slots=True)
class Noted:
    """When it was noted, until when the lane is stopped, if it is, and calls charged ahead."""

    at: datetime
    stopped_until: datetime | None
    charged: int


@dataclass(frozen=True, slots=True)
class BudgetView:
    """What the screen shows of a lane."""

    minute_used: int
    day_used: int
    day_limit: int
    day_remaining: int | None
    not_before: datetime | None
    errors: Mapping[str, int]


def view(session: Session, key: str) -> BudgetView:
    """The budget of a lane now. Reading; the caller's transaction."""
    now = db.now(session)
    lane = _read(session, _READ, key)
    if lane is None:
        return BudgetView(0, 0, 5000, None, None, {})
    recent = lane.minute == budgets.minute_of(now)
    today = lane.day == budgets.day_of(now)
    stopped = lane.not_before if lane.not_before and lane.not_before > now else None
    return BudgetView(
        minute_used=lane.minute_used if recent else 0,
        day_used=lane.day_used if today else 0,
        day_limit=lane.day_limit,
        day_remaining=lane.day_remaining if today else None,
        not_before=stopped,
        errors={endpoint: len(at) for endpoint, at in budgets.errors_of(lane, now).items()},
    )


def locked(session: Session, key: str) -> LaneState:
    """The lane's row, created when missing, locked until the transaction ends.

    Whoever acts in a lane locks it first, so that on any database they follow one another.
    """
    lane = _read(session, _LOCK, key)
    if lane is None:
        postgres = session.get_bind().dialect.name == "postgresql"
        insert = (postgres_insert if postgres else sqlite_insert)(LANE)
        values = {"key": key, **asdict(LaneState())}
        session.connection().execute(insert.values(values).on_conflict_do_nothing())
        lane = _read(session, _LOCK, key)
        assert lane is not None, "just made"
    return lane


def _read(session: Session, query: Read, key: str) -> LaneState | None:
    row = query.one_or_none(session, {"of_lane": key})
    return None if row is None else LaneState(*row)


def _write(session: Session, key: str, lane: LaneState) -> None:
    values = {name: getattr(lane, name) for name in _NAMES}
    _WRITE.run(session, {"of_lane": key, **values})
