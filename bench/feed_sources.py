"""Where the rows of `bench.feeds` come from: our own tables, a copy in DuckDB, Exact live.

Invariant: each source is a site of its own in a folder of its own, whose feed has as many rows as
were asked for before anything is measured. Exact is the sandbox in a process of its own, with its
limits and ours off.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import requests
from sqlalchemy import create_engine, insert, select, text

from bench.export import _free_port, _lift_our_own_limits, _serve
from bench.sandbox import seeded
from retailvista import db
from retailvista.clock import SystemClock
from retailvista.companies.scope import company_scope
from retailvista.connectors.http import RequestsWire
from retailvista.connectors.port import Call, Reply
from retailvista.journals.models import ReceiptRow
from retailvista.sandbox.server import Sandbox
from tests.conftest import TestClock
from tests.feed.live_house import LiveHouse, open_live
from tests.feed.program import Program, make_program
from tests.flows.flow_house import replication
from tests.web.filling import fill
from tests.web.site import Site, build, populate

POSTGRES = "RV_TEST_POSTGRES_URL"
BATCH = 5_000
LINES = "financialtransaction/TransactionLines"
TEN = "Date,EntryNumber,JournalCode,GLAccountCode,Description,AmountDC,AmountFC,Currency,LineNumber"
RECEIPTS = (
    ("all rows", "Receipts"),
    ("filtered in SQL", "Receipts?$filter=Total gt 1 and Register eq '9'"),
    ("filtered by the evaluator", "Receipts?$filter=tolower(Register) eq '9'"),
    ("in another order", "Receipts?$orderby=Total desc"),
    ("with relatives", "Receipts?$expand=Journal($select=Number)"),
)
COPIED = (
    ("ten columns", f"TransactionLines?$select=ID,{TEN}"),
    ("filtered in SQL", f"TransactionLines?$select=ID,{TEN}&$filter=LineNumber ge 0"),
    (
        "filtered by the evaluator",
        f"TransactionLines?$select=ID,{TEN}&$filter=LineNumber add 1 gt 0",
    ),
    ("in another order", f"TransactionLines?$select=ID,{TEN}&$orderby=AmountDC desc"),
    ("all columns", "TransactionLines"),
)
LIVE = (COPIED[0], COPIED[2], COPIED[4])


@dataclass(frozen=True, slots=True)
class Measurable:
    """A feed to be read. `mark` is in each row once; `wire` carried the calls, where there are."""

    program: Program
    queries: tuple[tuple[str, str], ...]
    mark: bytes
    wire: RepeatedWire | None = None


@contextmanager
def on_sqlite(folder: Path, rows: int) -> Iterator[Measurable]:
    site = build(folder, TestClock())
    fill(site)
    yield _own(site, rows)


@contextmanager
def on_postgresql(folder: Path, rows: int) -> Iterator[Measurable]:
    """In the database of the throwaway server, which must be empty."""
    engine = create_engine(os.environ[POSTGRES])
    db.tune_engine(engine)
    db.upgrade(engine)
    populate(engine)
    site = build(folder, TestClock(), engine=engine)
    fill(site)
    yield _own(site, rows)


def _own(site: Site, rows: int) -> Measurable:
    add_receipts(site, rows)
    return Measurable(make_program(site), RECEIPTS, b'"Id":')


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


@contextmanager
def on_duckdb(folder: Path, rows: int) -> Iterator[Measurable]:
    """Transaction lines that a flow has copied; Exact is gone when they are read."""
    with _books(folder, rows) as (house, _wire):
        with house.scope():
            house.house.add(replication(LINES, parquet=False))
            run = house.house.fetch(1)
            assert run.outcome == "done", house.house.log(run)
        house.feed("copy", LINES, warehouse=True)
    yield Measurable(house.program("copy"), COPIED, b'"ID":')


@contextmanager
def on_live(folder: Path, rows: int) -> Iterator[Measurable]:
    """Transaction lines that are asked of Exact at that moment."""
    with _books(folder, rows) as (house, wire):
        house.feed("live", LINES)
        yield Measurable(house.program("live"), LIVE, b'"ID":', wire)


class RepeatedWire(RequestsWire):
    """The wire of the product, which remembers what was sent so that it can be sent again."""

    def __init__(self, clock: SystemClock, site: str) -> None:
        super().__init__(clock, (), [site])
        self.sent: list[Call] = []

    def send(self, call: Call) -> Reply:
        self.sent.append(call)
        return super().send(call)

    def again(self) -> tuple[int, float, str]:
        """The same pages, read by requests and thrown away: how many, seconds, which form."""
        calls = [call for call in self.sent if "/api/v1/" in call.url]
        began = time.perf_counter()
        with requests.Session() as link:
            for call in calls:
                secret = {name: value.reveal() for name, value in call.secret_headers.items()}
                headers = {**call.headers, **secret}
                assert link.get(call.url, headers=headers).content, "a page has rows"
        form = urlsplit(calls[0].url).path.split("/")[4]
        return len(calls), time.perf_counter() - began, form


@contextmanager
def _books(folder: Path, rows: int) -> Iterator[tuple[LiveHouse, RepeatedWire]]:
    """Groenhof with so many lines in its books at least, which another process serves."""
    path, port, clock = folder / "books.sqlite", _free_port(), SystemClock()
    seeded(path, rows)
    sandbox = Sandbox(path, clock=clock, settings={"limits": False})
    site = f"http://127.0.0.1:{port}"
    wire = RepeatedWire(clock, site)
    house = open_live(folder, clock, sandbox, site=site, wire=wire)
    sandbox.stop()
    _lift_our_own_limits()
    server = _serve(path, port)
    try:
        yield house, wire
    finally:
        server.terminate()
        server.wait(timeout=20)


Source = Callable[[Path, int], AbstractContextManager[Measurable]]
SOURCES: dict[str, Source] = {
    "sqlite": on_sqlite, "postgresql": on_postgresql, "duckdb": on_duckdb, "live": on_live,
}  # fmt: skip
