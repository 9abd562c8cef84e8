"""A whole installation for a test: its folder, its commands, and a sandbox that it may reach."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from retailvista.app import make_program
from retailvista.cli.commands import root
from retailvista.cli.demo_browser import Browser
from retailvista.sandbox.store import add_app

ROOT = Path(__file__).resolve().parent.parent.parent
TILL_FILES = ROOT / "demo" / "till-files"
CLIENT_ID, SECRET = "6c2a4d0e-3a37-4b2e-9a35-0d2f4f6f2a11", "a secret of the sandbox"


def free_port() -> int:
    """One that stays free: none that the kernel would give to a connection meanwhile."""
    while True:
        port = random.randrange(15_000, 32_000)
        with socket.socket() as found, suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port


@dataclass
class House:
    """`run` calls a command in this process, `start` one in a process of its own."""

    folder: Path
    sandbox_url: str = ""
    sandbox_file: str = ""
    port: int = field(default_factory=free_port)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "RV_INSTANCE_DIR": str(self.folder / "instance"),
            "RV_MASTER_KEY_FILE": str(self.folder / "keys" / "master.key"),
            "RV_BASE_URL": f"http://retailvista.localhost:{self.port}",
            "RV_PROVIDER_HOSTS": self.sandbox_url,
        }

    def run(self, *words: str, stdin: str = "", **extra: str) -> Result:
        """The command as its caller sees it: exit code, stdout and stderr."""
        result = CliRunner().invoke(
            root,
            list(words),
            input=stdin,
            env=self.environment | extra,
            obj=make_program(),
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def json(self, *words: str, stdin: str = "", exit_code: int = 0) -> Any:
        """The one JSON document a command prints."""
        result = self.run(*words, "--json", stdin=stdin)
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A command as a process."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("RV_")}
        return subprocess.Popen(
            [sys.executable, "-c", "from retailvista.app import main; main()", *words],
            env=plain | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def begin(self) -> None:
        """Database, key, a company with its store."""
        self.json("init")
        self.json(
            "company", "add", "1", "Tuincentrum Groenhof", "--alias", "groenhof",
            "--licence", "Exact Online integration", "--post-from", "2026-03-01",
            "--warn", "boek@groenhof.nl",
        )  # fmt: skip
        self.json("store", "add", "--company", "groenhof", "1", "Groenhof 1")

    def add_connector(self) -> dict[str, Any]:
        """Connector 25 at the sandbox, registered there."""
        made = self.json(
            "connector", "add", "--company", "groenhof", "--provider", "exact-online",
            "--name", "Exact", "--base-url", self.sandbox_url, "--client-id", CLIENT_ID,
            "--client-secret-stdin", "--number", "25",
            stdin=SECRET + "\n",
        )  # fmt: skip
        add_app(self.sandbox_file, CLIENT_ID, SECRET, made["callback_url"])
        return made


def wait_for(what, seconds: float = 30.0):
    """The first true answer of `what`, asked again and again."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing came of it within {seconds} seconds")


def log_in(house, number="25"):
    """As the operator does: the URL of the command, in a browser without a session."""
    url = house.json("connector", "login-url", "--company", "groenhof", number)["url"]
    browser = Browser()
    page = browser.get(url)
    page = browser.send(
        page, page.form_with("password"),
        username="boekhouder@groenhof.example", password="sandbox",
    )  # fmt: skip
    return browser.send(page, page.form_with("csrf"), answer="allow")


def stop(process: subprocess.Popen[str], how: int = signal.SIGTERM) -> int:
    """Send the signal and wait; the exit code."""
    process.send_signal(how)
    try:
        process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    return process.returncode
