"""The people of a simulated company: they look into the books and say what is the case."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.connectors import registering
from retailvista.journals import actions, deciding
from retailvista.journals.evidence import ExportFacts, read_facts
from retailvista.journals.models import JournalRow
from tests.simulation.scheduler import Scheduler
from tests.stage import Stage


def act(session: Session, stage: Stage, scheduler: Scheduler, books: dict[str, int]) -> bool:
    """Resume what stopped and decide what waits for a person; whether anything was to do."""
    acted = False
    if stage.connector().paused:
        registering.resume(session, 25, "person")
        acted = True
    with db.reading(session):
        exports = read_facts(session)
    for facts in exports:
        if facts.decision in actions.WAITING_FOR_PERSON:
            count = books.get(facts.posting_key, 0)
            scheduler.note(f"person sees {facts.state} {facts.decision}, {count} in the books")
            _decide(session, facts, count)
            acted = True
    return acted


def _decide(session: Session, facts: ExportFacts, count: int) -> None:
    with db.reading(session):
        sequence = session.scalars(
            select(JournalRow.sequence).where(JournalRow.id == facts.journal_id)
        ).one()
    if facts.decision == actions.CORRECT_AND_TRY_AGAIN:
        deciding.try_again(session, sequence, "person")
    elif count:
        deciding.it_is_ours(session, sequence, "seen in the books", "person")
    else:
        deciding.not_ours_new_number(session, sequence, "not in the books", "person")
