"""Money: integer minor units with a currency.

Invariant: no float and no hidden rounding; two currencies never meet in one sum.
Every currency the product books in (EUR, NOK, DKK) has two decimals.

>>> Money(1995, "EUR") + Money(5, "EUR")
Money(minor=2000, currency='EUR')
>>> [part.minor for part in Money(100, "EUR").split([1, 1, 1])]
[34, 33, 33]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

MINOR_PER_UNIT = 100


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents, øre) of one currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are an int, not {type(self.minor).__name__}")
        if len(self.currency) != 3 or not self.currency.isupper():
            raise ValueError(f"currency {self.currency!r} is not a code of three capitals")

    @classmethod
    def from_decimal(cls, amount: Decimal, currency: str) -> Money:
        """Exact conversion; more than two decimals are refused, never rounded away."""
        scaled = amount * MINOR_PER_UNIT
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{amount} has more than two decimals")
        return cls(int(scaled), currency)

    def to_decimal(self) -> Decimal:
        """The amount with two decimals.

        >>> Money(-5, "EUR").to_decimal()
        Decimal('-0.05')
        """
        return Decimal(self.minor).scaleb(-2)

    def is_zero(self) -> bool:
        return self.minor == 0

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Parts in proportion to the weights that together are exactly this amount."""
        return [Money(part, self.currency) for part in split_minor(self.minor, weights)]

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same_currency(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same_currency(other).minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.minor), self.currency)

    def __str__(self) -> str:
        return f"{self.currency} {self.to_decimal():,.2f}"

    def _same_currency(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added")
        return other


def round_half_up(amount: Decimal) -> int:
    """Minor units of an amount; halves go away from zero, so a refund mirrors its sale.

    >>> round_half_up(Decimal("28.6650")), round_half_up(Decimal("-28.6650"))
    (2867, -2867)
    """
    return int((amount * MINOR_PER_UNIT).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def split_minor(minor: int, weights: Sequence[int]) -> list[int]:
    """Largest remainder: the odd cents go to the parts that lost most, first part first."""
    if not weights or any(weight < 0 for weight in weights) or sum(weights) == 0:
        raise ValueError("splitting needs weights that are not negative and not all zero")
    whole, sign, weight_sum = abs(minor), (-1 if minor < 0 else 1), sum(weights)
    parts = [whole * weight // weight_sum for weight in weights]
    lost = sorted(range(len(weights)), key=lambda i: (-(whole * weights[i] % weight_sum), i))
    for index in lost[: whole - sum(parts)]:
        parts[index] += 1
    return [sign * part for part in parts]


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum; zero of the currency when there is nothing to add."""
    result = Money(0, currency)
    for amount in amounts:
        result += amount
    return result
