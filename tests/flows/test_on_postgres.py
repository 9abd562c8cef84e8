"""Flows on PostgreSQL: kept, scheduled, run over our own records, and two who add at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select

from retailvista import db
from retailvista.companies.scope import company_scope, scoped_company_id
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import Reply, Sending
from retailvista.flows import exchanging, keeping, scheduling, starting, usage
from retailvista.flows.definition import INBOX, FlowSpec, SourceSpec, TargetSpec, TransformSpec
from retailvista.flows.models import INCOMING
from retailvista.flows.scheduling import When
from retailvista.runs import working
from retailvista.runs.models import Run, Schedule
from retailvista.scheduler import slots
from retailvista.scheduler.kinds import KINDS
from retailvista.scheduler.purging import prune_items
from retailvista.vault import LostVault
from tests.world import add_company, session_maker

OWN_JOURNALS = FlowSpec(
    "Journaalposten",
    INCOMING,
    SourceSpec(entities=("journals",)),
    TargetSpec(entity=INBOX),
    TransformSpec(fields={"number": "number"}),
)
ACTOR = "anna"


class DeadWire:
    """No provider is asked here."""

    def send(self, call):
        return Reply(Sending.NOT_SENT, problem=f"{call.method} not sent")


@pytest.fixture
def outside(postgres_database, tmp_path: Path, clock):
    engine = create_engine(postgres_database)
    db.upgrade(engine)
    yield Outside(
        sessions=session_maker(engine),
        vault=LostVault("no secret is opened here"),
        wire=DeadWire(),
        clock=clock,
        spool=tmp_path,
        owner="here.1.one",
        installation="test",
    )
    engine.dispose()


@pytest.mark.postgres
def test_flows_live_on_postgresql_as_on_sqlite(outside):
    with outside.sessions() as session, company_scope(add_company(session)):

        def add(_at: int) -> int:
            with outside.sessions() as mine:
                return keeping.add_flow(mine, OWN_JOURNALS, ACTOR).number

        with ThreadPoolExecutor(4) as pool:
            numbers = sorted(pool.map(in_this_scope(add), range(8)))
        assert numbers == list(range(1, 9)), "numbers have no gaps and no doubles"
        scheduling.add_schedule(session, 1, When(cron="* * * * *"), ACTOR, mode="full")
        with db.transaction(session):
            row = session.scalars(select(Schedule).where(Schedule.flow_id.is_not(None))).one()
            row.next_at = db.now(session)
        assert slots.fill(outside) == 1
        assert starting.fetch_now(session, 1, ACTOR) == 1, "the slot's run waits already"
        facts = working.claim(outside, KINDS)
        working.work(outside, KINDS, facts)
        with db.reading(session):
            run = session.scalars(select(Run)).one()
            assert (run.outcome, run.args["mode"], run.problem) == ("done", "full", "")
            today = db.now(session).date()
            assert usage.usage(session, today, today).total.free_refreshes == 1
            document = exchanging.export_flows(session, [1])
        assert len(exchanging.import_flows(session, document, ACTOR)) == 1
        assert prune_items(outside) == 0


def in_this_scope(action):
    """The action in a thread, for the company that is in scope here."""
    company_id = scoped_company_id()

    def inside(given):
        with company_scope(company_id):
            return action(given)

    return inside
