"""A table of a feed as the source of a flow: its rows are transformed and go on to Exact."""

from __future__ import annotations

import html

import pytest

from retailvista.feed import feeds
from retailvista.flows import sampling
from retailvista.flows.definition import (
    INBOX,
    FlowSpec,
    SourceSpec,
    TargetSpec,
    TransformSpec,
    WrongFlow,
)
from retailvista.flows.models import INCOMING, OUTGOING
from retailvista.sandbox import records
from tests.feed.live_house import ACCOUNTS, ITEMS, LiveHouse
from tests.sandbox.visitor import GROENHOF
from tests.stage import CONNECTOR_NUMBER

TABLE = "feed/bron/Kwekers"


@pytest.fixture(scope="module")
def shop(live) -> LiveHouse:
    """A derived view of relations; Exact has no items yet."""
    live.store.set("limits", "off")
    live.put(ACCOUNTS, *({"Name": f"Kweker {n}", "City": "Lisse"} for n in range(3)), {"Name": "X"})
    live.put(ITEMS)
    number = live.feed("bron", ACCOUNTS)
    columns = [("ID", "Nummer"), ("Name", "Naam"), ("CreditLinePurchase", "Ruimte")]
    live.do(feeds.change_table, number, "Accounts", "Kwekers", columns, "City eq 'Lisse'", "test")
    return live


@pytest.mark.statement("C-17")
def test_rows_of_a_feed_are_transformed_and_sent(shop, quiet):
    fields = {"payload.Code": "Naam | upper", "payload.Description": "Naam"}
    with shop.scope():
        flow = shop.house.add(FlowSpec(
            "Kwekers als artikel", OUTGOING, SourceSpec(entities=(TABLE,)),
            TargetSpec(CONNECTOR_NUMBER, ITEMS, "create"), TransformSpec(fields=fields),
        ))  # fmt: skip
        run = shop.house.fetch(flow.number)
        assert run.outcome == "done", shop.house.log(run)
    stored = [row.body for row in records.every(shop.store, ITEMS, GROENHOF)]
    assert sorted(row["Code"].strip() for row in stored) == ["KWEKER 0", "KWEKER 1", "KWEKER 2"]


def test_rows_of_a_feed_come_into_the_inbox_once(shop, quiet):
    with shop.scope():
        flow = shop.house.add(FlowSpec(
            "Kwekers in", INCOMING, SourceSpec(entities=(TABLE,)), TargetSpec(entity=INBOX),
        ))  # fmt: skip
        first = shop.house.fetch(flow.number)
        again = shop.house.fetch(flow.number)
        with pytest.raises(WrongFlow, match="nothing called"):
            shop.house.add(FlowSpec(
                "Niets", INCOMING, SourceSpec(entities=("feed/bron/Weg",)),
                TargetSpec(entity=INBOX),
            ))  # fmt: skip
    assert (first.counts["read"], first.counts["new"]) == (3, 3)
    assert again.counts.get("new", 0) == 0


def test_the_form_of_a_flow_offers_tables_of_feeds(shop, quiet):
    admin = shop.site.browser("groenhof", "administrator@groenhof.nl")
    form = html.unescape(admin.get(f"/flows/new?kind=outgoing&source=0&entity={TABLE}").text)
    assert f'name="entity" value="{TABLE}"' in form
    found = html.unescape(admin.get("/flows/entities?source_connector=0&find=kwekers").text)
    assert TABLE in found
    other = shop.site.browser("bloemhof", "administrator@bloemhof.nl")
    assert TABLE not in html.unescape(other.get("/flows/entities?source_connector=0&find=kw").text)


def test_the_form_shows_what_a_row_becomes(shop, quiet):
    with shop.scope():
        seen = sampling.sample(shop.house.stage.outside, SourceSpec(entities=(TABLE,)))
    assert seen.ok
    assert set(seen.row) == {"Nummer", "Naam", "Ruimte"}
