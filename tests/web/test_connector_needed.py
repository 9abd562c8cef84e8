"""What needs a connector stands on its page, each with the way there; nothing that works goes."""

from __future__ import annotations

import re

import pytest

from retailvista import db
from retailvista.companies.scope import company_scope
from retailvista.connectors.models import Connector
from retailvista.feed import live_datasets
from retailvista.flows.models import WebhookSubscription
from retailvista.sandbox.seed import GROENHOF
from tests.web.desk import Desk, fill_in
from tests.web.test_connector_screen import row_of
from tests.web.test_warehouse_screen import INCOMING

PAGE = "/connectors/1/dependencies"
PANEL = re.compile(
    r'<td data-name="Wat hem nodig heeft">([^<]*)</td><td[^>]*><a href="([^"]*)">([^<]*)</a>'
)


def needed(desk: Desk) -> list[tuple[str, str, str]]:
    """Kind, link and words of each line of the page; every link leads somewhere."""
    lines = PANEL.findall(desk.admin.get(PAGE).text)
    for _kind, link, _words in lines:
        assert desk.admin.get(link).status_code == 200, link
    return lines


def another_that_posts(desk: Desk) -> None:
    with company_scope(1), desk.site.outside.sessions() as session, db.transaction(session):
        session.add(
            Connector(
                number=9, draft=False, provider="exact-online", journal_code="92", name="Tweede",
                created_at=db.now(session),
            )
        )  # fmt: skip


@pytest.mark.statement("J-17")
def test_a_store_without_a_choice_needs_the_only_connector_that_posts(ready: Desk):
    assert needed(ready) == [
        ("Journaalposten die nog niet gecontroleerd zijn", "/journals", "1"),
        ("Winkel zonder gekozen connector: alleen deze boekt journaalposten", "/stores/1",
         "1 · Tuincentrum Groenhof 1"),
    ]  # fmt: skip
    refused = ready.admin.post("/connectors/1/delete")
    assert refused.status_code == 409
    assert 'href="/stores/1"' in refused.text
    # A second one that posts: the store has to choose, and this one is not needed by it.
    another_that_posts(ready)
    assert needed(ready) == []


def test_without_its_journal_code_no_store_posts_to_it(ready: Desk):
    assert fill_in(ready, 1, client_secret="", journal_code="").status_code == 303
    assert needed(ready) == []
    assert ready.admin.post("/connectors/1/delete").location == "/connectors?done=removed"


@pytest.mark.statement("J-17")
def test_flows_feeds_and_webhooks_need_it(ready: Desk):
    another_that_posts(ready)
    ready.admin.post("/flows/new", **INCOMING)
    ready.admin.post("/feeds", name="relaties")
    row = row_of(ready, 1)
    with company_scope(1), ready.site.outside.sessions() as session:
        live_datasets.add_live_tables(session, 1, row.number, ["crm/Accounts"], "anna")
        with db.transaction(session):
            session.add(
                WebhookSubscription(
                    connector_id=row.id, topic="Items", division=GROENHOF, address_hash="x",
                    created_at=db.now(session),
                )
            )  # fmt: skip
    assert [(kind, link) for kind, link, _words in needed(ready)] == [
        ("Stroom", "/flows/1"),
        ("Feed", "/feeds/1"),
        ("Webhook", "/connectors/1/webhooks"),
    ]
    assert ready.admin.post("/connectors/1/delete").status_code == 409
