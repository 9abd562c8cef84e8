"""Items on PostgreSQL: many workers at once, each item sent by one, numbers without gaps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import create_engine, select

from retailvista import db
from retailvista.companies.scope import company_scope
from retailvista.flows import inbox, item_actions
from retailvista.flows import item_claims as claims
from retailvista.flows.arriving import Arrival, Place, keep
from retailvista.flows.models import FINISHED, OUTGOING, Flow, Item
from tests.world import add_company, session_maker

pytestmark = pytest.mark.postgres
WORKERS, ITEMS = 4, 24


@pytest.fixture
def sessions(postgres_database):
    engine = create_engine(postgres_database, pool_size=10)
    db.upgrade(engine)
    made = session_maker(engine)
    with made() as session:
        company = add_company(session)
        with company_scope(company), db.transaction(session):
            now = db.now(session)
            for number in (1, 2):
                session.add(Flow(number=number, identifier=f"f{number}", name="Uit",
                                 kind=OUTGOING, created_at=now, changed_at=now))  # fmt: skip
    yield made
    engine.dispose()


def take(sessions, flow_id: int, first: int = 0, count: int = ITEMS) -> None:
    with company_scope(1), sessions() as session, db.transaction(session):
        rows = [Arrival(f"k{n}", {"ID": f"k{n}", "Price": Decimal("1.10")})
                for n in range(first, first + count)]  # fmt: skip
        keep(session, Place(flow_id, 1000001, "crm/Accounts"), rows)


def test_two_flows_that_take_in_at_once_share_no_number(sessions):
    with ThreadPoolExecutor(WORKERS) as pool:
        parts = [(flow, first) for flow in (1, 2) for first in (0, 8, 16)]
        list(pool.map(lambda part: take(sessions, part[0], part[1], 8), parts))
        # The same pages once more, at the same time: nothing new.
        list(pool.map(lambda part: take(sessions, part[0], part[1], 8), parts))
    with company_scope(1), sessions() as session, db.reading(session):
        numbers = session.scalars(select(Item.number).order_by(Item.number)).all()
        assert numbers == list(range(1, 2 * ITEMS + 1))
        found = session.scalars(select(Item.received).limit(1)).one()
    assert str(found["Price"]) == "1.10"


def test_each_item_is_sent_by_one_worker(sessions):
    take(sessions, 1)
    sent: list[int] = []

    def work(name: int) -> None:
        with company_scope(1), sessions() as session:
            while True:
                with db.reading(session):
                    facts = claims.next_due(session, 1)
                if facts is None:
                    return
                with db.transaction(session):
                    claim = claims.intend(session, facts, f"worker-{name}", {"method": "POST"})
                if claim is None:
                    continue
                sent.append(claim.number)
                with db.transaction(session):
                    values = {"state": FINISHED, "answered_at": db.now(session)}
                    assert claims.change(session, claim, "done", values)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))
    assert sorted(sent) == list(range(1, ITEMS + 1))
    with company_scope(1), sessions() as session, db.reading(session):
        assert inbox.state_counts(session) == {FINISHED: ITEMS}
        assert [row.number for row in inbox.list_items(
            session, inbox.ItemFilter(text="K1")).rows][-1] == 2  # fmt: skip
        logs = session.scalars(select(Item.log)).all()
    assert all([line["text"] for line in log] == ["received", "sending", "done"] for log in logs)


def test_a_claim_that_was_lost_changes_nothing(sessions):
    take(sessions, 1, count=1)
    with company_scope(1), sessions() as session:
        with db.reading(session):
            facts = claims.next_due(session, 1)
        with db.transaction(session):
            claim = claims.intend(session, facts, "slow", {"method": "POST"})
        with db.transaction(session):
            item = session.scalars(select(Item)).one()
            item.lease_until = db.now(session) - claims.LEASE
        with db.reading(session):
            again = claims.next_due(session, 1)
        assert again.is_sent, "what was sent without an outcome is looked for"
        with db.transaction(session):
            assert claims.hold(session, again, "other") is not None
        with db.transaction(session):
            assert not claims.change(session, claim, "done", {"state": FINISHED})
        assert item_actions.retry(session, [1], "anna").refused == {1: item_actions.BUSY}
