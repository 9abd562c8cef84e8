"""What is not there: store days without receipts, and receipt numbers a register skipped.

Invariant: shown, never plugged and never holding; a shop is closed on some days, and tills share
one counter for receipts and reports. Functions run inside the caller's `db.reading`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from retailvista.companies.models import Store
from retailvista.journals.day_receipts import is_read
from retailvista.journals.models import ReceiptRow, StoreDay

MONTH_DAYS = 31


@dataclass(frozen=True, slots=True)
class MissingDay:
    """A day without receipts. `usual` = the store was open on most of these weekdays.

    A weekday that came by only once says nothing about when the store is closed: it is usual.
    """

    store_code: str
    on: date
    usual: bool


@dataclass(frozen=True, slots=True)
class ReceiptGap:
    """Numbers first..last that a register did not bring, between two receipts it did bring."""

    store_code: str
    register: str
    first: int
    last: int
    after_on: date
    before_on: date

    @property
    def count(self) -> int:
        return self.last - self.first + 1


def missing_days(
    session: Session, from_on: date | None = None, to_on: date | None = None, store_code: str = ""
) -> list[MissingDay]:
    """Days without receipts per store, between its first and its last day in the period."""
    query = select(Store.code, StoreDay.business_date).join(Store, Store.id == StoreDay.store_id)
    if store_code:
        query = query.where(Store.code == store_code)
    if from_on:
        query = query.where(StoreDay.business_date >= from_on)
    if to_on:
        query = query.where(StoreDay.business_date <= to_on)
    days: dict[str, set[date]] = {}
    for code, on in session.execute(query):
        days.setdefault(code, set()).add(on)
    return [missing for code in sorted(days) for missing in missing_between(code, days[code])]


def missing_between(store_code: str, days: set[date]) -> Iterator[MissingDay]:
    """The days between the first and the last one that are not there.

    >>> [m.on.day for m in missing_between("1", {date(2026, 3, 2), date(2026, 3, 4)})]
    [3]
    """
    first, last = min(days), max(days)
    calendar = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    weekdays = Counter(on.weekday() for on in calendar)
    opened = Counter(on.weekday() for on in days)
    for on in calendar:
        if on not in days:
            seen = weekdays[on.weekday()]
            usual = seen == 1 or opened[on.weekday()] * 2 >= seen
            yield MissingDay(store_code, on, usual)


def receipt_gaps(
    session: Session, from_on: date | None = None, to_on: date | None = None, store_code: str = ""
) -> list[ReceiptGap]:
    """Gaps in the receipt numbers per register, by default over the last month with receipts.

    Numbers that are no numbers have no gaps.
    """
    to_on = to_on or session.scalar(select(func.max(StoreDay.business_date)))
    if to_on is None:
        return []
    from_on = from_on or to_on - timedelta(days=MONTH_DAYS)
    query = (
        select(Store.code, ReceiptRow.register, ReceiptRow.nr, ReceiptRow.business_date)
        .join(Store, Store.id == ReceiptRow.store_id)
        .where(ReceiptRow.business_date.between(from_on, to_on), is_read())
    )
    if store_code:
        query = query.where(Store.code == store_code)
    numbers: dict[tuple[str, str], list[tuple[int, date]]] = {}
    for code, register, nr, on in session.execute(query):
        if nr.isdecimal():
            numbers.setdefault((code, register), []).append((int(nr), on))
    return [
        gap
        for (code, register), own in sorted(numbers.items())
        for gap in gaps_between(code, register, own)
    ]


def gaps_between(
    store_code: str, register: str, numbers: Iterable[tuple[int, date]]
) -> Iterator[ReceiptGap]:
    """
    >>> day = date(2026, 3, 2)
    >>> [(g.first, g.last) for g in gaps_between("1", "K1", [(7, day), (3, day), (4, day)])]
    [(5, 6)]
    """
    ordered = sorted(numbers)
    for (number, on), (following, next_on) in pairwise(ordered):
        if following - number > 1:
            yield ReceiptGap(store_code, register, number + 1, following - 1, on, next_on)
