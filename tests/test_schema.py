"""The migrations make exactly the declared tables and triggers, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text

from retailvista import db
from retailvista.migrations.triggers import RULES

TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
}


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)],
)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{tmp_path}/empty.sqlite3")
    else:
        engine = create_engine(request.getfixturevalue("postgres_database"))
    db.tune_engine(engine)
    yield engine
    engine.dispose()


def differences(engine: Engine) -> list[object]:
    """What Alembic would still have to change."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, db.Base.metadata)


def test_what_is_migrated_is_what_is_declared(engine):
    db.upgrade(engine)
    assert differences(engine) == []
    db.upgrade(engine)  # A second time changes nothing.
    assert differences(engine) == []


def test_a_table_that_drifts_is_found(engine):
    db.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE company ADD COLUMN surprise INTEGER"))
    assert any("surprise" in repr(difference) for difference in differences(engine))


def test_every_trigger_that_keeps_fiscal_rows_is_there(engine):
    db.upgrade(engine)
    with engine.connect() as connection:
        found = set(connection.execute(text(TRIGGERS[engine.dialect.name])).scalars())
    assert {rule[0] for rule in RULES} <= found
