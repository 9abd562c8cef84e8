"""What people do on the screens: companies, people, connectors, programs."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from retailvista.companies import registering
from retailvista.companies.models import AuditEvent
from retailvista.companies.scope import company_scope
from retailvista.connectors.models import Connector
from tests.web.filling import FILES, fill
from tests.web.site import PASSWORD

COMPANY = {
    "name": "Tuincentrum Groenhof", "alias": "groenhof", "language": "nl", "country": "NL",
    "post_from": "2026-01-01", "warn": "a@groenhof.nl",
}  # fmt: skip


@pytest.mark.statement("R-07", "R-08")
def test_extra_companies_lists_companies_and_their_addresses(site, admin):
    page = admin.get("/companies").text
    assert "http://groenhof.retailvista.localhost:8000/" in page
    assert "Bloemhof" not in page
    assert admin.post("/companies/1", **COMPANY).status_code == 303


@pytest.mark.statement("R-13")
@pytest.mark.parametrize("alias", ["www", "Groen hof", "a", "bloemhof", "-groen", "groen--hof"])
def test_a_bad_alias_is_refused_at_the_field(admin, alias):
    answer = admin.post("/companies/1", **COMPANY | {"alias": alias, "confirmed": "yes"})
    assert answer.status_code == 400
    assert 'id="alias"' in answer.text
    assert "invalid-feedback" in answer.text


@pytest.mark.statement("R-15")
def test_changing_the_alias_lists_the_connectors_with_their_new_addresses(site, admin):
    fill(site)
    warned = admin.post("/companies/1", **COMPANY | {"alias": "groenhoven"})
    assert warned.status_code == 200
    assert "http://groenhoven.retailvista.localhost:8000/oauth.ashx?provider=1" in warned.text
    moved = admin.post("/companies/1", **COMPANY | {"alias": "groenhoven", "confirmed": "yes"})
    assert moved.location.startswith("http://groenhoven.retailvista.localhost:8000/companies/1")
    assert site.browser("groenhof").get("/login").status_code == 404
    assert site.browser("groenhoven").get("/login").status_code == 200


@pytest.mark.statement("R-07", "R-10")
def test_without_an_alias_the_screen_says_mandatory_and_where_to_make_one(site, admin):
    gone = admin.post("/companies/1", **COMPANY | {"alias": "", "confirmed": "yes"})
    assert gone.location.startswith("http://retailvista.localhost:8000/companies/1")
    browser = site.browser("")
    browser.post("/login", email="administrator@groenhof.nl", password=PASSWORD, company="1")
    page = browser.get("/connectors").text
    assert "verplicht" in page
    assert 'href="/companies/1"' in page
    assert browser.post("/connectors").status_code == 409
    assert "/companies" in page.split("</nav>")[0], "in the menu"
    made = browser.post("/companies/1", **COMPANY | {"alias": "hofgroen", "confirmed": "yes"})
    assert made.status_code == 303, made.text
    moved = site.browser("hofgroen", "administrator@groenhof.nl")
    assert moved.post("/connectors").location == "/connectors/1"
    assert "http://hofgroen.retailvista.localhost:8000/oauth.ashx?provider=1" in (
        moved.get("/connectors/1").text
    )


@pytest.mark.statement("R-03")
def test_without_the_licence_the_screen_says_so_plainly_and_keeps_everything(site, admin):
    fill(site)
    with company_scope(site.companies["groenhof"]), site.outside.sessions() as session:
        registering.set_licences(session, [], "cli")
    page = admin.get("/connectors").text
    assert "geen licentie" in page
    assert "beheerder van RetailVista geeft licenties" in page
    assert 'href="/connectors/1"' in page
    assert "EUR 12.037,63" in admin.get("/journals").text
    for refused in ("/connectors", "/connectors/1"):
        assert admin.post(refused, name="Exact", site="https://start.exactonline.nl",
                          vat_mode="exact").status_code == 403  # fmt: skip
    assert admin.get("/connectors/1/oauth").status_code in (403, 409)


@pytest.mark.statement("R-03")
def test_nobody_gives_his_own_company_a_licence(site, admin):
    """The screen shows them and says who can change them; what a form brings is not looked at."""
    with company_scope(site.companies["groenhof"]), site.outside.sessions() as session:
        registering.set_licences(session, [], "cli")
    page = admin.get("/companies/1").text
    assert "Exact Online integration" in page
    assert "niet aanwezig" in page
    assert "Alleen de beheerder van RetailVista zelf" in page
    assert "licences" not in re.findall(r'name="(\w+)"', page)
    sent = admin.post("/companies/1", **COMPANY, licences="Exact Online integration")
    assert sent.status_code == 303
    assert held(admin.get("/companies/1").text) == [False, False]
    with company_scope(site.companies["groenhof"]), site.outside.sessions() as session:
        registering.set_licences(session, ["Exact Online integration"], "cli")
    admin.post("/companies/1", **COMPANY)
    after = held(admin.get("/companies/1").text)
    assert after == [True, False], "saving takes none away either"


def held(page: str) -> list[bool]:
    """Whether the company has each licence, in the order of the screen."""
    found = re.findall(r"integration <span[^>]*>([^<]+)<", page)
    return [said == "aanwezig" for said in found]


@pytest.mark.statement("R-16")
def test_typing_conn_finds_the_connectors(admin):
    assert 'href="/connectors"' in admin.get("/search/list?q=conn").text
    assert admin.get("/search?q=conn").location == "/connectors"
    assert "Niets gevonden" in admin.get("/search/list?q=zzz").text


@pytest.mark.statement("R-17", "R-18")
def test_two_people_who_add_at_once_get_two_numbers(site, admin):
    other = site.browser("groenhof", "administrator@groenhof.nl")
    assert [browser.post("/connectors").location for browser in (admin, other)] == [
        "/connectors/1",
        "/connectors/2",
    ]


@pytest.mark.statement("R-11", "R-12")
def test_the_login_asks_for_a_company_only_where_the_address_does_not_say_it(site):
    assert 'name="company"' not in site.browser("groenhof").get("/login").text
    assert 'name="company"' in site.browser("").get("/login").text


@pytest.mark.statement("R-56")
def test_a_profile_needs_names_and_an_address_and_says_when_it_is_saved(admin):
    good = {
        "first_name": "Anne-Marie", "last_name": "O'Brien", "language": "nl",
        "email": "administrator@groenhof.nl",
    }  # fmt: skip
    answer = admin.post("/profile", **good)
    assert "Uw profiel is bijgewerkt." in admin.get(answer.location).text
    for wrong in ({"first_name": "A"}, {"first_name": "R2D2"}, {"last_name": ""}, {"email": "x"}):
        refused = admin.post("/profile", **good | wrong)
        assert refused.status_code == 400, wrong
        assert "invalid-feedback" in refused.text


@pytest.mark.statement("R-57")
def test_a_changed_password_logs_out_everywhere(site, admin):
    other = site.browser("groenhof", "administrator@groenhof.nl")
    new = "hyacinten bij maanlicht"
    wrong = admin.post("/profile/password", current="wrong", new=new, again=new)
    assert wrong.status_code == 400
    done = admin.post("/profile/password", current=PASSWORD, new=new, again=new)
    assert done.location == "/login"
    assert other.get("/").location == "/login"
    old = admin.post("/login", email="administrator@groenhof.nl", password=PASSWORD)
    assert old.status_code == 400
    assert admin.post("/login", email="administrator@groenhof.nl", password=new).status_code == 303


def test_a_viewer_sees_but_changes_nothing(site):
    fill(site)
    viewer = site.browser("groenhof", "viewer@groenhof.nl")
    page = viewer.get("/journals/1")
    assert page.status_code == 200
    assert "Vrijgeven" not in page.text
    for path in ("/journals/release", "/till-files", "/connectors", "/ledger-links/initialise"):
        assert viewer.post(path, number="1").status_code == 403, path
    assert viewer.get("/audit").status_code == 403


def test_the_last_administrator_stays(admin):
    mine = "/users/administrator@groenhof.nl"
    assert admin.post(f"{mine}/remove").status_code == 409
    assert admin.post(f"{mine}/role", role="viewer").status_code == 409
    assert admin.post("/users/viewer@groenhof.nl/role", role="bookkeeper").status_code == 303


def new_token(browser, scopes: list[str]) -> str:
    answer = browser.post("/profile/tokens", name="kassa", scopes=scopes)
    shown = re.search(r'data-copy="(rvp_[A-Za-z0-9]+)"', answer.text)
    assert shown, answer.text
    assert shown.group(1) not in browser.get("/profile").text
    return shown.group(1)


def test_a_token_without_a_right_is_refused_at_the_rights_and_in_words(admin):
    refused = admin.post("/profile/tokens", name="kassa")
    assert refused.status_code == 400
    rights = refused.text.split("Wat het mag")[1].split('name="expires"')[0]
    assert "Kies wat het mag." in rights
    assert "feed:read, " not in refused.text


def test_a_program_hands_in_files_and_reads_journals_with_a_token_in_a_header(site, admin):
    fill(site)
    token = new_token(admin, ["receipts:write", "journals:read"])
    program = site.browser("groenhof")
    with_token = {"Authorization": f"Bearer {token}"}
    sent = program.send(
        "POST", "/api/receipts?name=a.xaa", headers=with_token, data=FILES[0].read_bytes()
    )
    assert (sent.status_code, sent.json["known"], sent.json["new"]) == (200, 108, 0)
    read = program.send("GET", "/api/journals", headers=with_token)
    assert read.json["journals"][0]["debit"] == "12037.63"
    assert read.json["journals"][0]["state"] == "to_release"


def test_a_token_in_the_address_or_of_another_company_or_scope_is_refused(site, admin):
    token = new_token(admin, ["receipts:write"])
    program = site.browser("groenhof")
    tries = [
        program.send("GET", f"/api/journals?access_token={token}"),
        program.send("GET", "/api/journals", headers={"Authorization": f"Bearer {token}"}),
        program.send("GET", "/api/journals", headers={"Authorization": f"Bearer {token}x"}),
        admin.send("GET", "/api/journals"),
        site.browser("bloemhof").send(
            "POST", "/api/receipts", headers={"Authorization": f"Bearer {token}"}, data=b"x"
        ),
    ]
    assert [answer.status_code for answer in tries] == [403] * 5
    assert admin.post("/profile/tokens/1/revoke").status_code == 303
    gone = program.send("POST", "/api/receipts", headers={"Authorization": f"Bearer {token}"})
    assert gone.status_code == 403


def test_every_decision_is_in_the_audit_and_none_holds_a_secret(site, admin):
    admin.post("/connectors")
    admin.post(
        "/connectors/1", name="Exact", site="https://start.exactonline.nl", client_id="id",
        client_secret="een groot geheim", vat_mode="exact", had_token="no",
        callback_url="http://groenhof.retailvista.localhost:8000/oauth.ashx?provider=1",
    )  # fmt: skip
    with company_scope(site.companies["groenhof"]), site.outside.sessions() as session:
        actions = list(session.scalars(select(AuditEvent.action)))
        sealed = session.scalars(select(Connector)).one().client_secret_sealed
        details = str(list(session.scalars(select(AuditEvent.detail))))
    assert "connector_saved" in actions
    assert "een groot geheim" not in details + sealed
    assert "een groot geheim" not in admin.get("/audit").text
