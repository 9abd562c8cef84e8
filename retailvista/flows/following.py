"""Following: what is new or changed since the mark, merged into the table.

Invariant: rows and mark are one transaction; a row that is no newer than the stored one is
discarded and counted. Where there is no feed, deleted rows are found by comparing keys.
"""

from __future__ import annotations

from dataclasses import replace

from retailvista.connectors.database.shapes import TableShape
from retailvista.connectors.database.warehouse import Counted, Cursor
from retailvista.connectors.records import Asked, Page, Row, Way
from retailvista.errors import RetailVistaError
from retailvista.flows.load import Load

# The first run of a day reads from somewhat before the mark: a row whose rowversion was handed
# out before others, but written after them, would else never be seen.
LOOK_BACK = 5_000
PAGES_AT_ONCE = 2


def follow(load: Load, cursor: Cursor) -> Cursor:
    """Everything since the cursor's mark. The cursor as it stands then."""
    way, since, address = load.entity.way, _since(load, cursor), ""
    pages, begin, over = list[Page](), "", False
    while not over:
        try:
            page = load.page(way, since, address)
        except RetailVistaError:
            _merged(load, cursor, pages)
            raise
        begin = begin or page.mark
        pages.append(page)
        address, over = page.next, not page.next
        since = page.mark if way.moves_by_page else since
        del page  # else its rows stay in memory while the next one is read
        if over or len(pages) >= PAGES_AT_ONCE:
            cursor, pages = _merged(load, cursor, pages, begin if over else ""), []
    if way is Way.MODIFIED:
        cursor = _without_deleted(load, cursor)
    return cursor


def _since(load: Load, cursor: Cursor) -> str:
    if not load.entity.way.moves_by_page or not cursor.mark or cursor.loaded_at is None:
        return cursor.mark
    if cursor.loaded_at.date() == load.now().date():
        return cursor.mark
    return str(max(0, int(cursor.mark) - LOOK_BACK))


def _merged(load: Load, cursor: Cursor, pages: list[Page], begin: str = "") -> Cursor:
    """The pages into the table. The mark moves with each, or to `begin` when the pass is whole."""
    if not pages:
        return cursor
    target, now, read = load.target, load.now(), load.sizes(pages)
    rows = _last_versions(load.shape, [row for page in pages for row in page.rows])
    older = sum(read) - len(rows)
    name = target.brought(load.shape, rows, cursor, now) if rows else ""
    moved_on = replace(
        cursor,
        mark=_mark(load, cursor, pages, begin),
        loaded_at=now,
        run=target.run,
        done_run=target.run if begin and load.entity.way.moves_by_page else cursor.done_run,
    )
    if load.moved is not None:
        moved_on = replace(moved_on, moved=load.moved, moved_at=now)
    # They are columns by now; as rows they would be in memory beside what a commit needs.
    pages.clear()
    del rows
    counted = Counted()
    with target.warehouse.transaction():
        if name:
            counted = target.warehouse.merge(target.schema, load.shape, name)
        if counted.new or counted.changed:
            moved_on = replace(moved_on, checked_at=None)
        moved_on = target.save(moved_on)
    target.keep(moved_on)
    load.tell(read)
    load.count(replace(counted, discarded=counted.discarded + older))
    return moved_on


def _last_versions(shape: TableShape, rows: list[Row]) -> list[Row]:
    """Of rows that come more than once only the last one."""
    if not shape.key:
        return rows
    last = {tuple(row.get(name) for name in shape.key): row for row in rows}
    return rows if len(last) == len(rows) else list(last.values())


def _mark(load: Load, cursor: Cursor, pages: list[Page], begin: str) -> str:
    if not load.entity.way.moves_by_page:
        return begin or cursor.mark
    return str(max(int(pages[-1].mark or 0), int(cursor.mark or 0)))


def _without_deleted(load: Load, cursor: Cursor) -> Cursor:
    """A list without a feed of deletions: where the numbers differ, the keys are compared."""
    target, entity = load.target, load.entity
    theirs = load.reader.count(Asked(entity.key, Way.FULL))
    if theirs is None or theirs == target.warehouse.count(target.schema, load.shape, cursor):
        return _removed(load, cursor, [])
    if theirs == 0:
        load.believe_empty(cursor)
    there, address = set[str](), ""
    while True:
        page = load.reader.page(Asked(entity.key, Way.FULL, select=entity.row_key), address)
        there |= {str(row[entity.row_key[0]]).lower() for row in page.rows}
        load.tell(load.sizes([page]))
        address = page.next
        if not address:
            break
    return _removed(
        load, cursor, sorted(target.warehouse.keys(target.schema, load.shape, cursor) - there)
    )


def _removed(load: Load, cursor: Cursor, keys: list[str]) -> Cursor:
    """Rows of these keys go, and with it the table is up to date."""
    target, now = load.target, load.now()
    with target.warehouse.transaction():
        count = target.warehouse.delete(
            target.schema, load.shape, cursor, keys, target.flag_at(now)
        )
        cursor = target.save(replace(cursor, run=target.run, done_run=target.run))
    load.count(Counted(deleted=count))
    return target.keep(cursor)
