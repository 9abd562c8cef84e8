"""How far a flow has read: one row per flow, division and entity.

Invariants: a cursor moves in the transaction that stores the page; the mark of a pass whose rows
come in the order of their keys counts only when the pass is whole; a pass that broke off is gone
on with by the same run alone, every other run begins at the last mark.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.flows.models import FlowCursor


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a pass stands. `address` is the page to read next, '' = the first.

    `since` is the mark the pass began at; `first_mark` that of its first page.
    """

    since: str = ""
    address: str = ""
    first_mark: str = ""


@dataclass(frozen=True, slots=True)
class Spot:
    """Whose cursor it is, and which run moves it. `entity` has the flow's question behind it."""

    flow_id: int
    division: int
    entity: str
    run_id: int


def standing(session: Session, spot: Spot, *, full: bool) -> Standing:
    """Where this run goes on, or begins. The caller's transaction."""
    row = _row(session, spot)
    if row is None:
        return Standing()
    kept = json.loads(row.next_address) if row.next_address else {}
    if kept.get("run") == spot.run_id:
        return Standing(kept["since"], kept["address"], kept["first_mark"])
    return Standing(since="" if full else row.mark)


def moved(
    session: Session, spot: Spot, now: Standing, *, mark: str, following: str, by_page: bool
) -> Standing:
    """A page was stored: the cursor after it. Inside the transaction that stores the page."""
    row = _row(session, spot)
    if row is None:
        row = FlowCursor(flow_id=spot.flow_id, division=spot.division, entity=spot.entity)
        session.add(row)
    after = replace(now, address=following, first_mark=now.first_mark or mark)
    row.next_address = ""
    if following:
        row.next_address = json.dumps(
            {
                "run": spot.run_id,
                "since": after.since,
                "address": after.address,
                "first_mark": after.first_mark,
            }
        )
    if by_page:
        row.mark = mark
    elif not following:
        row.mark = after.first_mark
    row.moved_at = database.now(session)
    return after


def _row(session: Session, spot: Spot) -> FlowCursor | None:
    return session.scalar(
        select(FlowCursor)
        .where(
            FlowCursor.flow_id == spot.flow_id,
            FlowCursor.division == spot.division,
            FlowCursor.entity == spot.entity,
        )
        .execution_options(populate_existing=True)
    )
