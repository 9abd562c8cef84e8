"""A sandbox with the test's clock, and a company that is logged in to it, in scope."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from retailvista.companies.scope import company_scope
from retailvista.sandbox.pytest_plugin import judged
from retailvista.sandbox.server import Sandbox
from tests.connectors.side import open_side
from tests.flows.flow_house import FlowHouse, add_warehouse
from tests.flows.works import Works
from tests.sandbox.visitor import CALLBACK, CLIENT_ID, SECRET
from tests.stage import open_stage

# `make snowflake` brings the emulator, whose packages the suite cannot have; see docs/warehouse.md.
collect_ignore = [] if find_spec("fakesnow") else ["emulated_snowflake.py"]


@pytest.fixture
def sandbox(tmp_path: Path, clock, request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """It keeps Exact's rules, and the test fails when we break one without leave."""
    with judged(Sandbox(tmp_path / "sandbox.sqlite", clock=clock), request) as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, clock, sandbox: Sandbox) -> Iterator[FlowHouse]:
    """Groenhof with connector 25 (Exact, logged in) and connector 40 (a warehouse)."""
    stage = open_stage(tmp_path, clock, sandbox, master=False)
    add_warehouse(stage)
    with company_scope(stage.company_id):
        yield FlowHouse(stage)
    stage.close()


@pytest.fixture
def works(tmp_path: Path, clock, sandbox: Sandbox) -> Iterator[Works]:
    """Groenhof with connector 25 alone, logged in as people do."""
    sandbox.store.add_app(CLIENT_ID, SECRET, CALLBACK)
    side = open_side(tmp_path, clock, sandbox)
    with company_scope(side.company_id):
        side.add_connector()
        assert side.log_in().ok
        yield Works(side)
    side.session.close()
    side.engine.dispose()


@pytest.fixture
def file(house: FlowHouse) -> Path:
    """The DuckDB file of connector 40; Exact's own limits are off."""
    house.stage.sandbox.store.set("limits", "off")
    return house.stage.outside.spool.parent / "warehouses" / "1" / "warehouse.duckdb"
