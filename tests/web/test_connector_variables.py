"""[variables] of three levels in the settings of a connector, as they are when it works."""

from __future__ import annotations

import pytest

from retailvista.companies.scope import company_scope
from retailvista.connectors.connector_facts import connector_facts
from retailvista.errors import Refused
from retailvista.flows.variables import remove_variable, set_variable
from tests.web.desk import Desk, fill_in, open_desk
from tests.web.test_connector_screen import FORM, row_of


def ceiling(desk: Desk) -> int:
    """How many calls a minute the connector may make now."""
    with company_scope(1):
        _facts, provider = connector_facts(desk.site.outside, row_of(desk, 1).id)
    return provider.budget.per_minute


def with_setting(desk: Desk, value: str) -> None:
    row = {"advanced_name": "calls_per_minute", "advanced_value": value}
    saved = fill_in(desk, 1, client_secret="", **FORM, **row)
    assert saved.status_code == 303, saved.text.split("invalid-feedback")[1:2]


def let(desk: Desk, name: str, value: str | None) -> None:
    """A variable of the company gets a value, or with None goes."""
    with company_scope(1), desk.site.outside.sessions() as session:
        if value is None:
            remove_variable(session, name, "test")
        else:
            set_variable(session, name, value, "test")


@pytest.mark.statement("J-04", "J-12")
def test_settings_follow_their_variables_when_the_connector_works(tmp_path, clock, request):
    with open_desk(tmp_path, clock, request, RV_VARIABLE_PACE="40") as desk:
        with_setting(desk, "[pace]")
        assert ceiling(desk) == 40, "the operator's"
        let(desk, "slow", "31")
        with_setting(desk, "[slow]")
        assert ceiling(desk) == 31, "the company's"
        let(desk, "slow", "32")
        assert ceiling(desk) == 32, "as it is now, not as it was when it was saved"
        with_setting(desk, "4[connector.number]")
        assert ceiling(desk) == 41, "built in"
        with_setting(desk, "[slow]")
        let(desk, "slow", None)
        with pytest.raises(Refused, match=r"\[slow\]"):
            ceiling(desk)
