"""Verifying: what was confirmed is read back in bulk and compared with what must be stored.

Invariant: verified = own lines one by one, VAT per code and direction, net per G/L account, all
equal to what was expected before sending. One read of a number range serves many exports.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from retailvista import db
from retailvista.errors import Later, LoginNeeded
from retailvista.journals import actions, ladder
from retailvista.journals.claiming import POSTED
from retailvista.journals.evidence import EXPORT, ExportFacts, read_facts, seat_of
from retailvista.journals.finding import Blind, EntryIndex, Sight, entries_between, sight_of
from retailvista.journals.ladder import Found, Move, Next
from retailvista.journals.settling import Result, learn_from, pause, pause_for, settle_read_back
from retailvista.journals.working import ConnectorStops, Work, retry_time

BATCH = 60  # one page of Exact's headers
SPAN = 120


def posted_due(work: Work) -> list[ExportFacts]:
    """Exports of this connector that wait for being read back."""
    with db.reading(work.session):
        now = db.now(work.session)
        return read_facts(
            work.session,
            EXPORT.c.connector_id == work.connector_id,
            EXPORT.c.state == POSTED,
            EXPORT.c.decision == "",
            EXPORT.c.not_before <= now,
        )


def verify(work: Work) -> int:
    """Read back everything that waits for it; how many exports were settled."""
    settled = 0
    for batch in batches(posted_due(work)):
        settled += _verify_batch(work, batch)
    return settled


def batches(due: Sequence[ExportFacts]) -> Iterator[list[ExportFacts]]:
    """Runs of near numbers of one seat, so that one range holds them all."""
    batch: list[ExportFacts] = []
    for facts in sorted(due, key=lambda facts: (facts.seat_id, facts.entry_number)):
        if batch and (
            facts.seat_id != batch[0].seat_id
            or facts.entry_number - batch[0].entry_number >= SPAN
            or len(batch) >= BATCH
        ):
            yield batch
            batch = []
        batch.append(facts)
    if batch:
        yield batch


def _verify_batch(work: Work, batch: list[ExportFacts]) -> int:
    with db.reading(work.session):
        known = seat_of(work.session, batch[0].seat_id).newest_known
    low, high = batch[0].entry_number, batch[-1].entry_number
    try:
        found = entries_between(work.visit, batch[0].journal_code, low, high, known=known)
    except Blind as blind:
        _blind(work, batch, str(blind), blind.look.not_before)
        raise ConnectorStops(str(blind), blind.look.not_before) from blind
    except (Later, LoginNeeded) as error:
        raise ConnectorStops(str(error), retry_time(error)) from error
    index = EntryIndex(found)
    results = [(facts, _result(facts, index)) for facts in batch]
    with db.transaction(work.session):
        now = db.now(work.session)
        held = settle_read_back(work.session, results, work.outside.clock, now)
        written = [(facts, result.move.next) for facts, result in results if facts.id in held]
        verified = [facts for facts, following in written if following is Next.VERIFIED]
        if verified:
            # What one verified entry shows of its seat, the others of the batch show as well.
            learn_from(work.session, verified[-1])
    work.verified |= {facts.id for facts in verified}
    return sum(following is not Next.CHECK for _, following in written)


def _result(facts: ExportFacts, index: EntryIndex) -> Result:
    sight = sight_of(facts, index.about(facts))
    move = _move(facts, sight)
    entry = sight.entry
    return Result(
        move=move,
        said=sight.said or (actions.TEXTS[move.action] if move.action else ""),
        external_id=entry.external_id if entry else "",
        detail={"found": sight.found.value},
    )


def _move(facts: ExportFacts, sight: Sight) -> Move:
    """The books confirmed this entry: absent is looked at again before it counts as missing."""
    if sight.found is Found.ABSENT:
        if facts.looks >= len(ladder.RUNGS):
            return Move(Next.CONFLICT, action=actions.MISSING)
        return Move(Next.CHECK, ladder.RUNGS[facts.looks])
    return ladder.after_look(ladder.Facts(facts.sends), sight.found)


def _blind(work: Work, batch: list[ExportFacts], why: str, not_before: datetime | None) -> None:
    with db.transaction(work.session):
        now = db.now(work.session)
        until = max(now + pause_for(batch[0].looks), not_before or now)
        pause(work.session, work.connector_id, why, until)
