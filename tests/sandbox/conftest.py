"""A sandbox with a clock that the test moves, and a visitor who has logged in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from retailvista.clock import Clock
from retailvista.sandbox.server import Sandbox
from tests.sandbox.visitor import CALLBACK, CLIENT_ID, SECRET, Visitor


@pytest.fixture
def sandbox(tmp_path: Path, clock: Clock) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.sqlite", clock=clock) as running:
        running.store.add_app(CLIENT_ID, SECRET, CALLBACK)
        yield running


@pytest.fixture
def stranger(sandbox: Sandbox) -> Visitor:
    return Visitor(sandbox)


@pytest.fixture
def visitor(stranger: Visitor) -> Visitor:
    return stranger.log_in()
