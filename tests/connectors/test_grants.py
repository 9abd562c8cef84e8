"""Refreshing against the sandbox, which is as strict as Exact: a refresh token works once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from retailvista.companies.scope import company_scope
from retailvista.connectors.grants import (
    UsableToken,
    keep_alive,
    keep_alive_due,
    usable_token,
)
from retailvista.connectors.visits import open_visit
from retailvista.errors import Later, LoginNeeded
from tests.connectors.side import Side
from tests.sandbox.visitor import Visitor

TOKEN = "/api/oauth2/token"


def token_of(side: Side) -> UsableToken:
    return usable_token(side.outside, side.connector().id)


def test_a_token_is_used_until_it_is_due_and_then_renewed(connected: Side):
    first = token_of(connected)
    connected.clock.move(seconds=569)
    assert token_of(connected).secret == first.secret
    connected.clock.move(seconds=2)
    second = token_of(connected)
    assert second.secret != first.secret
    assert connected.token_calls() == 2
    assert connected.findings() == []


@pytest.mark.statement("R-47")
def test_eight_workers_need_one_token_and_one_refresh(connected: Side):
    connected.clock.move(hours=1)
    tokens: list[str] = []
    connector_id = connected.connector().id

    def need() -> None:
        with company_scope(connected.company_id):
            tokens.append(usable_token(connected.outside, connector_id).secret.reveal())

    threads = [threading.Thread(target=need) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 8
    assert len(set(tokens)) == 1
    assert connected.token_calls() == 2
    assert connected.findings() == []


@pytest.mark.statement("R-39", "R-40")
def test_success_moves_the_valid_until_date_and_calls_do_too(connected: Side):
    before = connected.grant().valid_until
    connected.clock.move(seconds=300)
    with open_visit(connected.outside, connected.connector().id) as visit:
        visit.me()
    assert connected.grant().valid_until == before + timedelta(seconds=300)


LOST_BEFORE = [("drop_before", "")]
LOST_AFTER = [("drop_after_commit", ""), ("html_200", "after"), ("empty_200", "after")]
CUTS = [("cut_at_byte", str(at)) for at in (0, 1, 20, 150, 250, 330)]


@pytest.mark.parametrize(("fault", "value"), LOST_BEFORE)
def test_a_request_that_never_arrived_is_presented_again(connected: Side, fault: str, value: str):
    connected.clock.move(hours=1)
    connected.sandbox.faults.add(fault, value=value, path=TOKEN)
    with pytest.raises(Later, match="checked"):
        token_of(connected)
    assert connected.grant().refreshing_since is not None
    connected.clock.move(seconds=59)
    with pytest.raises(Later):
        token_of(connected)
    connected.clock.move(seconds=2)
    assert token_of(connected).secret
    assert connected.grant().refreshing_since is None
    assert connected.findings() == []


@pytest.mark.judge_allows(
    "refresh-token-used-twice", reason="presented again to find out what became of it"
)
@pytest.mark.statement("R-47")
@pytest.mark.parametrize(("fault", "value"), LOST_AFTER + CUTS)
def test_a_lost_answer_is_found_out_and_leads_to_a_new_login(
    connected: Side, fault: str, value: str
):
    connected.clock.move(hours=1)
    connected.sandbox.faults.add(fault, value=value, path=TOKEN)
    with pytest.raises(Later, match="checked"):
        token_of(connected)
    connected.clock.move(seconds=61)
    with pytest.raises(LoginNeeded, match="lost"):
        token_of(connected)
    grant = connected.grant()
    assert grant.login_needed_at is not None
    assert "Old refresh token used" in grant.login_needed_why
    calls = connected.token_calls()
    with pytest.raises(LoginNeeded):
        token_of(connected)
    assert connected.token_calls() == calls

    connected.clock.move(minutes=10)
    assert connected.log_in().ok
    assert token_of(connected).secret
    assert connected.grant().login_needed_why == ""


def test_no_answer_at_all_is_presented_twice_again_and_once_at_the_end(connected: Side):
    connected.clock.move(hours=1)
    connected.sandbox.faults.add("drop_before", path=TOKEN, times=4)
    for pause in (61, 301, 215):
        with pytest.raises(Later, match="checked"):
            token_of(connected)
        connected.clock.move(seconds=pause)
    with pytest.raises(LoginNeeded, match="lost"):
        token_of(connected)
    assert connected.token_calls() == 5


@pytest.mark.parametrize("fault", ["html_503", "429", "problem_500"])
def test_an_outage_is_waited_for_with_longer_pauses(connected: Side, fault: str):
    connected.clock.move(hours=1)
    connected.sandbox.faults.add(fault, path=TOKEN, times=3)
    waited = []
    for _ in range(3):
        with pytest.raises(Later) as caught:
            token_of(connected)
        now = connected.clock.now()
        waited.append((caught.value.not_before - now).total_seconds())
        connected.clock.jump(now)
        connected.clock.move(seconds=waited[-1] + 1)
    assert waited == sorted(waited)
    assert waited[0] >= 60
    assert token_of(connected).secret
    assert connected.grant().login_needed_at is None


def test_an_unreachable_provider_never_means_a_new_login(connected: Side):
    connected.clock.move(hours=1)
    connected.sandbox.stop()
    for _ in range(5):
        with pytest.raises(Later):
            token_of(connected)
        connected.clock.move(hours=1)
    grant = connected.grant()
    assert (grant.login_needed_at, grant.refreshing_since) == (None, None)


DEFINITE = [
    ("the consent was withdrawn", "revoke", {}),
    ("the user was blocked", "users", {"reason": "BlockedUser"}),
]


@pytest.mark.judge_allows("broken-chain", reason="the consent was withdrawn")
@pytest.mark.parametrize(("call", "more"), [row[1:] for row in DEFINITE], ids=["revoke", "block"])
def test_a_definite_answer_means_a_new_login_at_once(connected: Side, call: str, more: dict):
    connected.clock.move(hours=1)
    visitor = Visitor(connected.sandbox)
    fields = {"revoke": {"client_id": "app-one", "user": "boekhouder@groenhof.example"}}
    named = fields.get(call, {"name": "boekhouder@groenhof.example"})
    visitor.admin(call, **(named | more))
    with pytest.raises(LoginNeeded):
        token_of(connected)
    assert connected.grant().login_needed_at is not None


@pytest.mark.judge_allows("refresh-token-expired", reason="silent for thirty days")
@pytest.mark.statement("R-43")
def test_a_login_that_was_silent_for_thirty_days_has_expired(connected: Side):
    connected.clock.move(days=30, seconds=5)
    with pytest.raises(LoginNeeded, match="expired"):
        token_of(connected)


def test_190_calls_a_day_are_the_end(connected: Side):
    connected.clock.move(hours=1)
    connected.change(connected.grant(), calls_day="2026-03-14", calls_today=190)
    with pytest.raises(Later) as caught:
        token_of(connected)
    assert caught.value.not_before.isoformat() == "2026-03-15T00:00:00+00:00"
    connected.clock.move(hours=15)
    assert token_of(connected).secret


def test_keep_alive_calls_only_grants_that_were_quiet(connected: Side):
    outside = connected.outside
    assert [due.connector_number for due in keep_alive_due(outside)] == [25]
    grant_id = connected.grant().id
    assert keep_alive(outside, grant_id) is False
    assert keep_alive_due(outside) == []
    connected.clock.move(hours=26)
    due = keep_alive_due(outside)
    assert [found.grant_id for found in due] == [grant_id]
    assert keep_alive(outside, grant_id) is True
    assert keep_alive_due(outside) == []
    assert connected.token_calls() == 2


@pytest.mark.statement("R-41")
def test_an_idle_login_lives_for_a_year_of_keep_alives(connected: Side):
    for _ in range(60):
        connected.clock.move(hours=26)
        for due in keep_alive_due(connected.outside):
            keep_alive(connected.outside, due.grant_id)
    assert token_of(connected).secret
    assert connected.token_calls() <= 62
    assert connected.findings() == []
