"""add, sub, mul, div, divby, mod and the minus sign: types and values, exact to the last digit.

OData 4.01 Part 2, 5.1.1.2. `div` of whole numbers is whole, rounded towards zero; `divby` never
is. Division by zero fails the request.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from typing import Any

from retailvista.feed.edm import INTEGERS, NUMBERS, Edm
from retailvista.feed.failures import BadQuery

PRECISION = 60
EXACT = Context(prec=PRECISION)
DURATIONS: dict[tuple[object, ...], Edm] = {
    ("add", Edm.DURATION, Edm.DURATION): Edm.DURATION,
    ("sub", Edm.DURATION, Edm.DURATION): Edm.DURATION,
    ("add", Edm.INSTANT, Edm.DURATION): Edm.INSTANT,
    ("sub", Edm.INSTANT, Edm.DURATION): Edm.INSTANT,
    ("sub", Edm.INSTANT, Edm.INSTANT): Edm.DURATION,
    ("sub", Edm.DATE, Edm.DATE): Edm.DURATION,
}


def result(name: str, kinds: list[Edm | None]) -> Edm:
    """The type of the result. BadQuery when these cannot be reckoned with."""
    if all(kind in NUMBERS or kind is None for kind in kinds):
        whole = all(kind in INTEGERS for kind in kinds)
        return Edm.INT64 if whole and name != "divby" else Edm.DECIMAL
    if kinds == [Edm.DURATION] and name == "negate":
        return Edm.DURATION
    if len(kinds) == 2 and (found := DURATIONS.get((name, *kinds))):
        return found
    given = " and ".join(str(kind) for kind in kinds)
    raise BadQuery(f"{name!r} cannot reckon with {given}.")


def compute(name: str, *args: Any) -> Any:
    """The value. BadQuery when there is none."""
    try:
        with localcontext(EXACT):
            return OPERATIONS[name](*args)
    except (ArithmeticError, OverflowError) as error:
        raise BadQuery(f"{name!r} has no result here: a division by zero, or too large.") from error


def _divide(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        quotient = abs(left) // abs(right)
        return quotient if (left < 0) == (right < 0) else -quotient
    return Decimal(left) / Decimal(right)


def _remainder(left: Any, right: Any) -> Any:
    """With the sign of the dividend."""
    if isinstance(left, int) and isinstance(right, int):
        return left - right * _divide(left, right)
    return Decimal(left) % Decimal(right)


OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": lambda left, right: left + right,
    "sub": lambda left, right: left - right,
    "mul": lambda left, right: left * right,
    "div": _divide,
    "divby": lambda left, right: Decimal(left) / Decimal(right),
    "mod": _remainder,
    "negate": lambda value: -value,
}
