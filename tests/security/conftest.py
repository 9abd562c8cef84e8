"""The two companies of the screens' tests, and a whole installation, for those who attack them."""

from __future__ import annotations

import pytest
from flask import Flask

from retailvista import vault
from retailvista.app import create_app
from retailvista.config import load_settings
from tests.web.site import Site, build
from tests.world import new_database


@pytest.fixture
def site(tmp_path, clock) -> Site:
    return build(tmp_path, clock)


@pytest.fixture
def made_app(tmp_path, clock):
    """An app as `serve` makes it, on a migrated database; settings as words."""

    def make(**environment: str) -> Flask:
        new_database(tmp_path, clock).dispose()
        key = tmp_path / "master.key"
        if not key.exists():
            vault.create_key_file(key)
        own = {
            "RV_MASTER_KEY_FILE": str(key),
            "RV_DATABASE_URL": f"sqlite:///{tmp_path}/test.sqlite3",
        }
        return create_app(load_settings(own | environment, tmp_path / "instance"), clock=clock)

    return make
