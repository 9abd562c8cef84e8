"""A site with a filled company and a feed of all its own tables, made once per test process."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from retailvista import db
from retailvista.sandbox.pytest_plugin import judged
from retailvista.sandbox.server import Sandbox
from tests.conftest import TestClock
from tests.feed.live_house import LiveHouse, open_live
from tests.feed.program import Program, make_program
from tests.web.filling import fill
from tests.web.site import Site, build

# A program of its own, in an environment of its own: it is started, never imported.
collect_ignore = ["clients/with_dlt.py"]


@cache
def filled_file() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="rv-feed-"))
    site = build(folder, TestClock())
    fill(site)
    session = site.outside.sessions()
    engine = session.get_bind()
    session.close()
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return folder / "test.sqlite3"


@pytest.fixture
def site(tmp_path, clock) -> Site:
    path = tmp_path / "test.sqlite3"
    shutil.copy(filled_file(), path)
    engine = create_engine(f"sqlite:///{path}")
    db.tune_engine(engine, clock)
    return build(tmp_path, clock, engine=engine)


@pytest.fixture
def program(site) -> Program:
    return make_program(site)


@pytest.fixture(scope="module")
def live(tmp_path_factory, request) -> Iterator[LiveHouse]:
    """One company logged in to one sandbox for the tests of a module; each makes its own feed."""
    folder = tmp_path_factory.mktemp("live")
    clock = TestClock()
    with judged(Sandbox(folder / "sandbox.sqlite", clock=clock), request) as sandbox:
        house = open_live(folder, clock, sandbox)
        yield house
        house.house.stage.close()


@pytest.fixture
def quiet(live) -> LiveHouse:
    """A minute in which nothing was called yet."""
    live.clock.move(minutes=3)
    live.calls()
    return live
