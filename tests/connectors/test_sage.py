"""A connector to Sage: the login in a browser, tokens of five minutes, businesses side by side."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from retailvista.connectors.grants import keep_alive, usable_token
from retailvista.connectors.logins import start_login
from retailvista.connectors.testing import CONNECTED, NO_ACCESS, test_connector
from retailvista.connectors.visits import fetch_master, open_visit
from retailvista.errors import Later, LoginNeeded
from tests.conftest import TestClock
from tests.connectors.sage_side import BRITAIN, IRELAND, SageSide
from tests.connectors.side import BOUND, PERSON, Side
from tests.sandbox.visitor import NORWEGIAN


@pytest.fixture
def sage(side: Side) -> SageSide:
    return SageSide.beside(side)


@pytest.mark.statement("J-20")
def test_the_login_is_done_in_the_app_and_names_user_and_businesses(sage: SageSide) -> None:
    sage.add_connector()
    started = start_login(sage.session, sage.outside, 25, BOUND, PERSON)
    query = parse_qs(urlsplit(started.url).query)
    assert (query["filter"], query["scope"]) == (["apiv3.1"], ["full_access"])
    result = sage.log_in()
    assert result.ok, result.message
    assert result.user_name == "Bo Khouder"
    assert [(d.code, d.name, d.currency, d.country) for d in result.divisions][:2] == [
        (BRITAIN, "Groenhof Garden Centres UK", "GBP", "GB"),
        (IRELAND, "Groenhof Ireland", "EUR", "IE"),
    ]
    connector, grant = sage.connector(), sage.grant()
    assert (connector.division_name, connector.division_currency) == ("Groenhof Ireland", "EUR")
    assert connector.vat_mode == "own"
    assert (grant.valid_until - grant.last_success_at).days == 31
    assert sage.findings() == []


def test_the_test_button_tells_the_business_and_who_is_logged_in(sage: SageSide) -> None:
    sage.add_connector()
    assert sage.log_in().ok
    found = test_connector(sage.outside, 25)
    assert found.kind == CONNECTED
    assert found.message == f"Connected as Bo Khouder: {IRELAND} Groenhof Ireland"
    sage.change(sage.connector(), division=4711)
    assert test_connector(sage.outside, 25).kind == NO_ACCESS


@pytest.mark.statement("J-06", "J-23")
def test_tokens_are_renewed_without_anybody_for_as_long_as_it_is_used(
    sage: SageSide, clock: TestClock
) -> None:
    sage.add_connector()
    assert sage.log_in().ok
    connector = sage.connector().id
    first = usable_token(sage.outside, connector).secret.reveal()
    clock.move(seconds=239)
    assert usable_token(sage.outside, connector).secret.reveal() == first
    clock.move(seconds=2)
    assert usable_token(sage.outside, connector).secret.reveal() != first
    assert sage.token_calls() == 2
    for _ in range(10):
        clock.move(days=6)
        keep_alive(sage.outside, sage.grant().id)
    assert fetch_master(sage.outside, connector).currency == "EUR"
    assert sage.grant().login_needed_at is None
    assert sage.findings() == []


@pytest.mark.judge_allows("refresh-token-expired", reason="nobody used it for 32 days")
def test_after_a_month_without_use_a_login_is_needed(sage: SageSide, clock: TestClock) -> None:
    sage.add_connector()
    assert sage.log_in().ok
    clock.move(days=31, seconds=1)
    with pytest.raises(LoginNeeded, match="expired"):
        usable_token(sage.outside, sage.connector().id)
    assert sage.grant().login_needed_why


@pytest.mark.statement("J-24")
def test_connectors_to_sage_live_side_by_side(sage: SageSide, clock: TestClock) -> None:
    """Two businesses of one user share his login; another user has one of his own."""
    sage.add_connector(25)
    sage.add_connector(26, division=BRITAIN, name="UK")
    sage.add_connector(27, division=None, name="Teststore")
    assert sage.log_in(25).ok
    assert sage.log_in(26).ok
    assert sage.log_in(27, NORWEGIAN).ok
    teststore = sage.connector(27).last_test["divisions"][0]["code"]
    sage.change(sage.connector(27), division=teststore)
    assert len(sage.grants()) == 2
    for _ in range(5):
        clock.move(seconds=400)
        currencies = [
            fetch_master(sage.outside, sage.connector(number).id).currency
            for number in (25, 26, 27)
        ]
        assert currencies == ["EUR", "GBP", "EUR"]
    assert all(grant.login_needed_at is None for grant in sage.grants())
    with open_visit(sage.outside, sage.connector(26).id) as visit:
        assert visit.sees_entries("JNL")
    assert sage.findings() == []


@pytest.mark.judge_allows("broken-chain", reason="the person withdrew the consent at Sage")
def test_a_login_that_was_withdrawn_at_sage_says_so(sage: SageSide, clock: TestClock) -> None:
    sage.add_connector()
    assert sage.log_in().ok
    with sage.sandbox.store.transaction() as database:
        database.execute("UPDATE sage_token SET state = 'revoked'")
    clock.move(minutes=5)
    with pytest.raises(LoginNeeded, match="withdrawn"):
        usable_token(sage.outside, sage.connector().id)


def test_a_lost_answer_to_a_refresh_is_looked_after_and_never_a_second_chain(
    sage: SageSide, clock: TestClock
) -> None:
    sage.add_connector()
    assert sage.log_in().ok
    connector = sage.connector().id
    clock.move(minutes=5)
    sage.sandbox.faults.add("drop_before", path="/token")
    with pytest.raises(Later, match="checked"):
        usable_token(sage.outside, connector)
    clock.move(seconds=61)
    assert usable_token(sage.outside, connector).secret.reveal()
    assert sage.grant().valid_until - clock.now() > timedelta(days=30)


def test_the_currency_of_a_visitor_of_many_businesses_is_asked_when_one_is_chosen(
    sage: SageSide,
) -> None:
    for number in range(5, 16):
        with sage.sandbox.store.transaction():
            sage.sandbox.store.insert(
                "sage_business",
                {
                    "id": f"{number:032x}",
                    "seq": number,
                    "name": f"Shop {number}",
                    "country": "IE",
                    "currency": "EUR",
                    "users": "boekhouder@groenhof.example",
                },
            )
    sage.add_connector()
    found = sage.log_in()
    assert len(found.divisions) == 14
    assert {division.currency for division in found.divisions} == {""}
    assert fetch_master(sage.outside, sage.connector().id).currency == "EUR"
