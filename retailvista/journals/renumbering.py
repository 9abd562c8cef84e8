"""A new number for a journal whose entry in the books is not ours, or is not there.

Invariant: the old export ends and the new one opens in one transaction, and only after the whole
journal code was searched for the posting key and nothing was found.
"""

from __future__ import annotations

from sqlalchemy import select

from retailvista import db
from retailvista.companies import audit
from retailvista.connectors.models import Connector
from retailvista.errors import Refused
from retailvista.journals import actions, claiming
from retailvista.journals.evidence import EXPORT, ExportFacts, add_evidence, seat_of
from retailvista.journals.finding import Blind
from retailvista.journals.looking import entries_with_key
from retailvista.journals.models import JournalRow
from retailvista.journals.opening import open_export
from retailvista.journals.settling import pause, pause_for
from retailvista.journals.working import ConnectorStops, Work

TEXTS = {"found": "It is in the books after all, as entry {0}."}


def give_new_number(work: Work, facts: ExportFacts) -> bool:
    """Search, then renumber. What is found after all is looked at, or goes back to the person."""
    try:
        found = entries_with_key(work.visit, facts)
        if not found and not _sees(work, facts):
            raise ConnectorStops("The books do not show the journal.")
    except Blind as blind:
        with db.transaction(work.session):
            until = db.now(work.session) + pause_for(facts.looks)
            pause(work.session, work.connector_id, str(blind), until)
        raise ConnectorStops(str(blind), blind.look.not_before) from blind
    with db.transaction(work.session):
        if not found:
            return _renumber(work, facts)
        numbers = sorted({entry.entry_number for entry in found})
        said = TEXTS["found"].format(numbers[0])
        add_evidence(work.session, facts, "search", said)
        if numbers == [facts.entry_number]:
            return _look_again(work, facts, said)
        return _back_to_person(work, facts, said)


def _sees(work: Work, facts: ExportFacts) -> bool:
    """An empty answer proves nothing while the login may not read the journal."""
    with db.reading(work.session):
        known = seat_of(work.session, facts.seat_id).newest_known
    if not known:
        return work.visit.sees_entries(facts.journal_code)
    shown = work.visit.look(facts.journal_code, known, known)
    return shown.good and any(entry.entry_number == known for entry in shown.entries)


def _look_again(work: Work, facts: ExportFacts, said: str) -> bool:
    """It came late, and under its own number: a look says whether it is as it was sent."""
    return claiming.change(
        work.session,
        (*claiming.mine(facts), EXPORT.c.decision == actions.NEW_NUMBER_ASKED),
        state=claiming.SENDING,
        decision="",
        problem=said,
        **claiming.unknown_from(db.now(work.session), work.outside.clock),
    )


def _back_to_person(work: Work, facts: ExportFacts, said: str) -> bool:
    return claiming.change(
        work.session,
        (*claiming.mine(facts), EXPORT.c.decision == actions.NEW_NUMBER_ASKED),
        state=claiming.CONFLICT,
        decision=actions.OTHER_NUMBER,
        problem=said,
    )


def _renumber(work: Work, facts: ExportFacts) -> bool:
    ended = claiming.change(
        work.session,
        (*claiming.mine(facts), EXPORT.c.decision == actions.NEW_NUMBER_ASKED),
        live=False,
        attempt=facts.attempt + 1,
    )
    if not ended:
        return False
    session = work.session
    journal = session.scalars(select(JournalRow).where(JournalRow.id == facts.journal_id)).one()
    connector = session.scalars(select(Connector).where(Connector.id == facts.connector_id)).one()
    try:
        export = open_export(session, journal, connector, "system")
    except Refused as refused:
        claiming.change(
            session,
            (EXPORT.c.id == facts.id,),
            live=True,
            decision=actions.PERSON_DECIDES,
            problem=str(refused),
        )
        return True
    text = f"Entry number {facts.entry_number} is replaced by {export.entry_number}."
    audit.record(session, "system", "export renumbered", f"journal {journal.sequence}", text=text)
    return True
