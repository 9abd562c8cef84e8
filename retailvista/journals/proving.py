"""The second proof, with consent: do the books refuse an entry number that is in use?

A verified entry is sent once more, same number, same bytes. Refused = a lost answer may be
followed by an automatic second send. Accepted = the copy is deleted at once, and from then on a
person decides after a lost answer.

Invariant: what is about to be done is written down before it is sent; only a look says what came
of it, so a copy never stays behind unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies import audit
from retailvista.connectors.models import PROOF_NO, PROOF_YES, Connector, PostingSeat
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import Look, Outcome, StoredEntry
from retailvista.connectors.visits import Visit, open_visit
from retailvista.errors import NotFound, Refused
from retailvista.journals.claiming import VERIFIED
from retailvista.journals.evidence import EXPORT, ExportFacts, add_evidence, read_facts
from retailvista.journals.finding import Blind, entries_between
from retailvista.journals.looking import entries_with_key
from retailvista.journals.numbering import sending_locked


class Proof(Enum):
    """What the second proof showed."""

    REFUSES_USED = "refuses used numbers"
    ACCEPTS_USED = "accepts used numbers"
    NOT_SHOWN = "not shown"


@dataclass(frozen=True, slots=True)
class ProofResult:
    """The proof, and what a person should know or do."""

    proof: Proof
    message: str
    left_behind: tuple[str, ...] = ()


def prove_refusal(
    outside: Outside, connector_number: int, actor: str, *, consent: bool
) -> ProofResult:
    """Send a verified entry again and see. In the company's scope; only with consent."""
    if not consent:
        raise Refused("This sends an entry to the books a second time: consent is needed.")
    session = outside.sessions()
    try:
        connector_id, facts = _verified_entry(session, connector_number)
        with open_visit(outside, connector_id, calls=4, posting=True) as visit:
            _write_down(session, facts, actor)
            assert facts.payload is not None, "a verified export was sent"
            answer = visit.book(facts.payload)
            try:
                copies = _copies(visit, facts)
            except Blind as blind:
                return _keep(session, facts, actor, _not_shown(str(blind).rstrip(".")))
            removed = [copy for copy in copies if visit.remove_entry(copy.external_id)]
            left = tuple(copy.external_id for copy in copies if copy not in removed)
            result = _judge(answer.outcome, answer.said, len(copies), left)
            return _keep(session, facts, actor, result)
    finally:
        session.close()


def _verified_entry(session: Session, number: int) -> tuple[int, ExportFacts]:
    with db.reading(session):
        connector = session.scalar(
            select(Connector).where(Connector.number == number, Connector.deleted_at.is_(None))
        )
        if connector is None:
            raise NotFound(f"There is no connector {number}.")
        if sending_locked(session):
            raise Refused("Sending is locked on this installation.")
        found = read_facts(
            session,
            EXPORT.c.connector_id == connector.id,
            EXPORT.c.state == VERIFIED,
            EXPORT.c.decision == "",
            EXPORT.c.payload.is_not(None),
        )
        if not found:
            raise Refused("No journal is verified yet: the first one goes before the proof.")
        return connector.id, found[-1]


def _write_down(session: Session, facts: ExportFacts, actor: str) -> None:
    with db.transaction(session):
        add_evidence(session, facts, "second proof", "The entry is sent again, with consent.")
        audit.record(
            session, actor, "second proof started", f"entry {facts.entry_number}",
            journal_code=facts.journal_code,
        )  # fmt: skip


def _copies(visit: Visit, facts: ExportFacts) -> list[StoredEntry]:
    """Every entry of the journal besides the verified one, under its number or another."""
    number = facts.entry_number
    found = list(
        entries_between(visit, facts.journal_code, number, number, known=facts.entry_number)
    )
    found += entries_with_key(visit, facts)
    by_id = {entry.external_id: entry for entry in found}
    if facts.external_id not in by_id:
        raise Blind.not_shown(Look(good=False), number)
    return [entry for id_, entry in by_id.items() if id_ != facts.external_id]


def _judge(outcome: Outcome, said: str, copies: int, left: tuple[str, ...]) -> ProofResult:
    if copies:
        message = "The books took the same number twice; the copy was deleted."
        if left:
            message = "The books took the same number twice. Delete the copy by hand."
        return ProofResult(Proof.ACCEPTS_USED, message, left)
    if outcome is Outcome.NUMBER_IN_USE:
        return ProofResult(Proof.REFUSES_USED, f"The books refused the copy: {said}")
    return _not_shown(said or outcome.value)


def _not_shown(why: str) -> ProofResult:
    return ProofResult(Proof.NOT_SHOWN, f"Nothing was proven: {why}. Try again later.")


def _keep(session: Session, facts: ExportFacts, actor: str, result: ProofResult) -> ProofResult:
    with db.transaction(session):
        if result.proof is not Proof.NOT_SHOWN:
            seat = session.scalars(
                select(PostingSeat)
                .where(PostingSeat.id == facts.seat_id)
                .execution_options(populate_existing=True)
            ).one()
            refused = result.proof is Proof.REFUSES_USED
            seat.used_refused = PROOF_YES if refused else PROOF_NO
        add_evidence(session, facts, "second proof", result.message)
        audit.record(
            session, actor, "second proof ended", f"entry {facts.entry_number}",
            proof=result.proof.value,
        )  # fmt: skip
    return result
