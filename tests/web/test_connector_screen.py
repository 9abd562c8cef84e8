"""The screen of a connector: kinds, names, logging in, variables, advanced settings, leaving."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from retailvista import db
from retailvista.companies.models import Store
from retailvista.companies.scope import company_scope
from retailvista.connectors.models import Connector
from retailvista.flows.variables import set_variable
from retailvista.sandbox.answers import Request
from retailvista.sandbox.seed import GROENHOF
from tests.sandbox.visitor import BOOKKEEPER
from tests.web.desk import CLIENT_ID, SECRET, Desk, fill_in, work_all
from tests.web.sage_desk import FORM, SAGE_CALLBACK, fill_sage, open_sage_desk


@pytest.fixture
def sage(tmp_path, clock, request) -> Iterator[Desk]:
    with open_sage_desk(tmp_path, clock, request) as desk:
        yield desk


def row_of(desk: Desk, number: int) -> Connector:
    with company_scope(1), desk.site.outside.sessions() as session:
        return session.scalars(select(Connector).where(Connector.number == number)).one()


def code(desk: Desk) -> str:
    """Somebody logs in at Sage and allows it."""
    login = desk.sandbox.sage.login
    return login.consent(CLIENT_ID, BOOKKEEPER, SAGE_CALLBACK, "full_access")


def tokens(desk: Desk) -> dict[str, str]:
    """What somebody obtains with a program of his own."""
    form = {
        "grant_type": "authorization_code", "code": code(desk), "redirect_uri": SAGE_CALLBACK,
        "client_id": CLIENT_ID, "client_secret": SECRET,
    }  # fmt: skip
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = desk.sandbox.carry_out(Request("POST", "/token", headers, urlencode(form).encode()))
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


@pytest.mark.statement("J-01", "J-19", "J-20")
def test_a_sage_connector_is_made_logged_in_and_tested_from_the_screen(sage: Desk):
    page = sage.admin.get("/connectors/3").text
    assert "Canada, Groot-Brittannië en Ierland" in page
    assert "Journals: Full Access" in page
    assert "full_access" in page
    saved = fill_sage(sage)
    assert saved.status_code == 303, saved.text
    begun = sage.admin.get("/connectors/3/oauth")
    assert begun.location.startswith(f"{sage.sandbox.url}/oauth2/auth/central?filter=apiv3.1&")
    state = begun.location.split("state=")[1].split("&")[0]
    back = sage.admin.get(f"/oauth.ashx?provider=3&state={state}&code={code(sage)}")
    assert "kind=connected" in back.location
    divisions = row_of(sage, 3).last_test["divisions"]
    chosen = sage.admin.post("/connectors/3/division", division=divisions[0]["code"])
    assert chosen.status_code == 303, chosen.text
    work_all(sage)
    sage.admin.post("/connectors/3/test")
    work_all(sage)
    assert "Laatste test: Verbonden als" in sage.admin.get("/connectors/3").text
    listed = sage.admin.get("/connectors").text
    assert 'href="/connectors/3"' in listed
    assert "Bewerken" in listed


@pytest.mark.statement("J-02")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "Geef de connector een naam"),
        ("a/b", "schuine streep"),
        ("a:b", "dubbele punt"),
        ("exact", "Er is al een connector met die naam"),
    ],
)
def test_the_name_is_required_unique_and_without_slash_and_colon(desk: Desk, name: str, said: str):
    answer = fill_in(desk, 2, name=name)
    assert answer.status_code == 400
    assert said in answer.text
    assert SECRET not in answer.text


@pytest.mark.statement("J-02")
def test_connectors_of_two_kinds_may_have_the_same_name(sage: Desk):
    assert row_of(sage, 1).name == "Exact"
    assert fill_sage(sage, name="Exact").status_code == 303


@pytest.mark.statement("J-08", "J-18")
def test_a_way_to_log_in_shows_its_own_fields_only(sage: Desk):
    def hidden(mode: str) -> list[str]:
        page = sage.admin.post("/connectors/3", press="look", **FORM | {"mode": mode}).text
        parts = page.split('data-modes="')[1:]
        return [part.split('"')[0] for part in parts if " hidden" in part.split(">")[0]]

    assert hidden("full") == ["refresh token", "refresh"]
    assert hidden("refresh") == ["full"]
    assert hidden("token") == ["full refresh basic", "refresh", "full"]
    page = sage.admin.get("/connectors/3").text
    for field in ("client_id", "client_secret", "access_token", "refresh_token"):
        assert f'id="{field}"' in page
    assert sage.admin.get("/connectors/3").text.count('type="password"') == 3


@pytest.mark.statement("J-05", "J-22")
def test_an_access_token_is_used_as_it_is_until_it_has_expired(sage: Desk, clock):
    token = tokens(sage)["access_token"]
    bare = {"mode": "token", "client_id": "", "client_secret": ""}
    assert "Vul het access token in" in fill_sage(sage, **bare).text
    assert fill_sage(sage, access_token=token, **bare).status_code == 303
    work_all(sage)
    sage.admin.post("/connectors/3/test")
    work_all(sage)
    page = sage.admin.get("/connectors/3").text
    assert "De aanmelding werkt. Kies een administratie" in page
    assert token not in page
    clock.move(seconds=301)
    sage.admin.post("/connectors/3/test")
    work_all(sage)
    page = sage.admin.get("/connectors/3").text
    assert "Het access token is verlopen. Vul een nieuw in" in page
    assert '<span class="badge rv-danger" id="state">Verlopen</span>' in page
    again = fill_sage(sage, access_token=tokens(sage)["access_token"], **bare)
    assert again.status_code == 303
    assert 'id="state">Verbonden</span>' in sage.admin.get("/connectors/3").text


@pytest.mark.statement("J-07", "J-23")
def test_tokens_entered_by_hand_renew_by_themselves(sage: Desk, clock):
    pair = tokens(sage)
    entered = {"mode": "refresh", "access_token": pair["access_token"]}
    assert "Vul het refresh token in" in fill_sage(sage, **entered).text
    saved = fill_sage(sage, refresh_token=pair["refresh_token"], **entered)
    assert saved.status_code == 303, saved.text
    for _day in range(3):
        clock.move(hours=20)
        sage.admin = sage.site.browser("groenhof", "administrator@groenhof.nl")
        sage.admin.post("/connectors/3/test")
        work_all(sage)
        page = sage.admin.get("/connectors/3").text
        assert "De aanmelding werkt" in page
    assert pair["refresh_token"] not in page
    assert "met de hand" in sage.admin.get("/connectors/3/oauth").text


@pytest.mark.statement("J-13", "J-14")
def test_values_are_tried_before_they_are_saved_and_nothing_is_kept(sage: Desk):
    token = tokens(sage)["access_token"]
    entered = {"mode": "token", "access_token": token, "press": "try"}
    tried = fill_sage(sage, **entered)
    assert "Test van deze waarden: De aanmelding werkt" in tried.text
    assert token not in tried.text
    assert SECRET not in tried.text
    wrong = fill_sage(sage, **entered | {"access_token": "nonsense"})
    assert "Het access token is verlopen" in wrong.text
    assert "Deze waarden zijn niet te proberen" in fill_sage(sage, name="a/b", press="try").text
    assert row_of(sage, 3).draft
    assert sage.grants() == 0
    # Nothing was fetched from anywhere but the service that was entered.
    assert sage.wire.places == {sage.sandbox.url}


@pytest.mark.statement("J-13")
def test_a_stored_login_is_not_tried_at_another_address(desk: Desk):
    assert "connected" in desk.back(desk.start(), desk.code()).location
    calls = desk.wire.calls
    moved = fill_in(
        desk, 1, press="try", client_secret="", site="https://start.exactonline.be", **FORM
    )
    assert "Vul het client secret opnieuw in" in moved.text
    moved = fill_in(
        desk, 1, press="try", client_secret="x", site="https://start.exactonline.be", **FORM
    )
    assert "Er is nog geen aanmelding voor deze waarden" in moved.text
    assert desk.wire.calls == calls
    same = fill_in(desk, 1, press="try", client_secret="", **FORM)
    assert "De aanmelding werkt" in same.text


@pytest.mark.statement("J-03", "J-04", "J-12")
def test_variables_of_three_levels_are_filled_in_and_an_unknown_one_is_named(sage: Desk):
    with company_scope(1), sage.site.outside.sessions() as session:
        set_variable(session, "sage_app", CLIENT_ID, "test")
        set_variable(session, "pace", "40", "test")
    page = sage.admin.get("/connectors/3").text
    assert '["sage_app", "company"' in page.replace("\\u0022", '"')
    assert '["company.alias", "built in", "groenhof"]' in page
    fields = {
        "client_id": "[sage_app]", "advanced_name": "calls_per_minute", "advanced_value": "[pace]",
    }  # fmt: skip
    assert fill_sage(sage, **fields).status_code == 303
    assert row_of(sage, 3).client_id == CLIENT_ID
    assert 'value="[sage_app]"' in sage.admin.get("/connectors/3").text
    unknown = fill_sage(sage, **fields | {"client_id": "[nobody]"})
    assert unknown.status_code == 400
    assert "[nobody]" in unknown.text.split("invalid-feedback")[1]
    with company_scope(1), sage.site.outside.sessions() as session:
        set_variable(session, "sage_app", "another", "test")
    begun = sage.admin.get("/connectors/3/oauth")
    assert begun.status_code == 409
    assert "een andere waarde dan toen hij werd opgeslagen" in begun.text


@pytest.mark.statement("J-10", "J-11")
def test_advanced_settings_are_rows_of_key_and_value(sage: Desk):
    row = {"advanced_name": "calls_per_minute", "advanced_value": "90"}
    more = fill_sage(sage, press="more", **row).text
    assert more.split('id="advanced-row"')[0].count('name="advanced_name"') == 2
    assert fill_sage(sage, **row).status_code == 303
    assert dict(row_of(sage, 3).settings["advanced"]) == {"calls_per_minute": "90"}
    dropped = fill_sage(sage, press="drop:calls_per_minute", **row).text
    assert dropped.split('id="advanced-row"')[0].count('name="advanced_name"') == 0
    cleared = fill_sage(sage, press="clear", **row).text
    assert cleared.split('id="advanced-row"')[0].count('name="advanced_name"') == 0
    assert row_of(sage, 3).settings["advanced"], "nothing is stored before Save"
    for name, value, said in (
        ("speed", "1", "Er is geen instelling speed"),
        ("calls_per_minute", "9000", "9000 kan niet voor calls_per_minute"),
    ):
        wrong = fill_sage(sage, advanced_name=name, advanced_value=value)
        assert wrong.status_code == 400
        assert said in wrong.text


@pytest.mark.statement("J-15", "J-16")
def test_save_closes_and_discard_asks_when_something_changed(desk: Desk):
    closed = fill_in(desk, 1, press="close", client_secret="")
    assert closed.location == "/connectors?done=saved"
    assert fill_in(desk, 1, press="discard", client_secret="").location == "/connectors"
    asked = fill_in(desk, 1, press="discard", client_secret="", name="Anders")
    assert "Sluiten zonder op te slaan?" in asked.text
    typed = fill_in(desk, 1, press="discard")
    assert "Sluiten zonder op te slaan?" in typed.text
    assert SECRET not in typed.text
    assert row_of(desk, 1).name == "Exact"


@pytest.mark.statement("J-17", "J-32")
def test_delete_is_refused_with_links_to_what_needs_it(ready: Desk):
    with company_scope(1), ready.site.outside.sessions() as session, db.transaction(session):
        store = session.scalars(select(Store)).first()
        store.connector_id = row_of(ready, 1).id
    shown = ready.admin.get("/connectors/1/dependencies").text
    assert 'href="/stores/' in shown
    refused = ready.admin.post("/connectors/1/delete")
    assert refused.status_code == 409
    assert 'href="/stores/' in refused.text
    assert "kan niet verwijderd worden" in refused.text
    assert "Niets heeft deze connector nodig" in ready.admin.get("/connectors/2/dependencies").text
    assert ready.admin.post("/connectors/2/delete").location == "/connectors?done=removed"
    assert ready.admin.get("/connectors/2").status_code == 404


@pytest.mark.statement("J-32")
def test_a_copy_has_no_secret_no_login_and_no_division(ready: Desk):
    for path in ("/connectors", "/connectors/1"):
        menu = ready.admin.get(path).text.split("rv-menu-list")[1]
        for action in ("/connectors/1/copy", "/connectors/1/dependencies", "/connectors/1/delete"):
            assert action in menu
    made = ready.admin.post("/connectors/1/copy").location
    assert made == "/connectors/3?done=copied"
    copied = row_of(ready, 3)
    assert (copied.name, copied.client_id, copied.draft) == ("Exact 2", CLIENT_ID, True)
    assert (copied.client_secret_sealed, copied.grant_id, copied.division) == ("", None, None)
    assert row_of(ready, 1).division == GROENHOF
