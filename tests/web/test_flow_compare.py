"""Is everything there? The button on the page of a flow, and what its run shows."""

from __future__ import annotations

import duckdb

from tests.web.desk import Desk
from tests.web.test_flows import REPLICATION, add_warehouse, says, stored, work_all

ACCOUNTS = "crm/Accounts"
NAMED = {
    "tables_name": [ACCOUNTS, "financial/GLAccounts"],
    "tables_value": ["relaties_[company.alias]", ""],
}


def test_a_replication_is_compared_with_its_source_and_repaired_from_the_screen(ready: Desk):
    place = add_warehouse(ready.admin)
    assert place == "/connectors/3"
    ready.admin.post("/flows/new", **REPLICATION | {"entity": [ACCOUNTS]})
    ready.admin.post("/flows/1/fetch")
    work_all(ready)
    assert "Vergelijken met de bron" in ready.admin.get("/flows/1").text
    asked = ready.admin.post("/flows/1/check", totals="yes").location
    work_all(ready)
    shown = says(ready.admin.get(asked).text)
    assert "Is alles er?" in shown
    assert "Gelijk" in shown
    folder = ready.site.outside.spool.parent / "warehouses" / "1"
    with duckdb.connect(str(folder / "magazijn.duckdb")) as connection:
        connection.execute('DELETE FROM exact."CRM_Accounts"')
    asked = ready.admin.post("/flows/1/check").location
    work_all(ready)
    page = ready.admin.get(asked).text
    for words in (
        "Verschilt",
        "Deze tabel helemaal opnieuw laden herstelt het.",
        "het aantal regels is 0 in het datawarehouse en",
    ):
        assert words in says(page)
    again = f"/flows/1/fetch?mode=full&entity={ACCOUNTS}&division=1000001"
    assert again in page.replace("&amp;", "&").replace("%2F", "/")
    ready.admin.post(again)
    work_all(ready)
    asked = ready.admin.post("/flows/1/check").location
    work_all(ready)
    assert "Verschilt" not in says(ready.admin.get(asked).text)


def test_a_table_gets_its_name_in_the_form(ready: Desk):
    add_warehouse(ready.admin)
    shown = ready.admin.post("/flows/new", **REPLICATION | {"press": "look"}).text
    assert 'placeholder="CRM_Accounts"' in shown
    wrong = NAMED | {"tables_value": ["1 a", ""]}
    refused = ready.admin.post("/flows/new", **REPLICATION, **wrong)
    assert refused.status_code == 400
    assert 'value="1 a"' in refused.text, "what was filled in is still there"
    assert ready.admin.post("/flows/new", **REPLICATION, **NAMED).status_code == 303
    assert dict(stored(ready).target.tables) == {ACCOUNTS: "relaties_[company.alias]"}
    # An endpoint that goes takes its name along.
    ready.admin.post(
        "/flows/1/change", **REPLICATION | {"entity": ["financial/GLAccounts"]}, **NAMED
    )
    assert dict(stored(ready).target.tables) == {}
