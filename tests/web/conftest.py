"""Fixtures of the screens."""

from __future__ import annotations

import pytest

from tests.web.site import Site, build


@pytest.fixture
def site(tmp_path, clock) -> Site:
    return build(tmp_path, clock)


@pytest.fixture
def admin(site):
    return site.browser("groenhof", "administrator@groenhof.nl")
