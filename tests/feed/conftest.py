"""A site with a filled company and a feed of all its own tables, made once per test process."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from retailvista import db
from tests.conftest import TestClock
from tests.feed.program import Program, make_program
from tests.web.filling import fill
from tests.web.site import Site, build


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
