"""The panel in which the provider of a new connector is chosen."""

from __future__ import annotations

import pytest

from tests.web.desk import Desk


@pytest.mark.statement("C-25")
def test_the_panel_of_connectors_is_searched_by_typing(desk: Desk):
    panel = desk.admin.get("/connectors/new").text
    assert "Exact Online kiezen" in panel
    assert "Datawarehouse kiezen" in panel
    assert "licentie Sage Accounting integration niet" in panel
    assert 'data-narrow-cards="kinds"' in panel
    found = desk.admin.get("/connectors/new?q=snow").text
    assert "Datawarehouse kiezen" in found
    assert "Exact Online kiezen" not in found
    assert "Niets heet zo" in desk.admin.get("/connectors/new?q=zzz").text


@pytest.mark.statement("C-01")
def test_exact_online_is_chosen_from_the_panel(desk: Desk):
    panel = desk.admin.get("/connectors/new?q=exact").text
    assert 'name="provider" value="exact-online"' in panel
    made = desk.admin.post("/connectors", provider="exact-online")
    assert made.status_code == 303
    page = desk.admin.get(made.location).text
    assert "Exact Online" in page
    assert "oauth.ashx?provider=" in page, "the callback to register at Exact"


def test_the_steps_are_those_of_the_way_to_log_in_that_is_offered_first(desk: Desk):
    """OData begins with user and password: no window opens, so none is announced."""
    made = desk.admin.post("/connectors", provider="odata")
    page = desk.admin.get(made.location).text
    assert "Vul in waarmee de koppeling opengaat" in page
    assert "Meld aan met oAuth" not in page
