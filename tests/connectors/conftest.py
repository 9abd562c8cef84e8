"""A sandbox with the test's clock, and our side of it with one company in scope."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from retailvista.companies.scope import company_scope
from retailvista.sandbox.pytest_plugin import judged
from retailvista.sandbox.server import Sandbox
from tests.connectors.side import Side, open_side
from tests.sandbox.visitor import CALLBACK, CLIENT_ID, SECRET


@pytest.fixture
def sandbox(tmp_path: Path, clock, request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """It keeps Exact's rules, and the test fails when we break one without leave."""
    with judged(Sandbox(tmp_path / "sandbox.sqlite", clock=clock), request) as running:
        running.store.add_app(CLIENT_ID, SECRET, CALLBACK)
        yield running


@pytest.fixture
def side(tmp_path: Path, clock, sandbox: Sandbox) -> Iterator[Side]:
    made = open_side(tmp_path, clock, sandbox)
    with company_scope(made.company_id):
        yield made
    made.session.close()
    made.engine.dispose()


@pytest.fixture
def connected(side: Side) -> Side:
    """The same with connector 25 logged in."""
    side.add_connector()
    result = side.log_in()
    assert result.ok, result.message
    return side
