"""Journals that wait for a login, a licence or a correction: none is lost, none goes twice."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies.models import Licence
from retailvista.companies.scope import company_scope
from retailvista.connectors.logins import finish_login, start_login
from retailvista.connectors.registering import empty_token
from retailvista.errors import Refused
from retailvista.journals import deciding, exporting_states
from retailvista.journals.models import Export, JournalRow
from retailvista.journals.releasing import release
from retailvista.sandbox.seed import GROENHOF
from retailvista.sandbox.tokens import consent
from tests.sandbox.visitor import Visitor
from tests.stage import CALLBACK, CLIENT_ID, USER, Stage

POSTS = "*GeneralJournalEntries*"


def booked_once(stage: Stage, days: int) -> None:
    """So many entries, each with a number and a posting key of its own."""
    booked = stage.booked()
    assert len(booked) == days
    assert len({number for number, _ in booked}) == days
    lines = stage.sandbox.store.rows("SELECT EntryID, Description FROM line")
    keys = {(entry, text.split()[0]) for entry, text in lines if text}
    assert len(keys) == len({key for _, key in keys}) == days


def licence(stage: Stage, *, withdrawn: bool) -> None:
    def change(session: Session) -> None:
        at = db.now(session) if withdrawn else None
        session.execute(update(Licence).values(withdrawn_at=at))

    stage.change(change)


@pytest.mark.statement("R-03")
def test_a_withdrawn_licence_stops_the_export_and_loses_nothing(stage: Stage) -> None:
    stage.add_days(3)
    assert stage.release() == 3
    licence(stage, withdrawn=True)
    for _ in range(3):
        counts = stage.export()
        assert (counts.posted, counts.waiting) == (0, 3)
        stage.clock.move(hours=1)
    assert stage.states() == ["ready"] * 3
    assert stage.booked() == []
    licence(stage, withdrawn=False)
    assert stage.export().verified == 3
    booked_once(stage, 3)


def log_in_again(stage: Stage) -> None:
    """By the oAuth button and what comes back."""
    with company_scope(stage.company_id), stage.sessions() as session:
        begun = start_login(session, stage.outside, 25, "session", "anna", confirm_again=True)
        state = parse_qs(urlsplit(begun.url).query)["state"][0]
        code = consent(stage.sandbox.store, CLIENT_ID, USER, [GROENHOF], CALLBACK)
        assert finish_login(stage.outside, 25, state, code, "", "session", "anna").ok


def revoked(stage: Stage) -> None:
    Visitor(stage.sandbox).admin("revoke", client_id=CLIENT_ID, user=USER)
    stage.clock.move(hours=1)


def silent_for_too_long(stage: Stage) -> None:
    stage.clock.move(days=31)


def disconnected(stage: Stage) -> None:
    stage.ask(lambda session: empty_token(session, 25, "anna"))


@pytest.mark.judge_allows("broken-chain", reason="the consent was withdrawn")
@pytest.mark.judge_allows("refresh-token-expired", reason="silent for too long")
@pytest.mark.statement("R-43", "R-46")
@pytest.mark.parametrize("gone", [revoked, silent_for_too_long, disconnected])
def test_after_the_new_login_every_waiting_journal_goes_out_once(stage: Stage, gone) -> None:
    stage.add_days(2)
    stage.release()
    assert stage.export().verified == 2
    stage.add_days(5, first=stage.clock.now().date())
    stage.release()
    gone(stage)
    for _ in range(2):
        assert stage.export().posted == 0
        stage.clock.move(minutes=5)
    assert sorted(stage.states()) == ["ready"] * 5 + ["verified"] * 2
    log_in_again(stage)
    assert stage.export().verified == 5
    assert stage.export().posted == 0
    assert stage.states() == ["verified"] * 7
    booked_once(stage, 7)


@pytest.mark.statement("R-52")
def test_a_rejected_journal_is_corrected_and_goes_out_under_its_number(stage: Stage) -> None:
    (sequence,) = stage.add_days(1)
    stage.release()
    period = {"division": GROENHOF, "year": 2026, "period": 3, "journal": "91"}
    Visitor(stage.sandbox).admin("periods", **period, closed=True)
    stage.export()
    (export,) = stage.exports()
    number = export.entry_number
    assert export.state == "rejected"
    assert "eriode" in export.problem
    assert stage.booked() == []
    assert shown(stage, sequence) == "rejected"
    assert stage.export().posted == 0, "nothing goes out before it is corrected"

    Visitor(stage.sandbox).admin("periods", **period, closed=False)
    stage.ask(lambda session: deciding.try_again(session, sequence, "anna"))
    assert stage.export().verified == 1
    assert [found for found, _ in stage.booked()] == [number]
    assert shown(stage, sequence) == "verified"


def shown(stage: Stage, sequence: int) -> str:
    """The state as screens say it."""

    def read(session: Session) -> str:
        with db.reading(session):
            journal = session.scalars(
                select(JournalRow).where(JournalRow.sequence == sequence)
            ).one()
            export = session.scalars(
                select(Export).where(Export.journal_id == journal.id, Export.live)
            ).one()
            return exporting_states.state_of(journal, export)

    return str(stage.ask(read))


@pytest.mark.statement("R-52")
@pytest.mark.parametrize("fault", ["drop_after_commit", "error_after_commit", "cut_at_byte"])
def test_a_journal_that_was_sent_is_not_sent_again_when_the_answer_is_lost(
    stage: Stage, fault: str
) -> None:
    (sequence,) = stage.add_days(1)
    stage.release()
    stage.sandbox.faults.add(
        fault, value="20" if fault == "cut_at_byte" else "", method="POST", path=POSTS
    )
    stage.export()
    assert shown(stage, sequence) == "being_checked"
    for _ in range(8):
        stage.clock.move(minutes=5)
        stage.export()
    assert stage.states() == ["verified"]
    booked_once(stage, 1)


@pytest.mark.statement("R-52")
def test_what_is_verified_cannot_be_sent_again_by_anybody(stage: Stage) -> None:
    (sequence,) = stage.add_days(1)
    stage.release()
    assert stage.export().verified == 1
    for decision in (
        lambda session: deciding.try_again(session, sequence, "anna"),
        lambda session: deciding.not_ours_new_number(session, sequence, "I want it", "anna"),
    ):
        with pytest.raises(Refused):
            stage.ask(decision)
    again = stage.ask(lambda session: release(session, [sequence], "anna"))
    assert [refused.sequence for refused in again.refused] == [sequence]
    assert shown(stage, sequence) == "verified"
    assert stage.export().posted == 0
    booked_once(stage, 1)
