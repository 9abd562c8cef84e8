"""What came of sending an item: the one table from answers to what its row says.

Invariants: every result is fenced by the claim; what may have been done waits for a look and is
never called failed before; what was certainly not done because of the connection, the login or a
limit leaves the item as it was and stops the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from retailvista import db as database
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import Outcome
from retailvista.connectors.record_visits import Reader
from retailvista.connectors.records import Entity, Written
from retailvista.connectors.visits import Visit
from retailvista.errors import Later, LoginNeeded, Refused
from retailvista.flows import item_claims as claims
from retailvista.flows.definition import FlowFacts
from retailvista.flows.item_claims import ItemFacts
from retailvista.flows.models import FAILED, FINISHED, NEW, PROCESSING, RETRY
from retailvista.flows.tally import Tally
from retailvista.flows.transforms import Transform

LOOK_AFTER = timedelta(seconds=5)
PAUSE = timedelta(minutes=1)
SAID_MAX = 2000
REFUSED = "The other system refused it."
ASK_PERSON = (
    "It was sent without a clear answer and cannot be found back with certainty. Look in the other"
    " system: try again if it is not there, skip if it is."
)
CERTAINLY_NOT = frozenset(
    (Outcome.NOT_SENT, Outcome.THROTTLED, Outcome.TOKEN_REFUSED, Outcome.STOPPED)
)
REFUSALS = frozenset((Outcome.REFUSED_KNOWN, Outcome.REFUSED_UNKNOWN, Outcome.NUMBER_IN_USE))


class FlowStops(Refused):
    """The other system does not let this flow write at all; its items wait."""


@dataclass(frozen=True, slots=True)
class Sender:
    """What sending the items of one run needs."""

    outside: Outside
    flow: FlowFacts
    tally: Tally
    transform: Transform
    reader: Reader
    entity: Entity

    def write(self, facts: ItemFacts, values: Mapping[str, Any], line: str, **said: Any) -> bool:
        """Settle an item under the fence of its claim, in a transaction of its own."""
        with self.outside.sessions() as session, database.transaction(session):
            return claims.change(session, facts, line, values, **said)

    def now(self) -> datetime:
        """The database's clock."""
        with self.outside.sessions() as session, database.reading(session):
            return database.now(session)


def settle(sender: Sender, claim: ItemFacts, written: Written, visit: Visit) -> None:
    """Write what came of a send. Raises when the items that follow would meet the same."""
    outcome = written.outcome
    if outcome is Outcome.BOOKED:
        finish(sender, claim, "done", written.record, status=written.status)
    elif outcome in CERTAINLY_NOT:
        _put_back(sender, claim, written, visit)
    elif written.status == 404 and written.request.method == "DELETE" and claim.sends > 1:
        finish(sender, claim, "gone", None, status=404)
    elif outcome is Outcome.REJECTED:
        refuse(sender, claim, written.said, written.status)
    elif outcome in REFUSALS:
        _remember_refusal(sender, claim, written)
    else:
        _remember_unknown(sender, claim, written)


def finish(
    sender: Sender, claim: ItemFacts, line: str, record: Mapping[str, Any] | None, **said: Any
) -> None:
    """The record is there as it was meant."""
    key = sender.reader.records.key_of(sender.entity.key, record) if record else ""
    values = {
        "state": FINISHED,
        "answered_at": sender.now(),
        "answer": {**said, "record": dict(record) if record else None},
        "target_key": key[:200],
        "lease_until": None,
        "problem": "",
        "problem_values": {},
        "said": "",
    }
    if sender.write(claim, values, line, **said):
        sender.tally.count(sent=1)


def refuse(sender: Sender, claim: ItemFacts, said: str, status: int) -> None:
    """It was certainly not done: tried again as often as the flow says, then failed."""
    retry, now = sender.flow.spec.retry, sender.now()
    again = claim.retries < retry.times
    values = {
        "state": RETRY if again else FAILED,
        "retries": claim.retries + int(again),
        "not_before": now + timedelta(minutes=retry.minutes) if again else now,
        "answered_at": now,
        "answer": {"status": status, "said": said},
        "lease_until": None,
        "problem": REFUSED,
        "problem_values": {},
        "said": said[:SAID_MAX],
    }
    if sender.write(claim, values, "refused", status=status, said=said[:300]):
        sender.tally.count(**{"refused" if again else "failed": 1})


def leave_to_person(sender: Sender, claim: ItemFacts, problem: str, **values: Any) -> None:
    """Nobody can tell but somebody who looks: failed, and not sent again by itself."""
    settled = {
        "state": FAILED,
        "lease_until": None,
        "problem": problem,
        "problem_values": values,
    }
    if sender.write(claim, settled, "a person decides"):
        sender.tally.count(unknown=1)


def _put_back(sender: Sender, claim: ItemFacts, written: Written, visit: Visit) -> None:
    """Certainly not done, and not because of this item: it waits as it did before."""
    until = written.not_before or visit.wire.stopped_until
    if until is None and written.outcome in {Outcome.NOT_SENT, Outcome.THROTTLED}:
        until = sender.now() + PAUSE
    values = {
        "state": RETRY if claim.retries else NEW,
        "sent_at": None,
        "lease_until": None,
        "sends": claim.sends - 1,
        "said": written.said[:SAID_MAX],
    }
    sender.write(claim, values, "not sent", why=written.outcome.value, said=written.said[:300])
    if until is not None:
        raise Later(written.said or "Nothing can be sent now.", not_before=until)
    if written.outcome is Outcome.TOKEN_REFUSED:
        raise LoginNeeded("The access token was refused.", said=written.said)
    raise FlowStops(
        f"{sender.entity.key} may not be written with this login.",
        said=written.said,
        http_status=written.status,
    )


def _remember_refusal(sender: Sender, claim: ItemFacts, written: Written) -> None:
    """Exact refuses by business rule with 500, and has stored what it so refused before: look."""
    answer = {
        "status": written.status,
        "said": written.said,
        "outcome": written.outcome.value,
    }
    _wait_for_look(sender, claim, "refused, looking", answer, written.said, timedelta(0))


def _remember_unknown(sender: Sender, claim: ItemFacts, written: Written) -> None:
    answer = {"status": written.status, "said": written.said} if written.status else None
    _wait_for_look(sender, claim, "no clear answer", answer, written.said, LOOK_AFTER)


def _wait_for_look(
    sender: Sender,
    claim: ItemFacts,
    line: str,
    answer: Mapping[str, Any] | None,
    said: str,
    after: timedelta,
) -> None:
    now = sender.now()
    values = {
        "state": PROCESSING,
        "answer": answer,
        "unknown_since": now,
        "not_before": now + after,
        "lease_until": None,
        "said": said[:SAID_MAX],
    }
    sender.write(claim, values, line, said=said[:300])
