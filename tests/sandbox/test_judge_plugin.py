"""The plugin for other people's suites: a broken rule fails the test that broke it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SUITE = '''
import urllib.error
import urllib.request

import pytest


def ask(sandbox):
    """A refresh with a secret that is wrong."""
    body = b"grant_type=refresh_token&client_id=a&client_secret=guess"
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{sandbox.url}/api/oauth2/token", body)


def test_fair(exact_sandbox):
    assert exact_sandbox.url.startswith("http://127.0.0.1:")


def test_foul(exact_sandbox):
    ask(exact_sandbox)


@pytest.mark.judge_allows("wrong-secret", reason="a guess")
def test_allowed(exact_sandbox):
    ask(exact_sandbox)


@pytest.mark.judge_allows("wrong-sercet", reason="a guess")
def test_misspelt(exact_sandbox):
    """Leave for a rule that does not exist is no leave."""


@pytest.mark.judge_allows("wrong-secret")
def test_without_a_reason(exact_sandbox):
    """Nor is leave that nobody gave a reason for."""
'''


def test_a_broken_rule_fails_the_test_that_broke_it(tmp_path: Path) -> None:
    named = 'pytest_plugins = ["retailvista.sandbox.pytest_plugin"]\n'
    (tmp_path / "conftest.py").write_text(named, encoding="utf-8")
    (tmp_path / "test_client.py").write_text(SUITE, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers"]
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = done.stdout
    assert "5 passed, 3 errors" in said, said
    assert "wrong-secret: POST /api/oauth2/token (invalid_client)" in said
    assert "no rules of the judge: wrong-sercet" in said
    assert "needs a reason" in said
    assert "test_foul" in said.partition("short test summary")[2]
