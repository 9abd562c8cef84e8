"""A visit takes token, lane and budget first; Test tells apart what can be wrong."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from retailvista import db
from retailvista.companies.models import Licence
from retailvista.connectors import masters, saying, testing
from retailvista.connectors.lanes import LaneClosed
from retailvista.connectors.models import RequestLog
from retailvista.connectors.port import Outcome
from retailvista.connectors.registering import empty_token
from retailvista.connectors.visits import fetch_master, open_visit
from retailvista.errors import Later, LoginNeeded, NotAllowed, Refused
from tests.connectors.exact_online.books import ENTRY, numbered
from tests.connectors.side import Side
from tests.sandbox.visitor import GROENHOF, NORWEGIAN, TESTSTORE, Visitor


def connector_id(side: Side) -> int:
    return side.connector().id


def lane_is_free(side: Side) -> bool:
    return side.lane().lease_until is None


def test_master_data_survive_the_database(connected: Side):
    fetched = fetch_master(connected.outside, connector_id(connected))
    with db.reading(connected.session):
        stored = masters.stored_for(connected.session, connected.sandbox.url, GROENHOF)
    assert stored == fetched
    assert masters.from_document(json.loads(json.dumps(masters.to_document(fetched)))) == fetched
    assert fetched.currency == "EUR"
    assert fetched.gl_accounts["1500"].type_code == 24
    assert fetched.journals["91"].allow_vat
    assert fetched.vat_codes["2"].type == "E"
    assert fetched.vat_codes["2"].gl_to_pay == "1500"
    assert fetched.vat_codes["2"].percent_bp == 2100
    period = fetched.period_of(ENTRY.on)
    assert period is not None
    assert (period.year, period.period) == (2026, 3)
    assert lane_is_free(connected)


def test_closed_periods_are_known_per_journal_code(connected: Side):
    closed = {"division": GROENHOF, "year": 2026, "period": 1, "closed": True, "journal": "91"}
    Visitor(connected.sandbox).admin("periods", **closed)
    found = fetch_master(connected.outside, connector_id(connected))
    assert [(p.year, p.period, p.closed_for) for p in found.periods if p.closed_for] == [
        (2026, 1, frozenset({"91"}))
    ]


def test_master_data_are_fetched_once_in_twelve_hours(connected: Side, clock):
    def calls() -> int:
        with open_visit(connected.outside, connector_id(connected), posting=True) as visit:
            visit.master()
            return visit.calls

    assert calls() > 5
    assert calls() == 0
    clock.move(hours=13)
    assert calls() > 5


def test_a_visit_sends_looks_and_gives_everything_back(connected: Side):
    fetch_master(connected.outside, connector_id(connected))
    before = connected.lane().day_used
    with open_visit(connected.outside, connector_id(connected), 5, posting=True) as visit:
        payload = visit.render(ENTRY)
        assert visit.book(payload).outcome is Outcome.BOOKED
        look = visit.look("91", ENTRY.entry_number, ENTRY.entry_number)
        assert [entry.entry_number for entry in look.entries] == [ENTRY.entry_number]
        assert visit.look_for_key("91", "RV.5f2d.1.7").entries
        assert visit.sees_entries("91")
        assert visit.token_age == timedelta(0)
        assert visit.calls == 5
        with pytest.raises(LaneClosed), open_visit(connected.outside, connector_id(connected)):
            pass
    assert lane_is_free(connected)
    assert connected.lane().day_used == before + 5
    with db.reading(connected.session):
        log = list(connected.session.scalars(select(RequestLog).order_by(RequestLog.id)))
    assert [row.status for row in log][-5:] == [201, 200, 200, 200, 200]
    assert not any("stampNL" in row.path + row.note for row in log)


def test_a_long_visit_renews_its_token_before_the_next_claim(connected: Side, clock):
    with open_visit(connected.outside, connector_id(connected), posting=True) as visit:
        visit.master()
        clock.move(seconds=571)
        visit.ready()
        assert visit.token_age == timedelta(0)
        assert visit.book(visit.render(ENTRY)).outcome is Outcome.BOOKED


def test_a_throttled_post_says_when_the_lane_opens(connected: Side, clock):
    connected.sandbox.faults.add("429", value="bare", method="POST", path="*Entries*")
    with open_visit(connected.outside, connector_id(connected), posting=True) as visit:
        answer = visit.book(visit.render(ENTRY))
        assert answer.outcome is Outcome.THROTTLED
        assert answer.not_before == clock.now() + timedelta(minutes=1)
        with pytest.raises(Later):
            visit.ready()
    with pytest.raises(Later), open_visit(connected.outside, connector_id(connected)):
        pass


def test_a_chart_without_accounts_is_a_lost_right_and_the_kept_copy_stays(connected: Side):
    """Exact answers 200 and an empty list where a right is missing."""
    kept = fetch_master(connected.outside, connector_id(connected))
    connected.sandbox.store.set("rights", "lost")
    with pytest.raises(Refused, match="sees no G/L accounts of division 1000001"):
        fetch_master(connected.outside, connector_id(connected))
    with db.reading(connected.session):
        assert masters.stored_master(connected.session, connected.connector()) == kept


@pytest.mark.judge_allows("duplicate-content", reason="one body over and over, to count calls")
def test_a_minute_of_posting_stays_below_55_and_provokes_no_429(connected: Side, clock):
    fetch_master(connected.outside, connector_id(connected))
    sent, waits = 0, 0
    while sent < 130:
        try:
            with open_visit(connected.outside, connector_id(connected), posting=True) as visit:
                while sent < 130:
                    visit.master()
                    visit.book(visit.render(numbered(26_000_001 + sent)))
                    sent += 1
        except Later as error:
            waits += 1
            clock.move(seconds=(error.not_before - clock.now()).total_seconds())
    assert "too-many-calls" not in connected.findings()
    assert connected.sandbox.store.rows("SELECT count(*) FROM call WHERE status = 429") == [(0,)]
    assert 2 <= waits <= 4


@pytest.mark.statement("R-01", "R-03")
def test_a_visit_needs_a_login_a_licence_and_a_division(connected: Side):
    with db.transaction(connected.session):
        connected.session.execute(update(Licence).values(withdrawn_at=db.now(connected.session)))
    with pytest.raises(NotAllowed), open_visit(connected.outside, connector_id(connected)):
        pass
    with db.transaction(connected.session):
        connected.session.execute(update(Licence).values(withdrawn_at=None))
    connected.change(connected.connector(), division=None)
    with pytest.raises(Refused), open_visit(connected.outside, connector_id(connected)):
        pass
    empty_token(connected.session, 25, "anna")
    connected.change(connected.connector(), division=GROENHOF)
    with pytest.raises(LoginNeeded), open_visit(connected.outside, connector_id(connected)):
        pass


def test_a_gl_account_is_created_on_request(connected: Side):
    with open_visit(connected.outside, connector_id(connected)) as visit:
        assert "1299" not in visit.master().gl_accounts
        visit.create_gl("1299", "Tussenrekening proef", profit_and_loss=False)
        assert visit.master().gl_accounts["1299"].is_balance
        with pytest.raises(Refused) as caught:
            visit.create_gl("1299", "Nog eens", profit_and_loss=False)
    assert caught.value.said


def outcome_of_test(side: Side) -> testing.TestResult:
    result = testing.test_connector(side.outside, 25)
    assert result.message
    assert side.connector().last_test["kind"] == result.kind
    return result


@pytest.mark.statement("R-37")
def test_test_says_connected(connected: Side):
    result = outcome_of_test(connected)
    assert (result.kind, result.ok) == (saying.CONNECTED, True)
    assert result.message == "Connected as Bo Khouder: 1000001 Tuincentrum Groenhof B.V."


@pytest.mark.statement("R-37")
def test_test_says_not_authorised(side: Side):
    side.add_connector()
    assert outcome_of_test(side).kind == testing.NOT_AUTHORISED


@pytest.mark.statement("R-37", "R-43")
def test_test_says_expired(connected: Side, clock):
    clock.move(days=31)
    assert outcome_of_test(connected).kind == testing.EXPIRED


@pytest.mark.judge_allows("broken-chain", reason="the consent was withdrawn")
def test_test_says_not_authorised_when_the_consent_is_withdrawn(connected: Side, clock):
    clock.move(hours=1)
    visitor = Visitor(connected.sandbox)
    visitor.admin("revoke", client_id="app-one", user="boekhouder@groenhof.example")
    assert outcome_of_test(connected).kind == testing.NOT_AUTHORISED


@pytest.mark.statement("R-37")
def test_test_says_no_access_to_the_division(side: Side):
    side.add_connector()
    assert side.log_in(user=NORWEGIAN).ok
    result = outcome_of_test(side)
    assert result.kind == testing.NO_ACCESS
    assert TESTSTORE in {division.code for division in result.divisions}


def test_test_says_choose_a_division(connected: Side):
    connected.change(connected.connector(), division=None)
    assert outcome_of_test(connected).kind == testing.NO_DIVISION


@pytest.mark.statement("R-37")
@pytest.mark.parametrize("fault", ["html_503", "html_200", "drop_before", "problem_500"])
def test_test_says_provider_down(connected: Side, fault: str):
    connected.sandbox.faults.add(fault, path="*current/Me*", times=3)
    assert outcome_of_test(connected).kind == testing.DOWN


def test_test_says_provider_down_when_nobody_listens(connected: Side):
    connected.sandbox.stop()
    assert outcome_of_test(connected).kind == testing.DOWN


def test_test_says_busy(connected: Side):
    assert outcome_of_test(connected).ok
    with open_visit(connected.outside, connector_id(connected)):
        assert outcome_of_test(connected).kind == testing.BUSY
