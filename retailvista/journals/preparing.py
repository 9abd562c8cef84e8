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
from retailvista.connectors.port import MasterData
from retailvista.journals import actions, claiming
from retailvista.journals.claiming import Intent
from retailvista.journals.entries import Address, draft, ledger_journals
from retailvista.journals.evidence import ExportFacts, add_evidence
from retailvista.journals.ladder import Next
from retailvista.journals.prechecks import Target, findings
from retailvista.journals.working import ConnectorStops, Work
from retailvista.ledger.journal import Journal

TEXTS = {
    "moved": "The connector points to other books now. Withdraw the journal and release it again.",
}


@dataclass(frozen=True, slots=True)
class Prepared:
    """An export that may be sent as it is, and what reading it back will show."""

    facts: ExportFacts
    intent: Intent
    shows: frozenset[str]


def prepare(work: Work, ready: Sequence[ExportFacts]) -> list[Prepared]:
    """Entries of the exports that the books would take; the others are rejected, with why."""
    with db.reading(work.session):
        journals = ledger_journals(work.session, [facts.journal_id for facts in ready])
        connector, language = work.connector(), company_language(work.session)
    if connector.paused:
        raise ConnectorStops(connector.paused)
    prepared = []
    for facts in ready:
        said = _refusal(work, connector, facts, journals[facts.journal_id], language)
        if said:
            _reject(work, facts, said)
        else:
            master = work.visit.master()
            prepared.append(_prepared(work, connector, facts, journals[facts.journal_id], master))
    return prepared


def _refusal(
    work: Work, connector: Connector, facts: ExportFacts, journal: Journal, language: str
) -> str:
    """What would be refused, with the remedy; asked of fresh master data before it counts."""
    here = (connector.site, connector.division, connector.journal_code)
    if here != (facts.site, facts.division, facts.journal_code):
        return TEXTS["moved"]
    target = Target(facts.journal_code, connector.vat_mode)
    wrong = findings(journal, target, work.visit.master())
    if wrong and not work.master_is_fresh:
        wrong = findings(journal, target, work.visit.master(fresh=True))
        work.master_is_fresh = True
    return " ".join(problem.in_full(language) for problem in wrong)


def _prepared(
    work: Work, connector: Connector, facts: ExportFacts, journal: Journal, master: MasterData
) -> Prepared:
    period = master.period_of(journal.business_date)
    assert period is not None, "the checks found a period"
    address = Address(facts.division, facts.journal_code, facts.entry_number, facts.posting_key)
    drafted = draft(journal, address, connector.vat_mode, master, period)
    intent = Intent(
        payload=work.visit.render(drafted.entry),
        expected={**drafted.expected.to_json(), "shows": sorted(drafted.shows)},
        year=period.year,
        period=period.period,
        vat_mode=connector.vat_mode,
    )
    return Prepared(facts, intent, drafted.shows)


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
