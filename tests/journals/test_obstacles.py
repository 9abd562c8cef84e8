"""Whatever keeps a journal from going out is said, with the journal, the connector and the time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies.models import Instance, Licence
from retailvista.connectors.models import Connector, Lane
from retailvista.journals import deciding
from retailvista.journals.models import Export, JournalRow
from retailvista.journals.obstacles import obstacles
from tests.conftest import TestClock
from tests.journals.export_steps import LOOK, POST, pass_the_ladder, warm
from tests.stage import Stage


def said(stage: Stage) -> list[tuple[str, bool]]:
    def read(session: Session) -> list[tuple[str, bool]]:
        with db.reading(session):
            return [(one.text, one.person) for one in obstacles(session)]

    found = stage.ask(read)
    assert isinstance(found, list)
    return found


def write(stage: Stage, model: type, **values: object) -> None:
    stage.change(lambda session: session.execute(update(model).values(**values)))


def test_nothing_stands_in_the_way_of_what_is_done_or_due(stage: Stage):
    assert said(stage) == []
    warm(stage)
    assert said(stage) == []
    stage.export()
    assert stage.states() == ["verified", "verified"]
    assert said(stage) == []


def test_what_waits_to_be_released_is_counted(stage: Stage):
    stage.add_days(2)
    assert said(stage) == [("2 journals wait to be released.", False)]
    stage.change(lambda s: s.execute(update(JournalRow).values(problem="No link.")))
    assert said(stage) == [("2 journals have a problem; see journals list.", True)]


def test_an_unknown_outcome_holds_up_the_others_until_a_look(stage: Stage, clock: TestClock):
    warm(stage, days=2)
    stage.sandbox.faults.add("drop_before", **POST)
    stage.sandbox.faults.add("html_503", times=50, **LOOK)
    stage.export()
    (unknown,) = said(stage)
    sentence = (
        "Journal 2 of connector 25 is of unknown outcome: nothing else goes out through this"
        " connector until the books have been looked at, next at 09:00:05 UTC."
    )
    assert unknown == (sentence, False)
    clock.move(seconds=6)
    stage.export()
    ((text, person),) = said(stage)
    assert text.startswith("Connector 25 rests until 09:0")
    assert not person


def test_a_person_who_must_decide_is_told_about_which_journal(stage: Stage, clock: TestClock):
    warm(stage, days=1, proven=False)
    stage.sandbox.faults.add("drop_before", **POST)
    stage.export()
    pass_the_ladder(stage, clock)
    ((text, person),) = said(stage)
    assert text.startswith("Journal 2 of connector 25 waits for a person's decision: It is not")
    assert person
    stage.ask(lambda s: deciding.booked_by_hand(s, 2, "typed in", "anna"))
    assert said(stage) == []


def test_a_first_journal_that_a_person_must_decide_holds_up_the_others(stage: Stage):
    stage.add_days(3)
    stage.release()
    stage.sandbox.faults.add("ignore_entry_number", **POST)
    stage.export()
    assert stage.states().count("ready") == 2
    ((text, person),) = said(stage)
    assert text.startswith("Journal 1 of connector 25 waits for a person's decision: The books")
    assert text.endswith("Nothing else goes out through this connector until it is decided.")
    assert person


def test_a_first_journal_that_is_not_read_back_yet_holds_up_the_others(stage: Stage):
    stage.add_days(2)
    stage.release()
    stage.sandbox.faults.add("html_503", times=9, **LOOK)
    stage.export()
    write(stage, Connector, paused="", paused_until=None)
    ((text, person),) = said(stage)
    assert text.startswith("Journal 1 of connector 25 goes first and alone")
    assert not person


def test_a_rejected_journal_is_named_with_what_to_do(stage: Stage):
    warm(stage)
    write(stage, Export, decision="correct_and_try_again", state="rejected")
    texts = [text for text, person in said(stage) if person]
    assert len(texts) == 2
    assert "Correct what the books refused" in texts[0]


def test_more_than_ten_are_counted(stage: Stage):
    warm(stage, days=14)
    write(stage, Export, decision="correct_and_try_again", state="rejected")
    found = said(stage)
    assert len(found) == 11
    assert found[-1] == ("5 more journals of connector 25 wait for a person's decision.", True)


@pytest.mark.parametrize(
    ("model", "values", "text", "person"),
    [
        (Licence, {"withdrawn_at": "now"}, "The company has no licence", True),
        (Instance, {"sending_locked": "It was restored."}, "Sending is locked. It was", True),
        (Connector, {"paused": "403: Forbidden"}, "is paused: 403: Forbidden Resume", True),
        (Lane, {"not_before": "later"}, "limit of calls is reached; it goes on at 09:10", False),
        (Lane, {"lease_until": "later", "lease_owner": "x"}, "Another process works", False),
        (Export, {"not_before": "later"}, "Journal 1 of connector 25 is tried again at 09:10",
         False),
        (Export, {"state": "sending", "lease_until": "later"},
         "Journal 1 of connector 25 is being sent", False),
    ],
)  # fmt: skip
def test_every_other_reason_has_its_sentence(
    stage: Stage, model: type, values: dict[str, object], text: str, person: bool
):
    stage.add_days(1)
    stage.release()
    moments = {"now": stage.clock.now(), "later": stage.clock.now() + timedelta(minutes=10)}
    write(stage, model, **{key: moments.get(str(it), it) for key, it in values.items()})
    ((found, needs),) = said(stage)
    assert text in found
    assert needs is person
