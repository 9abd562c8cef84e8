"""A sandbox that speaks HTTP and a company that is logged in to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from retailvista.clock import Clock
from retailvista.sandbox.pytest_plugin import judged
from retailvista.sandbox.server import Sandbox
from tests.journals.shop import Shop, open_shop
from tests.stage import Stage, open_stage


@pytest.fixture
def stage(tmp_path: Path, clock: Clock, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The test fails when we break a rule of Exact without leave."""
    with judged(Sandbox(tmp_path / "sandbox.sqlite", clock=clock), request) as sandbox:
        stage = open_stage(tmp_path, clock, sandbox)
        yield stage
        stage.close()


@pytest.fixture
def shop(tmp_path: Path, clock: Clock) -> Shop:
    """A Dutch shop with one store and no links."""
    return open_shop(tmp_path, clock)
