"""Schedules of flows: any number of them per flow, each full or incremental.

Invariant: a schedule of a connector whose last test failed is switched on only by somebody who
says that he knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies import audit
from retailvista.connectors.choosing import connector_by_number
from retailvista.connectors.models import Connector
from retailvista.connectors.saying import CONNECTED
from retailvista.errors import NotFound, Refused
from retailvista.flows.definition import INCREMENTAL, MODES
from retailvista.flows.keeping import flow_by_number
from retailvista.flows.models import Flow
from retailvista.flows.starting import FLOW_RUN
from retailvista.flows.variables import company_zone
from retailvista.runs.cron import Cron
from retailvista.runs.models import Schedule, Slot
from retailvista.runs.schedules import LONGEST, SHORTEST, next_after


class NotConfirmed(Refused):
    """The last test of the connector failed; the same request with a confirmation will do."""


@dataclass(frozen=True, slots=True)
class When:
    """When a flow is due: exactly one of the three. `zone` '' is that of the company's store."""

    every_minutes: int | None = None
    daily_at: str = ""
    cron: str = ""
    zone: str = ""

    def check(self) -> None:
        """Refused says what is wrong with it."""
        if bool(self.every_minutes) + bool(self.daily_at) + bool(self.cron) != 1:
            raise Refused("Give one of: an interval, a time of the day, or a cron line.")
        if self.every_minutes and not SHORTEST <= self.every_minutes <= LONGEST:
            raise Refused("A schedule runs every 1 to 1440 minutes, such as 15m or 2h.")
        hour, _, minute = self.daily_at.partition(":")
        if self.daily_at and not (
            len(self.daily_at) == 5
            and hour.isdecimal()
            and minute.isdecimal()
            and int(hour) < 24
            and int(minute) < 60
        ):
            raise Refused("A time of the day is written like 07:00.")
        if self.cron:
            Cron.parse(self.cron)
        if self.zone and self.zone not in available_timezones():
            raise Refused(f"There is no time zone {self.zone!r}, such as Europe/Amsterdam.")


def add_schedule(  # noqa: PLR0913  the form
    session: Session,
    number: int,
    when: When,
    actor: str,
    *,
    mode: str = INCREMENTAL,
    name: str = "",
    enabled: bool = True,
    confirmed: bool = False,
) -> Schedule:
    """One more schedule for a flow."""
    with database.transaction(session):
        flow = flow_by_number(session, number)
        row = insert_schedule(session, flow, when, mode, name)
        if enabled:
            _switch_on(session, row, flow, actor, confirmed=confirmed)
        audit.record(session, actor, "schedule_added", _subject(flow, row), mode=mode)
    return row


def insert_schedule(session: Session, flow: Flow, when: When, mode: str, name: str) -> Schedule:
    """A new row that is off, in the caller's transaction, who audits it."""
    last = session.scalar(select(func.max(Schedule.number)).where(Schedule.flow_id == flow.id))
    row = Schedule(kind=FLOW_RUN, flow_id=flow.id, number=(last or 0) + 1, enabled=False)
    _fill(session, row, when, mode, name)
    session.add(row)
    session.flush()
    return row


def change_schedule(  # noqa: PLR0913  the form
    session: Session,
    number: int,
    schedule_number: int,
    when: When,
    actor: str,
    *,
    mode: str = INCREMENTAL,
    name: str = "",
) -> Schedule:
    """Another time, mode or name; on or off it stays."""
    with database.transaction(session):
        flow = flow_by_number(session, number)
        row = schedule_of(session, flow, schedule_number)
        _fill(session, row, when, mode, name)
        audit.record(session, actor, "schedule_changed", _subject(flow, row), mode=mode)
    return row


def switch_schedule(
    session: Session,
    number: int,
    schedule_number: int,
    actor: str,
    *,
    on: bool,
    confirmed: bool = False,
) -> Schedule:
    """On or off. NotConfirmed when the connector's last test failed and nobody says he knows."""
    with database.transaction(session):
        flow = flow_by_number(session, number)
        row = schedule_of(session, flow, schedule_number)
        if on:
            _switch_on(session, row, flow, actor, confirmed=confirmed)
        else:
            row.enabled = False
        audit.record(session, actor, "schedule switched", _subject(flow, row), enabled=on)
    return row


def switch_connector_schedule(
    session: Session, number: int, kind: str, actor: str, *, on: bool, confirmed: bool = False
) -> Schedule:
    """The same for a schedule of a connector itself: exports, control, master data."""
    with database.transaction(session):
        connector = connector_by_number(session, number)
        row = session.scalar(
            select(Schedule)
            .where(Schedule.connector_id == connector.id, Schedule.kind == kind)
            .execution_options(populate_existing=True)
        )
        if row is None:
            raise NotFound(f"Connector {number} has no schedule {kind!r}.")
        if on:
            check_tested(connector, confirmed=confirmed)
        row.enabled = on
        audit.record(session, actor, "schedule switched", kind, enabled=on, confirmed=confirmed)
    return row


def remove_schedule(session: Session, number: int, schedule_number: int, actor: str) -> None:
    """Take a schedule away; the runs it asked for stay."""
    with database.transaction(session):
        flow = flow_by_number(session, number)
        row = schedule_of(session, flow, schedule_number)
        session.execute(delete(Slot).where(Slot.schedule_id == row.id))
        session.delete(row)
        audit.record(session, actor, "schedule_removed", _subject(flow, row))


def schedule_of(session: Session, flow: Flow, schedule_number: int) -> Schedule:
    """A schedule of a flow. The caller's transaction. NotFound otherwise."""
    row = session.scalar(
        select(Schedule)
        .where(Schedule.flow_id == flow.id, Schedule.number == schedule_number)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound(f"Flow {flow.number} has no schedule {schedule_number}.")
    return row


def flow_schedules(session: Session, flow: Flow | None = None) -> list[Schedule]:
    """Schedules of one flow or of all that are there. The caller's transaction."""
    query = select(Schedule).join(Flow, Flow.id == Schedule.flow_id)
    query = query.where(Flow.deleted_at.is_(None), Flow.company_id == Schedule.company_id)
    if flow is not None:
        query = query.where(Schedule.flow_id == flow.id)
    return list(session.scalars(query.order_by(Flow.number, Schedule.number)))


def check_tested(connector: Connector, *, confirmed: bool) -> None:
    """NotConfirmed when the last test of a connector failed and nobody says that he knows."""
    found = connector.last_test or {}
    if not confirmed and found.get("kind", CONNECTED) != CONNECTED:
        raise NotConfirmed(
            f"The last test of connector {connector.number} failed. Test it again, or confirm that"
            " the schedule shall run all the same."
        )


def _switch_on(session: Session, row: Schedule, flow: Flow, actor: str, *, confirmed: bool) -> None:
    ends = (flow.source_connector_id, flow.target_connector_id)
    for connector in session.scalars(select(Connector).where(Connector.id.in_(ends))):
        check_tested(connector, confirmed=confirmed)
    row.enabled = True
    # What fell due while it was off is not made up for.
    row.next_at = _first(session, row)
    if confirmed:
        audit.record(session, actor, "schedule_confirmed", _subject(flow, row))


def _fill(session: Session, row: Schedule, when: When, mode: str, name: str) -> None:
    when.check()
    if mode not in MODES:
        raise Refused("Choose full or incremental.")
    if len(name) > 80:
        raise Refused("The name is too long.")
    row.mode, row.name = mode, name.strip()
    row.every_minutes, row.daily_at, row.cron = when.every_minutes, when.daily_at, when.cron
    row.zone = when.zone or company_zone(session)
    assert ZoneInfo(row.zone)
    row.next_at = _first(session, row)


def _first(session: Session, row: Schedule) -> datetime:
    """The first due moment from now on; of an interval that is one interval from now."""
    now = database.now(session)
    if row.every_minutes is not None:
        return now + timedelta(minutes=row.every_minutes)
    return next_after(row, now)


def _subject(flow: Flow, row: Schedule) -> str:
    return f"schedule {row.number} of flow {flow.number}"
