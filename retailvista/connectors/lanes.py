"""Lanes: one sender at a time per (site, client id, division), and the budget of its calls.

Invariants: a call is charged before it is sent; other work leaves the reserve for posting alone;
the provider's headers correct our count upwards, never downwards; a 429 stops the lane until the
reset its headers name, else until the next minute, then 15, then 61 minutes. The lane's row is
global and holds hashes only. All instants are of the database's clock.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.connectors.models import Lane
from retailvista.connectors.port import Budget, Limits
from retailvista.errors import Later

LEASE = timedelta(seconds=300)
BUSY_PAUSE = timedelta(seconds=2)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
# 429 without headers: the minute is over soon; else a block of an hour may be on.
LADDER = (timedelta(0), timedelta(minutes=15), timedelta(minutes=61))


class LaneClosed(Later):
    """Nothing may be sent now: another sender, or a limit; `not_before` says until when."""


@dataclass(frozen=True, slots=True)
class LaneLease:
    """Proof that we are the one sender."""

    key: str
    owner: str


def lane_key(site: str, client_id: str, division: int) -> str:
    """Key of the lane: a hash, since lanes are shared by the whole installation."""
    return hashlib.sha256(f"{site}|{client_id}|{division}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Need:
    """What is about to be sent: how many calls, and to which endpoint if that is known."""

    budget: Budget
    calls: int = 1
    posting: bool = False
    endpoint: str = ""

    def __post_init__(self) -> None:
        assert self.calls > 0, "nothing to charge"


def take(session: Session, key: str, owner: str, need: Need) -> LaneLease:
    """Become the one sender, with the calls charged. Later when another is at it or no room."""
    lease = LaneLease(key, f"{owner[:40]}#{secrets.token_hex(8)}")
    with db.transaction(session):
        now = db.now(session)
        lane = _locked(session, key)
        if lane.lease_until is not None and lane.lease_until > now:
            raise LaneClosed(
                "Another call to this division is going on.", not_before=now + BUSY_PAUSE
            )
        lane.lease_owner = lease.owner
        _charge(lane, need, now)
    return lease


def charge(session: Session, lease: LaneLease, need: Need) -> None:
    """Charge calls before they are sent, and renew the lease. Later when they do not fit."""
    with db.transaction(session):
        now = db.now(session)
        lane = _locked(session, lease.key)
        if lane.lease_owner != lease.owner:
            raise LaneClosed("The lane went to another sender.", not_before=now + BUSY_PAUSE)
        _charge(lane, need, now)


def _charge(lane: Lane, need: Need, now: datetime) -> None:
    if lane.not_before is not None and lane.not_before > now:
        raise LaneClosed("The limit of calls is reached.", not_before=lane.not_before)
    _roll(lane, now)
    _check_room(lane, need, now)
    _check_errors(lane, need, now)
    lane.minute_used += need.calls
    lane.day_used += need.calls
    lane.lease_until = now + LEASE


def give_back(session: Session, lease: LaneLease, unused: int = 0) -> None:
    """Stop being the sender; calls that were charged and not sent are free again."""
    with db.transaction(session):
        lane = _locked(session, lease.key)
        if lane.lease_owner != lease.owner:
            return
        now = db.now(session)
        if lane.minute == _minute(now):
            lane.minute_used = max(0, lane.minute_used - unused)
        if lane.day == _day(now):
            lane.day_used = max(0, lane.day_used - unused)
        lane.lease_owner, lane.lease_until = "", None


def note(session: Session, lease: LaneLease, seen: Seen, budget: Budget) -> datetime | None:
    """Learn from an answer: headers, counted errors, 429. Inside the caller's transaction.

    Renews the lease; returns until when the lane is stopped, if it is.
    """
    now = db.now(session)
    lane = _locked(session, lease.key)
    if lane.lease_owner == lease.owner:
        lane.lease_until = now + LEASE
    _roll(lane, now)
    _learn(lane, seen.limits)
    if seen.status in budget.counted_errors:
        errors = _errors_of(lane, now)
        errors.setdefault(seen.endpoint, []).append(int(now.timestamp()))
        lane.errors = errors
    if seen.status == 429:
        lane.not_before = _throttled_until(lane, seen.throttled_until, now)
    elif 200 <= seen.status < 300:
        lane.throttled = 0
    _stop_when_used_up(lane, seen.limits, budget, now)
    return lane.not_before if lane.not_before and lane.not_before > now else None


@dataclass(frozen=True, slots=True)
class Seen:
    """What one answer says about limits. `throttled_until` only with a 429 that names it."""

    status: int
    endpoint: str
    limits: Limits
    throttled_until: datetime | None = None


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
    lane = session.scalar(select(Lane).where(Lane.key == key))
    if lane is None:
        return BudgetView(0, 0, 5000, None, None, {})
    recent = lane.minute == _minute(now)
    today = lane.day == _day(now)
    stopped = lane.not_before if lane.not_before and lane.not_before > now else None
    return BudgetView(
        minute_used=lane.minute_used if recent else 0,
        day_used=lane.day_used if today else 0,
        day_limit=lane.day_limit,
        day_remaining=lane.day_remaining if today else None,
        not_before=stopped,
        errors={endpoint: len(at) for endpoint, at in _errors_of(lane, now).items()},
    )


def release_of_dead(session: Session, owner: str) -> int:
    """Free the lanes of a process that is gone; the caller knows that it is."""
    with db.transaction(session):
        mine = Lane.lease_owner.startswith(f"{owner[:40]}#", autoescape=True)
        result = session.execute(update(Lane).where(mine).values(lease_owner="", lease_until=None))
        return int(getattr(result, "rowcount", 0))


def _locked(session: Session, key: str) -> Lane:
    """The lane's row, created when missing, locked until the transaction ends."""
    query = select(Lane).where(Lane.key == key).with_for_update()
    lane = session.scalar(query, execution_options={"populate_existing": True})
    if lane is None:
        postgres = session.get_bind().dialect.name == "postgresql"
        insert = (postgres_insert if postgres else sqlite_insert)(Lane)
        values = {"key": key, "lease_owner": "", "minute_used": 0, "day": "", "day_used": 0}
        values |= {"day_limit": 5000, "throttled": 0, "errors": {}}
        session.execute(insert.values(values).on_conflict_do_nothing())
        lane = session.scalars(query).one()
    return lane


def _roll(lane: Lane, now: datetime) -> None:
    """New minute or day (UTC, as the provider counts): start from zero."""
    if lane.minute != _minute(now):
        lane.minute, lane.minute_used = _minute(now), 0
    if lane.day != _day(now):
        lane.day, lane.day_used, lane.day_remaining = _day(now), 0, None


def _check_room(lane: Lane, need: Need, now: datetime) -> None:
    budget = need.budget
    spare_minute = 0 if need.posting else budget.posting_reserve_minute
    spare_day = 0 if need.posting else budget.posting_reserve_day
    if lane.day_used + need.calls > _day_budget(lane, budget) - spare_day:
        raise LaneClosed("The calls of today are used up.", not_before=_next_day(now))
    if lane.minute_used + need.calls > budget.per_minute - spare_minute:
        raise LaneClosed("The calls of this minute are used up.", not_before=_minute(now) + MINUTE)


def _day_budget(lane: Lane, budget: Budget) -> int:
    """Our share of the provider's day: 4,800 of 5,000, and as much below another limit."""
    return max(0, budget.per_day + lane.day_limit - 5000)


def _check_errors(lane: Lane, need: Need, now: datetime) -> None:
    at = _errors_of(lane, now).get(need.endpoint, [])
    if len(at) >= need.budget.errors_per_hour:
        free_at = now + timedelta(seconds=max(1, at[0] + 3600 - int(now.timestamp())))
        raise LaneClosed(
            f"Too many refused calls to {need.endpoint} this hour.", not_before=free_at
        )


def _errors_of(lane: Lane, now: datetime) -> dict[str, list[int]]:
    """Seconds of the counted errors of the last hour, per endpoint."""
    since = int(now.timestamp()) - 3600
    kept = {name: [at for at in list_ if at > since] for name, list_ in (lane.errors or {}).items()}
    return {name: at for name, at in kept.items() if at}


def _learn(lane: Lane, limits: Limits) -> None:
    """Others may use the same app: what the headers say has been used counts as used."""
    if limits.minute_limit is not None and limits.minute_remaining is not None:
        lane.minute_used = max(lane.minute_used, limits.minute_limit - limits.minute_remaining)
    if limits.day_limit:
        lane.day_limit = limits.day_limit
    if limits.day_remaining is not None:
        lane.day_remaining = limits.day_remaining
        lane.day_used = max(lane.day_used, lane.day_limit - limits.day_remaining)


def _stop_when_used_up(lane: Lane, limits: Limits, budget: Budget, now: datetime) -> None:
    """Their minute can end later than ours: stop until the reset they name."""
    reset = limits.minute_reset_at
    if reset is None or limits.minute_limit is None or limits.minute_remaining is None:
        return
    used = limits.minute_limit - limits.minute_remaining
    if used >= budget.per_minute and now < reset <= now + 2 * MINUTE:
        lane.not_before = max(lane.not_before or reset, reset)


def _throttled_until(lane: Lane, named: datetime | None, now: datetime) -> datetime:
    if named is not None and now < named <= now + 25 * HOUR:
        return named
    step = LADDER[min(lane.throttled, len(LADDER) - 1)]
    lane.throttled += 1
    return now + step if step else _minute(now) + MINUTE


def _minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)


def _day(now: datetime) -> str:
    return now.date().isoformat()


def _next_day(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
