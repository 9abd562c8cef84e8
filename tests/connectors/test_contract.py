"""Every provider keeps every promise of the port."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from retailvista.connectors.registry import PROVIDERS
from tests.conftest import TestClock
from tests.connectors.contract import Case, checks
from tests.connectors.provider_cases import CASES, new_sandbox


def test_every_provider_has_its_case() -> None:
    assert set(CASES) == set(PROVIDERS)


PROMISES = [
    pytest.param(key, check, id=f"{key}-{check.__name__}")
    for key in sorted(CASES)
    for check in checks(PROVIDERS[key])
]


@pytest.mark.parametrize(("key", "check"), PROMISES)
def test_the_provider_keeps_its_promise(
    tmp_path: Path, clock: TestClock, key: str, check: Callable[[Case], None]
) -> None:
    with new_sandbox(tmp_path, clock, key) as sandbox:
        check(CASES[key](sandbox, clock))
