"""Slots: a schedule that is due becomes one waiting run, whoever looks and however often.

The slot is unique per schedule and moment, and it commits together with its run and the next due
moment: two engines, a crash or a down-time of any length make nothing missing and nothing double.
"""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies.scope import across_companies, company_scope
from retailvista.connectors.models import Connector
from retailvista.connectors.outside import Outside
from retailvista.connectors.registry import PROVIDERS
from retailvista.flows.models import Flow
from retailvista.flows.starting import ask_flow
from retailvista.runs import schedules
from retailvista.runs.asking import ask
from retailvista.runs.models import Run, Schedule, Slot

AT_ONCE = 50
BY_SCHEDULE = "schedule"
# Nothing is exported to the others: their flows have schedules of their own.
WITH_BOOKS = [key for key, provider in PROVIDERS.items() if provider.keeps_books]


def fill(outside: Outside) -> int:
    """Make a run of every schedule that is due; how many slots were made."""
    made = 0
    with outside.sessions() as session:
        with across_companies(), database.reading(session):
            due = session.execute(
                select(Schedule.id, Schedule.company_id)
                .where(Schedule.enabled, Schedule.next_at <= database.now(session))
                .order_by(Schedule.next_at)
                .limit(AT_ONCE)
            ).all()
        for schedule_id, company_id in due:
            with company_scope(company_id), database.transaction(session):
                made += _fill_one(session, schedule_id)
    return made


def _fill_one(session: Session, schedule_id: int) -> int:
    row = session.scalar(
        select(Schedule).where(Schedule.id == schedule_id).execution_options(populate_existing=True)
    )
    now = database.now(session)
    if row is None or not row.enabled or row.next_at > now:
        return 0
    due, following = schedules.latest_due(row, now), schedules.next_after(row, now)
    moved = database.changed(
        session,
        update(Schedule)
        .where(Schedule.id == row.id, Schedule.next_at == row.next_at)
        .values(next_at=following),
    )
    made = select(Slot.id).where(Slot.schedule_id == row.id, Slot.due_at == due)
    if not moved or session.scalar(made) is not None:
        # Another engine was faster, or a clock that was set back shows the same moment twice.
        return 0
    slot = Slot(schedule_id=row.id, due_at=due, created_at=now)
    session.add(slot)
    asked = _asked_for_flow(session, row) if row.flow_id is not None else _asked(session, row)
    if asked is not None:
        slot.run_id = session.scalar(select(Run.id).where(Run.number == asked))
    session.flush()
    return 1


def _asked(session: Session, row: Schedule) -> int | None:
    """The run of a connector's schedule, or of the company's; none for a removed connector."""
    connector = _connector(session, row)
    if row.connector_id is not None and connector is None:
        return None
    number = connector.number if connector is not None else None
    return ask(
        session,
        row.kind,
        str(number or ""),
        asked_by=BY_SCHEDULE,
        connector_number=number,
        sooner=False,
    )


def _asked_for_flow(session: Session, row: Schedule) -> int | None:
    """The run of a flow's schedule; none for a flow that is switched off or removed."""
    flow = session.scalar(
        select(Flow).where(
            Flow.id == row.flow_id, Flow.deleted_at.is_(None), Flow.disabled.is_(False)
        )
    )
    if flow is None:
        return None
    return ask_flow(session, flow, BY_SCHEDULE, mode=row.mode, sooner=False)


def _connector(session: Session, row: Schedule) -> Connector | None:
    return session.scalar(
        select(Connector).where(
            Connector.id == row.connector_id,
            Connector.draft.is_(False),
            Connector.deleted_at.is_(None),
        )
    )


def complete_schedules(outside: Outside) -> int:
    """Give connectors without schedules theirs; how many got some."""
    with outside.sessions() as session:
        with across_companies(), database.reading(session):
            bare = session.execute(
                select(Connector.id, Connector.company_id).where(
                    Connector.draft.is_(False),
                    Connector.deleted_at.is_(None),
                    Connector.provider.in_(WITH_BOOKS),
                    ~select(Schedule.id).where(Schedule.connector_id == Connector.id).exists(),
                )
            ).all()
        for connector_id, company_id in bare:
            with company_scope(company_id), database.transaction(session):
                schedules.add_defaults(session, connector_id)
    return len(bare)
