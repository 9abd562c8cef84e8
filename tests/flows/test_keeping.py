"""Keeping flows: what is refused and why, what is remembered, and how flows leave and come."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from retailvista.companies.models import AuditEvent
from retailvista.connectors import registering
from retailvista.connectors.records import Way
from retailvista.connectors.registry import records_of
from retailvista.errors import NotFound, Refused
from retailvista.flows import exchanging, keeping, scheduling
from retailvista.flows.definition import (
    INBOX,
    FlowSpec,
    RetrySpec,
    SourceSpec,
    TargetSpec,
    TransformSpec,
    WrongFlow,
)
from retailvista.flows.documents import document_of, spec_of
from retailvista.flows.scheduling import When
from tests.flows.flow_house import ACTOR, incoming, outgoing, renamed, replication


def problems(house, spec: FlowSpec) -> dict[str, str]:
    """The fields that keep a flow from being kept, with what is said about them."""
    with pytest.raises(WrongFlow) as wrong:
        house.add(spec)
    return {found.field: found.message for found in wrong.value.problems}


@pytest.mark.statement("A-07", "A-08", "A-14", "A-24", "D-09", "D-10")
def test_a_flow_has_a_name_a_generated_identifier_a_description_and_a_switch(house):
    spec = replace(incoming(), name="Verkoop → Größe 1", description="Voor de webwinkel")
    flow = house.add(spec)
    assert (flow.number, flow.identifier, flow.disabled) == (1, "verkoop-groe-1", False)
    assert keeping.spec_of_row(house.flow(1)) == spec
    assert house.add(spec).identifier == "verkoop-groe-1-2"
    changed = replace(spec, name="Anders", keep_days=30, retry=RetrySpec(5, 10))
    house.do(keeping.change_flow, 1, changed, ACTOR)
    assert keeping.spec_of_row(house.flow(1)) == changed
    assert house.flow(1).identifier == "verkoop-groe-1", "an identifier stays"
    events = house.read(
        lambda s: [(e.action, e.subject, e.detail) for e in s.scalars(select(AuditEvent))]
    )
    assert events[-1] == (
        "flow_changed",
        "flow 1",
        {"fields": ["name", "keep_days", "retry.times", "retry.minutes"]},
    )


@pytest.mark.statement("A-06", "A-12", "A-20")
def test_a_missing_or_unconnected_connector_is_refused(house):
    nowhere = replace(incoming(), source=SourceSpec(99, ("crm/Accounts",)))
    assert problems(house, nowhere) == {"source.connector": "There is no connector 99."}
    house.change_connector(grant_id=None)
    said = "Connector 25 is not logged in: press oAuth there first."
    assert problems(house, incoming()) == {"source.connector": said}
    assert problems(house, outgoing()) == {"target.connector": said}
    waiting = house.add(replace(incoming(), disabled=True))
    with pytest.raises(WrongFlow, match="not logged in"):
        house.do(keeping.set_disabled, waiting.number, ACTOR, disabled=False)


@pytest.mark.statement("A-15", "A-16")
def test_an_action_that_the_entity_does_not_allow_is_refused(house):
    records = records_of("exact-online")
    allowed = {entity.key: entity.actions for entity in records.entities()}
    assert allowed["crm/Accounts"] == {"create", "update", "delete"}
    for action in ("create", "update", "delete"):
        house.add(outgoing("crm/Accounts", action))
    read_only = next(key for key, actions in allowed.items() if not actions)
    assert problems(house, outgoing(read_only)) == {
        "target.action": f"{read_only} does not allow create."
    }


@pytest.mark.statement("D-32")
def test_every_endpoint_says_by_which_way_it_is_loaded(house):
    ways = [entity.way for entity in records_of("exact-online").entities() if entity.listed]
    counted = {way: ways.count(way) for way in set(ways)}
    assert counted == {Way.SYNC: 48, Way.DELETED: 1, Way.MODIFIED: 5, Way.FULL: 4}


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        (FlowSpec("", "incoming"), {"name", "source.entities", "target.entity"}),
        (FlowSpec("x" * 81, "sideways", SourceSpec(25, ("crm/Accounts",))), {"name", "kind"}),
        (replace(incoming(), source=SourceSpec(25, ("crm/Nothing",))), {"source.entities"}),
        (replace(incoming(), source=SourceSpec(25, ("crm/Accounts", "crm/Contacts"))),
         {"source.entities"}),
        (replace(incoming(), source=SourceSpec(25, ("crm/Accounts",), (0,))),
         {"source.divisions"}),
        (replace(incoming(), source=SourceSpec(0, ("secrets",))), {"source.entities"}),
        (replace(incoming(), target=TargetSpec(25, "crm/Accounts")), {"target.entity"}),
        (replace(incoming(), keep_days=0), {"keep_days"}),
        (replace(incoming(), retry=RetrySpec(21, 0)), {"retry.times", "retry.minutes"}),
        (replace(incoming(), transform=TransformSpec(request={"$top": "5"})),
         {"transform.request"}),
        (replace(incoming(), transform=TransformSpec(fields={"a..b": "Name"})),
         {"transform.fields"}),
        (replace(incoming(), transform=TransformSpec(only_if="Name |")), {"transform.only_if"}),
        (replace(outgoing(), target=TargetSpec(25, "crm/Accounts", "shout")),
         {"target.action"}),
        (replace(replication(), target=TargetSpec()), {"target.connector"}),
        (replace(replication(), target=TargetSpec(25)), {"target.connector"}),
        (replication(schema="a-b; drop table x"), {"target.schema"}),
        (replication(tables={"financial/GLAccounts": "1st"}), {"target.tables"}),
        (replication(tables={"a": "same", "b": "SAME"}), {"target.tables"}),
        (replication(deleted_rows="hide"), {"target.deleted_rows"}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_field(house, spec, fields):
    assert problems(house, spec).keys() == fields
    assert house.read(keeping.list_flows) == []


def test_one_flow_replicates_many_entities_of_many_divisions(house):
    spec = replication("financial/GLAccounts", "crm/Accounts", schema="exact", database="dwh")
    spec = replace(spec, source=replace(spec.source, divisions=(1000001, 1000002)))
    assert keeping.spec_of_row(house.add(spec)) == spec


def test_a_copy_is_switched_off_and_has_no_schedule(house):
    house.add(incoming())
    house.do(scheduling.add_schedule, 1, When(every_minutes=15), ACTOR)
    copy = house.do(keeping.clone_flow, 1, ACTOR)
    assert (copy.number, copy.name, copy.disabled) == (2, "Relaties (copy)", True)
    assert copy.identifier == "relaties-copy"
    assert house.read(lambda s: scheduling.flow_schedules(s, copy)) == []
    same = replace(keeping.spec_of_row(copy), name="Relaties", disabled=False)
    assert same == incoming()


def test_a_removed_flow_is_gone_and_its_schedules_stop(house):
    house.add(incoming())
    row = house.do(scheduling.add_schedule, 1, When(daily_at="07:00"), ACTOR)
    house.do(keeping.remove_flow, 1, ACTOR)
    with pytest.raises(NotFound):
        house.flow(1)
    assert house.read(keeping.list_flows) == []
    assert house.read(scheduling.flow_schedules) == []
    assert not house.read(
        lambda s: s.scalars(select(type(row)).where(type(row).id == row.id)).one()
    ).enabled
    again = house.add(incoming())
    assert (again.number, again.identifier) == (2, "relaties-2"), "neither is given out again"


def test_flows_leave_as_json_and_come_in_switched_off(house):
    first = replace(
        incoming(query={"$filter": "Name gt 'A [x]'"}, space_as_plus=True),
        transform=TransformSpec({"query.$top": "5"}, {"Name": "Name | trim"}, "", "true"),
    )
    house.add(first)
    house.add(replication("crm/Accounts", tables={"crm/Accounts": "relations"}))
    house.do(scheduling.add_schedule, 1, When(cron="0 7 * * 1-5"), ACTOR, mode="full", name="Vol")
    house.do(scheduling.add_schedule, 1, When(every_minutes=30), ACTOR)
    text = json.dumps(house.read(exchanging.export_flows))
    assert "secret" not in text
    made = house.do(exchanging.import_flows, json.loads(text), ACTOR)
    assert [(flow.number, flow.identifier, flow.disabled) for flow in made] == [
        (3, "relaties-2", True),
        (4, "magazijn-vullen-2", True),
    ]
    assert replace(keeping.spec_of_row(made[0]), disabled=False) == first
    schedules = house.read(lambda s: scheduling.flow_schedules(s, made[0]))
    assert [(row.name, row.mode, row.cron, row.every_minutes) for row in schedules] == [
        ("Vol", "full", "0 7 * * 1-5", None),
        ("", "incremental", "", 30),
    ]
    assert not any(row.enabled for row in schedules)
    one = house.read(lambda s: exchanging.export_flows(s, [2]))
    moved = house.do(exchanging.import_flows, one, ACTOR, {25: 25, 40: 40})
    assert moved[0].number == 5


def document(**changed: object) -> dict[str, object]:
    flow = document_of(incoming()) | changed
    return {"format": "retailvista-flows", "version": 1, "flows": [document_of(incoming()), flow]}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (None, "format"),
        ([], "format"),
        ({"format": "retailvista-flows", "version": 2}, "version"),
        ({"format": "retailvista-flows", "version": 1, "flows": {}}, "flows"),
        ({"format": "retailvista-flows", "version": 1, "flows": [7]}, "flows[0].flow"),
        ({"format": "retailvista-flows", "version": 1, "flows": [{"name": "x"}]},
         "flows[0].kind"),
        (document(nmae="x"), "flows[1].nmae"),
        (document(keep_days="90"), "flows[1].keep_days"),
        (document(source={"connector": 10**30}), "flows[1].source"),
        (document(source={"divisions": [2**31]}), "flows[1].source"),
        (document(source={"query": {"$filter": "a\x00"}}), "flows[1].source"),
        (document(description="\ud800"), "flows[1].description"),
        (document(schedules=[{"every_minutes": 10**30}]), "flows[1].schedules"),
        (document(disabled=1), "flows[1].disabled"),
        (document(source={"connector": True}), "flows[1].source.connector"),
        (document(source={"entities": "crm/Accounts"}), "flows[1].source.entities"),
        (document(source={"query": {"$top": 5}}), "flows[1].source.query"),
        (document(source=[]), "flows[1].source"),
        (document(target={"connector": 7, "entity": "inbox"}), "flows[1].target.entity"),
        (document(schedules=[{"cron": "never"}]), "flows[1].schedules"),
        (document(schedules=[{"every": 5}]), "flows[1].schedules"),
        (document(schedules=[{"every_minutes": "5"}]), "flows[1].schedules"),
        (document(schedules=[{"daily_at": "07:00", "mode": "some"}]), "flows[1].schedules"),
    ],
)  # fmt: skip
def test_a_wrong_document_is_refused_whole_with_its_place(house, given, field):
    with pytest.raises(WrongFlow) as wrong:
        house.do(exchanging.import_flows, given, ACTOR)
    assert field in {found.field for found in wrong.value.problems}
    assert house.read(keeping.list_flows) == []


def test_a_definition_and_its_document_are_the_same():
    for spec in (incoming(), outgoing(), replication(tables={"a": "b"}), FlowSpec("x", "y")):
        assert spec_of(json.loads(json.dumps(document_of(spec)))) == spec


def test_the_inbox_is_no_connector(house):
    assert house.add(incoming()).target == part_of_inbox()


def part_of_inbox() -> dict[str, object]:
    return document_of(incoming())["target"] | {"entity": INBOX}


def test_names_differ_only_by_their_number(house):
    made = [house.add(renamed(incoming(), "→→")).identifier for _ in range(3)]
    assert made == ["flow", "flow-2", "flow-3"]


def test_a_connector_that_a_flow_uses_is_not_removed(house):
    house.add(incoming())
    house.add(replication())
    with pytest.raises(Refused, match="The flows 1, 2 read or write through it"):
        house.do(registering.remove, 25, ACTOR)
    with pytest.raises(Refused, match="The flows 2 read"):
        house.do(registering.remove, 40, ACTOR)
    for number in (1, 2):
        house.do(keeping.remove_flow, number, ACTOR)
    house.do(registering.remove, 40, ACTOR)
    house.change_connector(journal_code="")
    house.do(registering.remove, 25, ACTOR)
