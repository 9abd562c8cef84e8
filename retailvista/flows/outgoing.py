"""Outgoing flows: records become items of the flow, and each item is written once.

Invariants: an item is sent at most once without a look in between; one that is refused stops no
other; the lane is given back after each, so that postings of journals go out between them. What
waits for time (looks, retries) is asked for as a run of its own, so that the flow's schedule does
not wait for it.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.connectors.outside import Outside
from retailvista.connectors.record_visits import reader_for
from retailvista.flows import item_claims as claims
from retailvista.flows.definition import INCREMENTAL, FlowFacts
from retailvista.flows.incoming import gather
from retailvista.flows.item_claims import ItemFacts
from retailvista.flows.item_looks import look
from retailvista.flows.item_outcomes import Sender
from retailvista.flows.item_sending import send
from retailvista.flows.starting import flow_key
from retailvista.flows.tally import Tally
from retailvista.flows.transforms import Transform
from retailvista.runs.asking import ask
from retailvista.runs.working import Counts

# A run of what is left of a flow's items, without reading its source again.
ITEMS_RUN = "items"
# One item is not worked on more often in one run, whatever becomes of it.
TURNS_MAX = 6
# What is due at once although the run has ended waits a little: it was tried often enough.
PAUSE = timedelta(seconds=30)


def send_out(outside: Outside, flow: FlowFacts, tally: Tally) -> Counts:
    """One run of an outgoing flow."""
    transform = Transform(flow.spec.transform, flow.variables)
    gather(outside, flow, tally, transform)
    return send_items(outside, flow, tally)


def send_items(outside: Outside, flow: FlowFacts, tally: Tally) -> Counts:
    """Everything of the flow that is due; what waits is asked for when it is."""
    assert flow.target_connector_id is not None, "an outgoing flow has its connector"
    reader = reader_for(outside, flow.target_connector_id)
    sender = Sender(
        outside=outside,
        flow=flow,
        tally=tally,
        transform=Transform(flow.spec.transform, flow.variables),
        reader=reader,
        entity=reader.records.entity(flow.spec.target.entity),
    )
    turns: Counter[int] = Counter()
    while (facts := _next(outside, flow.id, turns)) is not None:
        turns[facts.id] += 1
        (look if facts.is_sent else send)(sender, facts)
    # A run that is put back or that failed asks for nothing: the lane or a person comes first.
    _ask_for_the_rest(outside, flow)
    return tally.counts


def _next(outside: Outside, flow_id: int, turns: Counter[int]) -> ItemFacts | None:
    leave = [item for item, count in turns.items() if count >= TURNS_MAX]
    with outside.sessions() as session, database.reading(session):
        return claims.next_due(session, flow_id, leave)


def _ask_for_the_rest(outside: Outside, flow: FlowFacts) -> None:
    with outside.sessions() as session:
        with database.reading(session):
            moment = claims.next_moment(session, flow.id)
        if moment is None:
            return
        with database.transaction(session):
            now = database.now(session)
            ask_items(
                session,
                flow.number,
                "system",
                connector_number=flow.spec.target.connector,
                not_before=moment if moment > now else now + PAUSE,
            )


def ask_items(
    session: Session,
    number: int,
    asked_by: str,
    *,
    connector_number: int | None = None,
    not_before: datetime | None = None,
) -> int:
    """The number of the waiting run of what is left of a flow. Inside the caller's transaction."""
    return ask(
        session,
        ITEMS_RUN,
        flow_key(number),
        {"mode": INCREMENTAL, "entities": [], "divisions": []},
        asked_by=asked_by,
        connector_number=connector_number,
        not_before=not_before,
    )
