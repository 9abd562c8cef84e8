"""Loads of many endpoints: made at once, and finished whoever works them and whoever looks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from retailvista.connectors import warehouses
from retailvista.flows import keeping, presets, scheduling, starting
from retailvista.flows.definition import WrongFlow
from retailvista.flows.presets import Load
from retailvista.flows.scheduling import When
from retailvista.flows.variables import set_variable
from retailvista.runs import working
from retailvista.scheduler.kinds import KINDS
from tests.flows.flow_house import ACTOR, FlowHouse, replication
from tests.flows.replica import query

SMALL = ("crm/Accounts", "financial/GLAccounts", "logistics/Items", "hrm/Costcenters")


def add(house, **changed) -> list[int]:
    load = replace(Load("Magazijn", 25, 40), **changed)
    return [flow.number for flow in house.do(presets.add_load, load, ACTOR)]


@pytest.mark.statement("D-09", "D-46")
def test_58_endpoints_are_one_flow_or_58_with_schedules_of_their_own(house: FlowHouse):
    [number] = add(house)
    assert len(keeping.spec_of_row(house.flow(number)).source.entities) == 58
    made = add(house, one_each=True, schema="exact")
    assert len(made) == 58
    names = [house.flow(number).name for number in made]
    assert "Magazijn: crm/Accounts" in names
    assert len({house.flow(number).identifier for number in made}) == 58
    for at, minutes in enumerate((15, 60)):
        house.do(scheduling.add_schedule, made[at], When(every_minutes=minutes), ACTOR)
    assert [row.every_minutes for row in house.read(scheduling.flow_schedules)] == [15, 60]


def test_a_preset_is_made_whole_or_not_at_all(house: FlowHouse):
    for wrong in (
        {"name": " "},
        {"target": 25},
        {"source": 99, "entities": SMALL},
        {"entities": (*SMALL, "crm/Nothing"), "one_each": True},
        {"schema": "9"},
    ):
        with pytest.raises(WrongFlow):
            add(house, **wrong)
    assert house.read(keeping.list_flows) == []


def test_a_long_name_leaves_room_for_the_endpoint(house: FlowHouse):
    key = "payroll/EmploymentTaxAuthoritiesGeneral"
    [number] = add(house, name="x" * 80, entities=(key,), one_each=True)
    name = house.flow(number).name
    assert name.endswith(f": {key}")
    assert len(name) == 80


@pytest.mark.statement("D-47")
def test_a_load_goes_on_when_its_process_ends_and_is_complete(house: FlowHouse, clock):
    house.stage.sandbox.store.set("limits", "off")
    house.add(replication(*SMALL))
    number = house.do(starting.fetch_now, 1, ACTOR)
    pages: list[int] = []

    def after_the_second_page() -> bool:
        pages.append(1)
        return len(pages) >= 2

    first = replace(house.stage.outside, stopping=after_the_second_page)
    facts = working.claim(first, KINDS)
    assert facts is not None
    working.work(first, KINDS, facts)
    run = house.run(number)
    assert (run.state, run.outcome) == ("waiting", "")
    assert 0 < run.counts["pages"] < 4, "what was done is counted"
    assert run.problem == "RetailVista is stopping; the run goes on after its start."
    clock.move(seconds=2)
    second = replace(house.stage.outside, owner="another.1.process")
    facts = working.claim(second, KINDS)
    assert facts is not None
    working.work(second, KINDS, facts)
    run = house.run(number)
    assert (run.state, run.outcome, run.attempt) == ("ended", "done", 2)
    whole = house.do(starting.fetch_now, 1, ACTOR, mode="full")
    house.work()
    assert run.counts["new"] == house.run(whole).counts["read"], "nothing is missing"


def test_where_a_load_goes_may_be_a_variable(house: FlowHouse):
    house.stage.sandbox.store.set("limits", "off")
    house.add(replication("logistics/Items", schema="[area]"))
    failed = house.fetch(1)
    assert failed.outcome == "failed"
    assert "no variable [area]" in failed.problem
    house.do(set_variable, "area", "drop table", ACTOR)
    assert "no name for it" in house.fetch(1).problem, "what it makes is checked too"
    house.do(set_variable, "area", "dwh", ACTOR)
    assert house.fetch(1).outcome == "done"


@pytest.mark.statement("D-09", "D-18")
def test_tables_have_names_of_their_own_and_no_two_entities_share_one(house: FlowHouse, file: Path):
    house.add(replication("logistics/Items", tables={"logistics/Items": "articles_[area]"}))
    house.do(set_variable, "area", "north", ACTOR)
    assert house.fetch(1).outcome == "done"
    assert query(file, "SELECT count(*) FROM exact.articles_north") == [(3,)]
    both = replication("crm/Accounts", tables={"crm/Accounts": "Articles_North"})
    other = house.add(replace(both, name="Relaties"))
    refused = house.fetch(other.number)
    assert refused.outcome == "failed"
    assert "holds logistics/Items already. Give crm/Accounts another table." in refused.problem
    for wrong in ("_retailvista_cursors", "1st", "a b"):
        with pytest.raises(WrongFlow):
            house.add(replication("crm/Accounts", tables={"crm/Accounts": wrong}))
    spec = keeping.spec_of_row(house.flow(1))
    house.do(keeping.change_flow, 1, replace(spec, target=replace(spec.target, tables={})), ACTOR)
    again = house.fetch(1)
    assert (again.outcome, again.counts["new"]) == ("done", 3), "loaded anew under the other name"


def test_settings_of_a_warehouse_may_hold_variables_where_no_secret_goes(
    house: FlowHouse, file: Path
):
    vault = house.stage.outside.vault

    def save(**values: str):
        return house.do(warehouses.save_warehouse, vault, 40, {"name": "Magazijn", **values}, ACTOR)

    assert save(url="duckdb:[company.alias]-[area]?schema=[area]") == []
    house.add(replication("logistics/Items"))
    failed = house.fetch(1)
    assert "There is no variable [area], which is used in connector.file." in failed.problem
    tested = warehouses.check_warehouse(house.stage.outside, 40)
    assert "There is no variable [area]" in tested.message
    house.do(set_variable, "area", "north", ACTOR)
    assert house.fetch(1).outcome == "done"
    assert query(
        file.with_name("groenhof-north.duckdb"), 'SELECT count(*) FROM north."Logistics_Items"'
    ) == [(3,)]
    house.do(set_variable, "area", "../up", ACTOR)
    assert "connector.schema: A name has letters" in house.fetch(1).problem
    fixed = {"kind": "postgresql", "host": "db.example", "database": "[area]", "secret": "s"}
    assert [found.field for found in save(**fixed, user="[who]")] == ["user"]
    assert [found.field for found in save(**(fixed | {"host": "[where]"}), user="u")] == ["host"]
