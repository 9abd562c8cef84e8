"""Warehouses and endpoints on the connector screens, usage, variables and the overview."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from retailvista import db
from retailvista.companies import registering
from retailvista.companies.scope import company_scope
from retailvista.runs.models import ENDED, Run
from tests.sandbox.visitor import Visitor
from tests.web.desk import CLIENT_ID, Desk, fill_in, work_all
from tests.web.test_flows import INCOMING, REPLICATION, add_warehouse, says

POSTGRES = {
    "name": "DWH", "kind": "postgresql", "host": "dwh.example", "port": "5433", "database": "dwh",
    "schema": "exact", "user": "loader", "ssl_mode": "require", "secret": "een geheim woord",
    "press": "save",
}  # fmt: skip


@pytest.mark.statement("A-01", "D-04", "D-18")
def test_a_connector_is_of_a_kind_that_is_chosen(ready: Desk):
    assert "Connector toevoegen" in ready.admin.get("/connectors").text
    assert "Datawarehouse kiezen" in ready.admin.get("/connectors/new").text
    place = ready.admin.post("/connectors", provider="database").location
    draft = ready.admin.get(place).text
    for kind in ("DuckDB", "PostgreSQL", "Snowflake"):
        assert f">{kind}</option>" in draft
    shown = ready.admin.post(place, kind="snowflake", press="look").text
    assert 'id="account"' in shown
    assert "sleutelpaar" in shown
    assert 'id="file"' not in shown
    assert "Nog niet opgeslagen" in ready.admin.get("/connectors").text


@pytest.mark.statement("D-05", "D-06", "D-17", "D-49")
def test_the_grant_script_is_ready_to_copy_and_the_secret_never_comes_out(ready: Desk):
    place = ready.admin.post("/connectors", provider="database").location
    wrong = ready.admin.post(
        place, **POSTGRES | {"host": "", "user": "", "secret": "", "port": "x"}
    )
    assert wrong.status_code == 400
    assert "invalid-feedback" in wrong.text
    assert ready.admin.post(place, **POSTGRES).status_code == 303
    page = ready.admin.get(place).text
    script = page.split('id="grants"')[1].split("</section>")[0]
    assert "GRANT CONNECT, CREATE ON DATABASE &#34;dwh&#34; TO &#34;loader&#34;;" in script
    assert "data-copy=" in script
    assert "een geheim woord" not in page
    assert "ingesteld op" in page
    corrected = ready.admin.post(place, **POSTGRES | {"secret": "", "name": "Ander"})
    assert corrected.status_code == 303, "in place; the secret stays"
    moved = ready.admin.post(place, **POSTGRES | {"secret": "", "host": "else.example"})
    assert moved.status_code == 400
    assert "Vul het geheim in" in moved.text


@pytest.mark.statement("D-07", "D-08")
def test_the_test_of_an_endpoint_tells_keys_from_rights(ready: Desk):
    page = ready.admin.get("/connectors/1/endpoints").text
    assert len(re.findall('name="entity" value="', page)) == 58
    assert "Crm accounts" in page, "the scope it needs"

    def tested(entity: str) -> str:
        headers = {"HX-Request": "true"}
        form = {"csrf_token": ready.admin._token, "entity": entity}
        answer = ready.admin.send("POST", "/connectors/1/endpoints", data=form, headers=headers)
        return says(answer.text)

    assert tested("crm/Accounts") == "crm/Accounts kan worden gelezen."
    Visitor(ready.sandbox).admin("apps", client_id=CLIENT_ID, scopes=["financial.accounting"])
    rights = tested("crm/Accounts")
    assert "geen toegang tot crm/Accounts" in rights
    assert "kan worden gelezen" not in rights
    ready.admin.post("/connectors/1/disconnect")
    keys = tested("crm/Accounts")
    assert "De aanmelding werkt niet" in keys
    assert "kan worden gelezen" not in keys
    assert ready.admin.post("/connectors/1/endpoints", entity="crm/Nothing").status_code == 404
    whole_page = ready.admin.post("/connectors/1/endpoints", entity="crm/Accounts").text
    assert "De aanmelding werkt niet" in whole_page, "without scripts too"


@pytest.mark.statement("A-02", "A-03", "D-02")
def test_the_fields_of_exact_stand_beside_what_exact_says_of_them(ready: Desk):
    page = ready.admin.get("/connectors/1").text
    for field in ("site", "client_id", "client_secret"):
        assert f'id="{field}"' in page
    assert "https://start.exactonline.nl/docs/HlpRestAPIResources.aspx" in page
    assert "zo krijgt u client-ID en client secret" in page


def test_a_company_that_keeps_its_books_elsewhere_needs_no_licence_for_exact(site, admin):
    step = '<li class="rv-ready"><span class="rv-quiet">Alias en licentie van het bedrijf'
    for licences, ready in (["Sage Accounting integration"], True), ([], False):
        with company_scope(site.companies["groenhof"]), site.outside.sessions() as session:
            registering.set_licences(session, licences, "cli")
        assert (step in admin.get("/").text) is ready, licences


@pytest.mark.statement("D-03")
def test_the_overview_says_what_is_there_and_what_is_missing(ready: Desk):
    def done() -> list[bool]:
        steps = ready.admin.get("/").text.split('id="flows"')[1].split("</section>")[0]
        return ['class="rv-ready"' in one for one in steps.split("<li")[1:]]

    assert done() == [True, False, False, False, False]
    add_warehouse(ready.admin)
    ready.admin.post("/connectors/3/test")
    work_all(ready)
    ready.admin.post("/flows/new", **REPLICATION, when_how="every", when_minutes="60")
    assert done() == [True, True, True, True, False]
    ready.admin.post("/flows/1/fetch")
    work_all(ready)
    page = ready.admin.get("/").text
    assert "Naar magazijn" in page
    assert "Wat er is en wat er ontbreekt" not in page, "nothing is missing any more"


def ran(desk: Desk, days: int, rows: int, pages: int = 1) -> None:
    """A run of flow 1 that ended so many days after the trial began."""
    scope = company_scope(desk.site.companies["groenhof"])
    with scope, desk.site.outside.sessions() as session, db.transaction(session):
        at = db.now(session) + timedelta(days=days)
        counts = {"read": rows, "new": rows, "pages": pages}
        session.add(
            Run(number=900 + days, kind="flow", key="flow 1", args={}, state=ENDED, outcome="done",
                asked_at=at, not_before=at, started_at=at, ended_at=at, counts=counts)
        )  # fmt: skip


@pytest.mark.statement("D-41", "D-42", "D-44", "D-53")
def test_usage_prices_refreshes_and_rows_by_a_tariff_that_can_be_set(ready: Desk):
    ready.admin.post("/flows/new", **INCOMING)
    assert "Proefperiode" in ready.admin.get("/usage").text
    for days in range(9, 14):  # Monday to Friday of the week after the trial
        ran(ready, days, 2000)
    ready.site.outside.clock.move(days=14)
    fresh = ready.site.browser("groenhof", "administrator@groenhof.nl")
    week = "/usage?from=2026-03-23&to=2026-03-29"
    page = says(fresh.get(week).text.split('id="cost"')[1].split("</div>")[0])
    assert "EUR 0,55" in page
    assert "EUR 0,55 per week" in page
    tariff = {"currency": "usd", "per_refresh": "1,00", "per_million_rows": "0"}
    assert fresh.post("/usage", **tariff).status_code == 303
    assert "USD 5,00" in says(fresh.get(week).text)
    for wrong in ({"currency": "euro"}, {"per_refresh": "gratis"}, {"per_refresh": "-1"}):
        assert fresh.post("/usage", **tariff | wrong).status_code == 400


def test_variables_are_set_changed_and_removed(ready: Desk):
    assert ready.admin.post("/variables", name="jaar", value="2026").status_code == 303
    assert "[jaar]" in ready.admin.get("/variables").text
    built_in = ready.admin.post("/variables", name="today", value="x")
    assert built_in.status_code == 400
    assert "ingebouwd" in built_in.text
    ready.admin.post("/variables/remove", name="jaar")
    assert "Nog geen variabelen." in ready.admin.get("/variables").text
    assert ready.admin.post("/variables/remove", name="jaar").status_code == 404


def test_the_company_keeps_its_connector_while_a_flow_needs_it(ready: Desk):
    ready.admin.post("/flows/new", **INCOMING)
    kept = ready.admin.post("/connectors/1/delete")
    assert kept.status_code == 409
    assert fill_in(ready, 1, client_secret="", journal_code="91").status_code == 303
