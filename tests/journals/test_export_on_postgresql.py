"""The same export on PostgreSQL: statements that are compiled once, locks and fences hold there.

Time is the server's own here, so only what happens at once is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.clock import SystemClock
from retailvista.connectors.models import Connector
from retailvista.journals.exporting import export_pass
from retailvista.sandbox.server import Sandbox
from tests.journals.export_steps import POST, warm
from tests.stage import Stage, open_stage

pytestmark = pytest.mark.postgres


@pytest.fixture
def stage(tmp_path: Path, postgres_database: str) -> Iterator[Stage]:
    clock = SystemClock()
    engine = create_engine(postgres_database)
    db.upgrade(engine)
    settings = {"limits": False}
    with Sandbox(tmp_path / "sandbox.sqlite", clock=clock, settings=settings) as sandbox:
        stage = open_stage(tmp_path, clock, sandbox, engine=engine)
        yield stage
        stage.close()


def test_journals_are_sent_in_one_go_read_back_and_verified(stage: Stage) -> None:
    warm(stage, days=40)
    counts = stage.export()
    assert (counts.posted, counts.verified, counts.waiting) == (40, 40, 0)
    assert stage.states() == ["verified"] * 41
    assert len(stage.booked()) == 41


def test_a_lost_answer_stops_the_rest_and_is_found_at_the_first_look(stage: Stage) -> None:
    warm(stage, days=5)
    stage.sandbox.faults.add("drop_after_commit", **POST)
    stage.export()
    assert stage.states() == ["verified", "sending", *["ready"] * 4]
    stage.export(until_idle=True)
    assert stage.states() == ["verified"] * 6
    assert len(stage.booked()) == 6


def test_four_workers_at_once_send_each_journal_once(stage: Stage) -> None:
    """Who finds the lane taken puts what is ready off for two seconds, also for the one sender."""
    warm(stage, days=12)
    workers = [replace(stage.outside, owner=f"worker-{n}") for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda outside: export_pass(outside, stage.company_id), workers))
    while set(stage.states()) != {"verified"}:
        stage.export(until_idle=True)
    assert len(stage.booked()) == 13
    assert {export.sends for export in stage.exports()} == {1}


def test_a_login_entered_by_hand_sends_in_turn_with_all_others_of_its_division(
    stage: Stage,
) -> None:
    """Its calls are counted in a lane of its own; who may send next is decided in the common one.

    Otherwise two companies could each have a journal under way that nobody has looked for.
    """
    warm(stage, days=3)
    stage.ask(enter_the_login_by_hand)
    common = {"key": stage.exports()[-1].lane_key}
    with stage.engine.connect() as other, ThreadPoolExecutor(1) as pool:
        other.execute(text("SELECT id FROM lane WHERE key = :key FOR UPDATE"), common)
        sent = pool.submit(export_pass, stage.outside, stage.company_id)
        try:
            while not somebody_waits(stage):
                assert not wait([sent], timeout=0.05).done, "it did not wait for the other's turn"
            assert len(stage.booked()) == 1
        finally:
            other.rollback()
        sent.result()
    assert stage.states() == ["verified"] * 4


def somebody_waits(stage: Stage) -> bool:
    """A transaction sees one moment of it, so each look is one of its own."""
    asked = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with stage.engine.connect() as connection:
        return bool(connection.scalar(asked))


def enter_the_login_by_hand(session: Session) -> None:
    with db.transaction(session):
        connector = session.scalars(select(Connector)).one()
        connector.settings = {**connector.settings, "mode": "refresh"}
