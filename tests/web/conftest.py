"""Fixtures of the screens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web.desk import Desk, open_desk, set_up
from tests.web.site import Site, build


@pytest.fixture
def site(tmp_path, clock) -> Site:
    return build(tmp_path, clock)


@pytest.fixture
def admin(site):
    return site.browser("groenhof", "administrator@groenhof.nl")


@pytest.fixture
def desk(tmp_path, clock, request) -> Iterator[Desk]:
    with open_desk(tmp_path, clock, request) as desk:
        yield desk


@pytest.fixture
def ready(desk: Desk) -> Desk:
    """The same, logged in and with one journal to be released."""
    return set_up(desk)
