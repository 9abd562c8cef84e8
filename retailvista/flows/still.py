"""Whether a table stands still: one question that proves it equal to its source.

Asked: how many rows there are, and the highest rowversion among them. When the highest is the one
we hold, every row there is older than our mark and so is here as it is there; when there are as
many, none of ours is missing there. So nothing was added, changed or deleted: one call, where the
rows and the feed of deletions cost two.

Invariant: only an answer that is equal in both counts. Whatever else comes back, also none, leads
to the usual way; a provider that does not tell is not asked again for a while.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from retailvista.connectors.database.shapes import ROWVERSION
from retailvista.connectors.database.warehouse import Cursor
from retailvista.connectors.feed_marks import Newest
from retailvista.connectors.records import Way
from retailvista.flows.load import Load

SILENT_FOR = timedelta(days=30)


def stands_still(load: Load, cursor: Cursor) -> bool:
    """Whether the table equals its source, with its cursor moved to say so."""
    if not _is_worth_asking(load, cursor):
        return False
    target = load.target
    ours = target.warehouse.newest(target.schema, load.shape, cursor)
    theirs = load.reader.newest(load.entity.key)
    if theirs is None or _is_out_of_order(ours, theirs):
        load.say("info", "the provider does not tell its newest row; deletions are read each time.")
        _stored(load, replace(cursor, silent_at=load.now()))
        return False
    if theirs != ours:
        if cursor.checked_at is not None and theirs.count != ours.count:
            # Whatever this run reads, its rows are counted afterwards.
            _stored(load, replace(cursor, checked_at=None))
        return False
    now, run = load.now(), target.run
    _stored(
        load,
        replace(cursor, loaded_at=now, deletions_at=now, checked_at=now, run=run, done_run=run),
    )
    load.tally.page(lane_key=load.reader.lane_key, read=0)
    return True


def _is_worth_asking(load: Load, cursor: Cursor) -> bool:
    """With two tables and more, the feed of deletions costs less than asking each of them.

    The first run of a day looks back in the usual way: see following.LOOK_BACK.
    """
    return (
        load.alone
        and load.entity.way is Way.SYNC
        and load.shape.newer == ROWVERSION
        and load.moved is None
        and cursor.loaded_at is not None
        and cursor.loaded_at.date() == load.now().date()
        and (cursor.silent_at is None or load.now() - cursor.silent_at > SILENT_FOR)
    )


def _is_out_of_order(ours: Newest, theirs: Newest) -> bool:
    """No rows are missing there and yet its newest is older: it is not the newest one."""
    return theirs.count >= ours.count and theirs.rowversion < ours.rowversion


def _stored(load: Load, cursor: Cursor) -> None:
    with load.target.warehouse.transaction():
        stored = load.target.save(cursor)
    load.target.keep(stored)
