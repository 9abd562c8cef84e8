"""Relatives of rows whose source cannot join: fetched by their keys, a few at a time.

Invariant: the relatives are asked for by the key that joins, so that where they lie the rest of
that table is not touched. What one person may not read has no way that leads to it.
"""

from __future__ import annotations

from collections.abc import Iterator

from retailvista.feed.edm import Edm
from retailvista.feed.language.terms import ROOT, Apply, Field, Needs, Term, Value
from retailvista.feed.model import EntitySet, Navigation
from retailvista.feed.sources import Query, Row, Shelf, grouped, ways_of

KEYS_AT_ONCE = 20


def relate(
    shelf: Shelf, table: EntitySet, rows: list[Row], needs: Needs, at_once: int = KEYS_AT_ONCE
) -> None:
    """Put the relatives that are needed into these rows."""
    for way, below in ways_of(table, needs):
        if not rows:
            continue
        keys = sorted({row[way.own] for row in rows if row[way.own] is not None})
        by_key = grouped(list(_relatives(shelf, way, keys, below, at_once)), way.theirs)
        for row in rows:
            mine = by_key.get(row[way.own], [])
            row[way.name] = mine if way.many else (mine[0] if mine else None)


def _relatives(
    shelf: Shelf, way: Navigation, keys: list[object], below: Needs, at_once: int
) -> Iterator[Row]:
    """The rows on the other side of a way."""
    target = shelf.table(way.target)
    column = target.column(way.theirs)
    assert column is not None, "checked by the model"
    names = frozenset(p.name for p in target.properties)
    for at in range(0, len(keys), at_once):
        values = tuple(Value(key, column.type) for key in keys[at : at + at_once])
        condition: Term = Apply("in", (Field(ROOT, (), column), *values), Edm.BOOLEAN)
        query = Query(target, condition, columns=names, needs=below)
        for rows in shelf.source(target).pages(query):
            yield from rows
