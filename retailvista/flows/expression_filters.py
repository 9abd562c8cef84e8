"""The filters and tests of expressions, and their arithmetic: exact, and bounded in size.

Invariants: no filter makes more than SIZE_MAX characters or ITEMS_MAX parts; all that one
evaluation makes is at most WORK_MAX.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import wraps
from typing import Any

from jinja2 import Undefined
from jinja2.tests import TESTS as JINJA_TESTS

from retailvista.errors import Refused

SIZE_MAX = 100_000
ITEMS_MAX = 10_000
DIGITS_MAX = 60
WORK_MAX = 5_000_000
# Exact writes moments as milliseconds since 1970 of the wall clock (OData 2, Edm.DateTime).
EPOCH_TEXT = re.compile(r"/Date\((-?\d{1,15})\)/")
# Without widths: "%99999999Y" would make a very long text.
DATE_PATTERN = re.compile(r"(?:%[YymdjHMSV%]|[^%]){1,40}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TooMuch(Refused, ValueError):
    """What would come of it is larger than a record may be."""


class Unfit(Refused, ValueError):
    """A value does not fit what is done with it."""


EMPTY = "There is no value to count with."


def bounded(value: Any) -> Any:
    """The value, if it is not too large."""
    if isinstance(value, str) and len(value) > SIZE_MAX:
        raise TooMuch(f"It makes more than {SIZE_MAX} characters.")
    if isinstance(value, list | tuple | Mapping) and len(value) > ITEMS_MAX:
        raise TooMuch(f"It makes more than {ITEMS_MAX} parts.")
    return value


# What this evaluation has made so far; a filter inside `each` counts to the same.
_made: ContextVar[list[int] | None] = ContextVar("made_by_expression", default=None)


@contextmanager
def metered() -> Iterator[None]:
    """Around one evaluation. Inside another one it is part of that."""
    if _made.get() is not None:
        yield
        return
    token = _made.set([0])
    try:
        yield
    finally:
        _made.reset(token)


def spent(value: Any) -> Any:
    """The value, counted. TooMuch when the whole evaluation makes too much, step by step."""
    made = _made.get()
    if made is not None:
        made[0] += len(value) if isinstance(value, str | list | tuple | Mapping) else 1
        if made[0] > WORK_MAX:
            raise TooMuch("It takes too much work.")
    return value


def counted(work: Callable[..., Any]) -> Callable[..., Any]:
    """A filter whose results are bounded and counted."""

    @wraps(work)
    def inner(*given: Any, **named: Any) -> Any:
        return spent(bounded(work(*given, **named)))

    return inner


def exact(value: Any) -> Any:
    """A binary fraction, as a number in an expression is one, becomes the decimal it was."""
    return Decimal(str(value)) if isinstance(value, float) else value


def number_result(operator: str, left: Any, right: Any) -> Any:
    """left operator right, for numbers; + also joins two texts or two lists."""
    left, right = exact(left), exact(right)
    if operator == "+" and isinstance(left, str) and isinstance(right, str):
        return bounded(left + right)
    if operator == "+" and isinstance(left, list) and isinstance(right, list):
        return bounded(left + right)
    for value in (left, right):
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise Unfit(f"{value!r} is no number." if value is not None else EMPTY)
        if len(str(value)) > DIGITS_MAX:
            raise TooMuch("A number has too many digits.")
    if operator == "/":
        return Decimal(left) / Decimal(right)
    with localcontext(prec=2 * DIGITS_MAX):
        return OPERATORS[operator](left, right)


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "//": lambda left, right: left // right,
    "%": lambda left, right: left % right,
}


def _text(value: Any) -> str:
    if isinstance(value, Undefined):
        raise_undefined(value)
    return "" if value is None else str(value)


def raise_undefined(value: Undefined) -> None:
    """The error that names what is missing."""
    str(value)


def _replace(value: Any, old: str, new: str) -> Any:
    text = _text(value)
    if old and len(text) + text.count(old) * (len(new) - len(old)) > SIZE_MAX:
        raise TooMuch(f"It makes more than {SIZE_MAX} characters.")
    return text.replace(old, new)


def _round(value: Any, digits: int = 0) -> Decimal:
    """Half away from zero, as amounts are rounded."""
    if not -DIGITS_MAX <= digits <= DIGITS_MAX:
        raise TooMuch("A number has too many digits.")
    return _decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _decimal(value: Any) -> Decimal:
    if isinstance(value, str):
        value = value.strip()
    if isinstance(value, bool) or value is None or isinstance(value, Undefined):
        raise Unfit(f"{value!r} is no number.")
    made = Decimal(str(value))
    if not made.is_finite() or len(str(made)) > DIGITS_MAX or abs(made.adjusted()) > DIGITS_MAX:
        raise Unfit(f"{value!r} is no number.")
    return made


def _whole(value: Any) -> int:
    made = _decimal(value)
    if made != made.to_integral_value():
        raise Unfit(f"{value!r} is no whole number.")
    return int(made)


def _moment(value: Any) -> str:
    """2026-03-14T09:00:00 of what a provider sent: /Date(...)/, or a text that begins with it."""
    return _read_moment(value).strftime("%Y-%m-%dT%H:%M:%S")


def _day(value: Any, pattern: str = "%Y-%m-%d") -> str:
    """2026-03-14, or by a pattern such as %d-%m-%Y."""
    if not DATE_PATTERN.fullmatch(pattern):
        raise Unfit(f"{pattern[:40]!r} is no pattern of a date, such as %d-%m-%Y.")
    return _read_moment(value).strftime(pattern)


def _read_moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, datetime.min.time(), UTC)
    text = _text(value)
    if found := EPOCH_TEXT.fullmatch(text):
        return EPOCH + timedelta(milliseconds=int(found[1]))
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise Unfit(f"{text[:40]!r} is no date.") from error


def _default(value: Any, instead: Any = "", empty: bool = False) -> Any:
    missing = isinstance(value, Undefined) or value is None or (empty and not value)
    return instead if missing else value


def _join(values: Sequence[Any], between: str = "") -> Any:
    return bounded(between.join(_text(value) for value in bounded(list(values))))


def _pad(value: Any, width: int, fill: str = "0") -> str:
    if width > SIZE_MAX:
        raise TooMuch(f"It makes more than {SIZE_MAX} characters.")
    return _text(value).rjust(width, (fill or " ")[0])


def _sum(values: Sequence[Any], field: str = "") -> Any:
    picked = [one[field] if field else one for one in bounded(list(values))]
    return sum((_decimal(one) for one in picked), Decimal(0))


def _where(values: Sequence[Any], field: str, wanted: Any = True) -> list[Any]:
    return [one for one in bounded(list(values)) if one.get(field) == wanted]


def _pick(values: Sequence[Any], field: str) -> list[Any]:
    return [one[field] for one in bounded(list(values))]


def _split(value: Any, between: str | None = None) -> list[str]:
    return list(bounded(_text(value).split(between)))


def _json(value: Any) -> str:
    return str(bounded(json.dumps(value, default=str, ensure_ascii=False)))


FILTERS: dict[str, Callable[..., Any]] = {
    "trim": lambda value: _text(value).strip(),
    "upper": lambda value: _text(value).upper(),
    "lower": lambda value: _text(value).lower(),
    "title": lambda value: _text(value).title(),
    "text": _text,
    "replace": _replace,
    "split": _split,
    "join": _join,
    "truncate": lambda value, length: _text(value)[: max(0, length)],
    "pad": _pad,
    "length": len,
    "default": _default,
    "d": _default,
    "int": _whole,
    "decimal": _decimal,
    "round": _round,
    "abs": lambda value: abs(_decimal(value)),
    "sum": _sum,
    "first": lambda values: next(iter(values), None),
    "last": lambda values: next(iter(reversed(list(values))), None),
    "list": lambda values: bounded(list(values)),
    "where": _where,
    "pick": _pick,
    "unique": lambda values: list(dict.fromkeys(bounded(list(values)))),
    "sort": lambda values: sorted(bounded(list(values))),
    "date": _day,
    "moment": _moment,
    "json": _json,
}
TESTS: dict[str, Any] = {
    name: JINJA_TESTS[name]
    for name in (
        "defined", "undefined", "none", "string", "number", "boolean", "mapping", "sequence",
        "true", "false", "odd", "even", "in", "eq", "ne", "lt", "le", "gt", "ge",
    )
}  # fmt: skip
