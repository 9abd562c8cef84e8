"""What the people and the engine do with flows, beside a sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.connectors.models import RequestLog
from retailvista.connectors.outside import Outside
from retailvista.flows import keeping, starting
from retailvista.flows.definition import (
    INBOX,
    INCREMENTAL,
    FlowSpec,
    SourceSpec,
    TargetSpec,
    TransformSpec,
)
from retailvista.flows.models import INCOMING, OUTGOING, Flow, Item
from retailvista.runs import working
from retailvista.runs.models import WAITING, Run, RunLog
from retailvista.sandbox import records
from retailvista.scheduler.kinds import KINDS
from tests.connectors.side import Side
from tests.sandbox.visitor import GROENHOF

CONNECTOR = 25
ACCOUNTS, ARTICLES = "crm/Accounts", "logistics/Items"


@dataclass
class Works:
    """One company with connector 25."""

    side: Side

    @property
    def store(self) -> Any:
        return self.side.sandbox.store

    def put(self, entity: str, *rows: Mapping[str, Any], division: int = GROENHOF) -> list[str]:
        """Rows in the other system, past every check; their keys."""
        found = records.put(self.store, division, entity, [dict(row) for row in rows])
        return [record.key for record in found]

    def there(self, entity: str, division: int = GROENHOF) -> list[dict[str, Any]]:
        """What the other system has of an entity."""
        return [{"key": row.key, **row.body} for row in records.every(self.store, entity, division)]

    def add(self, spec: FlowSpec) -> Flow:
        return keeping.add_flow(self.side.session, spec, "anna")

    def change(self, number: int, **values: Any) -> Flow:
        """Change parts of a flow as its form does."""
        with db.reading(self.side.session):
            spec = keeping.spec_of_row(keeping.flow_by_number(self.side.session, number))
        return keeping.change_flow(self.side.session, number, replace(spec, **values), "anna")

    def run(self, number: int, mode: str = INCREMENTAL, outside: Outside | None = None) -> Run:
        """Fetch now, and what the engine does until the run has ended."""
        asked = starting.fetch_now(self.side.session, number, "anna", mode=mode)
        for _ in range(50):
            self.work(outside)
            run = self.run_row(asked)
            if run.state != WAITING:
                return run
            self.wait_until(run.not_before)
        raise AssertionError(f"run {asked} does not end: {run.problem}")

    def work(self, outside: Outside | None = None) -> None:
        """Everything that is due now."""
        way_out = outside or self.side.outside
        while (facts := working.claim(way_out, KINDS)) is not None:
            working.work(way_out, KINDS, facts)

    def next_waiting(self) -> Any:
        """When the next run that waits is due; None when none does."""
        query = select(func.min(Run.not_before)).where(Run.state == WAITING)
        return self.read(lambda session: session.scalar(query))

    def wait_until(self, moment: Any) -> None:
        seconds = (moment - self.side.clock.now()).total_seconds()
        if seconds > 0:
            self.side.clock.move(seconds=seconds)

    def run_row(self, number: int) -> Run:
        return self.read(lambda session: session.scalars(
            select(Run).where(Run.number == number).execution_options(populate_existing=True)
        ).one())  # fmt: skip

    def log(self, run: Run) -> list[str]:
        query = select(RunLog.text).where(RunLog.run_id == run.id).order_by(RunLog.id)
        return self.read(lambda session: list(session.scalars(query)))

    def items(self, flow: int | None = None) -> list[Item]:
        """Every item as stored now, oldest first."""
        query = select(Item).order_by(Item.number).execution_options(populate_existing=True)
        if flow is not None:
            query = query.join(Flow, Flow.id == Item.flow_id).where(Flow.number == flow)
        return self.read(lambda session: list(session.scalars(query)))

    def states(self, flow: int | None = None) -> list[str]:
        return [item.state for item in self.items(flow)]

    def read(self, action: Callable[[Session], Any]) -> Any:
        with self.side.sessions() as session, db.reading(session):
            return action(session)

    def requests(self, path: str = "/api/v1/") -> list[str]:
        """What was asked of the other system, by our own log: method, address with its query."""
        query = select(RequestLog.method, RequestLog.path).order_by(RequestLog.id)
        rows = self.read(lambda session: session.execute(query).all())
        return [f"{method} {where}" for method, where in rows if path in where]


def incoming(entity: str = ACCOUNTS, **more: Any) -> FlowSpec:
    """Records of an entity into the inbox."""
    source = SourceSpec(CONNECTOR, (entity,), **more.pop("source", {}))
    transform = TransformSpec(**more.pop("transform", {}))
    return FlowSpec(
        name=more.pop("name", f"In {entity}"), kind=INCOMING, source=source, transform=transform,
        target=TargetSpec(entity=INBOX), **more,
    )  # fmt: skip


def outgoing(entity: str = ARTICLES, action: str = "create", **more: Any) -> FlowSpec:
    """Records of the inbox to an entity."""
    source = SourceSpec(entities=(more.pop("own", "items"),), **more.pop("source", {}))
    transform = TransformSpec(**more.pop("transform", {}))
    target = TargetSpec(CONNECTOR, entity, action, **more.pop("target", {}))
    return FlowSpec(
        name=more.pop("name", f"Out {action} {entity}"), kind=OUTGOING, source=source,
        transform=transform, target=target, **more,
    )  # fmt: skip
