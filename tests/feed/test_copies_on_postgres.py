"""The same copies in PostgreSQL: its own order of texts and its nulls must not show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from retailvista.connectors import warehouses
from retailvista.sandbox.pytest_plugin import judged
from retailvista.sandbox.server import Sandbox
from retailvista.web.wiring import Wired
from tests.feed.live_house import ACCOUNTS, CONTACTS, LiveHouse, open_live
from tests.feed.test_copies import compare, fetched, fill, go_through
from tests.flows.flow_house import WAREHOUSE_NUMBER


@pytest.fixture
def copied(tmp_path, clock, request, postgres_database: str) -> Iterator[LiveHouse]:
    with judged(Sandbox(tmp_path / "sandbox.sqlite", clock=clock), request) as sandbox:
        live = open_live(tmp_path, clock, sandbox)
        connect(live, postgres_database)
        fill(live)
        live.feed("live", ACCOUNTS, CONTACTS)
        live.feed("kopie", ACCOUNTS, CONTACTS, warehouse=True)
        fetched(live)
        yield live
        live.house.stage.close()


def connect(live: LiveHouse, url: str) -> None:
    """Connector 40 reaches this database."""
    parts, stage = urlsplit(url), live.house.stage
    hosts = (f"postgresql://127.0.0.1:{parts.port}",)
    stage.outside = replace(stage.outside, provider_hosts=hosts)
    live.site = replace(live.site, outside=stage.outside)
    live.site.app.extensions["retailvista"] = Wired(live.site.settings, stage.outside)
    address = f"postgresql://{parts.username}@127.0.0.1:{parts.port}{parts.path}?ssl_mode=prefer"
    values = {"name": "Magazijn", "url": address, "secret": "geheim"}
    problems = live.do(
        warehouses.save_warehouse, stage.outside.vault, WAREHOUSE_NUMBER, values, "test"
    )
    assert problems == []


@pytest.mark.postgres
def test_postgresql_answers_as_exact_does(copied):
    compare(copied)
    copied.clock.move(minutes=2)
    go_through(copied)
    found = copied.program("kopie").rows("Contacts", expand="AccountDetails($select=Name)")
    assert all(row["AccountDetails"]["Name"] for row in found)
