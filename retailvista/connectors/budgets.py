"""The budget of a lane: its minute, its day, its errors of the last hour, and what a 429 means.

Pure over a lane's row: the caller holds its lock. Invariants: other work leaves the reserve for
posting alone; the provider's headers correct our count upwards, never downwards; a 429 stops the
lane until the reset its headers name, else until the next minute, then 15, then 61 minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from retailvista.connectors.port import Budget, Limits
from retailvista.errors import Later

# Renewed at each charge and each answer; longer than any call may take.
LEASE = timedelta(seconds=300)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
# 429 without headers: the minute is over soon; else a block of an hour may be on.
LADDER = (timedelta(0), timedelta(minutes=15), timedelta(minutes=61))


@dataclass(slots=True)
class LaneState:
    """A lane's row as read under its lock: the sender of now, and what was counted."""

    lease_owner: str = ""
    lease_until: datetime | None = None
    # A posting waits for the lane: until then nothing else begins.
    wanted_until: datetime | None = None
    minute: datetime | None = None
    minute_used: int = 0
    day: str = ""
    day_used: int = 0
    day_limit: int = 5000
    day_remaining: int | None = None
    not_before: datetime | None = None
    throttled: int = 0
    errors: dict[str, list[int]] = field(default_factory=dict)


class LaneClosed(Later):
    """Nothing may be sent now: another sender, or a limit; `not_before` says until when."""


@dataclass(frozen=True, slots=True)
class Need:
    """What is about to be sent: how many calls, and to which endpoint if that is known."""

    budget: Budget
    calls: int = 1
    posting: bool = False
    endpoint: str = ""

    def __post_init__(self) -> None:
        assert self.calls > 0, "nothing to charge"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one answer says about limits. `throttled_until` only with a 429 that names it."""

    status: int
    endpoint: str
    limits: Limits
    throttled_until: datetime | None = None


def charge(lane: LaneState, need: Need, now: datetime) -> None:
    if lane.not_before is not None and lane.not_before > now:
        raise LaneClosed("The limit of calls is reached.", not_before=lane.not_before)
    roll(lane, now)
    _check_room(lane, need, now)
    _check_errors(lane, need, now)
    lane.minute_used += need.calls
    lane.day_used += need.calls
    lane.lease_until = now + LEASE


def learn(lane: LaneState, seen: Seen, budget: Budget, now: datetime) -> datetime | None:
    """What an answer says; until when the lane is stopped, if it is."""
    roll(lane, now)
    _learn(lane, seen.limits)
    if seen.status in budget.counted_errors:
        errors = errors_of(lane, now)
        errors.setdefault(seen.endpoint, []).append(int(now.timestamp()))
        lane.errors = errors
    if seen.status == 429:
        lane.not_before = _throttled_until(lane, seen.throttled_until, now)
    elif 200 <= seen.status < 300:
        lane.throttled = 0
    _stop_when_used_up(lane, seen.limits, budget, now)
    return lane.not_before if lane.not_before and lane.not_before > now else None


def roll(lane: LaneState, now: datetime) -> None:
    """New minute or day (UTC, as the provider counts): start from zero."""
    if lane.minute != minute_of(now):
        lane.minute, lane.minute_used = minute_of(now), 0
    if lane.day != day_of(now):
        lane.day, lane.day_used, lane.day_remaining = day_of(now), 0, None


def _check_room(lane: LaneState, need: Need, now: datetime) -> None:
    budget = need.budget
    spare_minute = 0 if need.posting else budget.posting_reserve_minute
    spare_day = 0 if need.posting else budget.posting_reserve_day
    if lane.day_used + need.calls > _day_budget(lane, budget) - spare_day:
        raise LaneClosed("The calls of today are used up.", not_before=next_day(now))
    if lane.minute_used + need.calls > budget.per_minute - spare_minute:
        raise LaneClosed(
            "The calls of this minute are used up.", not_before=minute_of(now) + MINUTE
        )


def _day_budget(lane: LaneState, budget: Budget) -> int:
    """Our share of the provider's day: 4,800 of 5,000, and as much below another limit."""
    return max(0, budget.per_day + lane.day_limit - 5000)


def _check_errors(lane: LaneState, need: Need, now: datetime) -> None:
    at = errors_of(lane, now).get(need.endpoint, [])
    if len(at) >= need.budget.errors_per_hour:
        free_at = now + timedelta(seconds=max(1, at[0] + 3600 - int(now.timestamp())))
        raise LaneClosed(
            f"Too many refused calls to {need.endpoint} this hour.", not_before=free_at
        )


def errors_of(lane: LaneState, now: datetime) -> dict[str, list[int]]:
    """Seconds of the counted errors of the last hour, per endpoint."""
    since = int(now.timestamp()) - 3600
    kept = {name: [at for at in list_ if at > since] for name, list_ in (lane.errors or {}).items()}
    return {name: at for name, at in kept.items() if at}


def _learn(lane: LaneState, limits: Limits) -> None:
    """Others may use the same app: what the headers say has been used counts as used."""
    if limits.minute_limit is not None and limits.minute_remaining is not None:
        lane.minute_used = max(lane.minute_used, limits.minute_limit - limits.minute_remaining)
    if limits.day_limit:
        lane.day_limit = limits.day_limit
    if limits.day_remaining is not None:
        lane.day_remaining = limits.day_remaining
        lane.day_used = max(lane.day_used, lane.day_limit - limits.day_remaining)


def _stop_when_used_up(lane: LaneState, limits: Limits, budget: Budget, now: datetime) -> None:
    """Their minute can end later than ours: stop until the reset they name."""
    reset = limits.minute_reset_at
    if reset is None or limits.minute_limit is None or limits.minute_remaining is None:
        return
    used = limits.minute_limit - limits.minute_remaining
    if used >= budget.per_minute and now < reset <= now + 2 * MINUTE:
        lane.not_before = max(lane.not_before or reset, reset)


def _throttled_until(lane: LaneState, named: datetime | None, now: datetime) -> datetime:
    if named is not None and now < named <= now + 25 * HOUR:
        return named
    step = LADDER[min(lane.throttled, len(LADDER) - 1)]
    lane.throttled += 1
    return now + step if step else minute_of(now) + MINUTE


def minute_of(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)


def day_of(now: datetime) -> str:
    return now.date().isoformat()


def next_day(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
