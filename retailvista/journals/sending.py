"""Sending what is prepared: claim with intent, POST once, settle by the table of answers.

Invariants: nothing is sent before its intent is committed, nor with too little of the lease left;
no transaction is open during the call; every outcome is settled under the fence of the claim.
Only after a posting that went well is the next one claimed in the same commit, and never more
than that one: two are never in hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from retailvista import db
from retailvista.clock import Stopwatch
from retailvista.connectors import lanes
from retailvista.connectors.lanes import LaneClosed
from retailvista.connectors.port import Answer, Outcome
from retailvista.errors import Later, LoginNeeded, RetailVistaError
from retailvista.journals import claiming, ladder
from retailvista.journals.evidence import ExportFacts
from retailvista.journals.finding import SHOWN, difference_text
from retailvista.journals.ladder import Move, Next
from retailvista.journals.numbering import sending_locked
from retailvista.journals.preparing import Prepared
from retailvista.journals.settling import Result, settle
from retailvista.journals.working import ConnectorStops, Work, retry_time
from retailvista.ledger.stored import ExpectedStored, compare_answered

REFRESH_FROM_SECONDS = 570
TEXTS = {
    "place": "Sent as entry {0} to division {1}, journal {2}; stored as entry {3} in division {4},"
    " journal {5}.",
}


def send(work: Work, queue: Sequence[Prepared]) -> Next | None:
    """Send as long as each is posted and nothing keeps us; what the last one sent came to.

    None when it was not the turn of the first.
    """
    following, since = iter(queue), Stopwatch(work.outside.clock)
    with db.transaction(work.session):
        held, now = work.visit.holds_lane(work.session), db.now(work.session)
        claim = _claim_next(work, following, now) if held else None
    if not held:
        # Whoever stood still while he prepared: another sender came, and has the lane now.
        raise LaneClosed(lanes.OTHER_FIRST, not_before=now + lanes.BUSY_PAUSE)
    return None if claim is None else _post(work, claim, following, since)


def resend(work: Work, claim: ExportFacts) -> Next | None:
    """The same number and the same bytes again, in the claim of the look that allowed it."""
    since = Stopwatch(work.outside.clock)
    with db.transaction(work.session):
        # The look took its time: what keeps a first send back keeps this one back as well.
        connector = work.connector()
        closed = connector.paused or connector.deleted_at is not None
        held = work.visit.holds_lane(work.session)
        if closed or not held or sending_locked(work.session) or work.outside.stopping():
            return None
        _holds_shared_lane(work, claim)
        again = claiming.write_intent_again(work.session, claim)
    return None if again is None else _post(work, again, iter(()), since)


def _claim_next(work: Work, following: Iterator[Prepared], now: datetime) -> ExportFacts | None:
    """Claim and intent of the next one: nothing lies between its commit and its POST."""
    prepared = next(following, None)
    if prepared is None:
        return None
    if _holds_shared_lane(work, prepared.facts):
        now = db.now(work.session)
    return claiming.claim_to_send(
        work.session, prepared.facts, prepared.intent, work.outside.owner, now
    )


def _holds_shared_lane(work: Work, facts: ExportFacts) -> bool:
    """Lock the export's lane too where the calls are counted in another: two claims, of whatever
    companies and logins, follow one another. Always after the lane of the calls.
    """
    if facts.lane_key == work.visit.connector.lane_key:
        return False
    lanes.locked(work.session, facts.lane_key)
    return True


def _post(work: Work, claim: ExportFacts, following: Iterator[Prepared], since: Stopwatch) -> Next:
    """The one POST of an intent, and what it came to; then the next one, if it was claimed."""
    while True:
        answer = _answer(work, claim, since)
        if answer.outcome is Outcome.TOKEN_REFUSED and _old_token(work):
            again = _with_new_token(work, claim)
            if again is not None:
                claim, answer = again
        since = Stopwatch(work.outside.clock)
        outcome, claimed = _settle_answer(work, claim, answer, following)
        if claimed is None:
            return outcome
        claim = claimed


def _answer(work: Work, claim: ExportFacts, since: Stopwatch) -> Answer:
    """The provider's answer; what kept the call from leaving this host counts as not sent."""
    assert claim.payload is not None, "an intent holds the bytes"
    if not claiming.may_still_send(claim, since.elapsed()):
        return Answer(Outcome.NOT_SENT, "Too little time was left to send it.")
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
    since = Stopwatch(work.outside.clock)
    with db.transaction(work.session):
        # The refused call does not count as a send.
        again = claiming.write_intent_again(
            work.session, replace(claim, sends=max(claim.sends - 1, 0))
        )
    return None if again is None else (again, _answer(work, again, since))


def _settle_answer(
    work: Work, claim: ExportFacts, answer: Answer, following: Iterator[Prepared]
) -> tuple[Next, ExportFacts | None]:
    """What became of the claim, and the claim of the next one: one commit."""
    otherwise = _otherwise(claim, answer)
    went_well = answer.outcome is Outcome.BOOKED and not otherwise
    # What follows from a posting that went well is written by compiled statements alone.
    with work.visit.learning(work.session, plain=went_well) as now:
        facts = claim.for_ladder(proven=False, now=now)
        move = ladder.after_answer(facts, answer, as_intended=not otherwise)
        result = Result(
            move=move,
            said=otherwise or answer.said,
            external_id=answer.booked.external_id if answer.booked else "",
            from_answer=True,
            not_before=answer.not_before,
            detail=_detail(answer),
            values=_remembered(claim, answer),
        )
        written = settle(work.session, claim, result, work.outside.clock, now)
        goes_on = written and move.next is Next.POSTED and _may_go_on(work, claim)
        claimed = _claim_next(work, following, now) if goes_on else None
    if written and move.next is Next.POSTED:
        work.posted.add(claim.id)
        work.alone = work.alone or claim.alone
    _stop_if_needed(answer, move)
    return move.next, claimed


def _may_go_on(work: Work, claim: ExportFacts) -> bool:
    """Without asking anybody: a call is charged, the token is young, nobody told us to stop."""
    return not claim.alone and work.visit.may_go_on and not work.outside.stopping()


def _otherwise(claim: ExportFacts, answer: Answer) -> str:
    """How the entry was stored otherwise than intended; empty when it was not.

    Without lines in the answer it is for the read-back to say.
    """
    booked = answer.booked
    if booked is None:
        return ""
    place = (booked.entry_number, booked.division, booked.journal_code or claim.journal_code)
    if place != (claim.entry_number, claim.division, claim.journal_code):
        return TEXTS["place"].format(
            claim.entry_number, claim.division, claim.journal_code,
            booked.entry_number, booked.division, booked.journal_code,
        )  # fmt: skip
    if booked.net_by_gl is None:
        return ""
    expected = ExpectedStored.from_json(claim.expected)
    wrong = compare_answered(expected, claim.expected.get("sent", {}), booked.net_by_gl)
    return " ".join(difference_text(difference) for difference in wrong[:SHOWN])


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
