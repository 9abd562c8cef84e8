"""Logging in: what is stored when it works, and that nothing is stored when it does not."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select, update

from retailvista import db
from retailvista.companies.models import Licence
from retailvista.companies.scope import company_scope
from retailvista.connectors import attempts, logins
from retailvista.connectors.logins import finish_login, start_login
from retailvista.connectors.registering import empty_token, save
from retailvista.errors import NotAllowed, NotFound, Refused
from retailvista.runs.models import Run
from tests.connectors.side import BOUND, PERSON, Side
from tests.sandbox.visitor import BOOKKEEPER, GROENHOF, Visitor
from tests.world import add_company


@pytest.mark.statement("R-22", "R-30", "R-31")
def test_a_login_stores_tokens_sealed_and_names_user_and_division(side: Side):
    side.add_connector()
    result = side.log_in()

    assert result.ok
    assert result.message == "Connected as Bo Khouder."
    assert {division.code for division in result.divisions} >= {GROENHOF}
    connector, grant = side.connector(), side.grant()
    assert connector.grant_id == grant.id
    assert (connector.division_name, connector.division_currency) == (
        "Tuincentrum Groenhof B.V.",
        "EUR",
    )
    assert grant.access_sealed.startswith("k1:")
    assert "stampNL001" not in grant.access_sealed + grant.refresh_sealed
    assert (grant.valid_until - grant.last_success_at).days == 30


WRONG_RETURNS = [
    ("no such state", {"state": "made-up"}, attempts.WRONG),
    ("another session", {"bound_to": "somebody-elses-session"}, attempts.FOREIGN),
    ("another connector", {"number": 26}, attempts.FOREIGN),
    ("the user refused", {"code": "", "error": "access_denied"}, logins.DENIED),
    ("redirect mismatch", {"code": "", "error": "redirect_uri_mismatch"}, logins.MISMATCH),
    ("no code", {"code": ""}, logins.NO_CODE),
    ("a made-up code", {"code": "made-up"}, logins.MISMATCH),
]


@pytest.mark.judge_allows("code-refused", reason="returns that were made up")
@pytest.mark.statement("R-34", "R-35")
@pytest.mark.parametrize(
    ("returned", "kind"), [row[1:] for row in WRONG_RETURNS], ids=[row[0] for row in WRONG_RETURNS]
)
def test_a_wrong_return_stores_nothing(side: Side, returned: dict[str, object], kind: str):
    side.add_connector()
    side.add_connector(26)
    state = side.state_of_login()
    code = Visitor(side.sandbox).code() if "code" not in returned else ""
    given = {"number": 25, "state": state, "code": code, "error": "", "bound_to": BOUND} | returned

    result = finish_login(side.outside, actor=PERSON, **given)

    assert result.kind == kind
    assert result.message
    assert side.connector().grant_id is None


REFUSED_BEFORE_THE_CALL = [row for row in WRONG_RETURNS if row[0] != "a made-up code"]


@pytest.mark.parametrize(
    "returned",
    [row[1] for row in REFUSED_BEFORE_THE_CALL],
    ids=[row[0] for row in REFUSED_BEFORE_THE_CALL],
)
def test_a_wrong_return_asks_for_no_token(side: Side, returned: dict[str, object]):
    side.add_connector()
    side.add_connector(26)
    given = {"number": 25, "state": side.state_of_login(), "code": "c", "error": ""}
    finish_login(side.outside, actor=PERSON, **(given | {"bound_to": BOUND} | returned))
    assert side.token_calls() == 0


def test_a_right_return_asks_for_one_token(connected: Side):
    assert connected.token_calls() == 1


@pytest.mark.statement("R-34")
def test_a_state_works_once(side: Side):
    side.add_connector()
    state, visitor = side.state_of_login(), Visitor(side.sandbox)
    assert finish_login(side.outside, 25, state, visitor.code(), "", BOUND, PERSON).ok
    before = side.grant().refresh_fingerprint

    again = finish_login(side.outside, 25, state, visitor.code(), "", BOUND, PERSON)

    assert again.kind == attempts.REUSED
    assert side.grant().refresh_fingerprint == before


def test_of_many_simultaneous_returns_exactly_one_goes_on(side: Side):
    side.add_connector()
    state = side.state_of_login()
    kinds: list[str] = []

    def come_back() -> None:
        with company_scope(side.company_id):
            result = finish_login(side.outside, 25, state, "", "access_denied", BOUND, PERSON)
            kinds.append(result.kind)

    threads = [threading.Thread(target=come_back) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(kinds) == [logins.DENIED] + [attempts.REUSED] * 7


@pytest.mark.statement("R-34")
def test_a_state_lives_ten_minutes(side: Side, clock):
    side.add_connector()
    state = side.state_of_login()
    clock.move(minutes=10, seconds=1)
    code = Visitor(side.sandbox).code()
    result = finish_login(side.outside, 25, state, code, "", BOUND, PERSON)
    assert result.kind == attempts.EXPIRED


@pytest.mark.statement("R-34")
def test_a_state_of_another_company_is_not_known(side: Side):
    side.add_connector()
    state = side.state_of_login()
    other = add_company(side.session, 2, "Zonnedauw", "zonnedauw")
    with company_scope(other):
        side.add_connector()
        result = finish_login(side.outside, 25, state, "code", "", BOUND, PERSON)
    assert result.kind == attempts.WRONG


def test_a_connector_changed_meanwhile_ends_the_login(side: Side):
    side.add_connector()
    state = side.state_of_login()
    changed = {"callback_url": "https://other.example/oauth.ashx?provider=25"}
    hosts = [side.sandbox.url]
    save(side.session, side.outside.vault, 25, changed, PERSON, provider_hosts=hosts)
    result = finish_login(side.outside, 25, state, "code", "", BOUND, PERSON)
    assert result.kind == attempts.CHANGED


@pytest.mark.statement("R-36")
def test_a_callback_mismatch_names_both_urls(side: Side):
    side.add_connector()
    computed = "https://groenhof.example.nl/oauth.ashx?provider=25"
    result = finish_login(
        side.outside,
        25,
        side.state_of_login(),
        "",
        "redirect_uri_mismatch",
        BOUND,
        PERSON,
        computed_callback=computed,
    )
    assert computed in result.message
    assert side.connector().callback_url in result.message


@pytest.mark.statement("R-45")
def test_a_valid_login_is_not_overwritten_silently(connected: Side):
    with pytest.raises(Refused, match="connected"):
        connected.state_of_login()
    connected.clock.move(minutes=10)
    assert connected.log_in(again=True).ok
    assert connected.grant().chain == 2


@pytest.mark.statement("R-44")
def test_emptying_the_token_starts_afresh_and_keeps_the_registration(connected: Side):
    empty_token(connected.session, 25, PERSON)
    connector = connected.connector()
    assert connector.grant_id is None
    assert (connector.number, connector.division) == (25, GROENHOF)
    assert connector.client_secret_sealed
    connected.clock.move(minutes=10)
    assert connected.log_in().ok


def test_two_connectors_of_a_company_share_the_login_of_one_user(connected: Side):
    connected.add_connector(26)
    connected.clock.move(minutes=10)
    assert connected.log_in(26).ok
    first, second = connected.connector(25), connected.connector(26)
    assert first.grant_id == second.grant_id
    empty_token(connected.session, 26, PERSON)
    assert connected.connector(25).grant_id == connected.grant().id


def test_another_companys_login_with_the_same_user_is_refused(connected: Side):
    other = add_company(connected.session, 2, "Zonnedauw", "zonnedauw")
    connected.clock.move(minutes=10)
    with company_scope(other):
        connected.add_connector()
        result = connected.log_in(25, BOOKKEEPER)
        assert result.kind == logins.OTHER_COMPANY
        assert "another company" in result.message
        assert connected.connector().grant_id is None


def test_the_provider_being_down_stores_nothing(side: Side):
    side.add_connector()
    state, code = side.state_of_login(), Visitor(side.sandbox).code()
    side.sandbox.faults.add("html_503", path="/api/oauth2/token")
    result = finish_login(side.outside, 25, state, code, "", BOUND, PERSON)
    assert result.kind == logins.DOWN
    assert side.connector().grant_id is None


@pytest.mark.statement("R-03", "R-25")
def test_login_needs_licence_number_and_registration(side: Side):
    with pytest.raises(NotFound):
        start_login(side.session, side.outside, 25, BOUND, PERSON)
    side.add_connector()
    clear = {"clear_client_secret": True}
    hosts = [side.sandbox.url]
    save(side.session, side.outside.vault, 25, clear, PERSON, provider_hosts=hosts)
    with pytest.raises(Refused, match="client secret"):
        start_login(side.session, side.outside, 25, BOUND, PERSON)
    withdraw_licence(side)
    with pytest.raises(NotAllowed, match="licence"):
        start_login(side.session, side.outside, 25, BOUND, PERSON)


def withdraw_licence(side: Side) -> None:
    with db.transaction(side.session):
        side.session.execute(update(Licence).values(withdrawn_at=db.now(side.session)))


def waiting_exports(side: Side) -> list[int | None]:
    with db.reading(side.session):
        return list(side.session.scalars(select(Run.connector_number).where(Run.kind == "export")))


@pytest.mark.statement("R-46")
def test_a_login_asks_for_the_export_of_every_connector_that_shares_it(side: Side):
    side.add_connector()
    side.add_connector(26, journal_code="90")
    assert side.log_in(25).ok
    assert waiting_exports(side) == [25]
    assert side.log_in(26).ok
    assert waiting_exports(side) == [25, 26]
    assert side.log_in(25, again=True).ok
    assert waiting_exports(side) == [25, 26], "asking twice is asking once"


def test_a_login_that_fails_asks_for_nothing(side: Side):
    side.add_connector()
    state = side.state_of_login()
    assert not finish_login(side.outside, 25, state, "", "access_denied", BOUND, PERSON).ok
    assert waiting_exports(side) == []


@pytest.mark.parametrize(("conflicts", "left"), [(0, ""), (3, "Compare them first.")])
def test_a_login_ends_a_pause_for_access_and_not_one_for_conflicts(side: Side, conflicts, left):
    row = side.add_connector()
    side.change(row, paused="Compare them first.", conflicts_in_a_row=conflicts)
    assert side.log_in().ok
    assert side.connector().paused == left
