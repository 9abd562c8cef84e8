"""Sending one item: prepare, claim with the intent, write once, settle by what the answer means.

Invariants: nothing is sent before its intent is committed, nor with too little of the claim left;
no transaction is open during the call; after an answer that does not say whether it was done
nothing is sent again before a look (item_looks.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from retailvista import db as database
from retailvista.connectors.port import Outcome
from retailvista.connectors.records import RecordsSession, Request, Written
from retailvista.connectors.visits import Visit
from retailvista.errors import Later, LoginNeeded, Refused, RetailVistaError
from retailvista.flows import item_claims as claims
from retailvista.flows.canonical import loads
from retailvista.flows.definition import CREATE, EXECUTE
from retailvista.flows.incoming import arrival_of
from retailvista.flows.item_claims import ItemFacts
from retailvista.flows.item_outcomes import FlowStops, Sender, settle
from retailvista.flows.models import FAILED, NEW, SKIPPED
from retailvista.flows.publishing import to_write
from retailvista.journals.numbering import sending_locked
from retailvista.vault import Secret

CREATED_BEFORE = "This record was created before as %(key)s, and the flow only creates."
OVERTAKEN = "Item %(number)s holds a newer state of this record and was sent already."


@dataclass(frozen=True, slots=True)
class Prepared:
    """What will be sent for an item, and how it can be found back: by which values (none: it
    cannot), and whether sending it `again` cannot make two of it.
    """

    request: Request
    transformed: Mapping[str, Any] | None
    by: Mapping[str, Any]
    again: bool

    def kept(self) -> dict[str, Any]:
        """The intent as it is stored and shown."""
        sent = self.request
        named = {"method": sent.method, "url": sent.url, "body": sent.body.decode()}
        return named | {"by": dict(self.by), "again": self.again}


def send(sender: Sender, facts: ItemFacts) -> None:
    """One item that is due and was not sent yet, or was found not to be there."""
    prepared = _prepared(sender, facts)
    if prepared is None:
        return
    with sender.outside.sessions() as session, database.reading(session):
        locked = sending_locked(session)
    if locked:
        raise FlowStops(f"Sending is locked: {locked}")
    # Nothing is claimed yet when the lane or the budget says: later.
    sender.reader.visited(lambda visit: _in_visit(sender, facts, prepared, visit))


def _prepared(sender: Sender, facts: ItemFacts) -> Prepared | None:
    """The request; None when the item was settled without one."""
    if not facts.insists and _is_settled_otherwise(sender, facts):
        return None
    arrival = arrival_of(facts.received, facts.record_key, sender.transform)
    if arrival.state != NEW:
        _settle_unsent(sender, facts, arrival.state, arrival.problem, arrival.problem_values)
        return None
    record = facts.received if arrival.transformed is None else arrival.transformed
    try:
        return _request(sender, record, arrival.transformed)
    except Refused as refused:
        _settle_unsent(sender, facts, FAILED, "%(why)s", {"why": str(refused)})
        return None


def _request(
    sender: Sender, record: Mapping[str, Any], transformed: Mapping[str, Any] | None
) -> Prepared:
    asked = to_write(record, sender.flow.spec.target, sender.entity)
    reader = sender.reader
    # The address of a request needs no token.
    session = RecordsSession(reader.site, reader.division, Secret(""))
    request = reader.records.request(session, asked)
    if asked.action == EXECUTE:
        # Whether a procedure ran cannot be looked up: after a lost answer a person decides.
        return Prepared(request, transformed, {}, again=False)
    if asked.action != CREATE:
        key = next(found.name for found in sender.entity.properties if found.is_key)
        named = {name.lower(): value for name, value in asked.path.items()}
        return Prepared(
            request, transformed, {key: named.get("id") or named[key.lower()]}, again=True
        )
    mark = reader.records.mark(asked)
    sent = loads(asked.body.decode())
    by = {name: sent[name] for name in mark.properties} if mark else {}
    return Prepared(request, transformed, by, again=mark is not None and mark.unique)


def _is_settled_otherwise(sender: Sender, facts: ItemFacts) -> bool:
    """A record that was created is not created again, nor set back to an older state."""
    with sender.outside.sessions() as session, database.reading(session):
        twin = claims.finished_twin(session, facts)
    if twin is None:
        return False
    if twin.number > facts.number:
        _settle_unsent(sender, facts, SKIPPED, OVERTAKEN, {"number": twin.number})
        return True
    if sender.flow.spec.target.action not in (CREATE, EXECUTE):
        return False
    key = twin.target_key or facts.record_key
    _settle_unsent(sender, facts, SKIPPED, CREATED_BEFORE, {"key": key})
    return True


def _settle_unsent(
    sender: Sender, facts: ItemFacts, state: str, problem: str, values: Mapping[str, Any]
) -> None:
    settled = {"state": state, "problem": problem, "problem_values": dict(values)}
    if sender.write(facts, settled | {"attempts": facts.attempts + 1}, state):
        sender.tally.count(**{"failed" if state == FAILED else "skipped": 1})


def _in_visit(sender: Sender, facts: ItemFacts, prepared: Prepared, visit: Visit) -> None:
    visit.ready()
    claim = _intent(sender, facts, prepared)
    if claim is None:
        return
    post(sender, claim, prepared.request, visit)


def resend(sender: Sender, claim: ItemFacts, visit: Visit) -> None:
    """The same bytes again, in the claim of the look that allowed it."""
    again = _intend_again(sender, claim)
    if again is not None:
        post(sender, again, sent_request(claim), visit)


def sent_request(claim: ItemFacts) -> Request:
    """The request of an intent."""
    kept = claim.request or {}
    return Request(kept["method"], kept["url"], str(kept["body"]).encode())


def _intend_again(sender: Sender, claim: ItemFacts) -> ItemFacts | None:
    with sender.outside.sessions() as session, database.transaction(session):
        return claims.intend(session, claim, sender.outside.owner, claim.request or {})


def post(sender: Sender, claim: ItemFacts, request: Request, visit: Visit) -> None:
    """The one call of an intent, and what it came to. Right after the intent's commit."""
    written = _written(sender, claim, request, visit)
    if written.outcome is Outcome.TOKEN_REFUSED and is_old(visit):
        again = _with_new_token(sender, claim, visit)
        if again is not None:
            claim, written = again, _written(sender, again, request, visit)
    settle(sender, claim, written, visit)


def _intent(sender: Sender, facts: ItemFacts, prepared: Prepared) -> ItemFacts | None:
    made = prepared.transformed
    with sender.outside.sessions() as session, database.transaction(session):
        return claims.intend(
            session,
            facts,
            sender.outside.owner,
            prepared.kept(),
            transformed=None if made is None else dict(made),
        )


def _written(sender: Sender, claim: ItemFacts, request: Request, visit: Visit) -> Written:
    """The answer; what kept the call from leaving this host counts as not sent."""
    with sender.outside.sessions() as session, database.reading(session):
        in_time = claims.may_still_send(session, claim)
    if not in_time:
        return Written(Outcome.NOT_SENT, request, said="Too little time was left to send it.")
    try:
        return sender.reader.records.send(visit.wire, visit.records_session(), request)
    except (Later, LoginNeeded) as error:
        until = error.not_before if isinstance(error, Later) else None
        return Written(Outcome.NOT_SENT, request, said=str(error), not_before=until)


def is_old(visit: Visit) -> bool:
    """Whether the token may be refreshed by now."""
    return visit.token_age >= visit.provider.authorizer.refresh_not_before


def _with_new_token(sender: Sender, claim: ItemFacts, visit: Visit) -> ItemFacts | None:
    """A 401 was not executed: a new token, then the same claim and the same bytes."""
    try:
        visit.refresh_now()
    except RetailVistaError:
        return None
    # The refused call does not count as a send.
    return _intend_again(sender, replace(claim, sends=claim.sends - 1))
