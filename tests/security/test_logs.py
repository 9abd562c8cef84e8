"""A trace in a log names places and errors, never the values that local variables had."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import structlog

CANARY = "canary-" + "4711"
FAILING = """
import logging, threading
import structlog
from flask import Flask
from retailvista import logs

logs.configure()


def fail(shown):
    password = "canary-" + "4711"
    held = {"refresh_token": password, "plain": [password]}
    raise ValueError(f"it went wrong with {len(held)} things: {shown}")


def in_app():
    app = Flask("retailvista")
    app.add_url_rule("/", view_func=lambda: fail("in a view"))
    app.test_client().get("/")


for log in (structlog.get_logger("run").exception, logging.getLogger("urllib3").exception):
    try:
        fail("as logged")
    except ValueError:
        log("it failed")
try:
    fail("with its trace")
except ValueError as error:
    structlog.get_logger("run").error("it failed", exc_info=error)
in_app()
url = "https://x/?code=canary-4711&a=b"
structlog.get_logger("run").info("called", password="canary-4711", url=url)
"""


def test_the_product_logs_traces_without_the_values_of_variables():
    done = subprocess.run(
        [sys.executable, "-c", FAILING], capture_output=True, text=True, check=True, timeout=60
    )
    assert CANARY not in done.stderr + done.stdout
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert len(lines) == 5
    traces = [line["exception"] for line in lines if "exception" in line]
    assert len(traces) == 4
    assert all("ValueError: it went wrong with 2 things" in trace for trace in traces)
    assert (lines[-1]["password"], lines[-1]["url"]) == ("<sealed>", "https://x/?code=<sealed>&a=b")


def test_the_console_of_the_tests_shows_none_either(capsys: pytest.CaptureFixture[str]):
    secret = "canary-" + str(4711)
    try:
        int(secret[:6])
    except ValueError:
        structlog.get_logger("run").exception("it failed")
    said = capsys.readouterr()
    assert "ValueError: invalid literal" in said.out
    assert CANARY not in said.out + said.err
