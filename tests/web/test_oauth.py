"""A login at the provider through the screens: what comes back, and what must store nothing."""

from __future__ import annotations

import re

import pytest

from retailvista.companies import people
from retailvista.companies.scope import company_scope
from tests.web.desk import CALLBACK, CLIENT_ID, SECRET, Desk, fill_in
from tests.web.site import PASSWORD, build


@pytest.mark.statement("R-19", "R-20", "R-23")
def test_before_the_first_save_the_callback_and_the_steps_are_on_the_screen(desk):
    page = desk.admin.get("/connectors/2").text
    assert page.count(CALLBACK.replace("=1", "=2")) >= 2
    assert "data-copy=" in page
    assert "RetailVista ERP" in page
    assert "exact.com/nl/login" in page
    assert 'id="oauth"' not in page


@pytest.mark.statement("R-24")
def test_with_the_operators_app_the_steps_go_and_the_login_needs_no_keys(desk, tmp_path, clock):
    (tmp_path / "central").mkdir()
    desk.site = site = build(
        tmp_path / "central", clock, desk.wire, RV_PROVIDER_HOSTS=desk.sandbox.url,
        RV_EXACT_CLIENT_ID=CLIENT_ID, RV_EXACT_CLIENT_SECRET=SECRET,
    )  # fmt: skip
    desk.admin = site.browser("groenhof", "administrator@groenhof.nl")
    assert desk.admin.post("/connectors").location == "/connectors/1"
    for moment in ("before the first save", "after it"):
        page = desk.admin.get("/connectors/1").text
        assert 'id="operators-app"' in page, moment
        assert "RetailVista ERP" not in page, moment
        assert CLIENT_ID not in page.split('id="client_id"')[1].split(">")[0], moment
        assert SECRET not in page, moment
        assert ('id="oauth"' in page) == (moment == "after it")
        assert fill_in(desk, 1, client_id="", client_secret="").status_code == 303
    desk.back(desk.start(), desk.code())
    assert "Verbonden als Bo Khouder." in desk.admin.get("/connectors/1").text


@pytest.mark.statement("R-25", "R-26", "R-29")
def test_after_save_the_same_screen_has_the_button_and_no_field_for_a_password_at_exact(desk):
    page = desk.admin.get("/connectors/1").text
    assert 'data-oauth="/connectors/1/oauth"' in page
    fields = [tag for tag in re.findall("<input[^>]*>", page) if 'type="password"' in tag]
    asked = [re.search(r'name="(\w+)"', tag)[1] for tag in fields]
    assert set(asked) == {"client_secret", "access_token", "refresh_token"}, "none of Exact's own"
    for copied in (CLIENT_ID, CALLBACK):
        assert f'data-copy="{copied}"' in page


@pytest.mark.statement("R-22")
def test_the_secret_is_never_shown_again(desk):
    for path in ("/connectors/1", "/connectors", "/audit", "/connectors/1/status"):
        assert SECRET not in desk.admin.get(path).text, path


@pytest.mark.statement("R-30", "R-31", "R-32", "A-04", "C-02")
def test_a_login_ends_on_a_clean_address_and_the_screen_says_as_whom(desk):
    state, code = desk.start(), desk.code()
    answer = desk.back(state, code)
    assert answer.status_code == 303
    assert answer.location == "/connectors/1/login-result?kind=connected"
    page = desk.admin.get(answer.location).text
    assert "Bo Khouder" in page
    assert state not in page
    assert code not in page
    shown = desk.admin.get("/connectors/1").text
    assert "Verbonden als Bo Khouder." in shown
    assert desk.admin.get("/connectors/1/status").json["connected"] is True
    assert desk.grants() == 1
    for token in desk.stored().split():
        assert token not in shown


def other_session(desk: Desk, state: str) -> tuple[object, ...]:
    """The same person in another browser did not begin this login."""
    browser = desk.site.browser("groenhof", "administrator@groenhof.nl")
    return (desk.back(state, desk.code(), browser),)


def other_person(desk: Desk, state: str) -> tuple[object, ...]:
    with company_scope(desk.site.companies["groenhof"]), desk.site.outside.sessions() as session:
        people.add_user(session, "x@groenhof.nl", "administrator", PASSWORD, actor="test")
    return (desk.back(state, desk.code(), desk.site.browser("groenhof", "x@groenhof.nl")),)


def other_company(desk: Desk, state: str) -> tuple[object, ...]:
    browser = desk.site.browser("bloemhof", "administrator@bloemhof.nl")
    return (desk.back(state, desk.code(), browser),)


def nobody(desk: Desk, state: str) -> tuple[object, ...]:
    return (desk.back(state, desk.code(), desk.site.browser("groenhof")),)


def viewer(desk: Desk, state: str) -> tuple[object, ...]:
    browser = desk.site.browser("groenhof", "viewer@groenhof.nl")
    return (desk.back(state, desk.code(), browser),)


def base_address(desk: Desk, state: str) -> tuple[object, ...]:
    browser = desk.site.browser("")
    browser.post("/login", email="administrator@groenhof.nl", password=PASSWORD, company="1")
    return (desk.back(state, desk.code(), browser),)


def too_late(desk: Desk, state: str) -> tuple[object, ...]:
    desk.site.outside.clock.move(minutes=11)
    return (desk.back(state, desk.code()),)


def refused_there(desk: Desk, state: str) -> tuple[object, ...]:
    return (
        desk.back(state, "", error="access_denied", error_description="<script>alert(1)</script>"),
    )


def changed_meanwhile(desk: Desk, state: str) -> tuple[object, ...]:
    assert fill_in(desk, 1, client_id="another-app").status_code == 303
    return (desk.back(state, desk.code()),)


def deleted_meanwhile(desk: Desk, state: str) -> tuple[object, ...]:
    assert desk.admin.post("/connectors/1/delete").status_code == 303
    return (desk.back(state, desk.code()),)


WRONG = {
    "no state": lambda desk, _state: (desk.back("", desk.code()),),
    "an invented state": lambda desk, _state: (desk.back("x" * 43, desk.code()),),
    "a state with a letter more": lambda desk, state: (desk.back(f"{state}a", desk.code()),),
    "no code": lambda desk, state: (desk.back(state, ""),),
    "an unknown number": lambda desk, state: (desk.back(state, desk.code(), provider="99"),),
    "another number": lambda desk, state: (desk.back(state, desk.code(), provider="2"),),
    "no number": lambda desk, state: (desk.back(state, desk.code(), provider=""),),
    "a number that is none": lambda desk, state: (desk.back(state, desk.code(), provider="1'--"),),
    "refused at the provider": refused_there,
    "refused, then used": lambda desk, state: (
        *refused_there(desk, state),
        desk.back(state, desk.code()),
    ),
    "too late": too_late,
    "another session": other_session,
    "another person": other_person,
    "another company": other_company,
    "nobody": nobody,
    "a viewer": viewer,
    "the base address": base_address,
    "the connector was changed": changed_meanwhile,
    "the connector was deleted": deleted_meanwhile,
}


@pytest.mark.statement("R-34", "R-35")
@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_return_stores_nothing_and_asks_for_no_token(desk, case):
    state = desk.start()
    for answer in WRONG[case](desk, state):
        assert answer.status_code in (200, 303, 403, 404)
        page = answer
        if answer.status_code == 303 and "login-result" in answer.location:
            page = desk.admin.get(answer.location)
        assert "<script>alert" not in page.text
        assert "Verbonden als" not in page.text
    assert desk.grants() == 0
    assert desk.wire.token_calls == 0


@pytest.mark.statement("R-34")
def test_a_state_works_once_also_with_a_second_code(desk):
    state = desk.start()
    desk.back(state, desk.code())
    before = desk.stored()
    again = desk.admin.get(desk.back(state, desk.code()).location)
    assert "al gebruikt" in again.text
    assert desk.stored() == before
    assert desk.wire.token_calls == 1


def test_two_popups_at_once_each_have_a_state_of_their_own(desk):
    first, second = desk.start(), desk.start()
    assert first != second
    assert "connected" in desk.back(second, desk.code()).location
    assert "kind=" in desk.back(first, desk.code()).location


@pytest.mark.statement("R-45")
def test_a_stored_login_is_not_overwritten_silently(desk):
    desk.back(desk.start(), desk.code())
    answer = desk.admin.get("/connectors/1/oauth")
    assert answer.status_code == 409
    assert "bevestig" in answer.text
    assert desk.admin.get("/connectors/1/oauth?again=yes").status_code == 302


@pytest.mark.statement("R-44")
def test_emptying_the_api_token_makes_a_fresh_login_possible_and_keeps_the_rest(desk):
    desk.back(desk.start(), desk.code())
    kept = {"had_token": "yes", "api_token": "••••"}
    fields = {"client_secret": "", "name": "Exact", "vat_mode": "exact"}
    fields |= {"site": desk.sandbox.url, "client_id": CLIENT_ID, "callback_url": CALLBACK}
    desk.admin.post("/connectors/1", **fields, **kept)
    assert desk.grants() == 1
    desk.admin.post("/connectors/1", **fields, had_token="yes", api_token="")
    assert desk.grants() == 0
    page = desk.admin.get("/connectors/1").text
    assert CLIENT_ID in page
    assert desk.start()


@pytest.mark.statement("R-36")
def test_a_callback_that_differs_is_shown_with_both_addresses(desk):
    other = CALLBACK.replace("groenhof", "testbedrijf")
    desk.admin.post(
        "/connectors/1", name="Exact", site=desk.sandbox.url, client_id=CLIENT_ID,
        client_secret="", callback_url=other, vat_mode="exact", had_token="no",
    )  # fmt: skip
    page = desk.admin.get("/connectors/1").text
    assert f"<code>{other}</code>" in page
    assert f"<code>{CALLBACK}</code>" in page


def test_on_the_base_address_the_way_leads_to_the_alias(desk):
    browser = desk.site.browser("")
    browser.post("/login", email="administrator@groenhof.nl", password=PASSWORD, company="1")
    page = browser.get("/connectors/1/oauth").text
    assert "http://groenhof.retailvista.localhost:8000/connectors/1" in page


@pytest.mark.statement("R-36")
def test_a_mismatch_that_the_provider_reports_is_explained_with_both_addresses(desk):
    other = CALLBACK.replace("groenhof", "testbedrijf")
    assert fill_in(desk, 1, client_secret="", callback_url=other).status_code == 303
    begun = desk.admin.get("/connectors/1/oauth")
    state = begun.location.split("state=")[1].split("&")[0]
    answer = desk.back(state, "", error="redirect_uri_mismatch")
    page = desk.admin.get(answer.location).text
    assert other in page
    assert CALLBACK in page
    assert "teken voor teken" in page
    assert desk.grants() == 0
