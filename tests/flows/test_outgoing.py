"""Outgoing flows: records of the inbox are written once, and what each answer leads to."""

from __future__ import annotations

import pytest

from retailvista.flows import item_actions, item_looks, item_outcomes, item_sending
from retailvista.flows.definition import CREATE, DELETE, UPDATE, RetrySpec, WrongFlow
from retailvista.flows.going_on import go_on_with_items
from retailvista.flows.item_actions import skip
from retailvista.flows.models import FAILED, FINISHED, NEW, PROCESSING, RETRY, SKIPPED, Item
from tests.flows.works import ACCOUNTS, ARTICLES, Works, incoming, outgoing
from tests.sandbox.visitor import GROENHOF, Visitor

FROM_ACCOUNTS = {"payload.Code": "Code", "payload.Description": "Name"}


def codes(works: Works) -> list[str]:
    """Articles that were made by us."""
    return sorted(row["Code"] for row in works.there(ARTICLES) if row["Code"].startswith("P-"))


def prepare(works: Works, *names: str, **more: object) -> None:
    """Relations P-1, P-2, ... come in by flow 1 and go out as articles by flow 2."""
    rows = [{"Name": name, "Code": f"P-{n}"} for n, name in enumerate(names, start=1)]
    works.put(ACCOUNTS, *rows)
    only = {"query": {"$filter": "Code ge 'P-' and Code lt 'Q'"}, "changed_since": False}
    works.add(incoming(source=only))
    works.run(1)
    works.add(outgoing(transform={"fields": FROM_ACCOUNTS}, **more))


def only_item(works: Works, flow: int = 2) -> Item:
    (item,) = works.items(flow)
    return item


@pytest.mark.statement("A-14", "A-15", "A-16", "A-17", "A-20", "A-22")
def test_records_of_the_inbox_are_created_and_each_item_tells_all(works: Works):
    prepare(works, "Lavendel", "Buxus")
    run = works.run(2)
    assert (run.outcome, run.counts["sent"]) == ("done", 2)
    assert codes(works) == ["P-1", "P-2"]
    assert works.states(1) == works.states(2) == [FINISHED, FINISHED]
    item = works.items(2)[0]
    assert item.received["Name"] == "Lavendel"
    assert item.transformed == {"payload": {"Code": "P-1", "Description": "Lavendel"}}
    assert item.request["method"] == "POST"
    assert item.request["body"] == '{"Code":"P-1","Description":"Lavendel"}'
    assert item.answer["status"] == 201
    assert item.target_key == item.answer["record"]["ID"]
    assert [line["text"] for line in item.log] == ["received", "sending", "done"]
    assert works.run(2).counts.get("sent", 0) == 0
    assert codes(works) == ["P-1", "P-2"]


@pytest.mark.statement("A-15", "A-17", "A-18")
@pytest.mark.parametrize("action", [UPDATE, DELETE])
def test_update_and_delete_fill_the_key_into_the_path(works: Works, action: str):
    key = works.put(ARTICLES, {"Code": "P-1", "Description": "Oud"})[0]
    works.put(ACCOUNTS, {"Name": "Nieuw", "Code": "P-1", "Remarks": key})
    only = {"query": {"$filter": "Code eq 'P-1'"}, "changed_since": False}
    works.add(incoming(source=only))
    works.run(1)
    fields = {"path.id": "Remarks", "payload.Description": "Name"}
    works.add(outgoing(action=action, transform={"fields": fields}))
    assert works.run(2).counts["sent"] == 1
    item = only_item(works)
    assert item.request["url"].endswith(f"logistics/Items(guid'{key}')")
    stored = [row["Description"] for row in works.there(ARTICLES) if row["key"] == key]
    assert stored == (["Nieuw"] if action == UPDATE else [])


@pytest.mark.statement("A-18")
def test_a_missing_path_value_fails_that_item_and_not_the_run(works: Works):
    keys = works.put(ARTICLES, {"Code": "P-1", "Description": "Oud"})
    works.put(ACCOUNTS, {"Name": "Met", "Code": "P-1", "Remarks": keys[0]},
              {"Name": "Zonder", "Code": "P-2"})  # fmt: skip
    only = {"query": {"$filter": "Code ge 'P-' and Code lt 'Q'"}, "changed_since": False}
    works.add(incoming(source=only))
    works.run(1)
    fields = {"path.id": "Remarks", "payload.Description": "Name"}
    works.add(outgoing(action=UPDATE, transform={"fields": fields}))
    run = works.run(2)
    assert (run.counts["sent"], run.counts["failed"], run.outcome) == (1, 1, "partial")
    by_name = {item.received["Name"]: item for item in works.items(2)}
    assert by_name["Met"].state == FINISHED
    assert by_name["Zonder"].state == FAILED
    assert "{id}" in by_name["Zonder"].problem_values["why"]
    assert by_name["Zonder"].sent_at is None


@pytest.mark.statement("A-16")
def test_an_action_that_the_entity_does_not_allow_is_refused(works: Works):
    with pytest.raises(WrongFlow, match="does not allow"):
        works.add(outgoing(entity="financialtransaction/BankEntries", action=UPDATE))


@pytest.mark.statement("A-20")
def test_a_connector_that_is_not_logged_in_is_refused(works: Works):
    works.side.add_connector(26)
    spec = outgoing()
    target = spec.target.__class__(26, ARTICLES, CREATE)
    with pytest.raises(WrongFlow, match="not logged in"):
        works.add(spec.__class__(spec.name, spec.kind, spec.source, target))


@pytest.mark.statement("A-21", "A-23")
def test_a_refused_item_is_tried_again_a_set_number_of_times(works: Works, clock):
    prepare(works, "Lavendel", retry=RetrySpec(times=2, minutes=5))
    works.side.sandbox.faults.add("refuse", value="Verplicht: Artikelgroep", method="POST",
                                  path="*logistics/Items*", times=10)  # fmt: skip
    run = works.run(2)
    item = only_item(works)
    assert (item.state, item.retries, item.said) == (RETRY, 1, "Verplicht: Artikelgroep")
    assert (run.outcome, run.counts["refused"]) == ("failed", 1), "nothing was done"
    for retries, state in ((2, RETRY), (2, FAILED), (2, FAILED)):
        clock.move(minutes=5)
        works.work()
        item = only_item(works)
        assert (item.state, item.retries) == (state, retries)
    assert item.problem == item_outcomes.REFUSED
    works.side.sandbox.faults.clear()
    assert item_actions.retry(works.side.session, [item.number], "anna").done == [item.number]
    works.work()
    assert only_item(works).state == FINISHED
    assert codes(works) == ["P-1"]


def test_what_is_there_already_in_another_shape_is_not_overwritten(works: Works):
    works.put(ARTICLES, {"Code": "P-1", "Description": "Van een ander"})
    prepare(works, "Lavendel")
    run = works.run(2)
    item = only_item(works)
    assert (item.state, item.problem) == (FAILED, item_looks.IS_THERE)
    assert item.problem_values == {"by": "Code P-1", "fields": "Description"}
    assert (run.outcome, run.counts["failed"]) == ("failed", 1)


def test_a_record_that_was_created_is_not_created_again_when_it_changes(works: Works, clock):
    prepare(works, "Lavendel")
    works.run(2)
    clock.move(minutes=1)
    (account,) = [row for row in works.there(ACCOUNTS) if row["Code"] == "P-1"]
    works.put(ACCOUNTS, {"ID": account["key"], "Name": "Lavendel 9 cm", "Code": "P-1"})
    works.run(1)
    works.run(2)
    first, second = works.items(2)
    assert (first.state, second.state) == (FINISHED, SKIPPED)
    assert second.problem == item_sending.CREATED_BEFORE
    assert second.problem_values["key"] == first.target_key
    # Who says that it is to be sent all the same gets the answer of the other system.
    item_actions.retry(works.side.session, [second.number], "anna")
    works.work()
    assert works.items(2)[1].problem == item_looks.IS_THERE


def test_an_update_sends_each_state_in_its_order_and_never_an_older_one_last(works: Works, clock):
    key = works.put(ARTICLES, {"Code": "P-1", "Description": "0"})[0]
    works.put(ACCOUNTS, {"Name": "1", "Code": "P-1", "Remarks": key})
    only = {"query": {"$filter": "Code eq 'P-1'"}, "changed_since": False}
    works.add(incoming(source=only))
    fields = {"path.id": "Remarks", "payload.Description": "Name"}
    works.add(outgoing(action=UPDATE, transform={"fields": fields}, retry=RetrySpec(3, 60)))
    works.run(1)
    works.side.sandbox.faults.add("refuse", value="Verplicht: Eenheid", method="PUT", path="*")
    works.run(2)
    assert works.states(2) == [RETRY]
    (account,) = [row for row in works.there(ACCOUNTS) if row["Code"] == "P-1"]
    works.put(ACCOUNTS, {"ID": account["key"], "Name": "2", "Code": "P-1", "Remarks": key})
    clock.move(minutes=1)
    works.run(1)
    works.run(2)
    clock.move(hours=2)
    works.work()
    assert works.states(2) == [SKIPPED, FINISHED]
    assert [row["Description"] for row in works.there(ARTICLES) if row["key"] == key] == ["2"]


def test_without_a_mark_of_our_own_a_person_decides(works: Works, clock):
    """Prices have nothing that we give them ourselves: after a lost answer nobody can tell."""
    works.put(ACCOUNTS, {"Name": "Straat 1", "Code": "P-1"})
    only = {"query": {"$filter": "Code eq 'P-1'"}, "changed_since": False}
    works.add(incoming(source=only))
    works.run(1)
    fields = {"payload.AddressLine1": "Name", "payload.Account": "ID", "payload.Type": "4"}
    works.add(outgoing("crm/Addresses", transform={"fields": fields}))
    before = len(works.there("crm/Addresses"))
    works.side.sandbox.faults.add("drop_after_commit", method="POST", path="*crm/Addresses*")
    run = works.run(2)
    item = only_item(works)
    clock.move(minutes=1)
    works.work()
    item = only_item(works)
    assert (item.state, item.problem) == (FAILED, item_outcomes.ASK_PERSON)
    assert len(works.there("crm/Addresses")) == before + 1
    # The next state of the same record waits until somebody has decided, and nothing spins.
    (account,) = [row for row in works.there(ACCOUNTS) if row["Code"] == "P-1"]
    works.put(ACCOUNTS, {"ID": account["key"], "Name": "Straat 2", "Code": "P-1"})
    works.run(1)
    works.run(2)
    assert works.states(2) == [FAILED, NEW]
    assert works.next_waiting() is None
    refused = item_actions.retry(works.side.session, [item.number], "anna").refused
    assert refused == {item.number: item_actions.LOOK_FIRST}
    assert skip(works.side.session, [item.number], "anna").done == [item.number]
    assert run.outcome in {"done", "failed", "partial"}


def test_no_right_to_write_stops_the_run_and_leaves_the_items_new(works: Works):
    prepare(works, "Lavendel", "Buxus")
    Visitor(works.side.sandbox).admin("settings", division=GROENHOF, access="NoDivisionAccess")
    run = works.run(2)
    assert run.outcome == "failed"
    assert works.states(2) == [NEW, NEW]
    assert PROCESSING not in works.states()


@pytest.mark.judge_allows("broken-chain", reason="the login is called ended while it is not")
def test_what_an_ended_login_left_goes_out_after_the_next_login(works: Works, clock):
    prepare(works, "Lavendel")
    grant = works.side.grant()
    works.side.change(grant, login_needed_at=clock.now(), login_needed_why="ended")
    assert works.run(2).outcome == "failed"
    assert works.states(2) == [NEW]
    assert go_on_with_items(works.side.outside) == 0
    works.side.change(grant, login_needed_at=None)
    clock.move(minutes=16)
    assert go_on_with_items(works.side.outside) == 1
    assert go_on_with_items(works.side.outside) == 0
    works.work()
    assert works.states(2) == [FINISHED]
    clock.move(minutes=16)
    assert go_on_with_items(works.side.outside) == 0
