"""Four processes on PostgreSQL that need one token, and one lane, at the same moment."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select

from retailvista import db
from retailvista.clock import SystemClock
from retailvista.companies.scope import company_scope
from retailvista.connectors import lanes
from retailvista.connectors.exact_online.provider import BUDGET
from retailvista.connectors.grants import usable_token
from retailvista.connectors.http import RequestsWire
from retailvista.connectors.lanes import LaneClosed, Need
from retailvista.connectors.models import Lane
from retailvista.connectors.outside import Outside
from retailvista.errors import Later
from retailvista.sandbox.pytest_plugin import judged
from retailvista.sandbox.server import Sandbox
from retailvista.vault import Vault
from tests.connectors.side import INSTALLATION, Side
from tests.sandbox.visitor import CALLBACK, CLIENT_ID, SECRET
from tests.world import add_company, session_maker

WORKERS = 4
ROUNDS = 3

pytestmark = pytest.mark.postgres


def outside_of(database: str, site: str, folder: str, owner: str) -> Outside:
    """The outside of one process."""
    clock = SystemClock()
    return Outside(
        sessions=session_maker(create_engine(database)),
        vault=Vault(INSTALLATION, {"k1": bytes(range(32))}),
        wire=RequestsWire(clock, (), [site]),
        clock=clock,
        spool=Path(folder) / "spool",
        owner=owner,
        installation=INSTALLATION,
        provider_hosts=(site,),
    )


def need_a_token(job: tuple[str, str, str, int, int, int]) -> str:
    """In a process of its own: the token, or why not."""
    database, site, folder, company_id, connector_id, worker = job
    outside = outside_of(database, site, folder, f"worker-{worker}")
    with company_scope(company_id):
        try:
            return usable_token(outside, connector_id).secret.reveal()
        except Later as error:
            return f"later: {error}"


def need_the_lane(job: tuple[str, str, str, int, int, int]) -> bool:
    """In a process of its own: whether the lane was ours."""
    database, site, folder, _, _, worker = job
    session = outside_of(database, site, folder, f"worker-{worker}").sessions()
    try:
        lanes.take(session, lanes.lane_key(site, CLIENT_ID, 1), f"worker-{worker}", Need(BUDGET))
    except LaneClosed:
        return False
    finally:
        session.close()
    return True


@pytest.fixture
def side(tmp_path: Path, postgres_database: str, request: pytest.FixtureRequest) -> Iterator[Side]:
    engine = create_engine(postgres_database)
    db.upgrade(engine)
    provider = Sandbox(tmp_path / "sandbox.sqlite", settings={"token_gap_s": 0})
    with judged(provider, request) as sandbox:
        sandbox.store.add_app(CLIENT_ID, SECRET, CALLBACK)
        outside = outside_of(postgres_database, sandbox.url, str(tmp_path), "test")
        session = outside.sessions()
        company_id = add_company(session)
        made = Side(sandbox, outside.clock, engine, outside, outside.sessions, session, company_id)
        with company_scope(company_id):
            yield made
        session.close()
        session.get_bind().dispose()
    engine.dispose()


def jobs(side: Side, database: str, folder: Path) -> list[tuple[str, str, str, int, int, int]]:
    connector_id = side.connector().id
    place = (database, side.sandbox.url, str(folder), side.company_id, connector_id)
    return [(*place, worker) for worker in range(WORKERS)]


def make_due(side: Side) -> None:
    """As if the tokens were an hour old."""
    grant, past = side.grant(), timedelta(hours=1)
    names = ("requested_at", "answered_at", "access_until")
    side.change(grant, **{name: getattr(grant, name) - past for name in names})


@pytest.mark.statement("R-47")
def test_a_storm_of_processes_makes_one_refresh_per_expiry_and_one_sender(
    side: Side, postgres_database: str, tmp_path: Path
):
    side.add_connector()
    assert side.log_in().ok
    work = jobs(side, postgres_database, tmp_path)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, mp_context=spawn) as pool:
        for round_number in range(1, ROUNDS + 1):
            make_due(side)
            tokens = list(pool.map(need_a_token, work))
            assert len(set(tokens)) == 1, tokens
            assert side.token_calls() == 1 + round_number
        assert sorted(pool.map(need_the_lane, work)) == [False] * (WORKERS - 1) + [True]
    assert side.findings() == []
    with db.reading(side.session):
        assert side.session.scalars(select(Lane.minute_used)).all() == [1]
