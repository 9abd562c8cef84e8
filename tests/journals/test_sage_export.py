"""The same export on Sage: a store's day is there exactly once, whatever happens on the way."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import retailvista.journals as journals_package
from retailvista.connectors.models import PROOF_NO, PostingSeat
from retailvista.connectors.registry import provider_named
from retailvista.connectors.visits import fetch_master
from retailvista.journals import actions, deciding
from retailvista.journals.control import control
from retailvista.journals.proving import Proof, prove_refusal
from retailvista.journals.releasing import release
from retailvista.journals.reversing import reverse_journal
from retailvista.sandbox.pytest_plugin import judged
from retailvista.sandbox.server import Sandbox
from tests.conftest import TestClock
from tests.journals.export_steps import last, pass_the_ladder
from tests.sage_stage import IRELAND, POST, SageStage, open_sage_stage


@pytest.fixture
def stage(tmp_path: Path, clock: TestClock, request: pytest.FixtureRequest) -> Iterator[SageStage]:
    """The test fails when we break a rule of Sage without leave."""
    with judged(Sandbox(tmp_path / "sandbox.sqlite", clock=clock), request) as sandbox:
        stage = open_sage_stage(tmp_path, clock, sandbox)
        yield stage
        stage.close()


def warm(stage: SageStage, clock: TestClock, *, proven: bool = True) -> None:
    """A connector whose first journal is verified, and one more day released."""
    stage.add_days(2)
    stage.release([1])
    stage.export()
    assert stage.states() == ["verified"]
    if proven:
        clock.move(minutes=1)
        result = stage.ask(lambda _: prove_refusal(stage.outside, 25, "bo", consent=True))
        assert result.proof is Proof.REFUSES_USED, result
    stage.release()


@pytest.mark.statement("R-53")
def test_store_days_are_posted_and_verified(stage: SageStage) -> None:
    stage.add_days(5)
    assert stage.release() == 5
    counts = stage.export()
    assert (counts.posted, counts.verified, counts.waiting) == (5, 5, 0)
    assert [number for number, _ in stage.booked()] == [26000001 + n for n in range(5)]
    assert all(text.startswith("RV:1a2b3c-1-") for _, text in stage.booked())


@pytest.mark.statement("R-53")
def test_the_journal_package_knows_nothing_of_sage() -> None:
    folder = Path(inspect.getfile(journals_package)).parent
    texts = {path: path.read_text(encoding="utf-8").lower() for path in folder.rglob("*.py")}
    assert len(texts) > 40
    assert [
        path.name for path, text in texts.items() if "sage" in text.replace("message", "")
    ] == []


# What goes wrong once with the POST -> the state after the pass, after the ladder, entries.
ANSWERS = [
    ("drop_before", "", "sending", "verified", 1),
    ("drop_after_commit", "", "sending", "verified", 1),
    ("late_commit", "20", "sending", "verified", 1),
    ("late_commit", "700", "sending", "verified", 1),
    ("error_after_commit", "502", "sending", "verified", 1),
    ("html_503", "", "sending", "verified", 1),
    ("html_200", "after", "sending", "verified", 1),
    ("cut_at_byte", "40", "sending", "verified", 1),
    ("problem_500", "", "sending", "verified", 1),
    ("problem_500", "after", "sending", "verified", 1),
    ("refuse", "Ledger account was not found.", "rejected", "rejected", 0),
    ("429", "45", "ready", "verified", 1),
    ("down", "30", "sending", "verified", 1),
]


@pytest.mark.parametrize(("fault", "value", "at_once", "in_the_end", "entries"), ANSWERS)
def test_one_fault_of_a_post_leaves_the_day_there_once(
    stage: SageStage, clock: TestClock, fault, value, at_once, in_the_end, entries
) -> None:
    warm(stage, clock)
    stage.sandbox.faults.add(fault, value=value, **POST)
    stage.export()
    assert last(stage).state == at_once
    pass_the_ladder(stage, clock)
    for _ in range(3):
        clock.move(minutes=2)
        stage.export()
    assert last(stage).state == in_the_end
    assert len(stage.booked()) == 1 + entries


def test_a_lost_answer_is_sent_again_with_the_same_bytes_and_sage_keeps_one(
    stage: SageStage, clock: TestClock
) -> None:
    """The first request arrives late, after the second: the key makes it the same journal."""
    warm(stage, clock)
    stage.sandbox.faults.add("late_commit", value="3600", **POST)
    stage.export()
    pass_the_ladder(stage, clock)
    export = last(stage)
    assert (export.state, export.sends) == ("verified", 2)
    clock.move(hours=2)
    stage.export()
    assert len(stage.booked()) == 2
    found = stage.ask(lambda _: control(stage.outside, 1, date(2026, 3, 1), date(2026, 3, 2)))
    assert found.differences == ()


def test_a_lost_request_on_an_unproven_seat_asks_a_person(
    stage: SageStage, clock: TestClock
) -> None:
    warm(stage, clock, proven=False)
    stage.sandbox.faults.add("drop_before", **POST)
    stage.export()
    pass_the_ladder(stage, clock)
    assert (last(stage).state, last(stage).decision) == ("sending", actions.PERSON_DECIDES)
    stage.ask(lambda s: deciding.not_ours_new_number(s, 2, "not in Sage", "bo@example.com"))
    stage.export()
    assert (last(stage).state, last(stage).entry_number) == ("verified", 26000003)


@pytest.mark.judge_allows("duplicate-content", reason="the second proof, with consent")
def test_a_sage_that_ignores_the_key_is_found_out_and_the_copy_is_voided(
    stage: SageStage, clock: TestClock
) -> None:
    warm(stage, clock, proven=False)
    stage.sandbox.store.set("sage_keys", "ignored")
    clock.move(minutes=1)
    result = stage.ask(lambda _: prove_refusal(stage.outside, 25, "bo", consent=True))
    assert (result.proof, result.left_behind) == (Proof.ACCEPTS_USED, ())
    assert len(stage.booked()) == 1
    seen = []
    stage.change(lambda s: seen.append(s.query(PostingSeat).one().used_refused))
    assert seen == [PROOF_NO]


def test_too_many_calls_wait_as_long_as_sage_says(stage: SageStage, clock: TestClock) -> None:
    warm(stage, clock)
    stage.sandbox.faults.add("429", value="90", **POST)
    stage.export()
    before = len(stage.sandbox.judge.calls())
    clock.move(seconds=85)
    stage.export()
    assert len(stage.sandbox.judge.calls()) == before
    clock.move(seconds=10)
    stage.export()
    assert last(stage).state == "verified"


def test_a_reversal_is_a_mirror_and_both_are_verified(stage: SageStage) -> None:
    stage.add_days(1)
    stage.release()
    stage.export()
    stage.ask(lambda s: reverse_journal(s, 1, "wrong day", "bo@example.com"))
    stage.release()
    stage.export()
    assert stage.states() == ["verified", "verified"]
    assert len(stage.booked()) == 2


def test_a_voided_journal_is_missed_by_the_control(stage: SageStage) -> None:
    stage.add_days(2)
    stage.release()
    stage.export()
    stage.sandbox.store.set("sage_voided", "listed")
    (id_, *_), *_ = stage.sandbox.store.rows(
        "SELECT id FROM sage_record WHERE resource = 'journals' ORDER BY seq"
    )
    with stage.sandbox.store.transaction() as database:
        database.execute("UPDATE sage_record SET deleted = 1 WHERE id = ?", (id_,))
    found = stage.ask(lambda _: control(stage.outside, 1, date(2026, 3, 1), date(2026, 3, 2)))
    assert [(d.kind, d.entry_number) for d in found.differences] == [("missing", 26000001)]


def test_a_closed_day_is_refused_in_the_words_of_sage_and_known_before_the_next(
    stage: SageStage,
) -> None:
    stage.add_days(1)
    stage.release()
    with stage.sandbox.store.transaction() as database:
        database.execute(
            "UPDATE sage_business SET lockdown = '2026-03-02' WHERE id = ?", (IRELAND,)
        )
        database.execute(
            "UPDATE sage_record SET body = json_set(body, '$.visible_in_journals', json('false'))"
            " WHERE resource = 'ledger_accounts' AND body ->> 'nominal_code' = 4000"
        )
    stage.export()
    assert last(stage).state == "rejected"
    assert last(stage).problem.startswith("The date is on or before the year end lockdown date.")
    assert "afsluitdatum" in provider_named("sage-accounting").hint_for(last(stage).problem, "nl")
    stage.ask(lambda _: fetch_master(stage.outside, stage.connector_id))
    stage.add_days(2, first=date(2026, 3, 2))
    refused = stage.ask(lambda session: release(session, None, "test")).refused
    closed, blocked = (one.reason for one in sorted(refused, key=lambda one: one.sequence))
    assert "Periode 2026/3 is afgesloten" in closed
    assert "Periode" not in blocked
    assert "Grootboekrekening 4000 is geblokkeerd" in blocked


def test_a_day_of_work_renews_the_login_and_never_asks_for_a_new_one(
    stage: SageStage, clock: TestClock
) -> None:
    stage.add_days(20)
    stage.release([1])
    stage.export()
    for sequence in range(2, 21):
        clock.move(seconds=271)
        stage.release([sequence])
        stage.export()
    assert stage.states() == ["verified"] * 20
    assert stage.sandbox.judge.findings() == []
