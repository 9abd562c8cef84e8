"""A reload: every page into a staging table, then all at once in place of what was there.

Invariants: readers see the table as it was until the last page is there; what was staged and how
far the pages were read is one transaction, so a reload that was cut off goes on where it was.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from retailvista.connectors.database.warehouse import LOADED, LOADING, Cursor
from retailvista.connectors.records import Asked, Page, Way
from retailvista.errors import RetailVistaError
from retailvista.flows.load import Load

# A list that is read by key and was cut off is begun again after this time: it would be a mixture.
STAGED_KEPT = timedelta(days=1)
# Each page is in memory as it came, as rows and as columns: one at a time.
PAGES_AT_ONCE = 1


def reload(load: Load, cursor: Cursor) -> Cursor:
    """Begin or go on, and show the whole. The cursor as it stands then."""
    if not goes_on(load, cursor):
        cursor = _begun(load, cursor)
    way, address, pages, over = Way(cursor.way), cursor.next_address, list[Page](), False
    is_first = not cursor.staged
    while not over:
        since = pages[-1].mark if pages and way.moves_by_page else cursor.mark
        try:
            page = load.page(way, since, address)
        except RetailVistaError:
            _staged(load, cursor, pages)
            raise
        pages.append(page)
        address, over = page.next, not page.next
        del page  # else its rows stay in memory while the next one is read
        if is_first and not over:
            _estimate(load, way)
        is_first = False
        if over or len(pages) >= PAGES_AT_ONCE:
            cursor, pages = _staged(load, cursor, pages), []
    return _shown(load, cursor)


def goes_on(load: Load, cursor: Cursor) -> bool:
    """Whether what is staged may be added to: by the same run, or soon enough."""
    if cursor.version == 0 or cursor.state != LOADING or cursor.table_name != load.shape.name:
        return False
    if cursor.run == load.target.run:
        return True
    assert cursor.began_at is not None, "a reload has begun at some time"
    too_old = load.now() - cursor.began_at > STAGED_KEPT
    return not (load.full or (too_old and not Way(cursor.way).moves_by_page))


def _begun(load: Load, cursor: Cursor) -> Cursor:
    """Nothing staged, nothing read; deletions count from now on."""
    way, mark = load.entity.way, ""
    if load.reader.records.begins_by_bulk(load.entity.key):
        mark = load.reader.mark_of(load.entity.key, load.now())
        way = Way.BULK if mark else way
    asked_now = load.moved is not None
    begun = replace(
        cursor,
        state=LOADING,
        table_name=load.shape.name,
        way=way.value,
        mark="",
        pass_mark=mark,
        next_address="",
        staged=0,
        deleted_mark=_deletions_before(load, cursor),
        deletions_at=load.now(),
        moved=load.moved or "",
        moved_at=load.now() if asked_now else cursor.moved_at,
        began_at=load.now(),
        run=load.target.run,
    )
    load.target.warehouse.make_staging(load.target.schema, load.shape)
    with load.target.warehouse.transaction():
        load.target.warehouse.forget_staged(load.target.schema, load.shape, begun)
        begun = load.target.save(begun)
    return load.target.keep(begun)


def _deletions_before(load: Load, cursor: Cursor) -> str:
    """Deletions that others of the division have read happened before this load: not ours."""
    read = [
        int(other.deleted_mark)
        for other in load.target.cursors.values()
        if other.division == cursor.division
        and other.entity != cursor.entity
        and other.deleted_mark
        and (load.moved is None or other.moved == load.moved)
    ]
    return str(max(read)) if read else ""


def _estimate(load: Load, way: Way) -> None:
    rows = load.reader.count(Asked(load.entity.key, way)) or 0
    load.expect(rows // load.entity.page_size)


def _staged(load: Load, cursor: Cursor, pages: list[Page]) -> Cursor:
    """The pages are safe: the rows in staging, and where to go on."""
    if not pages:
        return cursor
    rows = [row for page in pages for row in page.rows]
    way, warehouse, read = Way(cursor.way), load.target.warehouse, load.sizes(pages)
    name = ""
    if rows:
        name = load.target.brought(load.shape.staging, rows, cursor, load.now(), cursor.staged)
    moved_on = replace(
        cursor,
        mark=pages[-1].mark if way.moves_by_page else cursor.mark,
        pass_mark=cursor.pass_mark or pages[0].mark,
        # The feed goes on by its mark; a list by the address it gave.
        next_address="" if way.moves_by_page else pages[-1].next,
        staged=cursor.staged + len(rows),
        run=load.target.run,
    )
    # They are columns by now; as rows they would be in memory beside what a commit needs.
    pages.clear()
    del rows
    with warehouse.transaction():
        if name:
            warehouse.stage(load.target.schema, load.shape, name)
        moved_on = load.target.save(moved_on)
    load.target.keep(moved_on)
    load.tell(read)
    return moved_on


def _shown(load: Load, cursor: Cursor) -> Cursor:
    """The reload is whole: it takes the place of what was there."""
    way, now, target = Way(cursor.way), load.now(), load.target
    if not cursor.staged:
        load.believe_empty(cursor)
    with target.warehouse.transaction():
        counted = target.warehouse.swap(target.schema, load.shape, cursor, target.flag_at(now))
        cursor = target.save(
            replace(
                cursor,
                state=LOADED,
                way=load.entity.way.value,
                mark=cursor.mark if way.moves_by_page else cursor.pass_mark,
                pass_mark="",
                next_address="",
                loaded_at=now,
                full_at=now,
                checked_at=None,
                done_run=0 if way is Way.BULK else target.run,
            )
        )
    target.keep(cursor)
    load.count(counted)
    return cursor
