"""What can be sent of what is ready: checked against the master data and rendered, in bulk.

Invariant: nothing is claimed here. What is prepared holds how the connector stood meanwhile, and
the claim asks whether it still stands so; the lines of a released journal never change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from retailvista import db
from retailvista.companies.language import company_language
from retailvista.connectors.models import Connector
from retailvista.journals import actions, claiming
from retailvista.journals.claiming import Intent
from retailvista.journals.entries import Address, draft, ledger_journals
from retailvista.journals.evidence import ExportFacts, add_evidence, shown_of
from retailvista.journals.ladder import Next
from retailvista.journals.prechecks import Target, findings
from retailvista.journals.working import ConnectorStops, Work
from retailvista.ledger.journal import Journal

TEXTS = {
    "moved": "The connector points to other books now. Withdraw the journal and release it again.",
}


@dataclass(frozen=True, slots=True)
class Prepared:
    """An export that may be sent as it is."""

    facts: ExportFacts
    intent: Intent


@dataclass(frozen=True, slots=True)
class _Now:
    """How things stand while a batch is prepared. What was shown in a seat only ever grows."""

    connector: Connector
    language: str
    shown: dict[int, frozenset[str]]


def prepare(work: Work, ready: Sequence[ExportFacts]) -> list[Prepared]:
    """Entries of the exports that the books would take; the others are rejected, with why.

    As far as they can follow one another.
    """
    with db.reading(work.session) as session:
        journals = ledger_journals(session, [facts.journal_id for facts in ready])
        shown = {seat: shown_of(session, seat) for seat in {facts.seat_id for facts in ready}}
        now = _Now(work.connector(), company_language(session), shown)
    if now.connector.paused:
        raise ConnectorStops(now.connector.paused)
    prepared = []
    for facts in ready:
        journal = journals[facts.journal_id]
        if said := _refusal(work, now, facts, journal):
            _reject(work, facts, said)
        else:
            prepared.append(Prepared(facts, _intent(work, now, facts, journal)))
            if prepared[-1].intent.alone:
                break  # nothing follows it until it is read back
    return prepared


def _refusal(work: Work, now: _Now, facts: ExportFacts, journal: Journal) -> str:
    """What would be refused, with the remedy; asked of fresh master data before it counts."""
    connector = now.connector
    here = (connector.site, connector.division, connector.journal_code)
    if here != (facts.site, facts.division, facts.journal_code):
        return TEXTS["moved"]
    target = Target(facts.journal_code, connector.vat_mode)
    wrong = findings(journal, target, work.visit.master())
    if wrong and not work.master_is_fresh:
        wrong = findings(journal, target, work.visit.master(fresh=True))
        work.master_is_fresh = True
    return " ".join(problem.in_full(now.language) for problem in wrong)


def _intent(work: Work, now: _Now, facts: ExportFacts, journal: Journal) -> Intent:
    master, mode = work.visit.master(), now.connector.vat_mode
    period = master.period_of(journal.business_date)
    assert period is not None, "the checks found a period"
    address = Address(facts.division, facts.journal_code, facts.entry_number, facts.posting_key)
    drafted = draft(journal, address, mode, master, period)
    return Intent(
        payload=work.visit.render(drafted.entry),
        expected={
            **drafted.expected.to_json(),
            "shows": sorted(drafted.shows),
            "sent": drafted.sent,
        },
        year=period.year,
        period=period.period,
        vat_mode=mode,
        alone=not drafted.shows <= now.shown[facts.seat_id],
    )


def _reject(work: Work, facts: ExportFacts, said: str) -> None:
    """Refused before anything was sent: no claim is needed, only that nobody else has one."""
    work.noted(Next.REJECTED)
    with db.transaction(work.session):
        written = claiming.change_mine(
            work.session,
            facts,
            claiming.READY,
            state=claiming.REJECTED,
            decision=actions.CORRECT_AND_TRY_AGAIN,
            problem=said[:2000],
        )
        if written:
            add_evidence(work.session, facts, "refused before sending", said)
