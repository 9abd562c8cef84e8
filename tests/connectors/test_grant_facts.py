"""When a token is refreshed, as a table of moments; pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from retailvista.connectors.expiry import days_left, warnings_due
from retailvista.connectors.grant_facts import (
    GrantFacts,
    Pace,
    Reason,
    back_off,
    needs_refresh,
    next_presentation,
)
from retailvista.connectors.grants import NIGHT_ZONE, next_keep_alive

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
PACE = Pace(timedelta(seconds=570), 190)


def seconds(count: int) -> timedelta:
    return timedelta(seconds=count)


FACTS = GrantFacts(
    requested_at=NOON,
    answered_at=NOON + seconds(1),
    access_until=NOON + seconds(600),
    valid_until=NOON + timedelta(days=30),
    has_tokens=True,
    login_needed=False,
    refreshing_since=None,
    represented=0,
    not_before=None,
    calls_day="2026-03-14",
    calls_today=1,
)
SLOW = replace(FACTS, answered_at=NOON + seconds(40))
LOST = replace(FACTS, refreshing_since=NOON + seconds(580))

MOMENTS = [
    ("right after the login", FACTS, 2, Reason.USABLE),
    ("just before it is due", FACTS, 570, Reason.USABLE),
    ("570 s after the answer", FACTS, 571, Reason.DUE),
    ("long after", FACTS, 86_400, Reason.DUE),
    ("a slow answer: dead before it may be renewed", SLOW, 596, Reason.WAIT),
    ("a slow answer: 570 s after it", SLOW, 610, Reason.DUE),
    ("an answer was lost, the old token still lives", LOST, 590, Reason.USABLE),
    ("an answer was lost, the old token is dead", LOST, 600, Reason.RECOVER),
    ("backing off", replace(FACTS, not_before=NOON + seconds(700)), 650, Reason.WAIT),
    ("backed off", replace(FACTS, not_before=NOON + seconds(700)), 700, Reason.DUE),
    ("used up today", replace(FACTS, calls_today=190), 900, Reason.USED_UP),
    ("used up yesterday", replace(FACTS, calls_today=190), 12 * 3600, Reason.DUE),
    ("login needed", replace(FACTS, login_needed=True), 2, Reason.LOGIN),
    ("no tokens", replace(FACTS, has_tokens=False), 2, Reason.LOGIN),
]


@pytest.mark.parametrize(
    ("facts", "after", "reason"), [row[1:] for row in MOMENTS], ids=[row[0] for row in MOMENTS]
)
def test_moments(facts: GrantFacts, after: int, reason: Reason):
    assert needs_refresh(facts, PACE, NOON + seconds(after)).reason is reason


def test_a_lost_answer_is_asked_for_again_twice_and_once_more_at_575_seconds():
    assert next_presentation(NOON, 0, NOON) == NOON + seconds(60)
    assert next_presentation(NOON, 1, NOON + seconds(60)) == NOON + seconds(360)
    assert next_presentation(NOON, 2, NOON + seconds(360)) == NOON + seconds(575)
    assert next_presentation(NOON, 3, NOON + seconds(575)) is None


def test_back_off_grows_from_a_minute_to_half_an_hour():
    pauses = [back_off(NOON, NOON + seconds(past)) - NOON - seconds(past) for past in (10, 1200)]
    assert pauses == [seconds(60), seconds(300)]
    assert back_off(NOON, NOON + timedelta(days=2)) == NOON + timedelta(days=2, minutes=30)


@pytest.mark.statement("R-42")
@pytest.mark.parametrize(
    ("days", "left", "threshold"),
    [(0, 30, None), (15, 15, None), (16, 14, 14), (17, 13, 14), (23, 7, 7), (27, 3, 3), (29, 1, 1)],
)
def test_days_left_and_the_warning_that_is_due(days: int, left: int, threshold: int | None):
    until = NOON + timedelta(days=30)
    now = NOON + timedelta(days=days)
    assert days_left(until, now) == left
    assert [found.threshold for found in warnings_due(until, now)] == (
        [threshold] if threshold is not None else []
    )


def test_after_the_end_no_day_is_left_and_the_last_warning_is_due():
    until = NOON
    assert days_left(until, NOON) == 0
    assert [found.threshold for found in warnings_due(until, NOON)] == [0]
    assert days_left(None, NOON) is None
    assert warnings_due(None, NOON) == []


def test_the_keep_alive_comes_once_a_day_spread_and_never_between_one_and_two_at_night():
    starts = [NOON + timedelta(minutes=7 * n) for n in range(300)]
    dues = [next_keep_alive(f"grant-{n}", start) for n, start in enumerate(starts)]
    hours = {due.astimezone(NIGHT_ZONE).hour for due in dues}
    assert hours == set(range(24)) - {1}
    assert len({due.minute for due in dues}) > 20
    late = [due - start - timedelta(days=1) for due, start in zip(dues, starts, strict=True)]
    assert all(abs(by) <= timedelta(minutes=105) for by in late)
