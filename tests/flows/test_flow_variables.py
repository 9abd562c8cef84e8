"""Variables of flows: three levels, the nearest counts; an unknown one is named with its place."""

from __future__ import annotations

import pytest

from retailvista.errors import NotFound, Refused
from retailvista.flows import keeping, variables
from tests.flows.flow_house import ACTOR, incoming, replication


def test_variables_of_three_levels_are_filled_in(house):
    house.do(variables.set_variable, "Land", "NL", ACTOR)
    house.do(variables.set_variable, "schema", "dwh", ACTOR)
    operators = {"land": "BE", "host": "db.groenhof.example"}
    flow = house.add(incoming(query={"$filter": "Country eq '[land]'", "x": "[host]"}))

    def known(session):
        return variables.known_variables(session, operators, flow=flow)

    filled = variables.filled_spec(keeping.spec_of_row(flow), house.read(known))
    assert filled.source.query == {"$filter": "Country eq 'NL'", "x": "db.groenhof.example"}
    names = house.read(known)
    assert (names["today"], names["last_run"]) == ("2026-03-14", "2000-01-01T01:00:00")
    assert (names["flow.identifier"], names["company.alias"]) == ("relaties", "groenhof")
    listed = house.read(lambda s: variables.list_variables(s, operators))
    assert [(one.name, one.level, one.overruled) for one in listed] == [
        ("host", "operator", False),
        ("land", "company", False),
        ("land", "operator", True),
        ("schema", "company", False),
    ]


def test_a_variable_that_nobody_knows_is_named_with_its_place(house):
    flow = house.add(replication(schema="[nowhere]"))
    known = house.read(lambda s: variables.known_variables(s, {}))
    with pytest.raises(Refused, match=r"no variable \[nowhere\], which is used in target.schema"):
        variables.filled_spec(keeping.spec_of_row(flow), known)


@pytest.mark.parametrize("name", ["", "9x", "a-b", "a b", "today", "a" * 81])
def test_a_name_that_cannot_be_a_variable_is_refused(house, name):
    with pytest.raises(Refused):
        house.do(variables.set_variable, name, "x", ACTOR)


def test_a_variable_is_changed_and_removed(house):
    house.do(variables.set_variable, "land", "NL", ACTOR)
    house.do(variables.set_variable, "land", "BE", ACTOR)
    assert house.read(lambda s: variables.list_variables(s, {}))[0].value == "BE"
    house.do(variables.remove_variable, "land", ACTOR)
    with pytest.raises(NotFound):
        house.do(variables.remove_variable, "land", ACTOR)
