"""The functions of the language: what they take, what they give, how they compute.

OData 4.01 Part 2, 5.1.1.5 to 5.1.1.10. A null among the arguments makes the result null; that is
done by the evaluator, so the functions here never see one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from retailvista.feed.edm import NUMBERS, Edm

TEXT, WHOLE, NUMBER = Edm.STRING, Edm.INT32, Edm.DECIMAL
DAY, AT, CLOCK, LENGTH = Edm.DATE, Edm.INSTANT, Edm.TIME, Edm.DURATION


@dataclass(frozen=True, slots=True)
class Function:
    """One overload. `result` None: the type of the first argument."""

    takes: tuple[Edm, ...]
    result: Edm | None
    compute: Callable[..., Any]


def _substring(text: str, start: int, length: int | None = None) -> str:
    """A negative start counts from the end (4.01)."""
    start = max(start + len(text), 0) if start < 0 else start
    return text[start:] if length is None else text[start : start + max(length, 0)]


def _rounded(way: str) -> Callable[[Any], Any]:
    def compute(value: Any) -> Any:
        if isinstance(value, int):
            return value
        return value.to_integral_value(rounding=way)

    return compute


def _fraction(value: Any) -> Decimal:
    return Decimal(value.microsecond).scaleb(-6)


def _offset(value: datetime) -> int:
    offset = value.utcoffset()
    assert offset is not None, "an instant has an offset"
    return offset // timedelta(minutes=1)


def _total_seconds(value: timedelta) -> Decimal:
    return Decimal(value // timedelta(microseconds=1)).scaleb(-6)


def _field(name: str) -> Callable[[Any], int]:
    return lambda value: int(getattr(value, name))


def _overloads(name: str, *kinds: Edm) -> list[Function]:
    return [Function((kind,), WHOLE, _field(name)) for kind in kinds]


FUNCTIONS: dict[str, list[Function]] = {
    "contains": [Function((TEXT, TEXT), Edm.BOOLEAN, lambda text, part: part in text)],
    "startswith": [Function((TEXT, TEXT), Edm.BOOLEAN, str.startswith)],
    "endswith": [Function((TEXT, TEXT), Edm.BOOLEAN, str.endswith)],
    "length": [Function((TEXT,), WHOLE, len)],
    "indexof": [Function((TEXT, TEXT), WHOLE, str.find)],
    "substring": [
        Function((TEXT, WHOLE), TEXT, _substring),
        Function((TEXT, WHOLE, WHOLE), TEXT, _substring),
    ],
    "tolower": [Function((TEXT,), TEXT, str.lower)],
    "toupper": [Function((TEXT,), TEXT, str.upper)],
    "trim": [Function((TEXT,), TEXT, str.strip)],
    "concat": [Function((TEXT, TEXT), TEXT, lambda left, right: left + right)],
    "year": _overloads("year", DAY, AT),
    "month": _overloads("month", DAY, AT),
    "day": _overloads("day", DAY, AT),
    "hour": _overloads("hour", AT, CLOCK),
    "minute": _overloads("minute", AT, CLOCK),
    "second": _overloads("second", AT, CLOCK),
    "fractionalseconds": [
        Function((AT,), NUMBER, _fraction),
        Function((CLOCK,), NUMBER, _fraction),
    ],
    "date": [Function((AT,), DAY, datetime.date)],
    "time": [Function((AT,), CLOCK, datetime.time)],
    "totaloffsetminutes": [Function((AT,), WHOLE, _offset)],
    "totalseconds": [Function((LENGTH,), NUMBER, _total_seconds)],
    "mindatetime": [Function((), AT, lambda: datetime(1, 1, 1, tzinfo=UTC))],
    "maxdatetime": [Function((), AT, lambda: datetime.max.replace(tzinfo=UTC))],
    "round": [Function((NUMBER,), None, _rounded(ROUND_HALF_UP))],
    "floor": [Function((NUMBER,), None, _rounded(ROUND_FLOOR))],
    "ceiling": [Function((NUMBER,), None, _rounded(ROUND_CEILING))],
}


def overload(name: str, kinds: list[Edm | None]) -> Function | None:
    """The overload that takes arguments of these types; null fits everywhere."""
    for each in FUNCTIONS[name]:
        fits = zip(kinds, each.takes, strict=False)
        if len(kinds) == len(each.takes) and all(_takes(kind, taken) for kind, taken in fits):
            return each
    return None


def _takes(kind: Edm | None, taken: Edm) -> bool:
    if kind is None or kind == taken:
        return True
    integers = (Edm.INT32, Edm.INT64)
    return (taken == NUMBER and kind in NUMBERS) or (taken == WHOLE and kind in integers)
