"""The Test of an endpoint: good keys, missing rights, and a real record to try a transform on."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from retailvista.connectors.models import Grant
from retailvista.flows import sampling
from retailvista.flows.definition import SourceSpec, TransformSpec
from retailvista.sandbox.apps import describe_app
from tests.flows.flow_house import incoming
from tests.stage import CLIENT_ID

ACCOUNTS = SourceSpec(25, ("crm/Accounts",))


def ask(house, source=ACCOUNTS, **transform):
    return sampling.sample(house.stage.outside, source, TransformSpec(**transform))


@pytest.mark.statement("D-07")
def test_an_endpoint_is_tested_with_the_record_a_flow_would_get(house):
    found = ask(house)
    assert (found.kind, found.message) == ("found", "crm/Accounts can be read.")
    assert found.row is not None
    assert found.key
    name = found.row["Name"]
    filtered = ask(house, request={"query.$filter": "Name eq '{{ 'nobody' }}'"})
    assert (filtered.kind, filtered.ok) == ("empty", True)
    assert "may not see them" in filtered.message
    first = SourceSpec(25, ("crm/Accounts",), query={"$top": "1"})
    assert ask(house, first).row["Name"] == name
    lines = ask(house, SourceSpec(25, ("financialtransaction/TransactionLines",)))
    assert lines.ok


@pytest.mark.statement("D-08")
def test_bad_keys_and_missing_rights_are_told_apart(house):
    sandbox = house.stage.sandbox
    describe_app(sandbox.store, CLIENT_ID, scopes=["financial.accounting"])
    no_scope = ask(house)
    assert no_scope.kind == "rights"
    assert no_scope.message.startswith("The login works, but has no access to crm/Accounts")
    assert "Scope Violated" in no_scope.said
    describe_app(sandbox.store, CLIENT_ID, scopes=[])
    assert ask(house).ok, "repaired without making the connector anew"
    house.stage.change(
        lambda s: s.execute(update(Grant).values(login_needed_at=house.stage.clock.now()))
    )
    gone = ask(house)
    assert (gone.kind, gone.message) == (
        "login",
        "The login does not work: log in again at connector 25.",
    )


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("html_503", "provider_down"), ("drop_before", "provider_down"), ("429", "busy")],
)
def test_a_provider_that_is_away_is_no_fault_of_the_login(house, fault, kind):
    house.stage.sandbox.faults.add(fault, path="*crm/Accounts*", times=9)
    found = ask(house)
    assert (found.kind, found.ok) == (kind, False)


def test_our_own_records_are_sampled_without_a_call(house):
    house.add(incoming())
    assert ask(house, SourceSpec(0, ("journals",))).kind == "empty"
    assert sampling.latest_record(house.stage.outside, 25, "crm/Accounts") is None
