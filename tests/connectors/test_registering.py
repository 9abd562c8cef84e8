"""The connector screen: numbers, fields, secrets, divisions, and what keeps a connector."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from retailvista import db
from retailvista.companies.models import AuditEvent, Company, Licence, Store
from retailvista.connectors.fields import FieldProblem
from retailvista.connectors.registering import (
    choose_division,
    connectors_of,
    empty_token,
    remove,
    reserve,
    resume,
    save,
    set_automatic,
)
from retailvista.connectors.sealing import client_secret_place, reseal
from retailvista.errors import NotAllowed, NotFound, Refused
from retailvista.vault import SealBroken, Vault
from tests.connectors.side import INSTALLATION, PERSON, Side
from tests.sandbox.visitor import CALLBACK


def saved(side: Side, number: int = 25, **values: object) -> list[FieldProblem]:
    return save(
        side.session,
        side.outside.vault,
        number,
        values,
        PERSON,
        provider_hosts=side.outside.provider_hosts,
        computed_callback=CALLBACK,
    )


@pytest.mark.statement("R-17", "R-18")
def test_two_users_get_different_numbers_that_stay(side: Side):
    first = reserve(side.session, "exact-online", "anna")
    second = reserve(side.session, "exact-online", "bert")
    assert (first.number, second.number) == (1, 2)
    assert side.add_connector(25).number == 25
    assert reserve(side.session, "exact-online", "anna").number == 26
    with pytest.raises(Refused, match="taken"):
        reserve(side.session, "exact-online", "anna", 25)


def test_drafts_that_were_left_free_their_number_after_a_day(side: Side, clock):
    reserve(side.session, "exact-online", "anna")
    clock.move(days=1, seconds=1)
    assert reserve(side.session, "exact-online", "anna").number == 1


@pytest.mark.statement("R-19", "R-21")
def test_an_empty_callback_becomes_the_computed_one(side: Side):
    reserve(side.session, "exact-online", PERSON, 25)
    assert saved(side, name="Exact", site=side.sandbox.url) == []
    assert side.connector().callback_url == CALLBACK
    with db.reading(side.session):
        assert [row.number for row in connectors_of(side.session)] == [25]


WRONG = [
    ("name", {"name": ""}),
    ("name", {"name": "x" * 81}),
    ("site", {"site": "https://evil.example"}),
    ("site", {"site": "https://start.exactonline.nl.evil.example"}),
    ("callback_url", {"callback_url": "http://groenhof.example.nl/oauth.ashx?provider=25"}),
    ("callback_url", {"callback_url": "https://user:pw@example.nl/oauth.ashx"}),
    ("callback_url", {"callback_url": "nonsense"}),
    ("journal_code", {"journal_code": "9 1"}),
    ("vat_mode", {"vat_mode": "guess"}),
    ("authorise_url", {"authorise_url": "javascript:alert(1)"}),
    ("authorise_url", {"authorise_url": "https://a.example/\r\nSet-Cookie: x"}),
    ("authorise_url", {"authorise_url": "https://[a.example/"}),
    ("token_url", {"token_url": "http://a.example/token"}),
    ("token_url", {"token_url": "file://localhost/etc/passwd"}),
    ("token_url", {"token_url": "https://a.example:99999/token"}),
    ("access_token", {"mode": "token", "access_token": "abc\r\nX: y"}),
    ("access_token", {"mode": "token", "access_token": "abc\u20ac"}),
]


@pytest.mark.statement("R-05")
@pytest.mark.parametrize(("name", "values"), WRONG)
def test_a_wrong_field_is_named_and_nothing_is_saved(side: Side, name: str, values: dict):
    side.add_connector()
    before = side.connector()
    problems = saved(side, **(values | {"client_secret": "new"}))
    assert [problem.field for problem in problems if not problem.is_warning] == [name]
    assert side.connector().client_secret_sealed == before.client_secret_sealed
    assert all(problem.message for problem in problems)


@pytest.mark.statement("R-36")
def test_a_callback_that_differs_from_the_address_is_a_warning_with_both(side: Side):
    side.add_connector()
    other = "https://www.example.nl/oauth.ashx?provider=25"
    (problem,) = saved(side, callback_url=other)
    assert problem.is_warning
    assert other in problem.message
    assert CALLBACK in problem.message
    assert side.connector().callback_url == other


@pytest.mark.statement("R-22")
def test_a_secret_is_replaced_kept_or_cleared_and_never_shown(side: Side):
    side.add_connector()
    first = side.connector()
    saved(side, client_secret="")
    assert side.connector().client_secret_sealed == first.client_secret_sealed
    saved(side, client_secret="another-secret")
    second = side.connector()
    place = client_secret_place(side.company_id, 25)
    opened = side.outside.vault.unseal(second.client_secret_sealed, place)
    assert opened.reveal() == "another-secret"
    saved(side, clear_client_secret=True)
    assert side.connector().client_secret_sealed == ""
    with db.reading(side.session):
        events = [str(row.detail) for row in side.session.scalars(select(AuditEvent))]
    assert "another-secret" not in str(events)
    assert len(events) >= 4


def test_a_sealed_secret_opens_on_its_own_connector_only(side: Side):
    side.add_connector(25)
    side.add_connector(26)
    sealed = side.connector(25).client_secret_sealed
    with pytest.raises(SealBroken):
        side.outside.vault.unseal(sealed, client_secret_place(side.company_id, 26))


@pytest.mark.parametrize(
    "moved", [{"client_id": "app-two"}, {"site": "https://start.exactonline.be"}]
)
def test_another_app_or_site_ends_the_login_and_asks_for_the_secret(
    connected: Side, moved: dict[str, str]
):
    (problem,) = saved(connected, **moved)
    assert problem.field == "client_secret"
    assert connected.connector().grant_id is not None
    assert saved(connected, **moved, client_secret="of-the-other-app") == []
    connector = connected.connector()
    assert connector.grant_id is None
    assert (connector.division is None) == ("site" in moved)


def test_only_a_division_the_login_may_see_is_pinned(connected: Side):
    chosen = choose_division(connected.session, 25, 1000002, PERSON)
    assert (chosen.division_name, chosen.division_currency) == ("Tuincentrum Zonnedauw B.V.", "EUR")
    with pytest.raises(Refused, match="no access"):
        choose_division(connected.session, 25, 2000001, PERSON)
    (problem,) = saved(connected, division=2000001)
    assert problem.field == "division"
    assert connected.connector().division == 1000002


def test_release_mode_and_going_on_after_a_pause(connected: Side):
    set_automatic(connected.session, 25, PERSON, automatic=True)
    connected.change(connected.connector(), paused="Three conflicts", conflicts_in_a_row=3)
    resume(connected.session, 25, PERSON)
    connector = connected.connector()
    assert (connector.automatic, connector.paused, connector.conflicts_in_a_row) == (True, "", 0)


def test_a_connector_that_is_needed_is_not_removed(connected: Side):
    connector_id = connected.connector().id
    with db.transaction(connected.session):
        connected.session.execute(update(Store).values(connector_id=connector_id))
    with pytest.raises(Refused, match="stores 1"):
        remove(connected.session, 25, PERSON)
    with db.transaction(connected.session):
        connected.session.execute(update(Store).values(connector_id=None))
    with pytest.raises(Refused, match="stores 1 post to it because they chose no connector"):
        remove(connected.session, 25, PERSON)
    connected.change(connected.connector(), journal_code="")
    remove(connected.session, 25, PERSON)
    with pytest.raises(NotFound):
        empty_token(connected.session, 25, PERSON)
    assert reserve(connected.session, "exact-online", PERSON).number == 26


@pytest.mark.statement("R-03", "R-10")
def test_without_licence_or_alias_there_is_no_connector(side: Side):
    with db.transaction(side.session):
        side.session.execute(update(Company).values(alias=None))
    with pytest.raises(Refused, match="alias is mandatory"):
        reserve(side.session, "exact-online", PERSON)
    with db.transaction(side.session):
        side.session.execute(update(Licence).values(withdrawn_at=db.now(side.session)))
    with pytest.raises(NotAllowed, match="licence"):
        reserve(side.session, "exact-online", PERSON)
    with pytest.raises(Refused, match="no provider"):
        reserve(side.session, "exact-offline", PERSON)


def test_after_a_rotation_every_secret_is_sealed_with_the_new_key(connected: Side):
    old = connected.outside.vault
    keys = {"k2": bytes(range(32, 64)), "k1": bytes(range(32))}
    assert reseal(connected.session, Vault(INSTALLATION, keys), connected.company_id) == 3
    assert reseal(connected.session, Vault(INSTALLATION, keys), connected.company_id) == 0
    only_new = Vault(INSTALLATION, {"k2": keys["k2"]})
    place = client_secret_place(connected.company_id, 25)
    sealed = connected.connector().client_secret_sealed
    assert only_new.unseal(sealed, place).reveal() == "secret-one"
    with pytest.raises(SealBroken):
        old.unseal(sealed, place)
