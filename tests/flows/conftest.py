"""A sandbox with the test's clock, and a company that is logged in to it, in scope."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from retailvista.companies.scope import company_scope
from retailvista.sandbox.pytest_plugin import judged
from retailvista.sandbox.server import Sandbox
from tests.flows.flow_house import FlowHouse, add_warehouse
from tests.stage import open_stage


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
