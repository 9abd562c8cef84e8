"""Two companies have flows with the same numbers and never meet."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from retailvista.companies.scope import company_scope
from retailvista.errors import NotFound, Refused
from retailvista.flows import exchanging, keeping, scheduling, starting, variables
from retailvista.flows.definition import INBOX, FlowSpec, SourceSpec, TargetSpec, WrongFlow
from retailvista.flows.models import INCOMING
from retailvista.flows.scheduling import When
from retailvista.runs import stopping
from retailvista.runs.models import Run
from tests.flows.flow_house import ACTOR, incoming
from tests.world import add_company

OWN = FlowSpec("Journaalposten", INCOMING, SourceSpec(entities=("journals",)), TargetSpec(0, INBOX))


@pytest.fixture
def other(house) -> int:
    """Teststore, with a flow 1 of its own; its id."""
    with house.stage.sessions() as session:
        company_id = add_company(session, 2, "Teststore", "teststore")
    with company_scope(company_id):
        house.add(OWN)
    return company_id


def test_flows_runs_and_variables_of_another_company_are_not_there(house, other):
    ours = house.add(incoming())
    house.add(incoming())
    house.do(variables.set_variable, "land", "NL", ACTOR)
    house.do(scheduling.add_schedule, 1, When(every_minutes=15), ACTOR)
    assert ours.number == 1, "numbers are per company"
    with company_scope(other):
        assert [flow.name for flow in house.read(keeping.list_flows)] == ["Journaalposten"]
        with pytest.raises(NotFound):
            house.flow(2)
        with pytest.raises(NotFound):
            house.do(starting.fetch_now, 2, ACTOR)
        with pytest.raises(NotFound):
            house.do(scheduling.switch_schedule, 1, 1, ACTOR, on=False)
        with pytest.raises(WrongFlow, match="There is no connector 25"):
            house.add(incoming())
        assert house.read(scheduling.flow_schedules) == []
        assert house.read(lambda s: variables.list_variables(s, {})) == []
        assert len(house.read(exchanging.export_flows)["flows"]) == 1


def test_two_flows_with_one_number_run_each_in_its_company(house, other):
    house.add(incoming())
    mine = house.do(starting.fetch_now, 1, ACTOR)
    with company_scope(other):
        theirs = house.do(starting.fetch_now, 1, ACTOR)
    assert mine == theirs == 1
    with company_scope(other), pytest.raises(Refused):
        house.do(stopping.stop_run, 2, ACTOR)
    assert house.work() == 2
    assert house.run(1).counts["new"] > 0
    with company_scope(other):
        assert house.run(1).counts.get("new", 0) == 0
        assert len(house.read(lambda s: s.scalars(select(Run)).all())) == 1
