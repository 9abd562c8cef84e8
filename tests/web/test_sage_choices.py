"""What the screens offer a company with Sage: its VAT mode alone, and all its actions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web.desk import Desk
from tests.web.sage_desk import fill_sage, open_sage_desk


@pytest.fixture
def sage(tmp_path, clock, request) -> Iterator[Desk]:
    with open_sage_desk(tmp_path, clock, request) as desk:
        yield desk


def test_sage_offers_the_vat_mode_that_it_has_and_no_other(sage: Desk):
    page = sage.admin.get("/connectors/3").text
    offered = page.split('name="vat_mode"')[1].split("</select>")[0]
    assert 'value="own"' in offered
    assert 'value="exact"' not in offered
    refused = fill_sage(sage, vat_mode="exact")
    assert refused.status_code == 400
    assert "Kies hoe de btw wordt geboekt." in refused.text


def test_a_flow_that_deletes_journals_of_the_books_may_be_made_of_our_own_journals(sage: Desk):
    """Our own records and theirs have the same key there; the action is of what is written."""
    fill_sage(sage)
    page = sage.admin.post(
        "/flows/new", kind="outgoing", name="Weg", source_connector="0", entity="journals",
        target_connector="3", target_entity="journals", action="delete", press="look",
    ).text  # fmt: skip
    actions = page.split('name="action"')[1].split("</select>")[0]
    assert '<option value="delete" selected>' in actions
