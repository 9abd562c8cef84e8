"""Promises about logging in, and about what the books are like."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from retailvista.connectors.port import (
    Reply,
    Sending,
    TokenRefused,
)
from retailvista.errors import Later, LoginNeeded, Unknown
from retailvista.vault import Secret
from tests.connectors.contract_case import Case

# Logging in


def check_the_login_address_carries_what_oauth_asks_for(case: Case) -> None:
    url = case.provider.authorizer.login_url(case.registration, "state-1")
    parts = urlsplit(url)
    query = parse_qs(parts.query, strict_parsing=True)
    assert query["client_id"] == [case.registration.client_id]
    assert query["redirect_uri"] == [case.registration.callback_url]
    assert (query["state"], query["response_type"]) == (["state-1"], ["code"])
    assert url.count("?") - case.registration.callback_url.count("?") <= 1
    assert case.registration.client_secret.reveal() not in url


def check_a_code_brings_tokens_once(case: Case) -> None:
    authorizer, code = case.provider.authorizer, case.code()
    first = authorizer.redeem(case.wire, case.registration, code)
    pair = authorizer.read_tokens(first)
    assert timedelta(0) < pair.life <= authorizer.access_life
    assert authorizer.refresh_not_before < authorizer.access_life < authorizer.grant_life
    assert pair.access_token.reveal() not in repr(pair)
    again = authorizer.redeem(case.wire, case.registration, code)
    with pytest.raises((LoginNeeded, Later)):
        authorizer.read_tokens(again)


def check_a_refresh_brings_another_pair_and_spends_the_old_one(case: Case) -> None:
    authorizer = case.provider.authorizer
    first = case.tokens()
    case.clock.move(seconds=authorizer.refresh_not_before.total_seconds() + 1)
    second = case.refreshed(first)
    assert second.refresh_token.reveal() != first.refresh_token.reveal()
    case.clock.move(seconds=authorizer.refresh_not_before.total_seconds() + 1)
    with pytest.raises(LoginNeeded):
        case.refreshed(first)


def check_a_login_that_was_away_too_long_is_needed_again(case: Case) -> None:
    pair = case.tokens()
    case.clock.move(
        seconds=(case.provider.authorizer.grant_life + timedelta(days=1)).total_seconds()
    )
    with pytest.raises(LoginNeeded):
        case.refreshed(pair)


def check_a_wrong_secret_needs_a_login_and_stands_in_no_text(case: Case) -> None:
    wrong = replace(case.registration, client_secret=Secret("not-the-secret"))
    reply = case.provider.authorizer.refresh(case.wire, wrong, Secret("nobodys-token"))
    with pytest.raises(LoginNeeded) as raised:
        case.provider.authorizer.read_tokens(reply)
    assert "not-the-secret" not in f"{raised.value} {raised.value.said}"
    assert "nobodys-token" not in f"{raised.value} {raised.value.said}"


def check_a_service_in_trouble_never_ends_a_login(case: Case) -> None:
    at = case.clock.now()
    page = b"<html>Maintenance</html>"
    for status in (429, 500, 502, 503, 504):
        with pytest.raises(Later) as raised:
            case.provider.authorizer.read_tokens(_answer(case, status, page))
        assert raised.value.not_before > at
    with pytest.raises(Unknown):
        case.provider.authorizer.read_tokens(_answer(case, 200, page))


def _answer(case: Case, status: int, body: bytes) -> Reply:
    at = case.clock.now()
    headers = {"content-type": "text/html"}
    return Reply(Sending.ANSWERED, status, headers, body, at, at)


def check_a_dead_token_is_a_token_refused(case: Case) -> None:
    session = case.session()
    case.clock.move(seconds=case.provider.authorizer.access_life.total_seconds() + 1)
    with pytest.raises(TokenRefused):
        case.provider.books.me(case.wire, session)
