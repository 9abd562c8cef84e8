"""What people do with items: try again, skip, delete; and the pruning of old ones.

Invariants: what a person does is audited; an item that is being worked on is left alone; an item
whose sending has no outcome is sent again only by a person who says that he has looked; deleting
leaves the mark that the record has been here, so that it does not come back as new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies import audit
from retailvista.errors import Refused
from retailvista.flows.arriving import log_line
from retailvista.flows.inbox import UNCERTAIN, is_uncertain
from retailvista.flows.models import (
    FINISHED,
    PROCESSING,
    RETRY,
    SKIPPED,
    Flow,
    Item,
)
from retailvista.flows.starting import ask_flow

BUSY = "Item %(number)s is being worked on."
LOOK_FIRST = (
    "Item %(number)s was sent without an answer: it may be there already. Look in the other system"
    " first, then try again and say that it is not there."
)
DONE = "Item %(number)s is finished."


@dataclass(slots=True)
class Done:
    """What became of a choice of items: their numbers, and why others were left alone.

    A reason is a text to translate with the value `number`; `flows` are ids of their flows.
    """

    done: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    flows: set[int] = field(default_factory=set)


def retry(session: Session, numbers: Iterable[int], actor: str, *, looked: bool = False) -> Done:
    """Try items again now. `looked`: the person says that those without an answer are not there."""

    def again(item: Item, now: datetime) -> str:
        if item.state == FINISHED:
            return DONE
        if is_uncertain(item) and not looked:
            return LOOK_FIRST
        item.sent_at = item.unknown_since = None
        item.retries = item.looks = 0
        # Who tries again what the flow had left out wants it sent all the same.
        item.insists = looked or item.state == SKIPPED
        item.problem, item.problem_values = "", {}
        item.state, item.not_before = RETRY, now
        return ""

    return _each(session, numbers, actor, "item_retried", again, starts=True, looked=looked)


def skip(session: Session, numbers: Iterable[int], actor: str) -> Done:
    """Leave items as they are: they are not sent, until somebody tries them again."""

    def leave(item: Item, _now: datetime) -> str:
        if item.state == FINISHED:
            return DONE
        item.state = SKIPPED
        return ""

    return _each(session, numbers, actor, "item_skipped", leave)


def delete(session: Session, numbers: Iterable[int], actor: str) -> Done:
    """Take items out of the inbox. The same record does not come back until it changes."""

    def remove(item: Item, now: datetime) -> str:
        if is_uncertain(item) and item.state != SKIPPED:
            return LOOK_FIRST
        empty(item, now)
        return ""

    return _each(session, numbers, actor, "item_deleted", remove)


def empty(item: Item, now: datetime) -> None:
    """What stays of an item that is gone: its key and its hash."""
    item.removed_at = now
    item.received, item.transformed, item.request, item.answer = {}, None, None, None
    item.log, item.problem, item.problem_values, item.said = [], "", {}, ""
    if item.state != FINISHED:
        item.state = SKIPPED


def prune(session: Session, flow: Flow, limit: int = 500) -> int:
    """Remove items of a flow older than it keeps them; how many went. One transaction.

    The newest item of a record is emptied, older ones go. What still needs somebody stays.
    """
    with database.transaction(session):
        now = database.now(session)
        old = session.scalars(
            select(Item)
            .where(Item.flow_id == flow.id, Item.removed_at.is_(None))
            .where(Item.changed_at < now - timedelta(days=flow.keep_days))
            .where(Item.state.not_in((PROCESSING, RETRY)), ~UNCERTAIN)
            .order_by(Item.id)
            .limit(limit)
        ).all()
        for item in old:
            if _is_newest(session, item):
                empty(item, now)
            else:
                session.delete(item)
        session.flush()
    return len(old)


def _start(session: Session, flow_ids: Iterable[int], actor: str) -> None:
    """Their flows run now; one that is switched off leaves the items where they are."""
    usable = (Flow.id.in_(sorted(flow_ids)), Flow.disabled.is_(False), Flow.deleted_at.is_(None))
    for flow in session.scalars(select(Flow).where(*usable)):
        ask_flow(session, flow, actor)


def _is_newest(session: Session, item: Item) -> bool:
    newer = select(Item.id).where(
        Item.flow_id == item.flow_id,
        Item.division == item.division,
        Item.record_key == item.record_key,
        Item.number > item.number,
    )
    return session.scalar(newer.limit(1)) is None


def _each(
    session: Session,
    numbers: Iterable[int],
    actor: str,
    action: str,
    change: Callable[[Item, datetime], str],
    *,
    starts: bool = False,
    **detail: Any,
) -> Done:
    """Change the chosen items in one transaction; those that cannot be are left alone."""
    wanted: Sequence[int] = sorted(set(numbers))
    outcome = Done()
    if not wanted:
        raise Refused("Choose at least one item.")
    with database.transaction(session):
        now = database.now(session)
        query = select(Item).where(Item.number.in_(wanted), Item.removed_at.is_(None))
        for item in session.scalars(query.with_for_update()):
            refused = BUSY if item.state == PROCESSING else change(item, now)
            if refused:
                outcome.refused[item.number] = refused
                continue
            item.changed_at = now
            # A worker that still holds an older claim must not write over this.
            item.attempts += 1
            item.log = (
                [*item.log, log_line(now, action, actor=actor)] if not item.removed_at else []
            )
            outcome.done.append(item.number)
            outcome.flows.add(item.flow_id)
        if outcome.done:
            if starts:
                _start(session, outcome.flows, actor)
            audit.record(session, actor, action, "items", numbers=outcome.done[:100],
                         count=len(outcome.done), **detail)  # fmt: skip
    return outcome
