"""One form, many flows: each endpoint with schedules and runs of its own."""

from __future__ import annotations

from retailvista import db
from retailvista.companies.scope import company_scope
from retailvista.flows import keeping, scheduling
from tests.web.desk import Desk

DUCK = {"name": "Magazijn", "kind": "duckdb", "file": "magazijn", "schema": "exact"}
FORM = {
    "kind": "replication", "name": "Naar magazijn", "source_connector": "1",
    "entity": ["crm/Accounts", "financial/GLAccounts"], "deleted_rows": "remove",
    "parquet": "yes", "one_each": "yes", "when_how": "daily", "when_at": "07:00",
}  # fmt: skip


def test_a_ticked_endpoint_is_a_flow_of_its_own(ready: Desk):
    place = ready.admin.post("/connectors", provider="database").location
    assert ready.admin.post(place, **DUCK, press="save").status_code == 303
    form = FORM | {"target_connector": place.rstrip("/").rpartition("/")[2]}
    looked = ready.admin.post("/flows/new", **form, press="look").text
    assert "Een stroom per eindpunt" in looked
    assert 'name="one_each" value="yes" checked' in looked
    saved = ready.admin.post("/flows/new", **form, press="save")
    assert saved.status_code == 303, saved.text
    groenhof, sessions = ready.site.companies["groenhof"], ready.site.outside.sessions
    with company_scope(groenhof), sessions() as session, db.reading(session):
        flows = keeping.list_flows(session)
        schedules = scheduling.flow_schedules(session)
    assert [flow.name for flow in flows] == [
        "Naar magazijn: crm/Accounts",
        "Naar magazijn: financial/GLAccounts",
    ]
    assert [row.daily_at for row in schedules] == ["07:00", "07:00"]
