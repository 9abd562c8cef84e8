"""Till amounts with four decimals become cents: half up per receipt and key, no cent lost.

Invariant: per key the cents are the rounded sum of the key, the keys together are the rounded
sum of the receipt, and gross = net + VAT on every line.

>>> round_lines(["a", "a"], [(100050, 100050, 0), (100050, 100050, 0)])
[(1000, 1000, 0), (1001, 1001, 0)]
"""

from __future__ import annotations

from collections.abc import Sequence

PER_MINOR = 100  # ten-thousandths in one cent

Fine = tuple[int, int, int]  # gross, net, VAT in ten-thousandths
Whole = tuple[int, int, int]  # gross, net, VAT in cents


def half_up(fine: int) -> int:
    """Cents of ten-thousandths; halves away from zero, so a refund mirrors its sale.

    >>> half_up(286_650), half_up(-286_650), half_up(286_649)
    (2867, -2867, 2866)
    """
    return (fine + 50) // PER_MINOR if fine >= 0 else -((50 - fine) // PER_MINOR)


def round_lines(keys: Sequence[str], lines: Sequence[Fine]) -> list[Whole]:
    """The lines of one receipt in cents. `keys` says which lines are summed together."""
    gross_of = _round_keys(keys, [line[0] for line in lines], settle_total=True)
    vat_of = _round_keys(keys, [line[2] for line in lines], settle_total=False)
    gross = _spread(keys, [line[0] for line in lines], gross_of)
    vat = _spread(keys, [line[2] for line in lines], vat_of)
    return [(g, g - v, v) for g, v in zip(gross, vat, strict=True)]


def _round_keys(
    keys: Sequence[str], amounts: Sequence[int], *, settle_total: bool
) -> dict[str, int]:
    sums: dict[str, int] = {}
    for key, amount in zip(keys, amounts, strict=True):
        sums[key] = sums.get(key, 0) + amount
    rounded = {key: half_up(fine) for key, fine in sums.items()}
    if not settle_total:
        return rounded
    # What the customer owes is the rounded sum: the odd cents go where rounding took most.
    odd = half_up(sum(sums.values())) - sum(rounded.values())
    step = 1 if odd > 0 else -1
    by_loss = sorted(sums, key=lambda key: -step * (sums[key] - rounded[key] * PER_MINOR))
    for key in by_loss[: abs(odd)]:
        rounded[key] += step
    return rounded


def _spread(keys: Sequence[str], amounts: Sequence[int], rounded: dict[str, int]) -> list[int]:
    """Each line half up; what the key has over goes to its largest line."""
    cents = [half_up(amount) for amount in amounts]
    largest: dict[str, int] = {}
    for index, key in enumerate(keys):
        if key not in largest or abs(amounts[index]) > abs(amounts[largest[key]]):
            largest[key] = index
    for key, index in largest.items():
        own = sum(cent for cent, line_key in zip(cents, keys, strict=True) if line_key == key)
        cents[index] += rounded[key] - own
    return cents
