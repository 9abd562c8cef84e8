"""Eight processes on PostgreSQL that need a token of Sage at the same moment, for hours on end.

A token of Sage lives five minutes, so a day of work renews it some 290 times; each race is one.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from retailvista import db
from retailvista.companies.scope import company_scope
from retailvista.sandbox.pytest_plugin import judged
from retailvista.sandbox.server import Sandbox
from tests.connectors.sage_side import SageSide
from tests.connectors.side import Side
from tests.connectors.test_storms import make_due, need_a_token, outside_of
from tests.sandbox.visitor import CALLBACK, CLIENT_ID, SECRET
from tests.world import add_company

WORKERS = 8
# A sample; RV_TEST_RACES=288 is the whole day (figures in docs/sage.md).
RACES = int(os.environ.get("RV_TEST_RACES", "12"))

pytestmark = pytest.mark.postgres


@pytest.fixture
def sage(
    tmp_path: Path, postgres_database: str, request: pytest.FixtureRequest
) -> Iterator[SageSide]:
    engine = create_engine(postgres_database)
    db.upgrade(engine)
    with judged(Sandbox(tmp_path / "sandbox.sqlite"), request) as sandbox:
        sandbox.store.add_app(CLIENT_ID, SECRET, CALLBACK)
        outside = outside_of(postgres_database, sandbox.url, str(tmp_path), "test")
        session = outside.sessions()
        company_id = add_company(session)
        made = Side(sandbox, outside.clock, engine, outside, outside.sessions, session, company_id)
        with company_scope(company_id):
            yield SageSide.beside(made)
        session.close()
        session.get_bind().dispose()
    engine.dispose()


@pytest.mark.statement("J-21")
def test_races_for_short_tokens_lose_no_login(
    sage: SageSide, postgres_database: str, tmp_path: Path
) -> None:
    sage.add_connector()
    assert sage.log_in().ok
    place = (postgres_database, sage.sandbox.url, str(tmp_path), sage.company_id)
    work = [(*place, sage.connector().id, worker) for worker in range(WORKERS)]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, mp_context=spawn) as pool:
        for race in range(1, RACES + 1):
            sage.sandbox.store.move_clock(300)
            make_due(sage)
            tokens = set(pool.map(need_a_token, work))
            assert len(tokens) == 1, tokens
            assert not tokens.pop().startswith("later")
            assert sage.token_calls() == 1 + race
    assert sage.grant().login_needed_at is None
    assert sage.findings() == []
