"""The inbox: items of all flows, listed, counted and opened. What people do: item_actions.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from retailvista.errors import NotFound
from retailvista.flows.models import SKIPPED, Flow, Item
from retailvista.runs.models import Run

PAGE = 50
# Sent, nobody knows what became of it, and nobody has said that it does not matter.
UNCERTAIN: ColumnElement[bool] = and_(
    Item.sent_at.is_not(None), Item.answered_at.is_(None), Item.state != SKIPPED
)


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items; None, '' and () mean all. `until` is the first moment too late;
    `text` looks in the keys, the entity and what the provider said."""

    states: tuple[str, ...] = ()
    flow_number: int | None = None
    from_at: datetime | None = None
    until: datetime | None = None
    text: str = ""
    run_number: int | None = None
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class ListedItem:
    """One row of the list."""

    number: int
    flow_number: int
    flow_name: str
    entity: str
    division: int
    key: str
    state: str
    uncertain: bool
    retries: int
    problem: str
    problem_values: dict[str, Any]
    said: str
    target_key: str
    not_before: datetime
    received_at: datetime
    changed_at: datetime

    def to_json(self) -> dict[str, Any]:
        """As commands and the feed show it."""
        return {
            "number": self.number,
            "flow": self.flow_number,
            "entity": self.entity,
            "division": self.division,
            "key": self.key,
            "state": self.state,
            "uncertain": self.uncertain,
            "problem": self.problem % self.problem_values if self.problem else "",
            "said": self.said,
            "target_key": self.target_key,
            "received_at": self.received_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Fifty of them, newest first; `after` asks for the next ones ('' = that was all)."""

    rows: list[ListedItem]
    after: str = ""


def list_items(session: Session, which: ItemFilter, after: str = "") -> ItemPage:
    """The items of the company, newest first. The caller's transaction."""
    query = _chosen(which)
    if after:
        query = query.where(Item.number < int(after))
    columns = (
        Item.number, Flow.number, Flow.name, Item.entity, Item.division, Item.record_key,
        Item.state, UNCERTAIN, Item.retries, Item.problem, Item.problem_values, Item.said,
        Item.target_key, Item.not_before, Item.received_at, Item.changed_at,
    )  # fmt: skip
    found = session.execute(
        query.with_only_columns(*columns).order_by(Item.number.desc()).limit(PAGE + 1)
    ).all()
    rows = [ListedItem(*row) for row in found[:PAGE]]
    return ItemPage(rows, str(rows[-1].number) if len(found) > PAGE else "")


def state_counts(session: Session, which: ItemFilter | None = None) -> dict[str, int]:
    """How many are in which state, of those the filter lets through. The caller's transaction."""
    query = _chosen(which or ItemFilter()).with_only_columns(Item.state, func.count())
    return dict(session.execute(query.group_by(Item.state)).tuples().all())


def item_by_number(session: Session, number: int) -> Item:
    """An item with all that is known of it. NotFound when it is not there any more."""
    found = session.scalar(
        select(Item)
        .where(Item.number == number, Item.removed_at.is_(None))
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(f"There is no item {number}.")
    return found


def is_uncertain(item: Item) -> bool:
    """Sent, and nobody knows what became of it."""
    return item.sent_at is not None and item.answered_at is None


def _chosen(which: ItemFilter) -> Any:
    query = select(Item).join(Flow, Flow.id == Item.flow_id).where(Item.removed_at.is_(None))
    if which.states:
        query = query.where(Item.state.in_(which.states))
    if which.flow_number is not None:
        query = query.where(Flow.number == which.flow_number)
    if which.from_at is not None:
        query = query.where(Item.received_at >= which.from_at)
    if which.until is not None:
        query = query.where(Item.received_at < which.until)
    if which.run_number is not None:
        query = query.join(Run, Run.id == Item.run_id).where(Run.number == which.run_number)
    if which.uncertain:
        query = query.where(UNCERTAIN)
    if which.text.strip():
        wanted = which.text.strip()
        query = query.where(
            or_(
                Item.record_key.icontains(wanted, autoescape=True),
                Item.target_key.icontains(wanted, autoescape=True),
                Item.said.icontains(wanted, autoescape=True),
                Item.entity.icontains(wanted, autoescape=True),
            )
        )
    return query
