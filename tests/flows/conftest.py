"""Flows beside a sandbox with the test's clock: one company, one connector that is logged in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from retailvista.companies.scope import company_scope
from retailvista.sandbox.pytest_plugin import judged
from retailvista.sandbox.server import Sandbox
from tests.connectors.side import open_side
from tests.flows.works import Works
from tests.sandbox.visitor import CALLBACK, CLIENT_ID, SECRET


@pytest.fixture
def works(tmp_path: Path, clock, request: pytest.FixtureRequest) -> Iterator[Works]:
    """The test fails when we break a rule of Exact without leave."""
    with judged(Sandbox(tmp_path / "sandbox.sqlite", clock=clock), request) as sandbox:
        sandbox.store.add_app(CLIENT_ID, SECRET, CALLBACK)
        side = open_side(tmp_path, clock, sandbox)
        with company_scope(side.company_id):
            side.add_connector()
            assert side.log_in().ok
            yield Works(side)
        side.session.close()
        side.engine.dispose()
