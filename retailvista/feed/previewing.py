"""A look at a table of a feed: its first rows as programs get them, and how fresh a copy is.

Invariant: what cannot be read is told in the words that a program would get; a look never raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.connectors.outside import Outside
from retailvista.errors import RetailVistaError
from retailvista.feed import edm, feeds
from retailvista.feed.listing import Listing
from retailvista.feed.model import EntitySet
from retailvista.feed.models import Dataset, Feed
from retailvista.feed.offering import Shelves, offer
from retailvista.feed.options import Options

ROWS = 5


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows as texts, or why there are none. `fresh`: of a copy.

    Columns with nothing in any of them are only counted, in `empty`.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    problem: str = ""
    fresh: datetime | None = None
    empty: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """A copy: when it was brought up to date, or what is the matter with it."""

    fresh: datetime | None = None
    problem: str = ""


def preview(session: Session, outside: Outside, feed: Feed, table: Dataset) -> Preview:
    """The first rows of a table."""
    try:
        with database.reading(session):
            tables = feeds.datasets_of(session, feed)
            offered = offer(session, outside, [each for each in tables if each.id == table.id])
        (entity_set,) = offered.model.sets
        options = Options({"top": str(ROWS)})
        listing = Listing(entity_set, offered.model, offered.shelf, offered.now, options)
        found = [row for rows in listing.page(ROWS) for row in rows]
        fresh = offered.fresh_as_of(entity_set)
    except RetailVistaError as error:
        return Preview(problem=str(error))
    every = [p.name for p in entity_set.properties]
    names = tuple(name for name in every if any(row[name] not in (None, "") for row in found))
    rows = tuple(_texts(row, names) for row in found)
    return Preview(names, rows, fresh=fresh, empty=len(every) - len(names))


def standing(session: Session, outside: Outside, table: Dataset) -> Standing:
    """How a table stands that is served from a copy."""
    return standings(session, outside, [table])[table.alias]


def standings(session: Session, outside: Outside, tables: Sequence[Dataset]) -> dict[str, Standing]:
    """How those stand that are served from a copy, by alias."""
    copied = [table for table in tables if table.warehouse]
    if not copied:
        return {}
    try:
        with database.reading(session):
            offered = offer(session, outside, copied)
    except RetailVistaError as error:
        return {table.alias: Standing(problem=str(error)) for table in copied}
    shelves = offered.shelf
    assert isinstance(shelves, Shelves), "what offer() makes"
    return {each.name: _standing(shelves, each) for each in offered.model.sets}


def _standing(shelves: Shelves, table: EntitySet) -> Standing:
    try:
        return Standing(shelves.standing(table))
    except RetailVistaError as error:
        return Standing(problem=str(error))


def _texts(row: dict[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    return tuple("" if row[name] is None else edm.text_of(row[name]) for name in names)
