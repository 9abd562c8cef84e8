"""Schedules of a flow on its page, and flows that go out and come in as files."""

from __future__ import annotations

import io
import json

import pytest
from sqlalchemy import select

from retailvista import db
from retailvista.companies.scope import company_scope
from retailvista.connectors.models import Connector
from retailvista.flows.models import Flow
from tests.web.desk import Desk
from tests.web.test_flows import INCOMING, says


@pytest.mark.statement("D-12", "D-13", "D-46")
def test_a_flow_has_as_many_schedules_as_one_likes(ready: Desk):
    ready.admin.post("/flows/new", **INCOMING, when_how="every", when_minutes="60")
    for more in (
        {"when_how": "daily", "when_at": "03:30", "when_mode": "full", "when_name": "Nacht"},
        {"when_how": "cron", "when_cron": "0 7 * * 1-5"},
    ):
        assert ready.admin.post("/flows/1/schedules", **more).status_code == 303
    wrong = ready.admin.post("/flows/1/schedules", when_how="cron", when_cron="0 7 * *")
    assert wrong.status_code == 400
    assert "Een cronregel heeft vijf velden" in wrong.text
    page = says(ready.admin.get("/flows/1").text)
    for words in ("om de 1 uur", "Nacht dagelijks om 03:30", "met cron: 0 7 * * 1-5"):
        assert words in page
    ready.admin.post("/flows/1/schedules/1", when_how="every", when_minutes="30")
    ready.admin.post("/flows/1/schedules/2/delete")
    ready.admin.post("/flows/1/schedules/3/switch", enabled="no")
    all_of_them = says(ready.admin.get("/schedules").text.split('id="flows"')[1])
    assert "om de 30 minuten" in all_of_them
    assert "Nacht" not in all_of_them
    assert "Export" in says(ready.admin.get("/schedules").text), "those of connectors too"


@pytest.mark.statement("D-50")
def test_after_a_failed_test_a_schedule_is_switched_on_only_by_who_insists(ready: Desk):
    ready.admin.post("/flows/new", **INCOMING)
    scope = company_scope(ready.site.companies["groenhof"])
    with scope, ready.site.outside.sessions() as session, db.transaction(session):
        row = session.scalars(select(Connector).where(Connector.number == 1)).one()
        row.last_test = dict(row.last_test) | {"kind": "expired", "values": {}}
    unsure = ready.admin.post("/flows/1/schedules", when_how="every", when_minutes="60")
    assert unsure.status_code == 409
    assert "Toch aanzetten" in unsure.text
    assert "uitgezet" in unsure.text
    still = ready.admin.post("/flows/1/schedules/1/switch", enabled="yes")
    assert still.status_code == 409
    done = ready.admin.post("/flows/1/schedules/1/switch", enabled="yes", confirmed="yes")
    assert done.status_code == 303
    assert "uitgezet" not in ready.admin.get("/flows/1").text
    ready.admin.post("/schedules/1/export", enabled="no")
    assert ready.admin.post("/schedules/1/export", enabled="yes").status_code == 409
    assert (
        ready.admin.post("/schedules/1/export", enabled="yes", confirmed="yes").status_code == 303
    )


@pytest.mark.statement("D-15")
def test_flows_go_out_and_come_in_as_a_file(ready: Desk):
    ready.admin.post("/flows/new", **INCOMING, when_how="every", when_minutes="60")
    file = ready.admin.get("/flows/export")
    assert file.headers["Content-Disposition"] == 'attachment; filename="flows.json"'
    document = json.loads(file.text)
    assert ready.admin.get("/flows/1/export").json == document
    taken = ready.admin.post("/flows/import", file=(io.BytesIO(file.data), "flows.json"))
    assert taken.status_code == 303, taken.text
    page = ready.admin.get(taken.location).text
    assert "staan uit" in page
    document["flows"][0]["source"]["entities"] = ["crm/Nothing"]
    wrong = io.BytesIO(json.dumps(document).encode())
    refused = ready.admin.post("/flows/import", file=(wrong, "flows.json"))
    assert refused.status_code == 400
    assert "flows[0].source.entities" in refused.text
    for rubbish in (b"", b"{", b"[" * 100_000, b'{"format": "else"}'):
        answer = ready.admin.post("/flows/import", file=(io.BytesIO(rubbish), "x.json"))
        assert answer.status_code == 400
        assert "geen bestand met stromen" in answer.text
    with company_scope(ready.site.companies["groenhof"]), ready.site.outside.sessions() as session:
        assert len(session.scalars(select(Flow)).all()) == 2
