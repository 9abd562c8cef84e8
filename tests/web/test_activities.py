"""Activities: query, create, update, delete, execute, made from a connector and kept as flows."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from retailvista.companies.scope import company_scope
from retailvista.connectors.http import RequestsWire
from retailvista.flows import keeping
from retailvista.flows.definition import FlowSpec
from retailvista.flows.models import Flow, Item
from tests.connectors.odata_service import PASSWORD, USER, OdataService
from tests.web.filling import fill
from tests.web.site import Browser, Site, build
from tests.web.test_odata_connector import connect, work_all

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@pytest.fixture
def service(tmp_path, clock):
    with OdataService(tmp_path / "sandbox.sqlite", clock=clock) as service:
        yield service


@pytest.fixture
def site(tmp_path, clock, service) -> Site:
    site = build(
        tmp_path, clock, RequestsWire(clock, (), [service.url]), RV_PROVIDER_HOSTS=service.url
    )
    fill(site)
    return site


@pytest.fixture
def admin(site) -> Browser:
    return site.browser("groenhof", "administrator@groenhof.nl")


@pytest.fixture
def place(site, admin, service) -> str:
    place = connect(admin, f"{service.url}/api/svc", USER, PASSWORD)
    work_all(site)
    return place


def make(admin: Browser, place: str, kind: str, what: str, **more: object) -> str:
    """Through the steps to the form of the flow, and saved there; the flow's address."""
    asked = f"{place}/activities/new?name=A+{kind}&kind={kind}"
    assert f"entity={what}" in admin.get(asked).text
    review = admin.get(f"{asked}&entity={what}&reviewed=yes&paging=yes").text
    schema = review.split('id="step-schema"')[1]
    fields = dict(HIDDEN.findall(schema.split("<form")[1]))
    fields.pop("csrf_token")
    form = admin.post("/flows/new", **fields)
    assert form.status_code == 200, form.text
    assert f'value="A {kind}"' in form.text
    made = admin.post("/flows/new", **fields | {"press": "save"} | more)
    assert made.status_code == 303, made.text
    return made.location.split("?")[0]


def spec_of(site: Site, place: str) -> FlowSpec:
    number = int(place.rsplit("/", 1)[1])
    with company_scope(1), site.outside.sessions() as session:
        return keeping.spec_of_row(session.scalars(select(Flow).where(Flow.number == number)).one())


def run(site: Site, admin: Browser, flow: str) -> None:
    admin.post(f"{flow}/fetch")
    work_all(site)


@pytest.mark.statement("J-25", "J-30", "J-31")
def test_a_query_brings_records_and_any_number_of_activities_stand_at_the_connector(
    site, admin, place, service
):
    flow = make(admin, place, "query", "Orders")
    make(admin, place, "query", "Orders")
    assert spec_of(site, flow).source.entity == "Orders"
    run(site, admin, flow)
    with company_scope(1), site.outside.sessions() as session:
        items = session.scalars(select(Item).where(Item.entity == "Orders")).all()
    assert sorted(item.record_key for item in items) == ["1", "2", "3", "4", "5"]
    listed = admin.get(place).text.split('id="activities"')[1].split("</section>")[0]
    assert listed.count("A query") == 2
    assert flow in listed


@pytest.mark.statement("J-26", "J-27", "J-28", "J-30")
def test_records_are_created_updated_and_deleted_by_activities(site, admin, place, service):
    source = {"source_connector": "0", "entity": "journals"}
    new = {"fields_name": ["payload.Number", "payload.Amount"], "fields_value": ["'J9'", "7.5"]}
    run(site, admin, make(admin, place, "create", "Orders", **source | new))
    assert service.orders["J9"]["Amount"] == 7.5
    change = {"fields_name": ["path.id", "payload.Paid"], "fields_value": ["'J9'", "true"]}
    run(site, admin, make(admin, place, "update", "Orders", **source | change))
    assert service.orders["J9"]["Paid"] is True
    gone = {"fields_name": ["path.id"], "fields_value": ["'J9'"]}
    run(site, admin, make(admin, place, "delete", "Orders", **source | gone))
    assert "J9" not in service.orders


@pytest.mark.statement("J-29")
def test_a_procedure_of_the_provider_is_executed(site, admin, place, service):
    source = {"source_connector": "0", "entity": "journals"}
    since = {"fields_name": ["payload.Since"], "fields_value": ["'2026-03-10'"]}
    run(site, admin, make(admin, place, "execute", "Recount", **source | since))
    assert service.recounted
    assert service.recounted[0] == {"Since": "2026-03-10"}
    before = len(service.recounted)
    run(site, admin, "/flows/1" if spec_of(site, "/flows/1").kind == "outgoing" else "/flows/2")
    assert len(service.recounted) == before, "the same record is not executed twice"


@pytest.mark.statement("J-31")
def test_objects_are_found_by_typing_and_fetched_again(admin, place, service):
    asked = f"{place}/activities/new?name=Q&kind=query"
    page = admin.get(asked).text
    assert 'data-narrow="objects"' in page
    assert "entity=Returns" not in page
    more = b'<EntitySet Name="Returns" EntityType="Shop.Order"/><ActionImport'
    service.metadata = service.metadata.replace(b"<ActionImport", more)
    assert admin.post(f"{place}/activities/refresh", kind="query").status_code == 303
    assert "entity=Returns" in admin.get(asked).text
    narrow = admin.get(f"{asked}&find=retu").text
    assert "entity=Returns" in narrow
    assert "entity=Orders" not in narrow
    none = admin.get(f"{asked}&find=nosuchthing").text
    assert "Niets gevonden." in none
    assert "Vernieuwen" in none and "biedt niets" not in none


@pytest.mark.statement("J-31")
def test_conditions_become_the_question_of_the_flow(site, admin, place):
    asked = (
        f"{place}/activities/new?name=Q&kind=query&entity=Orders&reviewed=yes"
        "&property=Amount&how=ge&value=3&property=Made&how=gt&value=[today]"
    )
    review = admin.get(asked).text
    assert "$filter=Amount ge 3 and Made gt [today]" in review
    assert 'name="paging"' not in review.split('id="step-schema"')[1]
    wrong = admin.get(asked.replace("value=3", "value=3 or true"))
    assert wrong.status_code == 400, "a value cannot end its literal"
    assert admin.get("/connectors/1/activities/new").status_code in (200, 404)
