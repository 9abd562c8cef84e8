"""Flows on the screens: the guided form, the list, one flow with runs and schedules, files."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from retailvista import db
from retailvista.companies.models import AuditEvent
from retailvista.companies.scope import company_scope
from retailvista.flows import keeping
from retailvista.flows.definition import FlowSpec
from tests.sandbox.visitor import Visitor
from tests.web.desk import CLIENT_ID, Desk, work_all
from tests.web.filling import fill
from tests.web.site import Browser

INCOMING = {
    "kind": "incoming", "name": "Relaties", "source_connector": "1", "entity": "crm/Accounts",
    "asked_how": "yes", "paging": "yes", "changed_since": "yes", "press": "save",
    "retry_times": "2", "retry_minutes": "10", "keep_days": "30",
}  # fmt: skip
REPLICATION = {
    "kind": "replication", "name": "Naar magazijn", "source_connector": "1",
    "target_connector": "3", "entity": ["crm/Accounts", "financial/GLAccounts"],
    "deleted_rows": "remove", "parquet": "yes", "press": "save",
}  # fmt: skip
DUCK = {"name": "Magazijn", "kind": "duckdb", "file": "magazijn", "schema": "exact"}


def stored(desk: Desk, number: int = 1) -> FlowSpec:
    scope = company_scope(desk.site.companies["groenhof"])
    with scope, desk.site.outside.sessions() as session, db.reading(session):
        return keeping.spec_of_row(keeping.flow_by_number(session, number))


def says(html: str) -> str:
    """The text of a page, as one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def add_warehouse(browser: Browser) -> str:
    place = browser.post("/connectors", provider="database").location
    saved = browser.post(place, **DUCK, press="save")
    assert saved.status_code == 303, saved.text
    return place


@pytest.mark.statement("A-07", "A-24", "D-09")
def test_the_form_shows_what_is_missing_and_saves_what_is_whole(ready: Desk):
    begun = ready.admin.get("/flows/new?kind=incoming").text
    assert "Geef de stroom een naam." in begun
    assert "Kies wat er wordt gelezen." in begun
    refused = ready.admin.post("/flows/new", **INCOMING | {"name": ""})
    assert refused.status_code == 400
    assert "De stroom is nog niet compleet" in refused.text
    assert "crm/Accounts" in refused.text, "what was filled in is still there"
    made = ready.admin.post("/flows/new", **INCOMING)
    assert made.location == "/flows/1?done=added", made.text
    spec = stored(ready)
    assert (spec.name, spec.kind, spec.source.entities) == (
        "Relaties",
        "incoming",
        ("crm/Accounts",),
    )
    assert (spec.retry.times, spec.retry.minutes, spec.keep_days) == (2, 10, 30)
    assert "relaties" in ready.admin.get("/flows/1").text, "its identifier"


@pytest.mark.statement("A-08", "D-32")
def test_an_entity_is_found_by_typing_and_says_how_it_is_loaded(ready: Desk):
    typed = ready.admin.get("/flows/entities?kind=replication&source_connector=1&find=acco").text
    keys = re.findall(r'name="add" value="([^"]+)"', typed)
    assert keys[0] == "crm/Accounts", "what people mean by it comes first"
    assert "alleen wijzigingen" in typed
    words = ready.admin.get("/flows/entities?source_connector=1&find=crm+acc").text
    assert 'name="add" value="crm/Accounts"' in words, "the words of its name, in part"
    assert "Niets gevonden" in ready.admin.get("/flows/entities?source_connector=1&find=zzzz").text
    added = ready.admin.post(
        "/flows/new", **REPLICATION | {"press": "look", "entity": [], "add": keys[0]}
    ).text
    assert 'name="entity" value="crm/Accounts"' in added
    everything = ready.admin.post(
        "/flows/new", **REPLICATION | {"press": "look", "entity": [], "add_all": "yes"}
    ).text
    assert len(re.findall('name="entity" value="', everything)) == 58
    short = says(everything.split("<aside")[1])
    for line in (
        "48 × alleen wijzigingen", "5 × op wijzigingsdatum", "4 × elke keer alles",
        "1 × de verwijderingen",
    ):  # fmt: skip
        assert line in short
    without = ready.admin.post(
        "/flows/new", **REPLICATION | {"press": "look", "drop": "crm/Accounts"}
    ).text
    assert 'name="entity" value="crm/Accounts"' not in without
    assert 'name="entity" value="financial/GLAccounts"' in without


@pytest.mark.statement("A-09", "A-11", "A-25")
def test_parameters_paging_and_spaces_are_kept_as_they_were_filled_in(ready: Desk):
    ready.admin.post(
        "/flows/new", **{key: value for key, value in INCOMING.items() if key != "paging"},
        source_path_name=["channelId", ""], source_path_value=["7", ""],
        source_query_name=["$filter"], source_query_value=["Status eq 'C'"], source_plus="yes",
        select=["ID", "Name"],
    )  # fmt: skip
    source = stored(ready).source
    assert dict(source.path) == {"channelId": "7"}
    assert dict(source.query) == {"$filter": "Status eq 'C'"}
    assert source.select == ("ID", "Name")
    assert source.space_as_plus
    assert not source.paging
    shown = ready.admin.get("/flows/1/change").text
    assert "Status eq &#39;C&#39;" in shown
    assert re.search(r'name="paging" value="yes">', shown), "and not ticked"


@pytest.mark.statement("A-15", "A-16", "A-20")
def test_only_actions_that_the_entity_allows_are_offered(ready: Desk):
    form = {"kind": "outgoing", "name": "Terug", "source_connector": "0", "entity": "items",
            "target_connector": "1", "press": "look"}  # fmt: skip

    begun = ready.admin.post("/flows/new", **form | {"entity": []}).text
    own = re.findall(r'name="add" value="([a-z_]+)"', begun)
    assert own == ["journals", "journal_lines", "receipts", "items"]
    assert "Items van de inbox" in begun

    def offered(entity: str) -> list[str]:
        page = ready.admin.post("/flows/new", **form, target_entity=entity).text
        block = page.split('id="action"')[1].split("</select>")[0]
        return re.findall(r'value="([a-z]+)"', block)

    assert offered("crm/Accounts") == ["create", "update", "delete"]
    assert offered("salesorder/GoodsDeliveries") == ["create", "update"]
    wrong = form | {"press": "save", "target_entity": "salesorder/GoodsDeliveries"}
    refused = ready.admin.post("/flows/new", **wrong, action="delete")
    assert refused.status_code == 400
    assert "staat verwijderen niet toe" in says(refused.text.split("<aside")[1])


@pytest.mark.statement("A-06", "A-12")
def test_only_a_connector_that_is_there_and_logged_in_can_be_read(ready: Desk):
    assert "1 · Exact" in ready.admin.get("/flows/new").text
    missing = ready.admin.post("/flows/new", **INCOMING | {"source_connector": "9"})
    assert missing.status_code == 400
    assert "Er is geen connector 9." in missing.text
    ready.admin.post("/connectors/1/disconnect")
    refused = ready.admin.post("/flows/new", **INCOMING)
    assert refused.status_code == 400
    assert "druk daar eerst op oAuth" in refused.text


def preview(desk: Desk, fetch: str = "", **fields: object) -> str:
    answer = desk.admin.post(f"/flows/preview{fetch}", **INCOMING | fields)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.statement("A-10", "A-13")
def test_the_preview_tries_the_transform_on_a_real_record(ready: Desk):
    assert "nog geen gegeven" in preview(ready)
    fetched = preview(ready, "?fetch=yes")
    assert "&#34;Name&#34;" in fetched
    carried = {
        name: re.search(rf'name="{name}" value="([^"]*)"', fetched).group(1).replace("&#34;", '"')
        for name in ("sample", "sample_key", "sample_entity")
    }
    calls = ready.wire.calls
    field = {"fields_name": ["Naam"], "fields_value": ["Name | upper"]}
    made = preview(ready, **carried, **field).split('id="made"')[1]
    name = re.search(r"&#34;Name&#34;: &#34;([^&]+)&#34;", fetched).group(1)
    assert f"&#34;Naam&#34;: &#34;{name.upper()}&#34;" in made
    assert ready.wire.calls == calls, "trying again costs no call"
    wrong = preview(ready, **carried, fields_name=["Naam"], fields_value=["Name |"])
    problem = wrong.split('id="preview-problem">')[1].split("</div>")[0]
    assert problem == "Naam: Dit is geen expressie: Aan het einde ontbreekt iets."
    mistyped = carried | {"fields_name": ["Naam"], "fields_value": ["Name |"], "press": "save"}
    refused = ready.admin.post("/flows/new", **INCOMING | mistyped).text
    beside = refused.split('id="transform"')[1].split('id="only_if"')[0]
    assert problem in says(beside), "beside the field that is wrong"
    assert f'name="sample_key" value="{carried["sample_key"]}"' in refused, "the record stays"
    asked = {"request_name": ["query.$filter"], "request_value": ["Code eq '{{ today }}'"]}
    assert "Code eq &#39;2026-03-14&#39;" in preview(ready, **carried, **asked)
    broken = preview(ready, **carried, **asked | {"request_value": ["{{ today"]})
    assert "query.$filter" in broken.split("</div>")[0]
    skipped = preview(ready, **carried, only_if="Name == 'nobody'")
    assert "zou worden overgeslagen" in skipped


@pytest.mark.statement("D-04", "D-05", "D-11", "D-14", "D-39", "D-47")
def test_a_replication_is_fetched_now_and_its_run_tells_what_came_of_it(ready: Desk):
    assert add_warehouse(ready.admin) == "/connectors/3"
    assert ready.admin.post("/flows/new", **REPLICATION).location == "/flows/1?done=added"
    asked = ready.admin.post("/flows/1/fetch").location
    again = ready.admin.post("/flows/1/fetch").location
    assert asked == again, "asking twice is asking once"
    assert "Stoppen" in ready.admin.get(asked).text
    work_all(ready)
    run = says(ready.admin.get(asked).text)
    for words in ("Klaar", "gelezen", "nieuw", "pagina's", "verzoeken", "verzoeken over vandaag"):
        assert words in run
    page = says(ready.admin.get("/flows/1").text)
    assert re.search(r"\d+ gelezen ?, \d+ nieuw", page)
    assert "Naar magazijn" in ready.admin.get("/runs?flow=1").text


@pytest.mark.statement("D-48")
def test_a_run_that_was_refused_never_shows_as_done(ready: Desk):
    ready.admin.post("/flows/new", **INCOMING)
    Visitor(ready.sandbox).admin("apps", client_id=CLIENT_ID, scopes=["financial.accounting"])
    asked = ready.admin.post("/flows/1/fetch").location
    work_all(ready)
    shown = ready.admin.get(asked).text.split('id="run"')[1]
    assert "Mislukt" in shown
    assert "Klaar" not in shown


def test_a_waiting_run_is_stopped_by_its_button(ready: Desk):
    ready.admin.post("/flows/new", **INCOMING)
    asked = ready.admin.post("/flows/1/fetch").location
    assert ready.admin.post(f"{asked}/stop").location == asked
    assert "Gestopt door administrator@groenhof.nl" in ready.admin.get(asked).text
    assert ready.admin.post(f"{asked}/stop").status_code == 409


@pytest.mark.statement("A-24")
def test_a_flow_is_switched_off_copied_and_deleted(ready: Desk):
    ready.admin.post("/flows/new", **INCOMING)
    ready.admin.post("/flows/1/switch", disabled="yes")
    page = ready.admin.get("/flows/1").text
    assert "Deze stroom staat uit" in page
    assert "/flows/1/fetch" not in page
    assert ready.admin.post("/flows/1/fetch").status_code == 409
    copied = ready.admin.post("/flows/1/clone")
    assert copied.location.startswith("/flows/2/change")
    assert "Relaties (copy)" in ready.admin.get("/flows/2/change").text
    ready.admin.post("/flows/1/delete")
    assert ready.admin.get("/flows/1").status_code == 404
    assert "Relaties (copy)" in ready.admin.get("/flows").text
    with company_scope(ready.site.companies["groenhof"]), ready.site.outside.sessions() as session:
        actions = set(session.scalars(select(AuditEvent.action)))
    assert {"flow_added", "flow_disabled", "flow_copied", "flow_removed"} <= actions


@pytest.mark.parametrize(("role", "may_run", "may_change"), [
    ("administrator", True, True), ("bookkeeper", True, False), ("viewer", False, False),
])  # fmt: skip
def test_who_may_do_what(site, role, may_run, may_change):
    fill(site)
    browser = site.browser("groenhof", f"{role}@groenhof.nl")
    page = browser.get("/flows/1").text
    assert ("/flows/1/change" in page) == may_change
    assert (browser.post("/flows/1/switch", disabled="no").status_code != 403) == may_change
    assert (browser.get("/flows/new").status_code == 200) == may_change
    assert (browser.post("/flows/1/fetch").status_code != 403) == may_run
    assert (browser.get("/inbox").status_code == 200) == may_run, "records may be salaries"
    assert (browser.get("/usage").status_code == 200) == may_run


def test_the_list_says_what_to_do_when_it_is_empty(admin):
    assert "Nog geen stromen." in admin.get("/flows").text
    assert "De inbox is leeg." in admin.get("/inbox").text
    assert "Nog geen variabelen." in admin.get("/variables").text
    assert "niets verbruikt" in admin.get("/usage").text
    assert "Er is nog geen connector om uit te lezen." in admin.get("/flows/new").text
