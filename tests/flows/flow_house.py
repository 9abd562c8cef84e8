"""A company that is logged in to the sandbox, with a warehouse beside it; short ways to flows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.connectors.models import Connector
from retailvista.flows import keeping, starting
from retailvista.flows.definition import (
    INBOX,
    FlowSpec,
    SourceSpec,
    TargetSpec,
    TransformSpec,
)
from retailvista.flows.models import INCOMING, OUTGOING, REPLICATION, Flow
from retailvista.runs import working
from retailvista.runs.models import Run, RunLog
from retailvista.scheduler.kinds import KINDS
from tests.stage import CONNECTOR_NUMBER, Stage

T = TypeVar("T")
WAREHOUSE_NUMBER = 40
ACTOR = "beheer@groenhof.example"


@dataclass(slots=True)
class FlowHouse:
    """Use cases called as a screen calls them, each with a session of its own."""

    stage: Stage

    def do(self, use_case: Callable[..., T], *given: Any, **more: Any) -> T:
        """A use case that opens its own transaction."""
        with self.stage.sessions() as session:
            return use_case(session, *given, **more)

    def read(self, question: Callable[[Session], T]) -> T:
        """A question, in a reading transaction."""
        with self.stage.sessions() as session, db.reading(session):
            return question(session)

    def add(self, spec: FlowSpec) -> Flow:
        return self.do(keeping.add_flow, spec, ACTOR)

    def flow(self, number: int) -> Flow:
        return self.read(lambda session: keeping.flow_by_number(session, number))

    def fetch(self, number: int, mode: str = "incremental", **more: Any) -> Run:
        """Fetch now, worked at once; the run as it is then."""
        asked = self.do(starting.fetch_now, number, ACTOR, mode=mode, **more)
        self.work()
        return self.run(asked)

    def work(self) -> int:
        """Work what is due, as the engine does; how many runs were taken."""
        taken = 0
        while (facts := working.claim(self.stage.outside, KINDS)) is not None:
            working.work(self.stage.outside, KINDS, facts)
            taken += 1
        return taken

    def run(self, number: int) -> Run:
        return self.read(lambda s: s.scalars(select(Run).where(Run.number == number)).one())

    def log(self, run: Run) -> list[str]:
        query = select(RunLog.text).where(RunLog.run_id == run.id).order_by(RunLog.id)
        return self.read(lambda session: list(session.scalars(query)))

    def change_connector(self, **values: Any) -> None:
        """As a test, a login that ended, or a person would leave it."""

        def change(session: Session) -> None:
            number = values.pop("number", CONNECTOR_NUMBER)
            row = session.scalars(select(Connector).where(Connector.number == number)).one()
            for name, value in values.items():
                setattr(row, name, value)

        self.stage.change(change)


def add_warehouse(stage: Stage) -> None:
    """A saved connector of provider database."""

    def add(session: Session) -> None:
        session.add(
            Connector(
                number=WAREHOUSE_NUMBER,
                draft=False,
                provider="database",
                name="Magazijn",
                settings={},
                created_at=db.now(session),
            )
        )

    stage.change(add)


def incoming(entity: str = "crm/Accounts", **source: Any) -> FlowSpec:
    """Records of an entity into the inbox."""
    return FlowSpec(
        "Relaties",
        INCOMING,
        SourceSpec(CONNECTOR_NUMBER, (entity,), **source),
        TargetSpec(entity=INBOX),
    )


def outgoing(entity: str = "crm/Accounts", action: str = "create", **fields: str) -> FlowSpec:
    """Items of our own to an entity."""
    return FlowSpec(
        "Relaties terug",
        OUTGOING,
        SourceSpec(entities=("items",)),
        TargetSpec(CONNECTOR_NUMBER, entity, action),
        TransformSpec(fields=fields),
    )


def replication(*entities: str, **target: Any) -> FlowSpec:
    """Entities into the warehouse."""
    return FlowSpec(
        "Magazijn vullen",
        REPLICATION,
        SourceSpec(CONNECTOR_NUMBER, entities or ("financial/GLAccounts",)),
        TargetSpec(WAREHOUSE_NUMBER, **target),
    )


def renamed(spec: FlowSpec, name: str) -> FlowSpec:
    """The same under another name."""
    return replace(spec, name=name)
