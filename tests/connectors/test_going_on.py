"""A connector that was stopped because access was refused: a good test lets it go on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from retailvista import db
from retailvista.companies.models import AuditEvent
from retailvista.connectors import saying, testing
from retailvista.runs.models import Run
from tests.connectors.side import Side

REFUSED = "403: Forbidden"
CONFLICTS = "3 journals in a row were stored otherwise than sent. Compare them first."


def stopped(side: Side, why: str = REFUSED, **more: object) -> None:
    side.change(side.connector(), paused=why, **more)


def audited(side: Side) -> list[dict[str, object]]:
    with db.reading(side.session):
        rows = side.session.scalars(select(AuditEvent).order_by(AuditEvent.id))
        return [row.detail for row in rows if row.action == "connector_resumed"]


def exports_asked(side: Side) -> int:
    with db.reading(side.session):
        return len(side.session.scalars(select(Run).where(Run.kind == "export")).all())


@pytest.mark.statement("R-37")
def test_a_good_test_lets_a_refused_connector_go_on(connected: Side):
    before = exports_asked(connected)
    stopped(connected)
    result = testing.test_connector(connected.outside, 25)
    assert (result.kind, result.resumed) == (saying.CONNECTED, True)
    row = connected.connector()
    assert (row.paused, row.last_test["resumed"]) == ("", True)
    assert audited(connected) == [{"paused": REFUSED, "by": "test"}]
    assert exports_asked(connected) == max(before, 1), "what waited goes out at once"
    again = testing.test_connector(connected.outside, 25)
    assert (again.resumed, connected.connector().last_test["resumed"]) == (False, False)


def test_without_the_right_to_entries_it_stays_stopped_and_the_test_says_why(connected: Side):
    stopped(connected)
    connected.sandbox.store.set("rights", "lost")
    result = testing.test_connector(connected.outside, 25)
    assert (result.kind, result.ok) == (testing.NO_RIGHTS, False)
    assert "journal code 91" in result.message
    assert connected.connector().paused == REFUSED
    assert audited(connected) == []


def test_a_journal_code_that_is_gone_is_not_resumed(connected: Side):
    stopped(connected, journal_code="99")
    assert testing.test_connector(connected.outside, 25).kind == testing.NO_RIGHTS
    assert connected.connector().paused == REFUSED


@pytest.mark.parametrize("stay", ["a person decides", "it ends by itself"])
def test_conflicts_wait_for_a_person_and_a_rest_for_its_time(connected: Side, clock, stay: str):
    if stay == "a person decides":
        stopped(connected, CONFLICTS, conflicts_in_a_row=3)
    else:
        stopped(connected, paused_until=clock.now() + timedelta(hours=1))
    before = connected.connector().paused
    result = testing.test_connector(connected.outside, 25)
    assert (result.ok, result.resumed) == (True, False)
    assert connected.connector().paused == before
    assert audited(connected) == []


def test_a_test_that_fails_resumes_nothing(connected: Side):
    stopped(connected)
    connected.sandbox.stop()
    assert testing.test_connector(connected.outside, 25).kind == testing.DOWN
    assert connected.connector().paused == REFUSED
