"""A house per test, and a sandbox for those that need one."""

from __future__ import annotations

import logging

import pytest
import structlog

from retailvista import logs
from retailvista.cli.demo_browser import Browser
from retailvista.sandbox.pytest_plugin import judged
from retailvista.sandbox.server import Sandbox
from tests.scenarios.house import House, stop, wait_for


@pytest.fixture(autouse=True)
def logs_on_stderr():
    """As the console script has it: stdout belongs to the documents."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    before = structlog.get_config()
    logs.configure("WARNING")
    yield
    structlog.configure(**before)
    root.handlers, root.level = handlers, level


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path)


@pytest.fixture
def sandbox(tmp_path, request):
    with judged(Sandbox(tmp_path / "sandbox.sqlite3"), request) as running:
        yield running


@pytest.fixture
def books(house, sandbox) -> House:
    """A house that may reach the sandbox, with a company and connector 25; not logged in."""
    house.sandbox_url, house.sandbox_file = sandbox.url, sandbox.store.path
    house.begin()
    house.add_connector()
    return house


@pytest.fixture
def served(books):
    process = books.start("serve", "--port", str(books.port))
    browser = Browser()

    def ready():
        try:
            return browser.get(f"http://127.0.0.1:{books.port}/readyz").status == 200
        except OSError:
            return False

    wait_for(ready)
    yield books
    assert stop(process) == 0, "SIGTERM ends it in order"
