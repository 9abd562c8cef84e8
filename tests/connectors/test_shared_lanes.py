"""A company that knows another one's client ID and division cannot stop its postings.

Ten refused calls in an hour to an endpoint block it at Exact, so we stop at eight, per lane. A lane
is shared by who speaks to the same division by the same app, and both of these are no secrets.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from retailvista import db
from retailvista.companies.scope import company_scope
from retailvista.connectors import lanes, trying
from retailvista.connectors.connector_facts import connector_facts, facts_of
from retailvista.connectors.guidance import FULL, MODES
from retailvista.connectors.port import TokenRefused
from retailvista.connectors.record_visits import reader_for
from retailvista.connectors.records import Asked, Way
from retailvista.connectors.visits import open_visit
from retailvista.errors import Refused
from tests.connectors.side import Side
from tests.world import add_company

ENTITY = "financial/GLAccounts"
# A division that the bookkeeper's consent does not cover.
ANOTHERS = 2000001
BY_HAND: dict[str, Any] = {"mode": "token", "access_token": "made-up"}


@pytest.fixture
def thief(connected: Side) -> int:
    """Another company with a connector that claims to be groenhof's; its id."""
    company_id = add_company(connected.session, 2, "Boef", "boef")
    with company_scope(company_id):
        connected.add_connector(**BY_HAND)
    return company_id


def errors_of_the_lane(side: Side) -> dict[str, int]:
    facts, _provider = connector_facts(side.outside, side.connector().id)
    with db.reading(side.session):
        return dict(lanes.view(side.session, facts.lane_key).errors)


def test_refused_calls_of_a_made_up_token_do_not_count_for_the_other_company(
    connected: Side, thief: int
):
    asked = Asked(ENTITY, Way.FULL)
    with company_scope(thief):
        reader = reader_for(connected.outside, connected.connector().id)
        with pytest.raises(TokenRefused):
            reader.page(asked)
        assert errors_of_the_lane(connected) == {ENTITY: 1}
    assert errors_of_the_lane(connected) == {}


def test_testing_a_made_up_token_on_the_screen_does_not_count_for_it_either(
    connected: Side, thief: int
):
    with company_scope(thief):
        result, problems = trying.try_values(connected.outside, 25, BY_HAND)
        assert result is not None, problems
        assert not result.ok
    assert errors_of_the_lane(connected) == {}


def test_a_made_up_token_is_not_tried_at_another_division(connected: Side, thief: int):
    with company_scope(thief):
        connector_id = connected.connector().id
        reader = reader_for(connected.outside, connector_id, ANOTHERS)
        with pytest.raises(Refused, match=f"no access to division {ANOTHERS}"):
            reader.page(Asked(ENTITY, Way.FULL))


def test_a_login_speaks_to_the_divisions_that_it_was_seen_to_have(connected: Side):
    """A flow may name any; one that is another company's would count as refused in its lane."""
    connector_id, calls = connected.connector().id, calls_of(connected)
    with pytest.raises(Refused, match="press Test at connector 25"):
        reader_for(connected.outside, connector_id, ANOTHERS).page(Asked(ENTITY, Way.FULL))
    visit = open_visit(connected.outside, connector_id, division=ANOTHERS)
    with pytest.raises(Refused, match=f"no access to division {ANOTHERS}"):
        visit.__enter__()
    assert calls_of(connected) == calls


def calls_of(side: Side) -> int:
    """How many calls the sandbox has seen."""
    side.sandbox.judge.flush()
    return len(side.sandbox.store.rows("SELECT 1 FROM call"))


@pytest.mark.parametrize("mode", MODES)
def test_only_what_the_provider_confirmed_shares_a_lane(connected: Side, mode: str):
    """With a login here, two companies in one division share its limits, as they do at Exact."""
    ours = replace(facts_of(connected.connector()), mode=mode)
    theirs = replace(ours, company_id=ours.company_id + 1)
    same = ours.at(ours.division).lane_key == theirs.at(ours.division).lane_key
    assert same == (mode == FULL)
    assert ours.at(ours.division) == ours.at(ANOTHERS).at(ours.division)
