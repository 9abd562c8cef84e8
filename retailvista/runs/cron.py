"""Cron lines: minute, hour, day of month, month, day of week, as crontab(5) reads them.

A day fits when the day of month or the day of week fits if both are given, else when the given one
does. Times are of a zone: one that a clock change skips is due right after, one it repeats is due
once, as for daily schedules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from retailvista.errors import Refused

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
FIELDS: tuple[tuple[str, int, int, list[str]], ...] = (
    ("minute", 0, 59, []),
    ("hour", 0, 23, []),
    ("day", 1, 31, []),
    ("month", 1, 12, MONTHS),
    ("weekday", 0, 7, WEEKDAYS),
)
PART = re.compile(r"(\*|[a-z0-9]+)(?:-([a-z0-9]+))?(?:/(\d{1,2}))?")
# From one 29 February to the next it is at most eight years (1896 to 1904, 2096 to 2104).
DAYS_AHEAD = 8 * 366 + 1


@dataclass(frozen=True, slots=True)
class Cron:
    """One line, parsed. Weekdays count from Sunday = 0."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    @classmethod
    def parse(cls, line: str) -> Self:
        """Refused says which of the five fields is wrong."""
        fields = line.lower().split()
        if len(fields) != len(FIELDS):
            raise Refused(
                "A cron line has five fields: minute, hour, day, month, weekday."
                " 0 7 * * 1-5 is 7:00 on working days."
            )
        pairs = zip(fields, FIELDS, strict=True)
        minutes, hours, days, months, weekdays = (_values(text, *field) for text, field in pairs)
        cron = cls(
            minutes,
            hours,
            days,
            months,
            weekdays=frozenset(day % 7 for day in weekdays),
            any_day=fields[2].startswith("*"),
            any_weekday=fields[4].startswith("*"),
        )
        longest = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
        possible = any(min(cron.days) <= longest.get(month, 31) for month in cron.months)
        if not possible and cron.any_weekday:
            raise Refused(f"The cron line {line!r} names a day that no month has.")
        return cron

    def fits(self, day: date) -> bool:
        """Whether it is due on this day at all."""
        if day.month not in self.months:
            return False
        by_day = day.day in self.days
        by_weekday = day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_day and by_weekday
        return by_day or by_weekday

    def next_after(self, after: datetime, zone: str) -> datetime:
        """The first due moment later than `after`."""
        day = after.astimezone(ZoneInfo(zone)).date()
        for step in range(DAYS_AHEAD):
            for due in self._moments(day + timedelta(days=step), zone):
                if due > after:
                    return due
        raise AssertionError("a cron line that was parsed is due within eight years")

    def last_until(self, until: datetime, zone: str, not_before: datetime) -> datetime:
        """The last due moment that is not after `until`; `not_before` itself when there is none."""
        day = until.astimezone(ZoneInfo(zone)).date()
        while day >= not_before.astimezone(ZoneInfo(zone)).date():
            found = [due for due in self._moments(day, zone) if not_before <= due <= until]
            if found:
                return found[-1]
            day -= timedelta(days=1)
        return not_before

    def _moments(self, day: date, zone: str) -> list[datetime]:
        """Of one day, in UTC and in order. fold=0: skipped ones fall after the gap."""
        if not self.fits(day):
            return []
        place = ZoneInfo(zone)
        times = (time(hour, minute) for hour in self.hours for minute in self.minutes)
        return sorted({datetime.combine(day, at, place).astimezone(UTC) for at in times})


def _values(text: str, name: str, low: int, high: int, names: list[str]) -> frozenset[int]:
    return frozenset(
        value for part in text.split(",") for value in _part(part, name, low, high, names)
    )


def _part(part: str, name: str, low: int, high: int, names: list[str]) -> Iterator[int]:
    found = PART.fullmatch(part)
    if found is None:
        raise _wrong(name, part, low, high)
    begin, end, step = found[1], found[2], int(found[3] or 1)
    if begin == "*":
        first, last = low, high
    else:
        first = _number(begin, low, names)
        # 5/15 is from 5 on; 5 alone is 5.
        last = _number(end, low, names) if end else high if found[3] else first
    if not low <= first <= last <= high or step < 1 or (begin == "*" and end):
        raise _wrong(name, part, low, high)
    yield from range(first, last + 1, step)


def _number(text: str, low: int, names: list[str]) -> int:
    if text.isdigit():
        return int(text)
    return names.index(text) + low if text in names else -1


def _wrong(name: str, part: str, low: int, high: int) -> Refused:
    return Refused(f"{part!r} is no {name} of a cron line: {low} to {high}, such as 1,3 or 1-5.")
