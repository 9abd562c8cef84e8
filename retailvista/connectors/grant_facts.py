"""When a grant is refreshed: pure decisions from its dates, without clock, database or network.

Exact refuses a refresh within 570 s of its last answer, and an access token lives 600 s from its
request; a refresh token works once. Hence: use the token while it lives, refresh when it is due,
and after a call whose answer is not stored decide as `recovery` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

# The request must arrive before the token ends.
ARRIVAL_MARGIN = timedelta(seconds=5)
# After a call without an answer: present the same token again, at most twice, then once more
# when the provider's own pause is certainly over.
REPRESENT_AFTER = (timedelta(seconds=60), timedelta(seconds=300))
FINAL_AFTER = timedelta(seconds=575)
BACK_OFF_MIN = timedelta(seconds=60)
BACK_OFF_MAX = timedelta(minutes=30)


class Reason(Enum):
    """What to do about the access token, and why."""

    USABLE = "usable"
    DUE = "the access token is due"
    RECOVER = "an earlier answer was not stored"
    WAIT = "too early, or backing off"
    LOGIN = "a new login is needed"
    USED_UP = "the calls of today are used up"


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """The dates of a grant as stored."""

    requested_at: datetime | None
    answered_at: datetime | None
    access_until: datetime | None
    valid_until: datetime | None
    has_tokens: bool
    login_needed: bool
    refreshing_since: datetime | None
    represented: int
    not_before: datetime | None
    calls_day: str
    calls_today: int
    # An access token that somebody entered: usable until it is refused.
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """What the provider allows."""

    refresh_not_before: timedelta
    calls_per_day: int


@dataclass(frozen=True, slots=True)
class Decision:
    """The reason, and for waiting until when."""

    reason: Reason
    until: datetime | None = None


def needs_refresh(facts: GrantFacts, pace: Pace, now: datetime) -> Decision:
    """What to do now, when somebody needs a token."""
    if facts.login_needed or not facts.has_tokens:
        return Decision(Reason.LOGIN)
    if facts.by_hand:
        return Decision(Reason.USABLE)
    if facts.access_until is not None and now < facts.access_until - ARRIVAL_MARGIN:
        too_early = facts.answered_at is not None and (
            now < facts.answered_at + pace.refresh_not_before
        )
        if too_early or facts.refreshing_since is not None:
            return Decision(Reason.USABLE)
    if facts.not_before is not None and now < facts.not_before:
        return Decision(Reason.WAIT, facts.not_before)
    if facts.calls_day == now.date().isoformat() and facts.calls_today >= pace.calls_per_day:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return Decision(Reason.USED_UP, midnight + timedelta(days=1))
    if facts.refreshing_since is not None:
        return Decision(Reason.RECOVER)
    if facts.answered_at is not None and now < facts.answered_at + pace.refresh_not_before:
        return Decision(Reason.WAIT, facts.answered_at + pace.refresh_not_before)
    return Decision(Reason.DUE)


def next_presentation(since: datetime, represented: int, now: datetime) -> datetime | None:
    """When the same token is presented again; None = the answer is lost, log in again.

    `represented` counts the presentations after the first that brought no answer.
    """
    if represented < len(REPRESENT_AFTER):
        return now + REPRESENT_AFTER[represented]
    if represented == len(REPRESENT_AFTER):
        return max(since + FINAL_AFTER, now + REPRESENT_AFTER[0])
    return None


def after_too_early(since: datetime, now: datetime) -> datetime:
    """The provider says a token is out: wait until its pause since the lost call is over."""
    final = since + FINAL_AFTER
    return final if now < final else now + FINAL_AFTER


def back_off(facts_until: datetime | None, now: datetime) -> datetime:
    """Longer and longer while the provider is down: a quarter of the time without a token."""
    without = now - facts_until if facts_until is not None else BACK_OFF_MIN
    return now + min(BACK_OFF_MAX, max(BACK_OFF_MIN, without / 4))
