"""The primitive types of a feed, and their values as text and in Python.

Numbers are int or Decimal, never binary fractions: a feed carries money. An instant keeps the
offset it was written with; rows carry UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from retailvista.feed.failures import BadQuery


class Edm(StrEnum):
    """A primitive type by its name in metadata."""

    BOOLEAN = "Edm.Boolean"
    STRING = "Edm.String"
    INT32 = "Edm.Int32"
    INT64 = "Edm.Int64"
    DECIMAL = "Edm.Decimal"
    DATE = "Edm.Date"
    INSTANT = "Edm.DateTimeOffset"
    TIME = "Edm.TimeOfDay"
    DURATION = "Edm.Duration"
    GUID = "Edm.Guid"


INTEGERS = frozenset({Edm.INT32, Edm.INT64})
NUMBERS = INTEGERS | {Edm.DECIMAL}

DIGITS_MOST = 60
GUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TIME = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,12}))?)?")
# A plus that an address made a space is meant as a plus.
INSTANT = re.compile(
    rf"({DATE.pattern})[Tt]({TIME.pattern})(?:([Zz])|([ +-])([0-9]{{2}}):([0-9]{{2}}))"
)
NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
DURATION = re.compile(
    r"([+-])?P(?:([0-9]{1,7})D)?"
    r"(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})(?:\.([0-9]{1,12}))?S)?)?"
)


def parse(text: str, kind: Edm) -> Any:
    """The value that a literal without quotes stands for. BadQuery when it is none of `kind`."""
    try:
        value = PARSERS[kind](text)
    except (ValueError, OverflowError, ArithmeticError):
        value = None
    if value is None:
        raise BadQuery(f"{text[:80]!r} is no {kind}.")
    return value


def _boolean(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def _integer(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[+-]?[0-9]{1,19}", text) else None


def _decimal(text: str) -> Decimal | None:
    if not NUMBER.fullmatch(text) or len(text) > DIGITS_MOST:
        return None
    return Decimal(text)


def number(text: str) -> tuple[int | Decimal, Edm] | None:
    """A number with the type it has when nobody says which."""
    if (whole := _integer(text)) is not None:
        if -(2**31) <= whole < 2**31:
            return whole, Edm.INT32
        return (whole, Edm.INT64) if -(2**63) <= whole < 2**63 else (Decimal(whole), Edm.DECIMAL)
    exact = _decimal(text)
    return None if exact is None else (exact, Edm.DECIMAL)


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if DATE.fullmatch(text) else None


def _time(text: str) -> time | None:
    found = TIME.fullmatch(text)
    if found is None:
        return None
    hour, minute, second, fraction = found.groups()
    return time(int(hour), int(minute), int(second or 0), _microseconds(fraction))


def _instant(text: str) -> datetime | None:
    found = INSTANT.fullmatch(text)
    if found is None:
        return None
    day, clock = _date(found[1]), _time(found[2])
    assert day is not None and clock is not None, "the pattern holds a date and a time"
    zone: timezone = UTC
    if found[8] is not None:
        offset = timedelta(hours=int(found[9]), minutes=int(found[10]))
        zone = timezone(-offset if found[8] == "-" else offset)
    return datetime.combine(day, clock, zone)


def _microseconds(fraction: str | None) -> int:
    """Programs send seven digits and more; ours are six."""
    return int((fraction or "0")[:6].ljust(6, "0"))


def _duration(text: str) -> timedelta | None:
    found = DURATION.fullmatch(text)
    if found is None or text.endswith(("P", "T")):
        return None
    sign, days, hours, minutes, seconds, fraction = found.groups()
    length = timedelta(
        days=int(days or 0), hours=int(hours or 0), minutes=int(minutes or 0),
        seconds=int(seconds or 0), microseconds=_microseconds(fraction),
    )  # fmt: skip
    return -length if sign == "-" else length


def _guid(text: str) -> UUID | None:
    return UUID(text) if GUID.fullmatch(text) else None


PARSERS: dict[Edm, Callable[[str], Any]] = {
    Edm.BOOLEAN: _boolean,
    Edm.STRING: str,
    Edm.INT32: _integer,
    Edm.INT64: _integer,
    Edm.DECIMAL: _decimal,
    Edm.DATE: _date,
    Edm.INSTANT: _instant,
    Edm.TIME: _time,
    Edm.DURATION: _duration,
    Edm.GUID: _guid,
}


def instant_text(value: datetime) -> str:
    """In UTC with Z; a fraction only when there is one."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return f"{value.isoformat()[:-6]}Z"


def decimal_text(value: Decimal) -> str:
    """All digits, without an exponent (OData JSON 4.01, 7.1)."""
    return format(value, "f")


def duration_text(value: timedelta) -> str:
    """As xs:dayTimeDuration.

    >>> duration_text(timedelta(days=-1, hours=1))
    '-PT23H0M0S'
    """
    sign, length = ("-", -value) if value < timedelta(0) else ("", value)
    minutes, seconds = divmod(length.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{length.microseconds:06}".rstrip("0") if length.microseconds else ""
    days = f"{length.days}D" if length.days else ""
    return f"{sign}P{days}T{hours}H{minutes}M{seconds}{fraction}S"


def text_of(value: Any) -> str:
    """A value of any type as the text of /$value and of keys without quotes."""
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return instant_text(value)
        case Decimal():
            return decimal_text(value)
        case timedelta():
            return duration_text(value)
        case date() | time():
            return value.isoformat()
    return str(value)
