"""What to do next with an export, given what is known: the pure heart of exactly-once.

Invariants: an unknown is not a failure; only a good look on or after the last rung of the ladder,
with both proofs, allows a second send; whatever cannot be settled names who decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from retailvista.connectors.port import Answer, Outcome
from retailvista.journals import actions

LEASE = timedelta(minutes=5)
LEASE_LEFT_TO_SEND = timedelta(seconds=180)
# Looks after the moment an export became unknown; the last rung is the quarantine.
RUNGS = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
)
QUARANTINE = RUNGS[-1]
RESEND_WITHIN = timedelta(seconds=5)
AUTOMATIC_SENDS = 4
IN_USE_LOOKS = 2
SAME_REFUSALS = 2
CLOCK_TOLERANCE = timedelta(seconds=30)
NOT_SENT_WAIT = timedelta(minutes=1)
AT_ONCE = timedelta(0)
LOST = "lost"  # the outcome of a send whose worker never told us


class Next(Enum):
    """Where an export goes."""

    READY = "ready"
    CHECK = "check"
    POSTED = "posted"
    VERIFIED = "verified"
    REJECTED = "rejected"
    CONFLICT = "conflict"
    DECIDE = "decide"
    RESEND = "resend"


class Found(Enum):
    """What a good look showed of an export."""

    ABSENT = "absent"
    OURS = "ours"
    OTHER = "other"
    TWICE = "twice"
    OTHER_NUMBER = "other number"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an export that was sent, by the database's clock."""

    sends: int
    unknown_for: timedelta = AT_ONCE
    last_outcome: str = ""
    refusals: int = 0
    in_use_looks: int = 0
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """The next state, when to come back to it, and what a person must do, if anybody."""

    next: Next
    wait: timedelta = AT_ONCE
    action: str = ""
    stops_connector: bool = False
    uncount_send: bool = False

    def __post_init__(self) -> None:
        needs = self.next in {Next.REJECTED, Next.CONFLICT, Next.DECIDE}
        if needs != bool(self.action):
            raise AssertionError(f"{self.next.value} and next action {self.action!r} do not fit")


def after_answer(facts: Facts, answer: Answer, *, as_intended: bool) -> Move:
    """The table of answers. `facts.sends` counts this send; texts never decide what was booked."""
    outcome = answer.outcome
    if outcome is Outcome.BOOKED:
        if as_intended:
            return Move(Next.POSTED)
        return Move(Next.CONFLICT, action=actions.STORED_OTHERWISE)
    if outcome in {Outcome.NOT_SENT, Outcome.THROTTLED}:
        return _not_executed(facts, NOT_SENT_WAIT)
    if outcome in {Outcome.TOKEN_REFUSED, Outcome.STOPPED}:
        return _not_executed(facts, AT_ONCE, stops_connector=True)
    if outcome is Outcome.REJECTED and facts.sends <= 1:
        return Move(Next.REJECTED, action=actions.CORRECT_AND_TRY_AGAIN)
    if outcome is Outcome.UNKNOWN:
        return Move(Next.CHECK, RUNGS[0])
    # A refusal in words (a 500 of Exact, a number in use), or a 400 on a second send:
    # only a look can say what is in the books.
    return Move(Next.CHECK, AT_ONCE)


def _not_executed(facts: Facts, wait: timedelta, *, stops_connector: bool = False) -> Move:
    """Nothing happened now. Ready again, unless an earlier send may still be under way."""
    again = Next.READY if facts.sends <= 1 else Next.CHECK
    rest = wait if again is Next.READY else max(wait, RUNGS[0])
    return Move(again, rest, stops_connector=stops_connector, uncount_send=True)


def after_look(facts: Facts, found: Found) -> Move:
    """A good look, by the database's clock `unknown_for` after the export became unknown."""
    if found is Found.OURS:
        return Move(Next.VERIFIED)
    if found is not Found.ABSENT:
        return Move(Next.CONFLICT, action=_ACTION_WHEN_FOUND[found])
    outcome = facts.last_outcome
    if outcome in {Outcome.REFUSED_KNOWN.value, Outcome.REJECTED.value}:
        return Move(Next.REJECTED, action=actions.CORRECT_AND_TRY_AGAIN)
    if outcome == Outcome.REFUSED_UNKNOWN.value and facts.refusals >= SAME_REFUSALS:
        return Move(Next.REJECTED, action=actions.CORRECT_AND_TRY_AGAIN)
    if outcome == Outcome.NUMBER_IN_USE.value:
        if facts.in_use_looks + 1 >= IN_USE_LOOKS:
            return Move(Next.CONFLICT, action=actions.NUMBER_TAKEN)
        return Move(Next.CHECK, RUNGS[1])
    return _absent(facts)


def _absent(facts: Facts) -> Move:
    rung = next((rung for rung in RUNGS if rung > facts.unknown_for), None)
    if rung is not None:
        return Move(Next.CHECK, rung - facts.unknown_for)
    if facts.sends >= AUTOMATIC_SENDS:
        return Move(Next.DECIDE, action=actions.SENT_TOO_OFTEN)
    if not facts.proven:
        return Move(Next.DECIDE, action=actions.PERSON_DECIDES)
    return Move(Next.RESEND)


_ACTION_WHEN_FOUND = {
    Found.OTHER: actions.DIFFERS,
    Found.TWICE: actions.FOUND_TWICE,
    Found.OTHER_NUMBER: actions.OTHER_NUMBER,
}


def is_last_rung(unknown_for: timedelta) -> bool:
    """Whether a look now ends the quarantine, so that the posting key must be looked for too."""
    return unknown_for >= QUARANTINE


def clock_jumped(offset_then_ms: int, offset_now_ms: int) -> bool:
    """Wall minus monotonic time moved: waiting cannot be trusted, the quarantine starts again."""
    return abs(offset_now_ms - offset_then_ms) > CLOCK_TOLERANCE / timedelta(milliseconds=1)
