"""A database with two companies, and two workers on it."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine

from retailvista import db as database
from tests.runs.surroundings import Worker
from tests.world import add_company, new_database, session_maker


@pytest.fixture
def sessions(tmp_path, clock):
    engine = new_database(tmp_path, clock)
    yield session_maker(engine)
    engine.dispose()


@pytest.fixture
def postgres_sessions(postgres_database):
    """The same on PostgreSQL, whose clock is its own."""
    engine = create_engine(postgres_database)
    database.upgrade(engine)
    yield session_maker(engine)
    engine.dispose()


@pytest.fixture
def groenhof(sessions):
    with sessions() as session:
        return add_company(session, 1, "Groenhof", "groenhof")


@pytest.fixture
def teststore(sessions):
    with sessions() as session:
        return add_company(session, 2, "Teststore", "teststore")


@pytest.fixture
def worker(sessions):
    return Worker(sessions, "here.1.one")


@pytest.fixture
def other_worker(sessions):
    return Worker(sessions, "here.2.two")
