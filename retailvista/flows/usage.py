"""Usage: how often flows were refreshed, how many rows came in, and what that costs by the tariff.

Invariants: a run of which no call succeeded costs nothing; what was read and discarded costs
nothing; a run that began in the trial period costs nothing. Money is exact and rounded once, at
the end. It is a report over runs: nothing is counted a second time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies import audit
from retailvista.errors import Refused
from retailvista.flows.models import OUTGOING, Flow, Tariff
from retailvista.flows.starting import FLOW_RUN, flow_key
from retailvista.flows.tally import CHANGED, NEW, PAGES
from retailvista.flows.variables import company_zone
from retailvista.runs.models import ENDED, Run

TRIAL = timedelta(days=7)
MILLION = Decimal(1_000_000)
PER_REFRESH, PER_MILLION_ROWS = Decimal("0.10"), Decimal("5.00")
DEAREST = Decimal(100_000)
CENT = Decimal("0.01")
# ISO 4217 writes a currency with three letters.
CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Prices:
    """What a refresh and a million rows cost. Until `trial_until` nothing does."""

    currency: str = "EUR"
    per_refresh: Decimal = PER_REFRESH
    per_million_rows: Decimal = PER_MILLION_ROWS
    trial_until: datetime | None = None

    def cost(self, refreshes: int, rows: int) -> Decimal:
        """Unrounded."""
        return refreshes * self.per_refresh + rows * self.per_million_rows / MILLION


@dataclass(frozen=True, slots=True)
class Used:
    """Refreshes and rows of a day or a flow; those in the trial period are counted apart."""

    refreshes: int = 0
    rows: int = 0
    free_refreshes: int = 0
    free_rows: int = 0

    def __add__(self, other: Used) -> Used:
        return Used(
            self.refreshes + other.refreshes,
            self.rows + other.rows,
            self.free_refreshes + other.free_refreshes,
            self.free_rows + other.free_rows,
        )

    def cost(self, prices: Prices) -> Decimal:
        """Rounded to cents, half away from zero."""
        return prices.cost(self.refreshes, self.rows).quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Usage:
    """A period, by day and by flow. `weekly` is what a week of it costs on average."""

    first: date
    last: date
    prices: Prices
    total: Used
    by_flow: Mapping[int, Used] = field(default_factory=dict)
    by_day: Mapping[date, Used] = field(default_factory=dict)

    @property
    def cost(self) -> Decimal:
        return self.total.cost(self.prices)

    @property
    def weekly(self) -> Decimal:
        days = (self.last - self.first).days + 1
        unrounded = self.prices.cost(self.total.refreshes, self.total.rows) * 7 / days
        return unrounded.quantize(CENT, ROUND_HALF_UP)


def prices(session: Session) -> Prices:
    """The company's tariff, or the usual one. The caller's transaction.

    The trial period begins with the first flow, unless another end of it was set.
    """
    row = session.scalar(select(Tariff))
    begun = session.scalar(select(func.min(Flow.created_at)))
    usual = begun + TRIAL if begun is not None else None
    if row is None:
        return Prices(trial_until=usual)
    return Prices(row.currency, row.per_refresh, row.per_million_rows, row.trial_until or usual)


def set_prices(
    session: Session, actor: str, currency: str, per_refresh: Decimal, per_million_rows: Decimal
) -> None:
    """Another tariff, for all that is shown from now on."""
    currency = currency.strip().upper()
    if not CURRENCY.fullmatch(currency):
        raise Refused(f"{currency!r} is no currency, such as EUR or USD.")
    for price in (per_refresh, per_million_rows):
        if not price.is_finite() or not 0 <= price <= DEAREST:
            raise Refused("A price is 0 to 100,000.")
        if price != price.quantize(Decimal("0.0001")):
            raise Refused("A price has at most four decimals.")
    with database.transaction(session):
        row = session.scalar(select(Tariff))
        if row is None:
            row = Tariff()
            session.add(row)
        row.currency, row.per_refresh, row.per_million_rows = (
            currency,
            per_refresh,
            per_million_rows,
        )
        audit.record(
            session, actor, "tariff_set", "tariff", currency=currency,
            per_refresh=str(per_refresh), per_million_rows=str(per_million_rows),
        )  # fmt: skip


def usage(session: Session, first: date, last: date) -> Usage:
    """What the runs that began on these days used. The caller's transaction."""
    if last < first:
        raise Refused("The last day is before the first.")
    zone = ZoneInfo(company_zone(session))
    begin, end = (datetime.combine(day, time(), zone) for day in (first, last + timedelta(days=1)))
    tariff = prices(session)
    # One that writes to a provider loads nothing: only what comes in is priced.
    flows = {
        flow_key(number): number
        for number, kind in session.execute(select(Flow.number, Flow.kind))
        if kind != OUTGOING
    }
    by_flow: dict[int, Used] = {}
    by_day: dict[date, Used] = {}
    for key, started_at, counts in _runs(session, begin, end):
        if key not in flows:
            continue
        used = used_by(counts, free=_is_free(started_at, tariff))
        day = started_at.astimezone(zone).date()
        by_flow[flows[key]] = by_flow.get(flows[key], Used()) + used
        by_day[day] = by_day.get(day, Used()) + used
    total = sum(by_day.values(), Used())
    return Usage(first, last, tariff, total, by_flow, dict(sorted(by_day.items())))


def used_by(counts: Mapping[str, Any], *, free: bool = False) -> Used:
    """What one run used: a refresh if any call succeeded, and the rows that were stored."""
    refreshes = 1 if counts.get(PAGES, 0) else 0
    rows = counts.get(NEW, 0) + counts.get(CHANGED, 0)
    return Used(0, 0, refreshes, rows) if free else Used(refreshes, rows)


def _runs(
    session: Session, begin: datetime, end: datetime
) -> Iterable[tuple[str, datetime, dict[str, Any]]]:
    """Key, begin and counts of the runs that were begun."""
    query = select(Run.key, Run.started_at, Run.counts).where(
        Run.kind == FLOW_RUN, Run.state == ENDED, Run.started_at >= begin, Run.started_at < end
    )
    for key, started_at, counts in session.execute(query):
        assert started_at is not None, "the question leaves these out"
        yield key, started_at, counts


def _is_free(moment: datetime, tariff: Prices) -> bool:
    return tariff.trial_until is not None and moment < tariff.trial_until
