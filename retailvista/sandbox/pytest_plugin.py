"""For test suites: a sandbox per test, and a judge that must have nothing to say afterwards.

    pytest_plugins = ["retailvista.sandbox.pytest_plugin"]      # in conftest.py

    def test_my_client(exact_sandbox):
        exact_sandbox.store.add_app("my-app", "my-secret", "http://localhost:5000/callback")
        ...                                    # exact_sandbox.url

    @pytest.mark.judge_allows("too-many-calls", reason="shows the pause after a 429")
    def test_what_my_client_does_when_it_calls_too_often(exact_sandbox): ...

Invariant: a rule that was broken without leave fails the test that broke it, by its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from retailvista.sandbox.judge import Judge
from retailvista.sandbox.rules import RULES
from retailvista.sandbox.server import Sandbox
from retailvista.sandbox.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable

MARKER = "judge_allows"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", f"{MARKER}(*rules, reason): rules of Exact this test may break"
    )


def broken(sandbox: Sandbox, allowed: Iterable[str] = ()) -> list[str]:
    """What the judge holds against the client, but for what is allowed; oldest first."""
    leave = set(allowed)
    unknown = leave - set(RULES)
    assert not unknown, f"no rules of the judge: {', '.join(sorted(unknown))}"
    found = reversed(_findings(sandbox))
    return [
        f"{one['rule']}: {one['method']} {one['path']} ({one['detail']})"
        for one in found
        if one["rule"] not in leave
    ]


def _findings(sandbox: Sandbox) -> list[dict[str, Any]]:
    if not sandbox.stopping.is_set():
        return sandbox.judge.findings(1000)
    # The test stopped it; what the judge wrote stands in its file.
    store = Store(sandbox.store.path, sandbox.store.clock)
    try:
        return Judge(store).findings(1000)
    finally:
        store.close()


def allowed_by(request: pytest.FixtureRequest) -> list[str]:
    """The rules the test has leave to break, each with the reason why."""
    marks = list(request.node.iter_markers(MARKER))
    for mark in marks:
        assert mark.kwargs.get("reason"), f"{MARKER}{mark.args} needs a reason"
    return [rule for mark in marks for rule in mark.args]


@contextmanager
def judged(sandbox: Sandbox, request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Run the sandbox for the length of a fixture; then the judge must have nothing to say."""
    with sandbox:
        yield sandbox
        complaints = broken(sandbox, allowed_by(request))
    assert not complaints, "Exact's rules were broken:\n" + "\n".join(complaints)


@pytest.fixture
def exact_sandbox(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox of this test's own; afterwards the judge has nothing to say."""
    with judged(Sandbox(tmp_path / "exact-sandbox.sqlite3"), request) as sandbox:
        yield sandbox
