"""Making and ending subscriptions at the provider: a run, since it calls us while we call it.

Invariants: the hash of the address is committed before the provider is asked; asking twice makes
one subscription: one that is there already at an address of ours is taken over.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from retailvista import db as database
from retailvista.connectors.choosing import connector_by_number
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import Outcome
from retailvista.connectors.record_visits import Reader, reader_for
from retailvista.connectors.records import Found, ToFind, ToWrite, Written
from retailvista.connectors.visits import Visit
from retailvista.errors import Later, LoginNeeded, NotFound, Refused
from retailvista.flows import webhooks
from retailvista.flows.definition import CREATE, DELETE
from retailvista.flows.webhooks import ACTIVE, ENDING, FAILED
from retailvista.runs.working import Counts, RunFacts

PAUSE = timedelta(minutes=1)
TOPIC, CALLBACK = "Topic", "CallbackURL"
REFUSALS = frozenset(
    (Outcome.REJECTED, Outcome.STOPPED, Outcome.REFUSED_KNOWN, Outcome.REFUSED_UNKNOWN)
)


@dataclass(frozen=True, slots=True)
class _Task:
    """One subscription to make or to end."""

    outside: Outside
    reader: Reader
    id: int
    connector_id: int
    entity: str
    topic: str
    state: str
    external_id: str
    callback: str

    def store(self, **values: Any) -> None:
        """Change the row."""
        with self.outside.sessions() as session, database.transaction(session):
            row = webhooks.subscription(session, self.connector_id, self.id)
            for name, value in values.items():
                setattr(row, name, value)

    def forget(self) -> None:
        """The row goes."""
        with self.outside.sessions() as session, database.transaction(session):
            session.delete(webhooks.subscription(session, self.connector_id, self.id))

    def write(self, visit: Visit, to_write: ToWrite) -> Written:
        """Send once."""
        return self.reader.records.write(visit.wire, visit.records_session(), to_write)

    def there(self, visit: Visit) -> Found:
        """What the provider has for this topic."""
        wanted = ToFind({TOPIC: self.topic}, {CALLBACK: ""})
        return self.reader.records.find(visit.wire, visit.records_session(), self.entity, wanted)


def work_webhook(outside: Outside, facts: RunFacts) -> Counts:
    """Make or end the subscription the run is about, as its row says now."""
    try:
        task = _task(outside, facts)
    except NotFound:
        return {}
    if task.state == ENDING:
        task.reader.visited(lambda visit: _end(task, visit))
        return {"deleted": 1}
    if task.state == ACTIVE:
        return {}
    try:
        task.reader.visited(lambda visit: _make(task, visit))
    except Refused as refused:
        task.store(state=FAILED, problem=str(refused))
        raise
    return {"new": 1}


def _task(outside: Outside, facts: RunFacts) -> _Task:
    assert facts.connector_number is not None, "a subscription is of one connector"
    with outside.sessions() as session, database.reading(session):
        connector = connector_by_number(session, facts.connector_number)
        row = webhooks.subscription(session, connector.id, int(facts.args["subscription"]))
        entity = webhooks.notices_of(connector).entity
    return _Task(
        outside=outside,
        reader=reader_for(outside, connector.id, row.division),
        id=row.id,
        connector_id=connector.id,
        entity=entity,
        topic=row.topic,
        state=row.state,
        external_id=row.external_id,
        callback=str(facts.args.get("callback") or ""),
    )


def _make(task: _Task, visit: Visit) -> None:
    assert task.callback.endswith("/"), "the address ends with its secret"
    token = secrets.token_urlsafe(32)
    task.store(address_hash=webhooks.hashed(token))
    body = json.dumps({TOPIC: task.topic, CALLBACK: task.callback + token}).encode()
    written = task.write(visit, ToWrite(task.entity, CREATE, body=body))
    if written.outcome is Outcome.BOOKED:
        task.store(state=ACTIVE, problem="", external_id=_id(task, written.record))
    elif written.outcome is Outcome.NUMBER_IN_USE:
        _take_over(task, visit)
    else:
        _stop(task, written)


def _take_over(task: _Task, visit: Visit) -> None:
    """There is one already: ours from a time when the answer was lost, or another's."""
    found = task.there(visit)
    if not found.good or not found.rows:
        raise Later("The subscriptions cannot be read now.", not_before=_soon(task))
    row = found.rows[0]
    address = str(row.get(CALLBACK) or "")
    if not address.startswith(task.callback):
        host = address.split("/webhooks/", maxsplit=1)[0]
        raise Refused(
            f"Another program announced itself for this topic with the same app, at {host}."
        )
    token = address.removeprefix(task.callback)
    task.store(
        state=ACTIVE, problem="", external_id=_id(task, row), address_hash=webhooks.hashed(token)
    )


def _end(task: _Task, visit: Visit) -> None:
    if task.external_id:
        written = task.write(visit, ToWrite(task.entity, DELETE, {"id": task.external_id}))
        if written.outcome is not Outcome.BOOKED and written.status != 404:
            _stop(task, written)
    task.forget()


def _stop(task: _Task, written: Written) -> None:
    """Why it was not done, and who moves next."""
    if written.outcome in REFUSALS:
        said = written.said or str(written.status)
        raise Refused(
            f"The provider refused the subscription: {said}",
            said=written.said,
            http_status=written.status,
        )
    if written.outcome is Outcome.TOKEN_REFUSED:
        raise LoginNeeded("The access token was refused.", said=written.said)
    raise Later("The provider gave no clear answer.", not_before=written.not_before or _soon(task))


def _id(task: _Task, row: Mapping[str, Any] | None) -> str:
    return task.reader.records.key_of(task.entity, row) if row else ""


def _soon(task: _Task) -> Any:
    return task.outside.clock.now() + PAUSE
