"""Incoming flows: entity, parameters, paging, what changed since; each record an item."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from retailvista.errors import Refused
from retailvista.flows import item_actions
from retailvista.flows.definition import FULL, FlowSpec, TransformSpec, WrongFlow
from retailvista.flows.models import FAILED, NEW, SKIPPED
from retailvista.runs.models import ENDED
from tests.flows.works import ACCOUNTS, Works, incoming
from tests.sandbox.visitor import GROENHOF


def names(works: Works) -> list[str]:
    return [item.received["Name"] for item in works.items()]


@pytest.mark.statement("A-07", "A-08", "A-13")
def test_records_of_an_entity_become_items(works: Works):
    works.add(incoming())
    run = works.run(1)
    known = works.there(ACCOUNTS)
    assert (run.state, run.outcome) == (ENDED, "done")
    assert run.counts["read"] == run.counts["new"] == len(known) == len(works.items())
    assert works.states() == [NEW] * len(known)
    item = works.items()[0]
    assert item.record_key in {row["key"] for row in known}
    assert item.received["Division"] == GROENHOF
    assert run.counts["calls"] >= 1
    assert run.counts["calls_left"] > 0


@pytest.mark.statement("A-10", "A-13")
def test_the_next_run_brings_only_what_changed(works: Works, clock):
    works.add(incoming())
    works.run(1)
    before = len(works.items())
    clock.move(minutes=5)
    assert works.run(1).counts.get("new", 0) == 0
    key = works.put(ACCOUNTS, {"Name": "Vivaldi B.V.", "Code": "77"})[0]
    run = works.run(1)
    assert (run.counts["read"], run.counts["new"]) == (1, 1)
    works.put(ACCOUNTS, {"ID": key, "Name": "Vivaldi Groen B.V.", "Code": "77"})
    run = works.run(1)
    assert (run.counts["read"], run.counts["changed"]) == (1, 1)
    assert names(works)[before:] == ["Vivaldi B.V.", "Vivaldi Groen B.V."]


def test_a_full_run_reads_everything_and_stores_nothing_twice(works: Works, clock):
    works.add(incoming())
    works.run(1)
    known = len(works.items())
    clock.move(minutes=5)
    run = works.run(1, FULL)
    assert (run.counts["read"], run.counts["discarded"]) == (known, known)
    assert len(works.items()) == known


@pytest.mark.statement("A-11")
@pytest.mark.parametrize("paging", [True, False])
def test_paging_fetches_all_pages_or_only_the_first(works: Works, paging: bool):
    works.put(ACCOUNTS, *({"Name": f"Relatie {n}", "Code": str(n)} for n in range(1000, 1150)))
    everything = {"query": {"$filter": "Name ge 'Relatie'"}, "changed_since": False}
    works.add(incoming(source=everything | {"paging": paging}))
    run = works.run(1)
    expected = sum(row["Name"] >= "Relatie" for row in works.there(ACCOUNTS))
    assert run.counts["read"] == (expected if paging else 60)
    assert run.counts["pages"] == (-(-expected // 60) if paging else 1)


@pytest.mark.statement("A-09", "A-19", "A-25")
@pytest.mark.parametrize(("plus", "space"), [(False, "%20"), (True, "+")])
def test_query_parameters_are_sent_as_they_are_given(works: Works, plus: bool, space: str):
    query = {"$filter": "Name eq 'Vivaldi & Zn B.V.'", "$select": "ID,Name"}
    works.add(incoming(source={"query": query, "space_as_plus": plus, "changed_since": False}))
    works.put(
        ACCOUNTS, {"Name": "Vivaldi & Zn B.V.", "Code": "77"}, {"Name": "Ander", "Code": "78"}
    )
    assert works.run(1).counts["read"] == 1
    item = works.items()[0]
    assert set(item.received) >= {"ID", "Name"}
    assert "Email" not in item.received
    asked = works.requests("crm/Accounts?")[-1]
    assert f"$filter=Name{space}eq{space}'Vivaldi{space}%26{space}Zn" in asked


@pytest.mark.statement("A-09", "A-10")
def test_request_parameters_can_be_made_by_a_transform(works: Works, clock):
    request = {"query.$filter": "Modified ge datetime'{{ last_run }}'"}
    works.add(incoming(source={"changed_since": False}, transform={"request": request}))
    clock.move(hours=1)
    works.run(1)
    before = len(works.items())
    clock.move(hours=3)
    works.put(ACCOUNTS, {"Name": "Vivaldi B.V.", "Code": "77"})
    run = works.run(1)
    assert (run.counts["read"], run.counts["new"]) == (1, 1)
    assert names(works)[before:] == ["Vivaldi B.V."]


@pytest.mark.statement("A-12")
def test_a_connector_that_is_missing_or_not_logged_in_is_refused(works: Works):
    with pytest.raises(WrongFlow, match="There is no connector"):
        works.add(through(99))
    works.side.add_connector(26)
    with pytest.raises(WrongFlow, match="is not logged in"):
        works.add(through(26))


def through(connector: int) -> FlowSpec:
    spec = incoming()
    return replace(spec, source=replace(spec.source, connector=connector))


@pytest.mark.statement("A-13", "A-22")
def test_a_transform_is_kept_beside_the_record_and_a_bad_record_fails_alone(works: Works):
    works.put(ACCOUNTS, {"Name": "Goed", "Code": "901", "City": "Lisse"},
              {"Name": "Zonder plaats", "Code": "902"}, {"Name": "Weg", "Code": "903"})  # fmt: skip
    fields = {"name": "Name", "town": "City | upper"}
    transform = {"fields": fields, "only_if": "Name != 'Weg'"}
    wanted = {"query": {"$filter": "Code ge '901' and Code le '903'"}, "changed_since": False}
    works.add(incoming(source=wanted, transform=transform))
    run = works.run(1)
    by_name = {item.received["Name"]: item for item in works.items()}
    assert by_name["Goed"].transformed == {"name": "Goed", "town": "LISSE"}
    assert by_name["Weg"].state == SKIPPED
    assert by_name["Zonder plaats"].state in {NEW, FAILED}
    assert run.counts["skipped"] == 1


@pytest.mark.statement("A-23")
def test_a_record_that_failed_is_transformed_again_after_the_flow_was_corrected(works: Works):
    works.add(incoming(transform={"fields": {"name": "NoSuchField"}}))
    run = works.run(1)
    assert set(works.states()) == {FAILED}
    assert run.outcome != "done"
    item = works.items()[0]
    assert item.problem_values["field"] == "name"
    works.change(1, transform=TransformSpec(fields={"name": "Name"}))
    done = item_actions.retry(works.side.session, [item.number for item in works.items()], "anna")
    assert len(done.done) == len(works.items())
    works.work()
    assert set(works.states()) == {NEW}
    assert works.items()[0].transformed == {"name": works.items()[0].received["Name"]}


@pytest.mark.statement("A-24")
def test_a_flow_that_is_switched_off_does_nothing(works: Works):
    works.add(incoming(disabled=True))
    with pytest.raises(Refused, match="switched off"):
        works.run(1)
    assert works.items() == []
    assert works.requests("crm/Accounts") == []


def test_a_run_that_breaks_off_goes_on_where_it_was_and_takes_nothing_twice(works: Works, clock):
    works.put(ACCOUNTS, *({"Name": f"Relatie {n}", "Code": str(n)} for n in range(1000, 1200)))
    wanted = {"query": {"$filter": "Name ge 'Relatie'"}, "changed_since": False}
    works.add(incoming(source=wanted))
    works.side.sandbox.faults.add("html_503", path="*crm/Accounts*", rate=0.5)
    run = works.run(1)
    expected = sum(row["Name"] >= "Relatie" for row in works.there(ACCOUNTS))
    assert (run.outcome, run.counts["read"], run.counts["new"]) == ("done", expected, expected)
    assert len(works.items()) == expected
    assert run.not_before - run.asked_at < timedelta(hours=12)
