"""Asking for a run of a flow: by hand, by a schedule, by a notification.

Invariants: two runs of one flow never work at the same time (they have the same key); asking for
more than what waits makes the waiting run do more, never less.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies import audit
from retailvista.connectors.models import Connector
from retailvista.errors import Refused
from retailvista.flows.definition import FULL, INCREMENTAL, MODES
from retailvista.flows.keeping import flow_by_number
from retailvista.flows.models import REPLICATION, Flow
from retailvista.runs.asking import ask
from retailvista.runs.models import WAITING, Run

FLOW_RUN = "flow"
CHECK_RUN = "check"


def ask_flow(  # noqa: PLR0913  what to run, and who asks
    session: Session,
    flow: Flow,
    asked_by: str,
    *,
    mode: str = INCREMENTAL,
    entities: tuple[str, ...] = (),
    divisions: tuple[int, ...] = (),
    sooner: bool = True,
    not_before: datetime | None = None,
) -> int:
    """The number of the waiting run of this flow. Inside the caller's transaction.

    No entities or divisions: all of the flow's. Refused when the flow is switched off.
    """
    if flow.disabled or flow.deleted_at is not None:
        raise Refused(f"Flow {flow.number} is switched off.")
    assert mode in MODES, f"a run is full or incremental, not {mode!r}"
    key = flow_key(flow.number)
    args = {"mode": mode, "entities": list(entities), "divisions": list(divisions)}
    waiting = session.scalar(
        select(Run).where(Run.kind == FLOW_RUN, Run.key == key, Run.state == WAITING)
    )
    if waiting is not None:
        args = _both(waiting.args, args)
    return ask(
        session,
        FLOW_RUN,
        key,
        args,
        asked_by=asked_by,
        connector_number=_connector_number(session, flow),
        not_before=not_before,
        sooner=sooner,
    )


def fetch_now(
    session: Session,
    number: int,
    actor: str,
    *,
    mode: str = INCREMENTAL,
    entities: tuple[str, ...] = (),
    divisions: tuple[int, ...] = (),
) -> int:
    """The button Fetch now: the number of the run, which goes on whatever the browser does."""
    if mode not in MODES:
        raise Refused("Choose full or incremental.")
    with database.transaction(session):
        flow = flow_by_number(session, number)
        asked = ask_flow(session, flow, actor, mode=mode, entities=entities, divisions=divisions)
        audit.record(session, actor, "flow_started", f"flow {number}", run=asked, mode=mode)
    return asked


def check_now(session: Session, number: int, actor: str, *, totals: bool = False) -> int:
    """The button Compare: the number of the run. Refused where nothing is copied."""
    with database.transaction(session):
        flow = flow_by_number(session, number)
        if flow.kind != REPLICATION:
            raise Refused(f"Flow {number} fills no warehouse: there is nothing to compare.")
        if flow.disabled or flow.deleted_at is not None:
            raise Refused(f"Flow {number} is switched off.")
        args: dict[str, Any] = {"mode": INCREMENTAL, "totals": totals}
        asked = ask(
            session,
            CHECK_RUN,
            flow_key(number),
            args,
            asked_by=actor,
            connector_number=_connector_number(session, flow),
        )
        audit.record(session, actor, "flow_checked", f"flow {number}", run=asked)
    return asked


def flow_key(number: int) -> str:
    """The key of the runs of a flow."""
    return f"flow {number}"


def _both(waiting: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """What waits and what is asked, in one run: an empty list means all."""
    modes = (waiting.get("mode", INCREMENTAL), asked["mode"])
    joined: dict[str, Any] = {"mode": FULL if FULL in modes else INCREMENTAL}
    for name in ("entities", "divisions"):
        old, new = waiting.get(name) or [], asked[name]
        joined[name] = [*old, *(one for one in new if one not in old)] if old and new else []
    return joined


def _connector_number(session: Session, flow: Flow) -> int | None:
    """The connector that the run is listed under: that of the books, not the warehouse."""
    ends = (flow.source_connector_id, flow.target_connector_id)
    found = next((one for one in ends if one is not None), None)
    return session.scalar(select(Connector.number).where(Connector.id == found))
