"""What the database itself must hold, on SQLite and on PostgreSQL: gapless numbers under twenty
threads, fiscal rows that refuse to change, imports and builds that meet each other."""

from __future__ import annotations

import io
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.clock import Clock
from retailvista.companies.scope import company_scope
from retailvista.connectors.models import Connector, PostingSeat
from retailvista.journals.building import build_journals
from retailvista.journals.counters import journal_numbers, next_number
from retailvista.journals.importing import import_till_file
from retailvista.journals.models import Evidence, Export, JournalRow, NumberCounter, ReceiptRow
from tests.journals.shop import GROENHOF, Shop, receipt, till_file
from tests.world import add_company, new_database, session_maker

THREADS = 20


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Engine]:
    """A migrated database of each kind."""
    if request.param == "sqlite":
        engine = new_database(tmp_path, clock)
    else:
        engine = create_engine(request.getfixturevalue("postgres_database"), pool_size=THREADS)
        db.tune_engine(engine, clock)
        db.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def shop(engine: Engine) -> Shop:
    sessions = session_maker(engine)
    with sessions() as session:
        return Shop(sessions, add_company(session))


class Abandoned(Exception):
    """A transaction that took a number and did not commit."""


def in_threads(action: Callable[[int], object]) -> list[object]:
    """The same action twenty times at once."""
    gate = threading.Barrier(THREADS)

    def run(nr: int) -> object:
        gate.wait()
        return action(nr)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_numbers_have_no_gaps_with_twenty_threads_and_rollbacks(shop: Shop) -> None:
    def take_one(session: Session, dice: random.Random) -> int:
        with db.transaction(session):
            number = next_number(session, "journal:day:2026")
            if dice.random() < 0.4:
                raise Abandoned
            return number

    def take(nr: int) -> list[int]:
        dice, taken = random.Random(nr), []
        for _ in range(6):
            with shop.sessions() as session, company_scope(shop.company_id), suppress(Abandoned):
                taken.append(take_one(session, dice))
        return taken

    numbers = sorted(number for own in in_threads(take) for number in own)
    assert len(numbers) > THREADS
    assert numbers == list(range(1, len(numbers) + 1))
    assert shop.count(NumberCounter) == 1


def test_numbers_count_per_company_kind_and_year(shop: Shop) -> None:
    with shop.sessions() as session:
        second = add_company(session, 2, "Ander", "ander")

    def taken(company_id: int, *asked: tuple[str, int]) -> list[tuple[int, int]]:
        with shop.sessions() as session, company_scope(company_id), db.transaction(session):
            return [journal_numbers(session, kind, year) for kind, year in asked]

    first = taken(shop.company_id, ("day", 2025), ("day", 2026), ("late", 2026), ("day", 2026))
    assert first == [(1, 1), (2, 1), (3, 1), (4, 2)]
    assert taken(second, ("day", 2026)) == [(1, 1)]


def test_import_build_and_overlap(shop: Shop) -> None:
    for file in GROENHOF:
        assert shop.read(file, name=file.name).problems == ()
    shop.link()
    assert next(iter(shop.build().built)).debit == 1203763
    assert shop.read(GROENHOF[0]).again
    shop.read(till_file(receipt(1, on="2026-03-11")))
    (rebuilt,) = shop.build().built
    assert rebuilt.sequence == 4
    assert [row.number for row in shop.journals()] == [1, 3, 4]
    assert shop.journals(text="2026-03-12")[0].state == "to_release"


def test_one_file_imported_by_twenty_at_once_counts_once(shop: Shop) -> None:
    content = till_file(*(receipt(nr) for nr in range(1, 41)))

    def read(_nr: int) -> str:
        with shop.sessions() as session, company_scope(shop.company_id):
            return import_till_file(session, "t.xaa", io.BytesIO(content), None, "tester").state

    assert set(in_threads(read)) == {"read"}
    assert shop.count(ReceiptRow) == 40


def test_overlapping_files_imported_at_once_store_each_receipt_once(shop: Shop) -> None:
    def read(nr: int) -> int:
        numbers = range(1 + nr * 5, 1 + nr * 5 + 10)
        content = till_file(*map(receipt, numbers), made_at=f"06:00:{nr:02}")
        with shop.sessions() as session, company_scope(shop.company_id):
            result = import_till_file(session, f"{nr}.xaa", io.BytesIO(content), None, "tester")
            assert result.problems == ()
            return result.new

    new = in_threads(read)
    assert shop.count(ReceiptRow) == THREADS * 5 + 5 == sum(new)


def test_builds_that_meet_make_one_journal_per_day(shop: Shop) -> None:
    shop.link()
    shop.import_links("kind,code,vat,gl_code\ngroup,PLANT,9,8210\n")
    shop.read(till_file(*(receipt(nr, on=f"2026-03-{nr:02}") for nr in range(1, 9))))

    def build(_nr: int) -> int:
        with shop.sessions() as session, company_scope(shop.company_id):
            return len(build_journals(session, None, "tester").built)

    built = in_threads(build)
    assert sum(built) == 8
    rows = shop.journals(with_withdrawn=True)
    assert [row.number for row in rows] == list(range(1, 9))
    assert len({row.business_date for row in rows}) == 8


def _exported(session: Session) -> None:
    """The first journal as it is once its payload was sent."""
    with db.transaction(session):
        now = db.now(session)
        connector = Connector(number=25, draft=False, provider="exact-online", created_at=now)
        session.add(connector)
        session.flush()
        seat = PostingSeat(seat_key="k", connector_id=connector.id, division=1, journal_code="91")
        session.add(seat)
        session.flush()
        journal = session.scalars(select(JournalRow).order_by(JournalRow.sequence)).first()
        assert journal is not None
        export = Export(
            journal_id=journal.id, connector_id=connector.id, seat_id=seat.id, lane_key="l",
            site="s", division=1, journal_code="91", year=2026, period=3,
            entry_number=26_000_001, posting_key="k1", state="posted", not_before=now,
            created_at=now, sent_at=now, expected={},
        )  # fmt: skip
        session.add(export)
        session.flush()
        session.add(Evidence(export_id=export.id, at=now, attempt=1, kind="sent"))


REFUSED = [
    ("UPDATE journal SET debit = 1, credit = 1 WHERE sequence = 1", "an exported journal never"),
    ("UPDATE journal SET business_date = '2026-03-09' WHERE sequence = 1", "an exported journal"),
    ("UPDATE journal SET receipt_runs = '[]' WHERE sequence = 1", "an exported journal never"),
    ("DELETE FROM journal WHERE sequence = 1", "a journal is never deleted"),
    ("DELETE FROM journal WHERE sequence = 2", "a journal is never deleted"),
    ("UPDATE journal_line SET amount = 1 WHERE journal_id = 1", "an exported journal never"),
    ("DELETE FROM journal_line WHERE journal_id = 1", "an exported journal never changes"),
    ("UPDATE receipt SET content = '{}'", "a receipt never changes"),
    ("UPDATE receipt SET business_date = '2026-03-09'", "a receipt never changes"),
    ("DELETE FROM receipt", "a receipt is never deleted"),
    ("DELETE FROM till_file", "a read file is kept"),
    ("DELETE FROM export", "an export is never deleted"),
    ("UPDATE evidence SET text = ''", "evidence never changes"),
    ("DELETE FROM evidence", "evidence is never deleted"),
    ("UPDATE audit_event SET actor = 'nobody'", "an audit event never changes"),
    ("DELETE FROM audit_event", "an audit event is never deleted"),
    ("UPDATE journal SET debit = 1 WHERE sequence = 2", "balanced"),
]


def test_fiscal_rows_refuse_to_change(shop: Shop, engine: Engine) -> None:
    for file in GROENHOF[:2]:
        shop.read(file, name=file.name)
    shop.link()
    shop.build()
    shop.do(_exported)
    for statement, words in REFUSED:
        with pytest.raises(DBAPIError, match=words), engine.begin() as connection:
            connection.execute(text(statement))
    # What did not go out yet may still be withdrawn, and an exported one may change its state.
    with engine.begin() as connection:
        connection.execute(text("UPDATE journal SET state = 'withdrawn' WHERE sequence = 2"))
        connection.execute(text("UPDATE journal SET state = 'exported' WHERE sequence = 1"))


@pytest.mark.statement("R-50")
def test_a_journal_whose_lines_do_not_add_up_is_not_released(shop: Shop, engine: Engine) -> None:
    shop.read(GROENHOF[0])
    shop.link()
    shop.build()
    with engine.begin() as connection:
        connection.execute(text("UPDATE journal_line SET amount = amount + 1 WHERE nr = 1"))
    with pytest.raises(DBAPIError, match="do not add up"), engine.begin() as connection:
        connection.execute(text("UPDATE journal SET state = 'released' WHERE sequence = 1"))
