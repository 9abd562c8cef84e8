"""With the operator's app a command adds a connector without keys; without it, that is a slip."""

from __future__ import annotations

import json

import pytest

from tests.scenarios.house import House

ADD = (
    "connector", "add", "--company", "groenhof", "--provider", "exact-online", "--name", "Exact",
    "--base-url", "https://start.exactonline.nl",
)  # fmt: skip
OPERATOR = {"RV_EXACT_CLIENT_ID": "the-app", "RV_EXACT_CLIENT_SECRET": "canary-of-the-operator"}


@pytest.mark.statement("R-24")
def test_a_connector_is_added_without_keys_where_the_operator_has_an_app(house: House):
    house.begin()
    without = house.run(*ADD)
    assert without.exit_code == 2
    assert "--client-id" in without.stderr
    added = house.run(*ADD, "--json", **OPERATOR)
    assert added.exit_code == 0, added.stderr
    number = str(json.loads(added.stdout)["number"])
    shown = house.run("connector", "show", "--company", "groenhof", number, "--json", **OPERATOR)
    assert json.loads(shown.stdout)["client_id"] == "the-app"
    url = house.run("connector", "login-url", "--company", "groenhof", number, **OPERATOR)
    assert "client_id=the-app" in url.stdout
    for result in (added, shown, url):
        assert "canary" not in result.stdout + result.stderr
    gone = house.run("connector", "login-url", "--company", "groenhof", number)
    assert gone.exit_code == 1
    assert "client secret" in gone.stderr
