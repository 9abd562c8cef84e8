"""A feed of many receipts: first byte, rows per second, growth of memory.

python -m bench.feeds [--rows 100000] [--source sqlite]

A source is a site whose feed `sales` has a table Receipts of so many rows. PostgreSQL is that of
RV_TEST_POSTGRES_URL (scripts/test-services); without it SQLite alone is measured.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import create_engine, insert, select, text

from retailvista import db
from retailvista.companies.scope import company_scope
from retailvista.journals.models import ReceiptRow
from tests.conftest import TestClock
from tests.feed.program import Program, make_program
from tests.web.filling import fill
from tests.web.site import Site, build, populate

POSTGRES = "RV_TEST_POSTGRES_URL"
BATCH = 5_000
SECONDS_MOST, GROWTH_MOST_MB = 10.0, 60.0
QUERIES = (
    ("all rows", "Receipts"),
    ("filtered in SQL", "Receipts?$filter=Total gt 1 and Register eq '9'"),
    ("filtered by the evaluator", "Receipts?$filter=tolower(Register) eq '9'"),
    ("in another order", "Receipts?$orderby=Total desc"),
    ("with relatives", "Receipts?$expand=Journal($select=Number)"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure each query; 1 when one misses the aim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--source", choices=SOURCES, action="append")
    asked = parser.parse_args(argv)
    missed = []
    for name in asked.source or usual_sources():
        print(f"-- {name}")
        with tempfile.TemporaryDirectory() as folder:
            site = SOURCES[name](Path(folder))
            add_receipts(site, asked.rows)
            program = make_program(site)
            program.send("Receipts?$top=1")
            missed += [q for q, path in QUERIES if not measured(program, q, path, asked.rows)]
    return 1 if missed else 0


def usual_sources() -> list[str]:
    return ["sqlite", "postgresql"] if POSTGRES in os.environ else ["sqlite"]


def on_sqlite(folder: Path) -> Site:
    site = build(folder, TestClock())
    fill(site)
    return site


def on_postgresql(folder: Path) -> Site:
    """In the database of the throwaway server, which must be empty."""
    engine = create_engine(os.environ[POSTGRES])
    db.tune_engine(engine)
    db.upgrade(engine)
    populate(engine)
    site = build(folder, TestClock(), engine=engine)
    fill(site)
    return site


def add_receipts(site: Site, many: int) -> None:
    with company_scope(1), site.outside.sessions() as session, db.transaction(session):
        one = session.scalars(select(ReceiptRow).limit(1)).one()
        same = {
            "company_id": 1, "store_id": one.store_id, "file_id": one.file_id, "register": "9",
            "currency": "EUR", "content": {},
        }  # fmt: skip
        for start in range(0, many, BATCH):
            session.execute(insert(ReceiptRow), [
                same | {
                    "nr": str(n), "total": n * 7919 % 100_000 + 101,
                    "business_date": date(2020, 1, 1) + timedelta(days=n % 2000),
                }
                for n in range(start, min(many, start + BATCH))
            ])  # fmt: skip
    with site.outside.sessions() as session, db.transaction(session):
        session.execute(text("ANALYZE"))  # a database at work does that by itself


def measured(program: Program, name: str, path: str, rows: int) -> bool:
    """One answer read to its end."""
    headers = {**program.headers, "Prefer": "odata.maxpagesize=100000"}
    before, began, first, size, most = resident_mb(), time.perf_counter(), 0.0, 0, 0.0
    answer = program.client.open(f"/odata/{program.feed}/{path}", headers=headers)
    for number, piece in enumerate(answer.iter_encoded()):
        first = first or time.perf_counter() - began
        size += len(piece)
        if number % 20 == 0:
            most = max(most, resident_mb())
    answer.close()
    whole = time.perf_counter() - began
    print(
        f"{name:28} first byte {first * 1000:5.0f} ms  {rows / whole:9,.0f} rows/s"
        f"  {size / 1e6:5.1f} MB  memory +{most - before:.1f} MB"
    )
    return whole * 100_000 / rows <= SECONDS_MOST and most - before <= GROWTH_MOST_MB


def resident_mb(process: int | str = "self") -> float:
    """What a process holds in memory."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


SOURCES: dict[str, Callable[[Path], Site]] = {"sqlite": on_sqlite, "postgresql": on_postgresql}


if __name__ == "__main__":
    raise SystemExit(main())
