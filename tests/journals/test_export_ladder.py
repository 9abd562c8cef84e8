"""The table of answers and looks, row by row: what happens next with an export."""

from __future__ import annotations

from datetime import timedelta

import pytest

from retailvista.connectors.port import Answer, Booked, Outcome
from retailvista.journals import actions, ladder
from retailvista.journals.ladder import Facts, Found, Move, Next

FIRST = Facts(sends=1)
SECOND = Facts(sends=2)
BOOKED = Booked(external_id="e", entry_number=26000001, division=1)

ANSWERS = [
    # outcome, as intended, facts -> next, seconds to wait, connector stops
    (Outcome.BOOKED, True, FIRST, Next.POSTED, 0, False),
    (Outcome.BOOKED, False, FIRST, Next.CONFLICT, 0, False),
    (Outcome.NOT_SENT, False, FIRST, Next.READY, 60, False),
    (Outcome.THROTTLED, False, FIRST, Next.READY, 60, False),
    (Outcome.TOKEN_REFUSED, False, FIRST, Next.READY, 0, True),
    (Outcome.STOPPED, False, FIRST, Next.READY, 0, True),
    (Outcome.REJECTED, False, FIRST, Next.REJECTED, 0, False),
    (Outcome.REFUSED_KNOWN, False, FIRST, Next.CHECK, 0, False),
    (Outcome.REFUSED_UNKNOWN, False, FIRST, Next.CHECK, 0, False),
    (Outcome.NUMBER_IN_USE, False, FIRST, Next.CHECK, 0, False),
    (Outcome.UNKNOWN, False, FIRST, Next.CHECK, 5, False),
    # On a second send the first may still arrive: back to looking, never back to ready.
    (Outcome.NOT_SENT, False, SECOND, Next.CHECK, 60, False),
    (Outcome.THROTTLED, False, SECOND, Next.CHECK, 60, False),
    (Outcome.STOPPED, False, SECOND, Next.CHECK, 5, True),
    (Outcome.TOKEN_REFUSED, False, SECOND, Next.CHECK, 5, True),
    (Outcome.REJECTED, False, SECOND, Next.CHECK, 0, False),
]


@pytest.mark.parametrize(("outcome", "intended", "facts", "expected", "wait", "stops"), ANSWERS)
def test_every_answer_has_one_next_step(outcome, intended, facts, expected, wait, stops) -> None:
    answer = Answer(outcome, booked=BOOKED if outcome is Outcome.BOOKED else None)
    move = ladder.after_answer(facts, answer, as_intended=intended)
    assert (move.next, move.wait.total_seconds(), move.stops_connector) == (expected, wait, stops)


def test_every_outcome_stands_in_the_table() -> None:
    assert {row[0] for row in ANSWERS} == set(Outcome)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


LOOKS = [
    # unknown for, outcome, sends, refusals, in-use looks, proven, found -> next, wait
    (0, "", 1, 0, 0, False, Found.OURS, Next.VERIFIED, 0),
    (0, "", 1, 0, 0, True, Found.OTHER, Next.CONFLICT, 0),
    (700, "", 1, 0, 0, True, Found.TWICE, Next.CONFLICT, 0),
    (700, "", 1, 0, 0, True, Found.OTHER_NUMBER, Next.CONFLICT, 0),
    (5, Outcome.UNKNOWN.value, 1, 0, 0, True, Found.ABSENT, Next.CHECK, 25),
    (31, Outcome.UNKNOWN.value, 1, 0, 0, True, Found.ABSENT, Next.CHECK, 89),
    (120, ladder.LOST, 1, 0, 0, True, Found.ABSENT, Next.CHECK, 480),
    (599, ladder.LOST, 1, 0, 0, True, Found.ABSENT, Next.CHECK, 1),
    (600, ladder.LOST, 1, 0, 0, True, Found.ABSENT, Next.RESEND, 0),
    (600, ladder.LOST, 1, 0, 0, False, Found.ABSENT, Next.DECIDE, 0),
    (600, ladder.LOST, 4, 0, 0, True, Found.ABSENT, Next.DECIDE, 0),
    (0, Outcome.REFUSED_KNOWN.value, 1, 1, 0, True, Found.ABSENT, Next.REJECTED, 0),
    (0, Outcome.REJECTED.value, 2, 0, 0, True, Found.ABSENT, Next.REJECTED, 0),
    (0, Outcome.REFUSED_UNKNOWN.value, 1, 1, 0, True, Found.ABSENT, Next.CHECK, 5),
    (600, Outcome.REFUSED_UNKNOWN.value, 1, 1, 0, True, Found.ABSENT, Next.RESEND, 0),
    (0, Outcome.REFUSED_UNKNOWN.value, 2, 2, 0, True, Found.ABSENT, Next.REJECTED, 0),
    (0, Outcome.NUMBER_IN_USE.value, 1, 0, 0, True, Found.ABSENT, Next.CHECK, 30),
    (30, Outcome.NUMBER_IN_USE.value, 1, 0, 1, True, Found.ABSENT, Next.CONFLICT, 0),
    (30, Outcome.NUMBER_IN_USE.value, 1, 0, 1, True, Found.OURS, Next.VERIFIED, 0),
]


@pytest.mark.parametrize(
    ("age", "outcome", "sends", "refusals", "in_use", "proven", "found", "expected", "wait"), LOOKS
)
def test_every_look_has_one_next_step(
    age, outcome, sends, refusals, in_use, proven, found, expected, wait
) -> None:
    facts = Facts(sends, seconds(age), outcome, refusals, in_use, proven)
    move = ladder.after_look(facts, found)
    assert (move.next, move.wait.total_seconds()) == (expected, wait)


def test_without_both_proofs_nothing_is_ever_sent_twice() -> None:
    outcomes = [ladder.LOST, *(outcome.value for outcome in Outcome)]
    for age in range(0, 2000, 7):
        for outcome in outcomes:
            facts = Facts(1, seconds(age), outcome, proven=False)
            assert all(ladder.after_look(facts, found).next is not Next.RESEND for found in Found)


def test_what_waits_for_a_person_names_the_next_action_and_its_exits() -> None:
    assert set(actions.EXITS) <= set(actions.TEXTS)
    for action, exits in actions.EXITS.items():
        assert exits, f"{action} offers no way out"
    with pytest.raises(AssertionError):
        Move(Next.CONFLICT)
    with pytest.raises(AssertionError):
        Move(Next.POSTED, action=actions.DIFFERS)


@pytest.mark.parametrize(
    ("then", "now", "jumped"),
    [(0, 30_000, False), (0, 30_001, True), (5_000, -26_000, True), (7, 7, False)],
)
def test_a_clock_that_parts_by_more_than_thirty_seconds_is_noticed(then, now, jumped) -> None:
    assert ladder.clock_jumped(then, now) is jumped
