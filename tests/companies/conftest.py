"""A migrated database, a session on it, and two companies side by side."""

from __future__ import annotations

import pytest

from tests.world import add_company, new_database, session_maker


@pytest.fixture
def engine(tmp_path, clock):
    engine = new_database(tmp_path, clock)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine):
    with session_maker(engine)() as session:
        yield session


@pytest.fixture
def groenhof(session):
    return add_company(session, 1, "Tuincentrum Groenhof", "groenhof")


@pytest.fixture
def teststore(session):
    return add_company(session, 2, "Teststore", "teststore")
