"""Instants and dates as Exact writes them.

Invariant: a DateTime on the wire is the wall clock of Amsterdam read as if it were UTC, in
milliseconds; a date is midnight of that day. (Recorded answers; Exact's pages say "CET".)
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Amsterdam")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The years 1 to 9999.
FIRST_MS, LAST_MS = -62_135_596_800_000, 253_402_300_799_999
ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?)?"
    r"(Z|[+-]\d\d:?\d\d)?"
)
WIRE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")


def wall_ms(instant: datetime) -> int:
    """The instant as Exact shows it: local wall clock in epoch clothing."""
    return _ms(instant.astimezone(ZONE).replace(tzinfo=UTC))


def date_ms(day: date) -> int:
    """Midnight of a day."""
    return _ms(datetime(day.year, day.month, day.day, tzinfo=UTC))


def day_of(ms: int) -> date:
    """The calendar day of a wire time."""
    return (EPOCH + timedelta(milliseconds=ms)).date()


def parsed_ms(text: str) -> int:
    """Read ISO text or /Date(ms)/; ValueError when it is neither."""
    wire = WIRE.fullmatch(text)
    if wire:
        ms = int(wire[1])
        if not FIRST_MS <= ms <= LAST_MS:
            raise ValueError(f"not a DateTime: {text!r}")
        return ms
    iso = ISO.fullmatch(text.strip())
    if not iso:
        raise ValueError(f"not a DateTime: {text!r}")
    year, month, day, hour, minute, second = (int(part or 0) for part in iso.groups()[:6])
    micro = int((iso[7] or "0").ljust(6, "0")[:6])
    stamp = datetime(year, month, day, hour, minute, second, micro, tzinfo=UTC)
    if iso[8]:
        # A zone is converted to local time: a day sent as midnight Z can move, as people report.
        zoned = datetime.fromisoformat(stamp.replace(tzinfo=None).isoformat() + iso[8])
        return wall_ms(zoned)
    return _ms(stamp)


def literal(ms: int) -> str:
    """The wire time as it stands in a $skiptoken: 2018-09-21T04:18:55.617."""
    stamp = EPOCH + timedelta(milliseconds=ms)
    text = stamp.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{ms % 1000:03d}" if ms % 1000 else text


def us_text(instant: datetime) -> str:
    """The date format of the token endpoint's texts: 10/11/2022 9:18:20 PM."""
    hour = instant.hour % 12 or 12
    half = "AM" if instant.hour < 12 else "PM"
    day = f"{instant.month}/{instant.day}/{instant.year}"
    return f"{day} {hour}:{instant:%M:%S} {half}"


def _ms(stamp: datetime) -> int:
    return (stamp - EPOCH) // timedelta(milliseconds=1)
