"""A small world for tests: a migrated SQLite file per test, companies in it, sessions on it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.clock import Clock
from retailvista.companies.models import LICENCE_EXACT, Company, Licence, Store
from retailvista.companies.scope import company_scope
from retailvista.plain import WorkSession


@cache
def migrated_file() -> Path:
    """An empty database on the newest migration, made once per test process."""
    path = Path(tempfile.mkdtemp(prefix="rv-test-")) / "template.sqlite3"
    engine = create_engine(f"sqlite:///{path}")
    db.tune_engine(engine)
    db.upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


def new_database(folder: Path, clock: Clock, name: str = "test.sqlite3") -> Engine:
    """A fresh copy whose database clock is `clock`."""
    path = folder / name
    shutil.copy(migrated_file(), path)
    engine = create_engine(f"sqlite:///{path}")
    db.tune_engine(engine, clock)
    return engine


def session_maker(engine: Engine) -> Callable[[], Session]:
    """Opens sessions as the product does: rows stay usable after commit."""
    return lambda: WorkSession(engine, expire_on_commit=False)


def add_company(
    session: Session, number: int = 1, name: str = "Tuincentrum Groenhof", alias: str = "groenhof"
) -> int:
    """A company with the licence, everything posted from 2000 on, and one store '1'; its id."""
    with db.transaction(session):
        company = Company(
            number=number,
            name=name,
            alias=alias,
            language="nl",
            post_from=date(2000, 1, 1),
            created_at=db.now(session),
        )
        session.add(company)
        session.flush()
        with company_scope(company.id):
            session.add(Licence(name=LICENCE_EXACT))
            session.add(Store(code="1", name=f"{name} 1"))
            session.flush()
    return company.id
