"""Looking for an item that was sent without a clear answer, and what follows from it.

Looks come 5 s, 30 s, 2 min and 10 min after the send; only a good one counts. Found as it was
meant: done. Not there after the last one: sent again with the same bytes where that cannot make
two of it (Exact refuses a second one with the same code; an update or delete done twice is done),
else a person decides. Invariant: what cannot be found back is never sent again by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from retailvista import db as database
from retailvista.connectors.port import Outcome
from retailvista.connectors.records import Found, Row, ToFind
from retailvista.connectors.visits import Visit
from retailvista.errors import LoginNeeded
from retailvista.flows import definition
from retailvista.flows import item_claims as claims
from retailvista.flows import item_sending as sending
from retailvista.flows.canonical import loads
from retailvista.flows.item_claims import ItemFacts
from retailvista.flows.item_outcomes import ASK_PERSON, Sender, finish, leave_to_person, refuse
from retailvista.flows.models import FAILED, Item

LADDER = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600))
BLIND_PAUSE = timedelta(minutes=1)
BLIND_LONGEST = timedelta(days=1)
SENDS_MAX = 4
# Exact's clock differs from ours, and in October one of its hours comes twice.
OVERLAP = timedelta(minutes=75)
REFUSED_OUTCOMES = (Outcome.REFUSED_KNOWN.value, Outcome.NUMBER_IN_USE.value)

IS_THERE = "A record with %(by)s is there already, but differs in %(fields)s."
DIFFERS = (
    "A record like it is there as %(key)s, but differs in %(fields)s. Look in the other system:"
    " try again if it is not this one, skip if it is."
)
SEVERAL = "There are %(count)s records like it; look in the other system which one it is."
NOT_THERE = "There is no record with the key %(key)s."
CANNOT_LOOK = "For a day it could not be looked up whether it was done: %(why)s"


def look(sender: Sender, facts: ItemFacts) -> None:
    """One look for an item whose send has no outcome."""
    if not (facts.request or {}).get("by"):
        _without_look(sender, facts)
        return
    sender.reader.visited(lambda visit: _in_visit(sender, facts, visit))


def _without_look(sender: Sender, facts: ItemFacts) -> None:
    """Nothing of the record is ours alone: a clear refusal is believed, all else is not known."""
    claim = _held(sender, facts)
    if claim is None:
        return
    answer = claim.answer or {}
    if answer.get("outcome") in REFUSED_OUTCOMES and claim.sends == 1:
        refuse(sender, claim, answer["said"], answer["status"])
        return
    leave_to_person(sender, claim, ASK_PERSON)


def _in_visit(sender: Sender, facts: ItemFacts, visit: Visit) -> None:
    visit.ready(2)
    claim = _held(sender, facts)
    if claim is None:
        return
    found = _found(sender, claim, visit)
    if found.login_refused and sending.is_old(visit):
        visit.refresh_now()
        found = _found(sender, claim, visit)
    if not found.good:
        _blind(sender, claim, found)
        return
    match sender.flow.spec.target.action:
        case definition.CREATE:
            _created(sender, claim, found.rows, visit)
        case definition.UPDATE:
            _updated(sender, claim, found.rows, visit)
        case _:
            _deleted(sender, claim, found.rows, visit)


def _held(sender: Sender, facts: ItemFacts) -> ItemFacts | None:
    with sender.outside.sessions() as session, database.transaction(session):
        return claims.hold(session, facts, sender.outside.owner)


def _found(sender: Sender, claim: ItemFacts, visit: Visit) -> Found:
    assert claim.request is not None, "an intent says what was sent"
    wanted = ToFind(claim.request["by"], _sent(claim))
    records = sender.reader.records
    return records.find(visit.wire, visit.records_session(), sender.entity.key, wanted)


def _sent(claim: ItemFacts) -> dict[str, Any]:
    body = str((claim.request or {}).get("body") or "")
    value = loads(body) if body else {}
    return value if isinstance(value, dict) else {}


def _blind(sender: Sender, claim: ItemFacts, found: Found) -> None:
    """It does not count as absent; the next one comes when it can."""
    now = sender.now()
    assert claim.unknown_since is not None, "an unknown has its beginning"
    if now - claim.unknown_since > BLIND_LONGEST:
        leave_to_person(sender, claim, CANNOT_LOOK, why=found.problem)
        return
    until = max(found.not_before or now, now + BLIND_PAUSE)
    values = {"not_before": until, "lease_until": None}
    sender.write(claim, values, "could not look", why=found.problem[:300])
    if found.login_refused:
        raise LoginNeeded("The access token was refused.")


def _created(sender: Sender, claim: ItemFacts, rows: Sequence[Row], visit: Visit) -> None:
    records = sender.reader.records
    if not (claim.request or {})["again"]:
        rows = _ours_perhaps(sender, claim, rows)
    if not rows:
        _absent(sender, claim, visit)
        return
    if len(rows) > 1:
        leave_to_person(sender, claim, SEVERAL, count=len(rows))
        return
    wrong = records.differences(sender.entity.key, _sent(claim), rows[0])
    if wrong:
        _created_otherwise(sender, claim, rows[0], ", ".join(wrong))
    else:
        finish(sender, claim, "found back", rows[0])


def _created_otherwise(sender: Sender, claim: ItemFacts, row: Row, fields: str) -> None:
    """It is there, but not as it was sent: ours as Exact keeps it, or another."""
    records, request = sender.reader.records, claim.request or {}
    made = records.created_at(row)
    assert claim.sent_at is not None, "an intent has its moment"
    recent = made is not None and made >= claim.sent_at - OVERLAP
    if not request["again"]:
        key = records.key_of(sender.entity.key, row)
        leave_to_person(sender, claim, DIFFERS, key=key, fields=fields)
    elif recent and not _in_use(claim):
        # Exact refuses a second one, and this one came after we sent: it is ours.
        finish(sender, claim, "found back, stored otherwise", row, fields=fields)
    else:
        shown = ", ".join(f"{name} {value}" for name, value in request["by"].items())
        _is_there(sender, claim, shown, fields)


def _in_use(claim: ItemFacts) -> bool:
    return (claim.answer or {}).get("outcome") == Outcome.NUMBER_IN_USE.value


def _is_there(sender: Sender, claim: ItemFacts, by: str, fields: str) -> None:
    """Another record has its place: trying again brings nothing until somebody changes one."""
    values = {
        "state": FAILED,
        "answered_at": sender.now(),
        "lease_until": None,
        "problem": IS_THERE,
        "problem_values": {"by": by, "fields": fields},
    }
    if sender.write(claim, values, "is there already", fields=fields):
        sender.tally.count(failed=1)


def _ours_perhaps(sender: Sender, claim: ItemFacts, rows: Sequence[Row]) -> list[Row]:
    """Records made since we sent, and not by another item of ours."""
    assert claim.sent_at is not None, "an intent has its moment"
    records, key = sender.reader.records, sender.entity.key
    keys = [records.key_of(key, row) for row in rows]
    with sender.outside.sessions() as session, database.reading(session):
        query = select(Item.target_key).where(Item.target_key.in_(keys), Item.id != claim.id)
        others = set(session.scalars(query))
    found = []
    for row_key, row in zip(keys, rows, strict=True):
        made = records.created_at(row)
        if row_key not in others and (made is None or made >= claim.sent_at - OVERLAP):
            found.append(row)
    return found


def _updated(sender: Sender, claim: ItemFacts, rows: Sequence[Row], visit: Visit) -> None:
    if not rows:
        _no_such_record(sender, claim)
    elif sender.reader.records.differences(sender.entity.key, _sent(claim), rows[0]):
        _absent(sender, claim, visit)
    else:
        finish(sender, claim, "found back", rows[0])


def _deleted(sender: Sender, claim: ItemFacts, rows: Sequence[Row], visit: Visit) -> None:
    if rows:
        _absent(sender, claim, visit)
    else:
        finish(sender, claim, "gone", None)


def _no_such_record(sender: Sender, claim: ItemFacts) -> None:
    key = "".join(str(value) for value in (claim.request or {})["by"].values())
    values = {
        "state": FAILED,
        "answered_at": sender.now(),
        "lease_until": None,
        "problem": NOT_THERE,
        "problem_values": {"key": key},
    }
    if sender.write(claim, values, "no such record"):
        sender.tally.count(failed=1)


def _absent(sender: Sender, claim: ItemFacts, visit: Visit) -> None:
    """A good look that shows it was not done, so far."""
    answer = claim.answer or {}
    if answer.get("outcome") in REFUSED_OUTCOMES:
        refuse(sender, claim, answer["said"], answer["status"])
        return
    looks = claim.looks + 1
    assert claim.unknown_since is not None, "an unknown has its beginning"
    if looks < len(LADDER):
        values = {
            "looks": looks,
            "not_before": claim.unknown_since + LADDER[looks],
            "lease_until": None,
        }
        sender.write(claim, values, "not there yet", look=looks)
    elif answer.get("outcome") == Outcome.REFUSED_UNKNOWN.value:
        refuse(sender, claim, answer["said"], answer["status"])
    elif (claim.request or {})["again"] and claim.sends < SENDS_MAX:
        sending.resend(sender, claim, visit)
    else:
        leave_to_person(sender, claim, ASK_PERSON)
