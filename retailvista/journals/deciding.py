"""What a person decides about a rejected, conflicting or uncertain export.

Invariant: every decision has a reason and a name in the audit, and changes the export only if
nothing happened to it since it was shown; none of them sends anything by itself.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies import audit
from retailvista.errors import NotFound, Refused
from retailvista.journals import actions, claiming
from retailvista.journals.evidence import EXPORT, ExportFacts, add_evidence, read_facts
from retailvista.journals.models import JournalRow
from retailvista.journals.settling import mark_exported

JOURNAL = db.table_of(JournalRow)


def it_is_ours(session: Session, sequence: int, reason: str, actor: str) -> None:
    """The entry in the books is this journal, as it stands there."""
    _decide(
        session,
        sequence,
        actions.IT_IS_OURS,
        reason,
        actor,
        state=claiming.POSTED,
        decision=actions.ACCEPTED,
    )


def booked_by_hand(session: Session, sequence: int, reason: str, actor: str) -> None:
    """The journal was entered by hand: nothing will be sent for it."""
    _decide(
        session,
        sequence,
        actions.BY_HAND,
        reason,
        actor,
        state=claiming.POSTED,
        decision=actions.BOOKED_BY_HAND,
    )


def not_ours_new_number(session: Session, sequence: int, reason: str, actor: str) -> None:
    """What stands there is another's. The next pass searches the whole journal, then renumbers."""
    _decide(session, sequence, actions.NEW_NUMBER, reason, actor, decision=actions.NEW_NUMBER_ASKED)


def try_again(session: Session, sequence: int, actor: str, reason: str = "corrected") -> None:
    """What the books refused is corrected: ready again, under the same number."""
    with db.reading(session):
        now = db.now(session)
    _decide(
        session,
        sequence,
        actions.TRY_AGAIN,
        reason,
        actor,
        state=claiming.READY,
        decision="",
        problem="",
        sends=0,
        refusals=0,
        refusal_text="",
        last_outcome="",
        not_before=now,
    )


def _decide(
    session: Session, sequence: int, exit_: str, reason: str, actor: str, **values: Any
) -> None:
    if not reason.strip():
        raise Refused("Give the reason of the decision.")
    with db.transaction(session):
        facts = export_of(session, sequence)
        if exit_ not in actions.EXITS.get(facts.decision, ()):
            raise Refused(f"Journal {sequence} does not ask for this decision.")
        settled = values.get("state") == claiming.POSTED
        if settled:
            values |= {"posted_at": db.now(session), "problem": ""}
        values |= {"attempt": facts.attempt + 1, "alone": False}
        changed = claiming.change(
            session,
            (*claiming.mine(facts), EXPORT.c.decision == facts.decision),
            **{"lease_owner": "", "lease_until": None, **values},
        )
        assert changed, "read and changed in one transaction"
        if settled:
            mark_exported(session, facts)
        add_evidence(session, facts, f"decision: {exit_}", reason, actor=actor)
        audit.record(session, actor, f"export {exit_}", f"journal {sequence}", reason=reason)


def export_of(session: Session, sequence: int) -> ExportFacts:
    """The live export of a journal."""
    found = read_facts(session, JOURNAL.c.sequence == sequence)
    if not found:
        raise NotFound(f"Journal {sequence} has no export.")
    return found[0]
