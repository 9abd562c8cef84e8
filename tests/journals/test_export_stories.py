"""Exports against the sandbox over HTTP: what happens, row by row of the table of answers."""

from __future__ import annotations

import re

import pytest

from retailvista.errors import Refused
from retailvista.journals import actions, deciding
from retailvista.journals.proving import Proof, prove_refusal
from tests.conftest import TestClock
from tests.journals.export_steps import POST, last, pass_the_ladder, warm
from tests.stage import Stage


def test_the_first_journal_goes_alone_and_the_rest_follows_once_it_is_verified(
    stage: Stage,
) -> None:
    stage.add_days(5)
    assert stage.release() == 5
    counts = stage.export()
    assert (counts.posted, counts.verified, counts.waiting) == (5, 5, 0)
    assert stage.states() == ["verified"] * 5
    assert [number for number, _ in stage.booked()] == [26000001 + n for n in range(5)]
    assert all(text.startswith("RV:1a2b3c-1-") for _, text in stage.booked())


# What goes wrong once with the POST -> the state after the pass, and after the ladder.
ANSWERS = [
    ("drop_before", "", "sending", "verified", 1),
    ("drop_after_commit", "", "sending", "verified", 1),
    ("error_after_commit", "502", "sending", "verified", 1),
    ("html_503", "", "sending", "verified", 1),
    ("html_200", "after", "sending", "verified", 1),
    ("cut_at_byte", "40", "sending", "verified", 1),
    ("problem_500", "", "sending", "verified", 1),
    ("problem_500", "after", "verified", "verified", 1),
    ("refuse", "Periode is afgesloten: 2026 - 3", "rejected", "rejected", 0),
    ("refuse", "Iets onbekends", "sending", "verified", 1),
    ("ignore_entry_number", "", "conflict", "conflict", 1),
    ("429", "bare", "ready", "verified", 1),
]


@pytest.mark.parametrize(("fault", "value", "at_once", "in_the_end", "entries"), ANSWERS)
def test_one_fault_of_a_post_on_a_proven_seat(
    stage: Stage, clock: TestClock, fault, value, at_once, in_the_end, entries
) -> None:
    warm(stage)
    stage.sandbox.faults.add(fault, value=value, **POST)
    stage.export()
    assert last(stage).state == at_once
    pass_the_ladder(stage, clock)
    clock.move(minutes=2)
    stage.export()
    assert last(stage).state == in_the_end
    assert len(stage.booked()) == 1 + entries


def test_a_lost_request_on_an_unproven_seat_asks_a_person_and_sends_nothing(
    stage: Stage, clock: TestClock
) -> None:
    warm(stage, proven=False)
    stage.sandbox.faults.add("drop_before", **POST)
    stage.export()
    pass_the_ladder(stage, clock)
    export = last(stage)
    assert (export.state, export.decision) == ("sending", actions.PERSON_DECIDES)
    assert export.sends == 1
    assert len(stage.booked()) == 1
    stage.ask(lambda s: deciding.not_ours_new_number(s, 2, "not in Exact", "bo@example.com"))
    stage.export()
    assert last(stage).state == "verified"
    assert last(stage).entry_number == 26000003
    assert len(stage.booked()) == 2


@pytest.mark.parametrize(
    ("numbers", "ends", "decision"),
    [("refuses-used", "verified", ""), ("ignores-ours", "conflict", actions.OTHER_NUMBER)],
)
def test_what_a_person_takes_for_absent_and_is_there_is_never_sent_under_a_new_number(
    stage: Stage, clock: TestClock, numbers, ends, decision
) -> None:
    """A booking that came after he looked stands as it was sent; only another number is his."""
    warm(stage, proven=False)
    stage.sandbox.faults.add("late_commit", value="1000", **POST)
    stage.sandbox.store.set("numbers", numbers)
    stage.export()
    pass_the_ladder(stage, clock)
    assert last(stage).decision == actions.PERSON_DECIDES
    clock.move(minutes=20)
    stage.ask(lambda s: deciding.not_ours_new_number(s, 2, "not in Exact", "bo@example.com"))
    stage.export()
    clock.move(seconds=6)
    stage.export()
    export = last(stage)
    assert (export.state, export.decision, export.sends) == (ends, decision, 1)
    assert len(stage.booked()) == 2


def test_the_second_proof_shows_that_used_numbers_are_refused(stage: Stage) -> None:
    warm(stage, proven=False)
    with pytest.raises(Refused):
        stage.ask(lambda _: prove_refusal(stage.outside, 25, "bo", consent=False))
    result = stage.ask(lambda _: prove_refusal(stage.outside, 25, "bo", consent=True))
    assert result.proof is Proof.REFUSES_USED
    assert len(stage.booked()) == 1


@pytest.mark.judge_allows("duplicate-content", reason="the second proof, with consent")
def test_the_second_proof_deletes_the_copy_of_a_server_that_takes_it(stage: Stage) -> None:
    warm(stage, proven=False)
    stage.sandbox.store.set("numbers", "accepts-used")
    result = stage.ask(lambda _: prove_refusal(stage.outside, 25, "bo", consent=True))
    assert (result.proof, result.left_behind) == (Proof.ACCEPTS_USED, ())
    assert len(stage.booked()) == 1


def test_a_login_that_reads_nothing_pauses_the_connector_and_never_counts_as_absent(
    stage: Stage, clock: TestClock
) -> None:
    warm(stage)
    stage.sandbox.store.set("rights", "lost")
    stage.sandbox.faults.add("drop_before", **POST)
    stage.export()
    for _ in range(20):
        clock.move(minutes=5)
        stage.export()
    export = last(stage)
    assert (export.state, export.good_looks, export.sends) == ("sending", 0, 1)
    stage.sandbox.store.set("rights", "kept")
    for _ in range(4):
        clock.move(hours=1)
        stage.export()
    assert last(stage).state == "verified"
    assert len(stage.booked()) == 2


def test_the_very_first_journal_is_never_judged_by_a_blind_look(
    stage: Stage, clock: TestClock
) -> None:
    stage.add_days(2)
    stage.release()
    stage.sandbox.store.set("rights", "lost")
    stage.sandbox.faults.add("drop_after_commit", **POST)
    stage.export()
    for _ in range(10):
        clock.move(minutes=10)
        stage.export()
    assert stage.states() == ["sending", "ready"]
    assert "right" in stage.connector().paused


@pytest.mark.parametrize("profile", ["net-added", "netted", "debit-as-purchase"])
def test_an_answer_that_shows_the_lines_gives_no_false_conflict(stage: Stage, profile) -> None:
    stage.sandbox.store.set("created_lines", "shown")
    stage.sandbox.store.set("vat", profile)
    warm(stage, days=3)
    assert stage.export().verified == 3


@pytest.mark.parametrize(
    ("shown", "decision"),
    [("shown", actions.STORED_OTHERWISE), ("deferred", actions.DIFFERS)],
)
def test_other_totals_are_a_conflict_by_the_answer_or_by_reading_back(
    stage: Stage, shown, decision
) -> None:
    """The books store a cent more than was sent, from now on."""
    warm(stage, days=2)
    stage.sandbox.store.set("created_lines", shown)
    with stage.sandbox.store.transaction() as books:
        books.execute(
            "CREATE TRIGGER a_cent_more AFTER INSERT ON line WHEN NEW.LineNumber = 1 BEGIN"
            " UPDATE line SET AmountFC = AmountFC + 0.01 WHERE ID = NEW.ID; END"
        )
    stage.export()
    export = stage.exports()[1]
    assert (export.state, export.decision) == ("conflict", decision)
    assert re.search(r"Account \d+ in total: .* sent, .* stored\.", export.problem)
