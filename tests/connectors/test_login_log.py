"""The log of logging in: who authorised, which tokens were asked for, and never a secret."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from retailvista import db
from retailvista.connectors.grants import refresh
from retailvista.connectors.login_log import MASK, masked
from retailvista.connectors.logins import finish_login
from retailvista.connectors.models import RequestLog
from retailvista.errors import RetailVistaError
from tests.connectors.side import BOUND, PERSON, Side
from tests.sandbox.visitor import CLIENT_ID, SECRET


def log_of(side: Side) -> list[RequestLog]:
    with db.reading(side.session):
        return list(side.session.scalars(select(RequestLog).order_by(RequestLog.id)))


def renew(side: Side, clock) -> None:
    clock.move(minutes=20)
    refresh(side.outside, side.grant().id)


@pytest.mark.statement("A-05")
def test_each_authorise_token_and_refresh_call_is_in_the_log(side: Side, clock):
    side.add_connector()
    assert side.log_in().ok
    renew(side, clock)
    found = [(row.method, row.path.split("?")[0], row.status) for row in log_of(side)]
    assert found == [
        ("GET", "/api/oauth2/auth", 302),
        ("POST", "/api/oauth2/token", 200),
        ("GET", "/oauth.ashx", 200),
        ("POST", "/api/oauth2/token", 200),
    ]
    rows = log_of(side)
    assert "grant_type=authorization_code" in rows[1].note
    assert "grant_type=refresh_token" in rows[3].note
    assert rows[3].at == clock.now()


@pytest.mark.statement("A-05")
def test_secrets_and_tokens_are_masked(side: Side, clock):
    side.add_connector()
    state = side.state_of_login()
    assert side.log_in().ok
    renew(side, clock)
    grant = side.grant()
    text = " ".join(f"{row.path} {row.note}" for row in log_of(side))
    assert f"state={MASK}" in text
    assert f"client_secret={MASK}" in text
    assert f"refresh_token={MASK}" in text
    assert CLIENT_ID in text
    for secret in (state, SECRET, grant.access_sealed, grant.refresh_sealed):
        assert secret not in text


@pytest.mark.statement("A-05")
def test_with_the_switch_off_nothing_of_it_is_stored(side: Side, clock):
    side.add_connector(log_requests=False)
    assert side.log_in().ok
    renew(side, clock)
    assert log_of(side) == []


@pytest.mark.statement("A-05")
@pytest.mark.judge_allows(
    "broken-chain", "refresh-token-used-twice", reason="no answer came, so it is presented again"
)
def test_a_call_that_failed_is_in_the_log_too(side: Side, clock):
    side.add_connector()
    assert side.log_in().ok
    side.sandbox.faults.add("html_503", path="*oauth2/token*")
    with pytest.raises(RetailVistaError):
        renew(side, clock)
    assert log_of(side)[-1].status == 503


def test_a_login_that_was_refused_is_told(side: Side):
    side.add_connector()
    state = side.state_of_login()
    from_provider = ("", "access_denied")
    assert not _finish(side, state, *from_provider).ok
    row = log_of(side)[-1]
    assert (row.path, row.status, row.note) == (
        f"/oauth.ashx?provider=25&state={MASK}", 400, "access_denied")  # fmt: skip


def _finish(side: Side, state: str, code: str, error: str):
    return finish_login(side.outside, 25, state, code, error, BOUND, PERSON)


def test_an_address_keeps_what_is_no_secret():
    assert masked("https://x.nl/a?code=1&State=2&b=3") == f"/a?code={MASK}&State={MASK}&b=3"
    assert masked("https://x.nl/a") == "/a"
