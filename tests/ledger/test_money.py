"""Money is integers with a currency; nothing is rounded in secret and no cent is lost."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailvista.ledger.money import Money, round_half_up, total
from retailvista.ledger.rounding import half_up, round_lines

CENTS = st.integers(-(10**9), 10**9)


def test_two_currencies_never_meet():
    for act in (lambda a, b: a + b, lambda a, b: a - b):
        with pytest.raises(ValueError, match="EUR and NOK"):
            act(Money(1, "EUR"), Money(1, "NOK"))


@pytest.mark.parametrize("minor", [1.0, True, "1"])
def test_minor_units_are_whole_numbers(minor):
    with pytest.raises(TypeError):
        Money(minor, "EUR")


@pytest.mark.parametrize("currency", ["eur", "EURO", ""])
def test_a_currency_is_three_capitals(currency):
    with pytest.raises(ValueError, match="three capitals"):
        Money(1, currency)


def test_more_than_two_decimals_are_refused():
    assert Money.from_decimal(Decimal("1.10"), "EUR") == Money(110, "EUR")
    with pytest.raises(ValueError, match="two decimals"):
        Money.from_decimal(Decimal("1.105"), "EUR")


def test_arithmetic_reads_as_it_should():
    a = Money(250, "EUR")
    assert (-a, abs(-a), a - a, a + a) == (
        Money(-250, "EUR"), a, Money(0, "EUR"), Money(500, "EUR"),
    )  # fmt: skip
    assert (a - a).is_zero()
    assert not a.is_zero()
    assert str(Money(123456, "EUR")) == "EUR 1,234.56"
    assert total([], "EUR") == Money(0, "EUR")
    assert total([a, a], "EUR") == Money(500, "EUR")


@pytest.mark.parametrize(
    ("amount", "minor"),
    [("1.005", 101), ("-1.005", -101), ("1.0049", 100), ("0.4", 40), ("-0.005", -1)],
)
def test_halves_go_away_from_zero(amount, minor):
    assert round_half_up(Decimal(amount)) == minor
    assert half_up(int(Decimal(amount) * 10_000)) == minor


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_splitting_needs_weights(weights):
    with pytest.raises(ValueError, match="weights"):
        Money(1, "EUR").split(weights)


@given(CENTS, st.lists(st.integers(0, 10**6), min_size=1).filter(sum))
def test_splitting_loses_no_cent(minor, weights):
    parts = Money(minor, "EUR").split(weights)
    assert sum(part.minor for part in parts) == minor
    exact = [Decimal(minor) * weight / sum(weights) for weight in weights]
    assert all(abs(part.minor - share) < 1 for part, share in zip(parts, exact, strict=True))


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.integers(-(10**7), 10**7), st.integers(-(10**6), 10**6)
        ),
        min_size=1,
    )
)
def test_four_decimals_become_cents_without_losing_one(rows):
    keys = [key for key, _, _ in rows]
    whole = round_lines(keys, [(gross, gross - vat, vat) for _, gross, vat in rows])
    assert sum(line[0] for line in whole) == half_up(sum(row[1] for row in rows))
    assert all(gross == net + vat for gross, net, vat in whole)
    for key in set(keys):
        own = [line for line, other in zip(whole, keys, strict=True) if other == key]
        assert sum(vat for *_, vat in own) == half_up(sum(r[2] for r in rows if r[0] == key))
        # The key itself is rounded half up; settling the receipt moves it by a cent at most.
        assert abs(sum(g for g, *_ in own) - half_up(sum(r[1] for r in rows if r[0] == key))) <= 1
