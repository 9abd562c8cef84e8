"""The feed of deletions of a division, read once in a run for all tables that listen to it.

Invariant: it is applied after the rows of the run, to each table from where that table stands, in
one transaction with the tables' cursors: a row that was fetched before it was deleted is removed
here, and none is missed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from retailvista.connectors.database.warehouse import LOADED, Counted, Cursor
from retailvista.connectors.feed_marks import Deletion
from retailvista.connectors.records import Asked, Page, Way
from retailvista.flows.load import Load

# How often it is noted that the feed was read although nothing was deleted.
NOTED_EVERY = timedelta(hours=1)


def apply_deletions(loads: Sequence[Load]) -> None:
    """What was deleted since the tables last listened. All loads are of one division."""
    listening = [load for load in loads if _listens(load)]
    if not listening:
        return
    reader, tally = listening[0].reader, listening[0].tally
    feed = reader.records.deletions()
    since = str(min(int(_cursor(load).deleted_mark or 0) for load in listening))
    address = ""
    while True:
        page = reader.page(Asked(feed, Way.DELETED, since=since), address)
        _apply(listening, page)
        tally.page(lane_key=reader.lane_key, read=0)
        since, address = page.mark, page.next
        if not address:
            return


def _listens(load: Load) -> bool:
    """A table that is being reloaded listens when it is whole."""
    found = load.cursor()
    return load.entity.deleted_as is not None and found is not None and found.state == LOADED


def _cursor(load: Load) -> Cursor:
    found = load.cursor()
    assert found is not None, "a table that listens was loaded"
    return found


def _apply(loads: Sequence[Load], page: Page) -> None:
    told = _by_number([loads[0].reader.records.deletion(row) for row in page.rows])
    target, counts, stored = loads[0].target, dict[str, int](), list[Cursor]()
    with target.warehouse.transaction():
        for load in loads:
            cursor = _cursor(load)
            assert load.entity.deleted_as is not None
            since = int(cursor.deleted_mark or 0)
            of_table = told.get(load.entity.deleted_as, [])
            keys = [found.key for found in of_table if int(found.mark) > since]
            if keys:
                counts[load.entity.key] = target.warehouse.delete(
                    target.schema, load.shape, cursor, keys, target.flag_at(load.now())
                )
            moved_on = _moved_on(load, cursor, page)
            if counts.get(load.entity.key):
                moved_on = replace(moved_on, checked_at=None)
            if moved_on is not cursor:
                stored.append(target.save(moved_on))
    for cursor in stored:
        target.keep(cursor)
    for load in loads:
        if counts.get(load.entity.key):
            load.count(Counted(deleted=counts[load.entity.key]))


def _moved_on(load: Load, cursor: Cursor, page: Page) -> Cursor:
    """The cursor past this page; the same one when there is nothing to store."""
    mark = str(max(int(page.mark or 0), int(cursor.deleted_mark or 0)))
    is_over, now = not page.next, load.now()
    noted = cursor.deletions_at is not None and now - cursor.deletions_at < NOTED_EVERY
    if mark == (cursor.deleted_mark or "0") and (noted or not is_over):
        return cursor
    return replace(
        cursor,
        deleted_mark=mark,
        deletions_at=now if is_over else cursor.deletions_at,
        run=load.target.run,
    )


def _by_number(told: Sequence[Deletion]) -> Mapping[int, list[Deletion]]:
    found: dict[int, list[Deletion]] = defaultdict(list)
    for deletion in told:
        found[deletion.deleted_as].append(deletion)
    return found
