"""Cron lines: when they are due, over clock changes, leap days and down-times."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailvista.errors import Refused
from retailvista.runs.cron import Cron
from retailvista.runs.models import Schedule
from retailvista.runs.schedules import latest_due, next_after

ZONE = "Europe/Amsterdam"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "after", "due"),
    [
        # 7:00 on working days: Friday 13 March 2026 is followed by Monday the 16th.
        ("0 7 * * 1-5", "2026-03-13 06:00", "2026-03-16 06:00"),
        ("0 7 * * mon-fri", "2026-03-13 06:00", "2026-03-16 06:00"),
        ("*/20 9-10 * * *", "2026-03-14 08:40", "2026-03-14 09:00"),
        ("5/20 * * * *", "2026-03-14 08:50", "2026-03-14 09:05"),
        # Sunday is 0 and 7.
        ("0 0 * * 7", "2026-03-14 09:00", "2026-03-14 23:00"),
        ("0 0 * * 0", "2026-03-14 09:00", "2026-03-14 23:00"),
        # Both days given: either will do (crontab(5)).
        ("0 12 1 * mon", "2026-03-14 12:00", "2026-03-16 11:00"),
        ("0 12 15 * mon", "2026-03-14 12:00", "2026-03-15 11:00"),
        ("0 0 1 jan,jul *", "2026-03-14 09:00", "2026-06-30 22:00"),
        ("30 2 29 2 *", "2096-03-01 00:00", "2104-02-29 01:30"),
        # 02:30 does not exist on 29 March 2026 and comes twice on 25 October.
        ("30 2 * * *", "2026-03-28 01:30", "2026-03-29 01:30"),
        ("30 2 * * *", "2026-10-24 00:30", "2026-10-25 00:30"),
        ("30 2 * * *", "2026-10-25 00:30", "2026-10-26 01:30"),
    ],
)
def test_when_a_cron_line_is_due(line, after, due):
    assert Cron.parse(line).next_after(at(after), ZONE) == at(due)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("", "five fields"),
        ("* * * * * *", "five fields"),
        ("60 * * * *", "minute"),
        ("0 24 * * *", "hour"),
        ("0 0 0 * *", "day"),
        ("0 0 * 13 *", "month"),
        ("0 0 * foo *", "month"),
        ("0 0 * * 8", "weekday"),
        ("0 5-1 * * *", "hour"),
        ("*/0 * * * *", "minute"),
        ("*-5 * * * *", "minute"),
        ("0 0 30 2 *", "no month has"),
    ],
)
def test_what_is_no_cron_line_is_refused_by_its_field(line, named):
    with pytest.raises(Refused, match=named):
        Cron.parse(line)


def test_after_a_year_of_standing_still_one_run_catches_up():
    row = Schedule(cron="*/15 * * * *", zone=ZONE, next_at=at("2025-03-14 09:00"))
    assert latest_due(row, at("2026-03-14 09:07")) == at("2026-03-14 09:00")
    assert next_after(row, at("2026-03-14 09:07")) == at("2026-03-14 09:15")


@given(
    line=st.builds(
        lambda minute, hour, weekday: f"{minute} {hour} * * {weekday}",
        st.sampled_from(["0", "*/7", "1,59", "30"]),
        st.sampled_from(["*", "2", "1-3", "0,23"]),
        st.sampled_from(["*", "1-5", "0"]),
    ),
    moment=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001  made UTC below
)
def test_the_last_due_moment_and_the_next_one_meet(line, moment):
    cron, now = Cron.parse(line), moment.replace(tzinfo=UTC)
    following = cron.next_after(now, ZONE)
    assert following > now
    assert cron.last_until(following, ZONE, now) == following
    last = cron.last_until(now, ZONE, at("2025-12-01 00:00"))
    assert last <= now < cron.next_after(last, ZONE) == following
