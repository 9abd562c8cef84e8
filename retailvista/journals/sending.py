"""Sending one export: check, claim, write the intent, POST once, settle by the table of answers.

Invariants: nothing is sent before its intent is committed, nor with too little of the lease left;
no transaction is open during the call; every outcome is settled under the fence of the claim.
"""

from __future__ import annotations

from retailvista import db
from retailvista.companies.language import company_language
from retailvista.connectors.port import Answer, Outcome
from retailvista.errors import Later, LoginNeeded, RetailVistaError
from retailvista.journals import actions, claiming, ladder
from retailvista.journals.entries import Address, Draft, draft, journal_rows, ledger_journal
from retailvista.journals.evidence import ExportFacts, add_evidence, facts_of, seat_of
from retailvista.journals.ladder import Move, Next
from retailvista.journals.numbering import sending_locked
from retailvista.journals.prechecks import Target, findings
from retailvista.journals.settling import Result, settle
from retailvista.journals.working import ConnectorStops, Work, retry_time

REFRESH_FROM_SECONDS = 570


def send(work: Work, facts: ExportFacts) -> Next | None:
    """Send a ready export; None when it was not its turn."""
    drafted = _drafted(work, facts)
    if drafted is None:
        return Next.REJECTED
    payload = work.visit.render(drafted.entry)
    with db.transaction(work.session):
        if sending_locked(work.session):
            raise ConnectorStops("Sending is locked.")
        shown = set(seat_of(work.session, facts.seat_id).shown)
        owner, alone = work.outside.owner, not drafted.shows <= shown
        claim = claiming.claim_to_send(work.session, facts, owner, alone=alone)
        if claim is None:
            return None
    with db.transaction(work.session):
        if not claiming.write_intent(work.session, claim, drafted, payload):
            return None
        claim = facts_of(work.session, claim.id)
    return post(work, claim)


def _drafted(work: Work, facts: ExportFacts) -> Draft | None:
    """The entry, if the master data allow it; else the export is rejected with what to correct."""
    with db.reading(work.session):
        row, lines, store = journal_rows(work.session, facts.journal_id)
        connector = work.connector()
        mode, paused = connector.vat_mode, connector.paused
        language = company_language(work.session)
        moved = (connector.site, connector.division) != (facts.site, facts.division)
    if paused:
        raise ConnectorStops(paused)
    journal = ledger_journal(row, lines, store)
    target = Target(facts.journal_code, mode)
    master = work.visit.master()
    if findings(journal, target, master) and not work.master_is_fresh:
        master = work.visit.master(fresh=True)
        work.master_is_fresh = True
    said = " ".join(wrong.in_full(language) for wrong in findings(journal, target, master))
    if moved or connector.journal_code != facts.journal_code:
        said = "The connector points to other books now. Withdraw the journal and release it again."
    if said:
        _reject(work, facts, said)
        return None
    period = master.period_of(journal.business_date)
    assert period is not None, "the checks found a period"
    address = Address(facts.division, facts.journal_code, facts.entry_number, facts.posting_key)
    return draft(journal, address, mode, master, period)


def _reject(work: Work, facts: ExportFacts, said: str) -> None:
    """Refused before anything was sent: no claim is needed, only that nobody else has one."""
    with db.transaction(work.session):
        written = claiming.change(
            work.session,
            (*claiming.mine(facts), claiming.EXPORT.c.state == claiming.READY),
            state=claiming.REJECTED,
            decision=actions.CORRECT_AND_TRY_AGAIN,
            problem=said[:2000],
        )
        if written:
            add_evidence(work.session, facts, "refused before sending", said)


def post(work: Work, claim: ExportFacts) -> Next:
    """The one POST of an intent, and what it came to. Called right after the intent's commit."""
    answer = _answer(work, claim)
    if answer.outcome is Outcome.TOKEN_REFUSED and _old_token(work):
        again = _with_new_token(work, claim)
        if again is not None:
            claim, answer = again
    return _settle_answer(work, claim, answer)


def _answer(work: Work, claim: ExportFacts) -> Answer:
    """The provider's answer; what kept the call from leaving this host counts as not sent."""
    assert claim.payload is not None, "an intent holds the bytes"
    if not claiming.may_still_send(claim, work.now()):
        return Answer(Outcome.NOT_SENT, "Too little of the claim was left to send.")
    try:
        return work.visit.book(claim.payload)
    except (Later, LoginNeeded) as error:
        return Answer(Outcome.NOT_SENT, str(error), not_before=retry_time(error))


def _old_token(work: Work) -> bool:
    return work.visit.token_age.total_seconds() >= REFRESH_FROM_SECONDS


def _with_new_token(work: Work, claim: ExportFacts) -> tuple[ExportFacts, Answer] | None:
    """A 401 was not executed: refresh once, then the same claim and the same bytes."""
    try:
        work.visit.refresh_now()
    except RetailVistaError:
        return None
    with db.transaction(work.session):
        # The refused call does not count as a send.
        uncounted = claiming.change(
            work.session, claiming.mine(claim), sends=max(claim.sends - 1, 0)
        )
        if not uncounted or not claiming.write_intent_again(work.session, claim):
            return None
        claim = facts_of(work.session, claim.id)
    return claim, _answer(work, claim)


def _settle_answer(work: Work, claim: ExportFacts, answer: Answer) -> Next:
    intended = _as_intended(claim, answer)
    with db.transaction(work.session):
        now = db.now(work.session)
        facts = claim.for_ladder(proven=False, now=now)
        move = ladder.after_answer(facts, answer, as_intended=intended)
        result = Result(
            move=move,
            said=_said(claim, answer, intended=intended),
            external_id=answer.booked.external_id if answer.booked else "",
            from_answer=True,
            not_before=answer.not_before,
            detail=_detail(answer),
            values=_remembered(claim, answer),
        )
        settle(work.session, claim, result, work.outside.clock)
    if move.next is Next.POSTED:
        work.posted.add(claim.id)
    _stop_if_needed(answer, move)
    return move.next


def _as_intended(claim: ExportFacts, answer: Answer) -> bool:
    booked = answer.booked
    return booked is not None and (
        booked.entry_number == claim.entry_number
        and booked.division == claim.division
        and booked.journal_code in ("", claim.journal_code)
    )


def _said(claim: ExportFacts, answer: Answer, *, intended: bool) -> str:
    booked = answer.booked
    if booked is None or intended:
        return answer.said
    return (
        f"Sent as entry {claim.entry_number} to division {claim.division}, journal"
        f" {claim.journal_code}; stored as entry {booked.entry_number} in division"
        f" {booked.division}, journal {booked.journal_code}."
    )


def _detail(answer: Answer) -> dict[str, object]:
    detail: dict[str, object] = {"outcome": answer.outcome.value, "status": answer.http_status}
    if answer.booked is not None:
        detail["found_number"] = answer.booked.entry_number
    return detail


def _remembered(claim: ExportFacts, answer: Answer) -> dict[str, object]:
    """The kind of the answer; and how often in a row the same unknown words came."""
    values: dict[str, object] = {"last_outcome": answer.outcome.value}
    if answer.outcome in {Outcome.REFUSED_KNOWN, Outcome.REFUSED_UNKNOWN}:
        same = claim.refusal_text == answer.said and claim.refusals > 0
        values |= {"refusal_text": answer.said, "refusals": claim.refusals + 1 if same else 1}
    return values


def _stop_if_needed(answer: Answer, move: Move) -> None:
    """Throttled, refused or unreachable: the rest of the journals waits as well."""
    if move.stops_connector or answer.outcome in {Outcome.NOT_SENT, Outcome.THROTTLED}:
        raise ConnectorStops(answer.said or answer.outcome.value, answer.not_before)


def resend(work: Work, claim: ExportFacts) -> Next | None:
    """The same number and the same bytes again, in the claim of the look that allowed it."""
    with db.transaction(work.session):
        if sending_locked(work.session) or not claiming.write_intent_again(work.session, claim):
            return None
        claim = facts_of(work.session, claim.id)
    return post(work, claim)
