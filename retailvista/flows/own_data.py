"""RetailVista's own records as a source of flows: journals, their lines, receipts, items.

Invariants: only what is settled is given out (lines of released journals, receipts of files that
were read to the end); amounts are texts with two decimals. Pages go by key, so that nothing is
skipped when rows are added meanwhile. Functions run inside the caller's `db.reading`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from retailvista.companies.models import Store
from retailvista.errors import NotFound
from retailvista.flows.models import FINISHED, INCOMING, NEW, Flow, Item
from retailvista.journals.csvfile import decimal
from retailvista.journals.listing import JournalFilter, list_journals
from retailvista.journals.models import JournalLine, JournalRow, ReceiptRow, TillFile

PAGE = 200
SETTLED = ("released", "exported")
# Two releases at once may be stored in another order than their times say.
OVERLAP = timedelta(minutes=10)
# What is read in the order of its numbers, which only grow: the mark of each page counts at once.
BY_NUMBER = frozenset(("receipts", "items"))
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OwnPage:
    """Records with their keys. `next` is '' after the last page; `mark` as in records.Page.

    `taken` are the numbers of the items among them.
    """

    rows: tuple[tuple[str, Mapping[str, Any]], ...]
    next: str
    mark: str
    taken: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read: the mark of the last run, the place in this pass, and the flow's parameters."""

    since: str = ""
    address: str = ""
    path: Mapping[str, str] | None = None


def page(session: Session, entity: str, wanted: Wanted) -> OwnPage:
    """One page of own records."""
    reader = READERS.get(entity)
    if reader is None:
        raise NotFound(f"RetailVista has no records called {entity}.")
    return reader(session, wanted)


def _journals(session: Session, wanted: Wanted) -> OwnPage:
    """All of them each time: what happens to a journal in the books shows in its row."""
    found = list_journals(session, JournalFilter(with_withdrawn=True), wanted.address, PAGE)
    rows = tuple(
        (
            str(row.number),
            row.to_json() | {"currency": row.currency, "reference": row.reference},
        )
        for row in found.rows
    )
    return OwnPage(rows, found.after, "")


def _journal_lines(session: Session, wanted: Wanted) -> OwnPage:
    """Lines of journals released since the mark, by journal."""
    since = datetime.fromisoformat(wanted.since) if wanted.since else LONG_AGO
    after = int(wanted.address or 0)
    chosen = session.execute(
        select(JournalRow, Store.code)
        .join(Store, Store.id == JournalRow.store_id)
        .where(JournalRow.state.in_(SETTLED), JournalRow.released_at >= since - OVERLAP)
        .where(JournalRow.sequence > after)
        .order_by(JournalRow.sequence)
        .limit(PAGE // 10 + 1)
    ).all()
    more, taken = len(chosen) > PAGE // 10, chosen[: PAGE // 10]
    rows = [
        (f"{journal.sequence}|{line.nr}", _line(journal, store, line))
        for journal, store in taken
        for line in journal.lines
    ]
    latest = session.scalar(select(func.max(JournalRow.released_at)))
    mark = max(latest, since).isoformat() if latest else wanted.since
    return OwnPage(tuple(rows), str(taken[-1][0].sequence) if more else "", mark)


def _line(journal: JournalRow, store: str, line: JournalLine) -> dict[str, Any]:
    sign = 1 if line.side == "D" else -1
    return {
        "journal": journal.sequence,
        "line": line.nr,
        "store": store,
        "business_date": journal.business_date.isoformat(),
        "currency": journal.currency,
        "gl_code": line.gl_code,
        "amount": decimal(sign * line.amount),
        "side": line.side,
        "description": line.description,
        "vat_code": line.vat_code,
        "vat_amount": decimal(sign * line.vat_amount),
        "cost_centre": line.cost_centre,
        "reference": journal.reference,
    }


def _receipts(session: Session, wanted: Wanted) -> OwnPage:
    """Receipts in the order they were stored, up to those of a file that is being read."""
    after = int(wanted.address or wanted.since or 0)
    reading = select(TillFile.id).where(TillFile.state == "reading")
    first_open = session.scalar(
        select(func.min(ReceiptRow.id)).where(ReceiptRow.file_id.in_(reading))
    )
    query: Select[Any] = (
        select(ReceiptRow, Store.code)
        .join(Store, Store.id == ReceiptRow.store_id)
        .join(TillFile, TillFile.id == ReceiptRow.file_id)
        .where(ReceiptRow.id > after, TillFile.state == "read")
    )
    if first_open is not None:
        query = query.where(ReceiptRow.id < first_open)
    found = session.execute(query.order_by(ReceiptRow.id).limit(PAGE + 1)).all()
    rows = tuple((f"{store}|{row.register}|{row.nr}", _receipt(row, store))
                 for row, store in found[:PAGE])  # fmt: skip
    last = str(found[:PAGE][-1][0].id) if found else str(after)
    return OwnPage(rows, last if len(found) > PAGE else "", last)


def _receipt(row: ReceiptRow, store: str) -> dict[str, Any]:
    return {
        "store": store,
        "register": row.register,
        "number": row.nr,
        "business_date": row.business_date.isoformat(),
        "currency": row.currency,
        "total": decimal(row.total),
        "content": row.content,
    }


def _items(session: Session, wanted: Wanted) -> OwnPage:
    """Records in the inbox, of one incoming flow or of all; those tried again come once more.

    A finished item is one that another flow has taken already.
    """
    since, after = int(wanted.since or 0), int(wanted.address or 0)
    ready = or_(Item.state == NEW, and_(Item.number > since, Item.state == FINISHED))
    query = (
        select(Item)
        .join(Flow, Flow.id == Item.flow_id)
        .where(Flow.kind == INCOMING, ready, Item.number > after, Item.removed_at.is_(None))
    )
    named = (wanted.path or {}).get("flow", "").strip()
    if named:
        by_number = Flow.number == int(named) if named.isdigit() else Flow.identifier == named
        query = query.where(by_number)
    found = session.scalars(query.order_by(Item.number).limit(PAGE + 1)).all()
    taken = found[:PAGE]
    last = taken[-1].number if taken else 0
    return OwnPage(
        rows=tuple((_key(item), item.transformed or item.received) for item in taken),
        next=str(last) if len(found) > PAGE else "",
        mark=str(max(last, since)),
        taken=tuple(item.number for item in taken),
    )


def _key(item: Item) -> str:
    return f"{item.division}|{item.record_key}" if item.division else item.record_key


READERS: Mapping[str, Callable[[Session, Wanted], OwnPage]] = {
    "journals": _journals,
    "journal_lines": _journal_lines,
    "receipts": _receipts,
    "items": _items,
}
