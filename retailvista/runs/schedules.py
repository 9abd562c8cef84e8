"""Schedules: when which kind of run is due. A connector gets its own when it is saved.

A schedule is every so many minutes, daily at a time in a zone, or by a cron line. Daily times of
connectors avoid 01:00-02:00 in Amsterdam, when Exact does its maintenance, and differ per
connector so that not all of an installation calls at once. A time that a clock change skips is
due right after; one it repeats is due once.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies import audit
from retailvista.errors import NotFound, Refused
from retailvista.runs.cron import Cron
from retailvista.runs.models import Schedule

EXPORT_MINUTES = 15
# Kind of run and the hour after which it starts, spread over the following hour.
# The daily sign of life of a login is not here: it belongs to the grant, which connectors share.
DAILY = (("master", 4), ("control", 5))
SHORTEST, LONGEST = 1, 24 * 60


def add_defaults(session: Session, connector_id: int) -> None:
    """The schedules a connector starts with, in the caller's transaction; those it has stay."""
    have = set(session.scalars(select(Schedule.kind).where(Schedule.connector_id == connector_id)))
    now = database.now(session)
    if "export" not in have:
        session.add(
            Schedule(
                kind="export",
                connector_id=connector_id,
                every_minutes=EXPORT_MINUTES,
                next_at=now + timedelta(minutes=EXPORT_MINUTES),
            )
        )
    for kind, hour in DAILY:
        if kind in have:
            continue
        row = Schedule(
            kind=kind,
            connector_id=connector_id,
            daily_at=f"{hour:02}:{_minute(kind, connector_id):02}",
            zone="Europe/Amsterdam",
            next_at=now,
        )
        row.next_at = next_after(row, now)
        session.add(row)
    session.flush()


def set_every(
    session: Session, connector_id: int, minutes: int, actor: str, *, kind: str = "export"
) -> Schedule:
    """Change how often a connector exports; the next slot is one interval from now at most."""
    if not SHORTEST <= minutes <= LONGEST:
        raise Refused("A schedule runs every 1 to 1440 minutes, such as 15m or 2h.")
    with database.transaction(session):
        row = session.scalar(
            select(Schedule).where(Schedule.connector_id == connector_id, Schedule.kind == kind)
        )
        if row is None or row.every_minutes is None:
            raise NotFound(f"This connector has no schedule '{kind}' with an interval.")
        row.every_minutes = minutes
        row.next_at = min(row.next_at, database.now(session) + timedelta(minutes=minutes))
        audit.record(session, actor, "schedule changed", f"schedule {kind}", minutes=minutes)
    return row


def schedules_of(session: Session, connector_id: int | None = None) -> list[Schedule]:
    """The schedules of the company in scope, or of one of its connectors."""
    query = select(Schedule).order_by(Schedule.connector_id, Schedule.kind)
    if connector_id is not None:
        query = query.where(Schedule.connector_id == connector_id)
    return list(session.scalars(query))


def minutes_of(text: str) -> int:
    """15m, 2h or 1d in minutes. Refused for anything else."""
    found = re.fullmatch(r"(\d{1,4})([mhd])", text.strip().lower())
    if found is None:
        raise Refused(f"{text!r} is not an interval, such as 15m, 2h or 1d.")
    return int(found[1]) * {"m": 1, "h": 60, "d": 1440}[found[2]]


def next_after(row: Schedule, after: datetime) -> datetime:
    """The first due moment later than `after`."""
    if row.every_minutes is not None:
        step = timedelta(minutes=row.every_minutes)
        missed = max(0, (after - row.next_at) // step + 1)
        return row.next_at + missed * step
    if row.cron:
        return Cron.parse(row.cron).next_after(after, row.zone)
    zone = ZoneInfo(row.zone)
    hour, _, minute = row.daily_at.partition(":")
    at = time(int(hour), int(minute))
    day = after.astimezone(zone).date()
    while True:
        # fold=0: a repeated time is the first of the two, a skipped one falls after the gap.
        due = datetime.combine(day, at, zone).astimezone(UTC)
        if due > after:
            return due
        day += timedelta(days=1)


def latest_due(row: Schedule, now: datetime) -> datetime:
    """The last due moment that is not after `now`: after any down-time one run catches up."""
    assert row.next_at <= now, "asked only for a schedule that is due"
    if row.every_minutes is not None:
        step = timedelta(minutes=row.every_minutes)
        return row.next_at + (now - row.next_at) // step * step
    if row.cron:
        return Cron.parse(row.cron).last_until(now, row.zone, row.next_at)
    due = row.next_at
    while (following := next_after(row, due)) <= now:
        due = following
    return due


def _minute(kind: str, connector_id: int) -> int:
    return hashlib.sha256(f"{kind}|{connector_id}".encode()).digest()[0] % 60
