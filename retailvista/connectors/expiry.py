"""How long a login still lives, and which warnings are due. Pure: instants in, values out.

Valid until = last successful communication + the provider's life of a grant (Exact: 30 days).
A warning belongs to a cycle, named by its valid-until date; every success starts a new cycle, so
each threshold is warned of at most once per cycle and a renewal resets them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

THRESHOLD_DAYS = (14, 7, 3, 1, 0)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ExpiryWarning:
    """One mail that is due: `threshold` days before the end (0 = it has expired)."""

    threshold: int
    valid_until: datetime

    @property
    def cycle(self) -> str:
        """Part of the notice key; to the minute, since every success moves the moment."""
        return f"{self.valid_until:%Y-%m-%dT%H:%M}"


def valid_until(last_success_at: datetime, grant_life: timedelta) -> datetime:
    """When a login dies if nothing succeeds any more."""
    return last_success_at + grant_life


def days_left(until: datetime | None, now: datetime) -> int | None:
    """Whole days, rounded up, never below 0; None without a login."""
    if until is None:
        return None
    return max(0, -((now - until) // DAY)) if until > now else 0


def warnings_due(until: datetime | None, now: datetime) -> list[ExpiryWarning]:
    """The newest threshold that is passed; older ones of the cycle are overtaken by it.

    The engine writes it once: a notice key of connector, cycle and threshold is unique.
    """
    if until is None:
        return []
    passed = [days for days in THRESHOLD_DAYS if until - days * DAY <= now]
    return [ExpiryWarning(min(passed), until)] if passed else []
