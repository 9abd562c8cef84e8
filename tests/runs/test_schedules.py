"""When a schedule is due: every so often, daily in its zone, over clock changes and down-times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from retailvista.errors import Refused
from retailvista.runs.models import Schedule
from retailvista.runs.schedules import latest_due, minutes_of, next_after


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def every(minutes: int, next_at: str) -> Schedule:
    return Schedule(every_minutes=minutes, next_at=at(next_at))


def daily(time: str, next_at: str) -> Schedule:
    return Schedule(daily_at=time, zone="Europe/Amsterdam", next_at=at(next_at))


@pytest.mark.parametrize(
    ("row", "now", "latest", "following"),
    [
        (every(15, "2026-03-14 09:00"), "2026-03-14 09:00", "2026-03-14 09:00", "2026-03-14 09:15"),
        (every(15, "2026-03-14 09:00"), "2026-03-14 09:14", "2026-03-14 09:00", "2026-03-14 09:15"),
        (every(15, "2026-03-14 09:00"), "2026-05-14 09:07", "2026-05-14 09:00", "2026-05-14 09:15"),
        # 23 hours: 02:30 does not exist on 29 March and is due right after the gap, at 03:30.
        (daily("02:30", "2026-03-28 01:30"), "2026-03-28 01:30", "2026-03-28 01:30",
         "2026-03-29 01:30"),
        # 25 hours: 02:30 comes twice on 25 October and is due the first time only.
        (daily("02:30", "2026-10-25 00:30"), "2026-10-25 00:30", "2026-10-25 00:30",
         "2026-10-26 01:30"),
        (daily("05:10", "2026-03-01 04:10"), "2026-04-01 12:00", "2026-04-01 03:10",
         "2026-04-02 03:10"),
        (daily("05:10", "2028-02-28 04:10"), "2028-02-28 12:00", "2028-02-28 04:10",
         "2028-02-29 04:10"),
    ],
)  # fmt: skip
def test_when_a_schedule_is_due(row, now, latest, following):
    assert latest_due(row, at(now)) == at(latest)
    assert next_after(row, at(now)) == at(following)


def test_every_day_of_a_year_has_one_daily_moment():
    row = daily("02:30", "2026-01-01 01:30")
    moments, moment = [], at("2026-01-01 00:00")
    while moment < at("2027-01-01 00:00"):
        moment = next_after(row, moment)
        moments.append(moment)
    assert len(moments) == 366
    steps = {later - earlier for earlier, later in pairwise(moments)}
    assert steps <= {timedelta(hours=hours) for hours in (23, 24, 25)}


@pytest.mark.parametrize(("text", "minutes"), [("15m", 15), ("2h", 120), ("1d", 1440)])
def test_an_interval_is_written_with_its_unit(text, minutes):
    assert minutes_of(text) == minutes


@pytest.mark.parametrize("text", ["", "15", "m", "-5m", "15 min", "1.5h"])
def test_any_other_interval_is_refused(text):
    with pytest.raises(Refused, match="interval"):
        minutes_of(text)
