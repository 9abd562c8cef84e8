"""VAT rates per country with the dates on which they held.

Invariant: a rate is basis points (900 = 9 %); the table is law, not a setting.
Sources: Wet op de omzetbelasting 1968 art. 9 (low rate 6 % became 9 % on 2019-01-01, high rate
21 % since 2012-10-01); Belgian KB nr. 20; Norwegian Stortingets vedtak om merverdiavgift;
Value Added Tax Act 1994 s. 2, s. 29A and s. 30 with the orders that changed the rates (Great
Britain); Value-Added Tax Consolidation Act 2010 s. 46 and Revenue's list of historical rates
(Ireland).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class VatRate:
    """One legal rate of one country; `until_on` is the last day, None = still legal."""

    country: str
    percent_bp: int
    from_on: date
    until_on: date | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.percent_bp <= 10_000:
            raise ValueError(f"{self.percent_bp} basis points is no VAT rate")
        if self.until_on is not None and self.until_on < self.from_on:
            raise ValueError("a VAT rate cannot end before it starts")

    def holds(self, on: date) -> bool:
        return self.from_on <= on and (self.until_on is None or on <= self.until_on)


RATES: tuple[VatRate, ...] = (
    VatRate("NL", 0, date(1969, 1, 1)),
    VatRate("NL", 600, date(1986, 10, 1), date(2018, 12, 31)),
    VatRate("NL", 900, date(2019, 1, 1)),
    VatRate("NL", 1900, date(2001, 1, 1), date(2012, 9, 30)),
    VatRate("NL", 2100, date(2012, 10, 1)),
    VatRate("BE", 0, date(1971, 1, 1)),
    VatRate("BE", 600, date(1992, 1, 1)),
    VatRate("BE", 1200, date(1992, 1, 1)),
    VatRate("BE", 2100, date(1996, 1, 1)),
    VatRate("NO", 0, date(1970, 1, 1)),
    VatRate("NO", 1200, date(2018, 1, 1)),
    VatRate("NO", 1500, date(2012, 1, 1)),
    VatRate("NO", 2500, date(2005, 1, 1)),
    VatRate("DK", 0, date(1967, 7, 3)),
    VatRate("DK", 2500, date(1992, 1, 1)),
    VatRate("GB", 0, date(1973, 4, 1)),
    VatRate("GB", 500, date(1997, 9, 1)),
    VatRate("GB", 1250, date(2021, 10, 1), date(2022, 3, 31)),
    VatRate("GB", 1500, date(2008, 12, 1), date(2009, 12, 31)),
    VatRate("GB", 1750, date(1991, 4, 1), date(2008, 11, 30)),
    VatRate("GB", 1750, date(2010, 1, 1), date(2011, 1, 3)),
    VatRate("GB", 2000, date(2011, 1, 4)),
    VatRate("IE", 0, date(1972, 11, 1)),
    VatRate("IE", 480, date(2005, 1, 1)),
    VatRate("IE", 900, date(2011, 7, 1)),
    VatRate("IE", 1350, date(2003, 1, 1)),
    VatRate("IE", 2100, date(2002, 3, 1), date(2008, 11, 30)),
    VatRate("IE", 2150, date(2008, 12, 1), date(2009, 12, 31)),
    VatRate("IE", 2100, date(2010, 1, 1), date(2011, 12, 31)),
    VatRate("IE", 2300, date(2012, 1, 1), date(2020, 8, 31)),
    VatRate("IE", 2100, date(2020, 9, 1), date(2021, 2, 28)),
    VatRate("IE", 2300, date(2021, 3, 1)),
)
COUNTRIES = tuple(sorted({rate.country for rate in RATES}))


def legal_rates(country: str, on: date) -> tuple[VatRate, ...]:
    """The rates that hold in a country on a day, lowest first.

    >>> [rate.percent_bp for rate in legal_rates("NL", date(2018, 12, 31))]
    [0, 600, 2100]
    """
    found = [rate for rate in RATES if rate.country == country and rate.holds(on)]
    return tuple(sorted(found, key=lambda rate: rate.percent_bp))


def legal_rate(country: str, percent_bp: int, on: date) -> VatRate | None:
    """The rate itself, or None when it did not hold in that country on that day.

    >>> legal_rate("NL", 900, date(2018, 12, 31)) is None
    True
    """
    for rate in legal_rates(country, on):
        if rate.percent_bp == percent_bp:
            return rate
    return None


def was_legal(country: str, percent_bp: int, on: date) -> bool:
    """True when the rate held on that day or earlier: a refund may use an ended rate."""
    return any(
        rate.country == country and rate.percent_bp == percent_bp and rate.from_on <= on
        for rate in RATES
    )


def nearest_rate(country: str, gross: int, net: int, on: date) -> VatRate | None:
    """The legal rate nearest to gross / net - 1, for files that name no rate.

    None when the country is unknown or there is nothing to divide.

    >>> nearest_rate("NL", 12100, 10000, date(2026, 1, 1)).percent_bp
    2100
    """
    rates = legal_rates(country, on)
    if not rates or net == 0:
        return None
    return min(rates, key=lambda rate: abs((gross - net) * 10_000 - rate.percent_bp * net))
