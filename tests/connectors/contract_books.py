"""Promises of a provider that keeps books: its addresses, who logs in, what they are like."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from retailvista.connectors.http import origin_of
from retailvista.errors import Refused
from tests.connectors.contract_case import INT32, ON, Case


def check_production_addresses_are_https_and_known(case: Case) -> None:
    provider = case.provider
    assert provider.sites
    for site in (*provider.sites, *provider.further_hosts):
        assert origin_of(site)[0] == "https"
        assert urlsplit(site).path == ""
    for site in provider.sites:
        url = provider.authorizer.login_url(replace(case.registration, site=site), "s")
        assert urlsplit(url).scheme == "https"


def check_the_user_and_the_divisions_are_named(case: Case) -> None:
    session = case.session(division=0)
    user = case.provider.books.me(case.wire, session)
    assert user.user_id
    assert user.user_id == case.provider.books.me(case.wire, case.session()).user_id
    divisions = case.provider.books.divisions(case.wire, session)
    codes = [division.code for division in divisions]
    assert case.division in codes
    assert len(set(codes)) == len(codes)
    assert all(0 < code <= INT32 for code in codes)
    assert all(len(division.currency) in (0, 3) for division in divisions)


def check_master_data_answer_what_the_checks_ask(case: Case) -> None:
    master = case.provider.books.master(case.wire, case.session())
    assert master.division == case.division
    assert master.currency == "EUR"
    assert not master.journals[case.journal_code].blocked
    for code in case.accounts:
        account = master.gl_accounts[code]
        assert (account.code, account.blocked) == (code, False)
        assert account.id
    period = master.period_of(ON)
    assert period is not None
    assert (period.year, case.journal_code in period.closed_for) == (2026, False)
    assert abs(master.fetched_at - case.clock.now()) < timedelta(minutes=1)


def check_a_division_of_somebody_else_is_refused(case: Case) -> None:
    with pytest.raises(Refused) as raised:
        case.provider.books.master(case.wire, case.session(division=INT32))
    assert raised.value.http_status == 403
