"""The inbox: a record becomes an item once, and what people may do with items."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies.models import AuditEvent
from retailvista.companies.scope import company_scope
from retailvista.errors import NotFound
from retailvista.flows import arriving, inbox, item_actions
from retailvista.flows.arriving import Arrival, Place, keep
from retailvista.flows.item_actions import skip
from retailvista.flows.models import (
    FAILED,
    FINISHED,
    INCOMING,
    NEW,
    PROCESSING,
    RETRY,
    SKIPPED,
    Flow,
    Item,
)
from tests.world import add_company, new_database, session_maker


@pytest.fixture
def session(tmp_path, clock) -> Iterator[Session]:
    engine = new_database(tmp_path, clock)
    with session_maker(engine)() as session, company_scope(add_company(session)):
        add_flow(session)
        yield session
    engine.dispose()


def add_flow(session: Session, number: int = 1, **more: object) -> Flow:
    with db.transaction(session):
        now = db.now(session)
        flow = Flow(
            number=number, identifier=f"flow-{number}", name=f"Relaties {number}", kind=INCOMING,
            created_at=now, changed_at=now, **more,
        )  # fmt: skip
        session.add(flow)
    return flow


def take(session: Session, *arrivals: Arrival, flow_id: int = 1) -> dict[str, int]:
    with db.transaction(session):
        return dict(keep(session, Place(flow_id, 1000001, "crm/Accounts"), arrivals))


def account(name: str, key: str = "a") -> Arrival:
    return Arrival(key, {"ID": key, "Name": name, "CreditLineSales": Decimal("1200.50")})


def set_item(session: Session, number: int, **values: object) -> None:
    with db.transaction(session):
        item = session.scalars(select(Item).where(Item.number == number)).one()
        for name, value in values.items():
            setattr(item, name, value)


def shown(session: Session, **which: object) -> list[tuple[int, str, str]]:
    with db.reading(session):
        found = inbox.list_items(session, inbox.ItemFilter(**which))
    return [(row.number, row.key, row.state) for row in found.rows]


def opened(session: Session, number: int) -> Item:
    with db.reading(session):
        return inbox.item_by_number(session, number)


@pytest.mark.statement("A-13", "A-22")
def test_an_item_keeps_the_record_as_it_came_to_the_last_digit(session: Session):
    assert take(session, account("Vivaldi B.V.")) == {"read": 1, "new": 1}
    item = opened(session, 1)
    assert item.received == {
        "ID": "a", "Name": "Vivaldi B.V.", "CreditLineSales": Decimal("1200.50"),
    }  # fmt: skip
    assert str(item.received["CreditLineSales"]) == "1200.50"
    assert [line["text"] for line in item.log] == ["received"]
    assert (item.state, item.record_key, item.division) == (NEW, "a", 1000001)


@pytest.mark.statement("A-13")
def test_the_same_record_makes_one_item_and_a_changed_one_another(session: Session):
    assert take(session, account("A"), account("B", "b")) == {"read": 2, "new": 2}
    assert take(session, account("A"), account("B", "b")) == {"read": 2, "discarded": 2}
    assert take(session, account("A2"), account("A2")) == {"read": 2, "changed": 1, "discarded": 1}
    # Back to what it was before is a change too: the other side has A2 by now.
    assert take(session, account("A")) == {"read": 1, "changed": 1}
    assert take(session, account("A")) == {"read": 1, "discarded": 1}
    assert [number for number, _key, _state in shown(session)] == [4, 3, 2, 1]
    # There and back within one page, twice.
    page = [account(name) for name in ("A3", "A", "A3", "A", "A")]
    assert take(session, *page) == {"read": 5, "changed": 4, "discarded": 1}
    assert take(session, account("A")) == {"read": 1, "discarded": 1}


def test_two_flows_each_have_their_own_items(session: Session):
    add_flow(session, 2)
    take(session, account("A"))
    assert take(session, account("A"), flow_id=2) == {"read": 1, "new": 1}
    assert [row[0] for row in shown(session, flow_number=2)] == [2]


@pytest.mark.statement("A-21")
def test_the_list_is_filtered_by_state_flow_date_and_identifier(session: Session, clock):
    add_flow(session, 2)
    began = clock.now()
    take(session, account("A", "8f0-1"), account("B", "8f0-2"))
    clock.move(days=1)
    take(session, account("C", "9a1-3"), flow_id=2)
    states = {1: FAILED, 2: FINISHED, 3: PROCESSING}
    for number, state in states.items():
        set_item(session, number, state=state)
    assert shown(session, states=(FAILED,)) == [(1, "8f0-1", FAILED)]
    assert shown(session, states=(FINISHED, PROCESSING)) == [
        (3, "9a1-3", PROCESSING), (2, "8f0-2", FINISHED)]  # fmt: skip
    assert [row[0] for row in shown(session, text="8F0")] == [2, 1]
    assert [row[0] for row in shown(session, until=began + timedelta(hours=1))] == [2, 1]
    assert [row[0] for row in shown(session, from_at=began + timedelta(hours=1))] == [3]
    assert shown(session, flow_number=2, states=(FAILED,)) == []
    with db.reading(session):
        assert inbox.state_counts(session) == {FAILED: 1, FINISHED: 1, PROCESSING: 1}


def test_the_list_goes_on_after_fifty(session: Session):
    take(session, *(account(f"A{n}", f"k{n}") for n in range(120)))
    seen, after = [], ""
    with db.reading(session):
        while True:
            page = inbox.list_items(session, inbox.ItemFilter(), after)
            seen += [row.number for row in page.rows]
            after = page.after
            if not after:
                break
    assert seen == list(range(120, 0, -1))


CHOICES = [
    (item_actions.retry, FAILED, RETRY),
    (item_actions.retry, SKIPPED, RETRY),
    (item_actions.retry, FINISHED, item_actions.DONE),
    (item_actions.retry, PROCESSING, item_actions.BUSY),
    (skip, NEW, SKIPPED),
    (skip, FAILED, SKIPPED),
    (skip, RETRY, SKIPPED),
    (skip, FINISHED, item_actions.DONE),
    (skip, PROCESSING, item_actions.BUSY),
]


@pytest.mark.statement("A-21", "A-23")
@pytest.mark.parametrize(("action", "before", "after"), CHOICES)
def test_retry_and_skip_by_hand(session: Session, action, before, after):
    take(session, account("A"))
    set_item(session, 1, state=before, problem="x" if before == FAILED else "", retries=3)
    done = action(session, [1], "anna")
    item = opened(session, 1)
    if done.refused:
        assert done.refused == {1: after}
        assert (item.state, item.attempts) == (before, 0)
        return
    assert (done.done, item.state) == ([1], after)
    assert item.log[-1]["values"] == {"actor": "anna"}
    assert item.retries == (0 if after == RETRY else 3)
    with db.reading(session):
        events = session.scalars(select(AuditEvent).where(AuditEvent.subject == "items")).all()
    assert [(event.actor, event.detail["numbers"]) for event in events] == [("anna", [1])]


@pytest.mark.statement("A-23")
def test_an_item_without_an_answer_is_sent_again_only_by_one_who_looked(session: Session, clock):
    take(session, account("A"))
    set_item(session, 1, state=FAILED, sent_at=clock.now(), problem="?")
    assert [row[0] for row in shown(session, uncertain=True)] == [1]
    assert item_actions.retry(session, [1], "anna").refused == {1: item_actions.LOOK_FIRST}
    assert item_actions.delete(session, [1], "anna").refused == {1: item_actions.LOOK_FIRST}
    assert opened(session, 1).state == FAILED
    assert item_actions.retry(session, [1], "anna", looked=True).done == [1]
    item = opened(session, 1)
    assert (item.state, item.sent_at) == (RETRY, None)


@pytest.mark.statement("A-23")
def test_what_is_deleted_is_gone_and_does_not_come_back_until_it_changes(session: Session):
    take(session, account("A"))
    assert item_actions.delete(session, [1], "anna").done == [1]
    assert shown(session) == []
    with pytest.raises(NotFound):
        opened(session, 1)
    with db.reading(session):
        assert session.scalars(select(Item)).one().received == {}
    assert take(session, account("A")) == {"read": 1, "discarded": 1}
    assert take(session, account("A2")) == {"read": 1, "changed": 1}


@pytest.mark.statement("A-26")
def test_old_items_are_pruned_and_do_not_come_back_as_new(session: Session, clock):
    take(session, account("A"), account("B", "b"), account("C", "c"))
    take(session, account("A2"))
    for number, state in ((1, FINISHED), (2, FINISHED), (3, FAILED), (4, FINISHED)):
        set_item(session, number, state=state)
    set_item(session, 3, sent_at=clock.now(), problem="?")
    with db.reading(session):
        flow = session.scalars(select(Flow)).one()
    clock.move(days=89)
    assert item_actions.prune(session, flow) == 0
    clock.move(days=2)
    assert item_actions.prune(session, flow) == 3
    assert item_actions.prune(session, flow) == 0
    # What nobody knows the outcome of stays until somebody has decided.
    assert shown(session) == [(3, "c", FAILED)]
    assert take(session, account("A2"), account("B", "b")) == {"read": 2, "discarded": 2}
    with db.reading(session):
        assert session.scalars(select(Item.number).order_by(Item.number)).all() == [2, 3, 4]


def test_a_key_of_any_length_fits(session: Session):
    long = "k" * 500
    assert take(session, account("A", long), account("B", f"{long}!")) == {"read": 2, "new": 2}
    assert all(len(key) == arriving.KEY_MAX for _number, key, _state in shown(session))
    assert take(session, account("A", long)) == {"read": 1, "discarded": 1}
