"""Refreshing against the sandbox, which is as strict as Exact: a refresh token works once."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from retailvista.companies.scope import company_scope
from retailvista.connectors import spool
from retailvista.connectors.grants import (
    UsableToken,
    keep_alive,
    keep_alive_due,
    recover_all,
    usable_token,
)
from retailvista.connectors.logins import finish_login
from retailvista.connectors.port import Call, Reply
from retailvista.connectors.spool import Presented
from retailvista.connectors.visits import open_visit
from retailvista.errors import Later, LoginNeeded
from retailvista.vault import LostVault, Vault
from tests.connectors.side import BOUND, INSTALLATION, PERSON, Side
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


def test_an_idle_login_lives_for_a_year_of_keep_alives(connected: Side):
    for _ in range(60):
        connected.clock.move(hours=26)
        for due in keep_alive_due(connected.outside):
            keep_alive(connected.outside, due.grant_id)
    assert token_of(connected).secret
    assert connected.token_calls() <= 62
    assert connected.findings() == []


class DyingWire:
    """Sends, and then the process dies with the answer in its hands."""

    def __init__(self, side: Side) -> None:
        self.wire = side.outside.wire
        self.replies: list[Reply] = []

    def send(self, call: Call) -> Reply:
        self.replies.append(self.wire.send(call))
        raise SystemExit("killed")


def die_with_the_answer(side: Side) -> Reply:
    """A refresh whose process is killed when the answer has come; the answer."""
    side.clock.move(hours=1)
    wire = DyingWire(side)
    with pytest.raises(SystemExit):
        usable_token(side.over(wire), side.connector().id)
    return wire.replies[0]


def put_on_disk(side: Side, reply: Reply) -> None:
    """What the product does with an answer first."""
    grant = side.grant()
    presented = Presented(side.company_id, grant.id, "exact-online", grant.refresh_fingerprint)
    path = spool.put(side.outside.spool, side.outside.vault, presented, reply)
    assert json.loads(reply.body)["access_token"] not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


def test_a_crash_between_answer_and_disk_is_recognised_after_the_lease(connected: Side):
    die_with_the_answer(connected)
    assert connected.grant().refreshing_since is not None
    connected.clock.move(seconds=301)
    with pytest.raises(LoginNeeded, match="lost"):
        token_of(connected)


def test_a_crash_between_disk_and_database_is_recovered_at_start(connected: Side):
    reply = die_with_the_answer(connected)
    put_on_disk(connected, reply)

    assert recover_all(connected.outside) == 1

    assert token_of(connected).secret.reveal() == json.loads(reply.body)["access_token"]
    assert list(spool.waiting(connected.outside.spool)) == []
    assert connected.token_calls() == 2


def test_a_spooled_answer_is_found_before_the_old_token_is_presented_again(connected: Side):
    put_on_disk(connected, die_with_the_answer(connected))
    connected.clock.move(minutes=10)
    assert token_of(connected).secret
    assert connected.findings() == []


def test_a_spooled_answer_of_an_older_chain_does_not_touch_a_newer_login(connected: Side):
    put_on_disk(connected, die_with_the_answer(connected))
    connected.clock.move(minutes=10)
    assert connected.log_in(again=True).ok
    newest = connected.grant().refresh_fingerprint
    assert recover_all(connected.outside) == 0
    assert connected.grant().refresh_fingerprint == newest
    assert list(spool.waiting(connected.outside.spool)) == []


def test_a_broken_spool_file_is_set_aside(connected: Side):
    folder = connected.outside.spool
    folder.mkdir(exist_ok=True)
    (folder / "1-1-ff.token").write_text("{half a")
    assert recover_all(connected.outside) == 0
    assert [path.suffix for path in folder.iterdir()] == [".unreadable"]


def test_a_login_during_a_refresh_is_not_overwritten_by_its_answer(connected: Side):
    connected.clock.move(hours=1)

    class SlowWire:
        """While the refresh is under way, a person logs in again."""

        def send(self, call: Call) -> Reply:
            state = connected.state_of_login(again=True)
            reply = connected.outside.wire.send(call)
            connected.clock.move(minutes=10)
            with company_scope(connected.company_id):
                code = Visitor(connected.sandbox).code()
                assert finish_login(connected.outside, 25, state, code, "", BOUND, PERSON).ok
            return reply

    connected.clock.move(seconds=1)
    usable_token(connected.over(SlowWire()), connected.connector().id)
    assert connected.grant().chain == 2
    connected.clock.move(minutes=10)
    assert token_of(connected).secret
    assert connected.findings() == []


def test_a_full_or_unwritable_disk_stops_before_the_call(connected: Side, tmp_path):
    connected.clock.move(hours=1)
    blocked = tmp_path / "a-file"
    blocked.write_text("in the way")
    calls = connected.token_calls()
    with pytest.raises(Later, match="cannot be written"):
        usable_token(replace(connected.outside, spool=blocked), connected.connector().id)
    assert connected.token_calls() == calls
    assert connected.grant().refreshing_since is None


def test_a_lost_key_means_login_needed_and_ends_nothing(connected: Side):
    connector_id = connected.connector().id
    without = replace(connected.outside, vault=LostVault("The key file is gone."))
    with pytest.raises(LoginNeeded):
        usable_token(without, connector_id)
    connected.clock.move(hours=1)
    with pytest.raises(LoginNeeded):
        usable_token(without, connector_id)
    assert token_of(connected).secret


def test_another_key_means_login_needed(connected: Side):
    connected.clock.move(hours=1)
    other = Vault(INSTALLATION, {"k9": bytes(reversed(range(32)))})
    with pytest.raises(LoginNeeded, match="cannot be opened"):
        usable_token(replace(connected.outside, vault=other), connected.connector().id)
    assert connected.grant().login_needed_at is not None


@pytest.mark.parametrize("swap", ["access_sealed", "refresh_sealed"])
def test_a_sealed_token_opens_at_its_own_place_only(connected: Side, swap: str):
    grant = connected.grant()
    other = {"access_sealed": grant.refresh_sealed, "refresh_sealed": grant.access_sealed}[swap]
    connected.change(grant, **{swap: other})
    connected.clock.move(hours=1 if swap == "refresh_sealed" else 0)
    with pytest.raises(LoginNeeded):
        token_of(connected)


def test_no_token_is_readable_in_the_database_or_the_spool(connected: Side, tmp_path):
    secret = token_of(connected).secret.reveal()
    connected.session.close()
    pages = b"".join(path.read_bytes() for path in tmp_path.glob("test.sqlite3*"))
    assert secret.encode() not in pages
    assert b"secret-one" not in pages
