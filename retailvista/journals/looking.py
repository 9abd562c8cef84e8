"""Looking for an export whose outcome is unknown: one claim, one good look, one next step.

Invariants: a blind look pauses the connector and changes nothing else; a look never moves
`unknown_since`; a second send happens only here, within five seconds of an absent last look and
of a search for the posting key, and only where both proofs are on the seat.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from retailvista import db
from retailvista.connectors.port import Outcome, StoredEntry
from retailvista.connectors.visits import Visit
from retailvista.errors import Later, LoginNeeded
from retailvista.journals import actions, claiming, ladder
from retailvista.journals.evidence import ExportFacts, add_evidence, is_proven, seat_of
from retailvista.journals.finding import Blind, Sight, carries_key, entries_between, sight_of
from retailvista.journals.ladder import Found, Move, Next
from retailvista.journals.sending import resend
from retailvista.journals.settling import Result, pause, pause_for, settle
from retailvista.journals.working import ConnectorStops, Work, retry_time


def look(work: Work, facts: ExportFacts) -> Next | None:
    """One look at an unknown export; None when it was not its turn."""
    with db.transaction(work.session):
        claim = claiming.claim_to_look(work.session, facts, work.outside.owner, work.outside.clock)
        if claim is None:
            return None
        seat = seat_of(work.session, claim.seat_id)
        known, proven, started = seat.newest_known, is_proven(seat), db.now(work.session)
    try:
        sight = _sight(work, claim, known, started)
    except Blind as blind:
        _blind(work, claim, str(blind), blind.look.not_before)
        raise ConnectorStops(str(blind), blind.look.not_before) from blind
    except (Later, LoginNeeded) as error:
        _blind(work, claim, str(error), retry_time(error), pauses=False)
        raise ConnectorStops(str(error), retry_time(error)) from error
    return _settle(work, claim, sight, proven=proven, started=started)


def _sight(work: Work, claim: ExportFacts, known: int, started: datetime) -> Sight:
    """By posting key first when this look may end the quarantine, by number always and last."""
    assert claim.unknown_since is not None, "only unknown exports are looked for"
    found: list[StoredEntry] = []
    if ladder.is_last_rung(started - claim.unknown_since):
        found += entries_with_key(work.visit, claim)
    number = claim.entry_number
    found += entries_between(work.visit, claim.journal_code, number, number, known=known)
    return sight_of(claim, list({entry.external_id: entry for entry in found}.values()))


def entries_with_key(visit: Visit, facts: ExportFacts) -> list[StoredEntry]:
    """Every entry of the journal code that carries the key of the export, with its lines.

    A key is followed by a blank in every line, so the search for 1-1 does not find 1-17. The
    search may answer with headers only; what it found is then read by number.
    """
    code = facts.journal_code
    found: list[StoredEntry] = []
    seen = visit.look_for_key(code, facts.posting_key + " ")
    if not seen.good:
        raise Blind(seen)
    for header in seen.entries:
        if header.lines is not None:
            found.append(header)
            continue
        read = visit.look(code, header.entry_number, header.entry_number)
        if not read.good:
            raise Blind(read)
        found += read.entries
    return [entry for entry in found if carries_key(entry, facts.posting_key)]


def _settle(
    work: Work, claim: ExportFacts, sight: Sight, *, proven: bool, started: datetime
) -> Next | None:
    with db.reading(work.session):
        now = db.now(work.session)
    # The age at which the look began counts: what it did not show may have come since.
    facts = claim.for_ladder(proven=proven, now=started)
    move = ladder.after_look(facts, sight.found)
    if move.next is Next.RESEND:
        if now - started <= ladder.RESEND_WITHIN:
            outcome = resend(work, claim)
            if outcome is not None:
                return outcome
        move = Move(Next.CHECK, ladder.RUNGS[0])
    _write(work, claim, sight, move)
    return move.next


def _write(work: Work, claim: ExportFacts, sight: Sight, move: Move) -> None:
    entry = sight.entry
    values = {"looks": claim.looks + 1, "good_looks": claim.good_looks + 1}
    if sight.found is Found.ABSENT and claim.last_outcome == Outcome.NUMBER_IN_USE.value:
        values["in_use_looks"] = claim.in_use_looks + 1
    result = Result(
        move=move,
        said=sight.said or (_problem_of(claim) if move.action else ""),
        external_id=entry.external_id if entry else "",
        detail={
            "found": sight.found.value,
            **({"found_number": entry.entry_number} if entry else {}),
        },
        values=values,
    )
    with db.transaction(work.session):
        now = db.now(work.session)
        written = settle(work.session, claim, result, work.outside.clock, now)
        if written and move.next is Next.VERIFIED:
            work.verified.add(claim.id)


def _problem_of(claim: ExportFacts) -> str:
    """The provider's own words stay on the page when a look settles what they meant."""
    if claim.refusal_text:
        return claim.refusal_text
    return actions.TEXTS[actions.PERSON_DECIDES] if claim.sends else ""


def _blind(
    work: Work,
    claim: ExportFacts,
    why: str,
    not_before: datetime | None,
    *,
    pauses: bool = True,
) -> None:
    """Free the claim, and let the connector rest; absent it is not."""
    with db.transaction(work.session):
        now = db.now(work.session)
        rest = pause_for(claim.looks - claim.good_looks) if pauses else timedelta(seconds=5)
        until = max(now + rest, not_before or now)
        claiming.change_mine(
            work.session,
            claim,
            claiming.SENDING,
            looks=claim.looks + (1 if pauses else 0),
            lease_owner="",
            lease_until=None,
            not_before=until,
        )
        add_evidence(work.session, claim, "blind look", why)
        if pauses:
            pause(work.session, claim.connector_id, why, until)
