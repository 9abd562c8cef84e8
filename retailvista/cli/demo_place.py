"""Where the demo lives: its folder, its settings, and the sandbox beside it as a process.

Everything is below instance/demo/, so that deleting that folder starts the demo anew; the key
lies outside, as every key does. The password and the sandbox's port are kept for the next time.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from retailvista.config import Settings, load_settings
from retailvista.errors import Refused

EMAIL = "demo@retailvista.example"
FIRST_SANDBOX_PORT = 8001
PORTS_TRIED = 50
START_SECONDS = 20
KEPT_FILE = "demo.json"
LOGIN_WORDS = ("tulp", "narcis", "dahlia", "klaproos", "lavendel", "iris", "anemoon", "crocus")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a second run of the demo must know of the first."""

    password: str
    sandbox_port: int

    def __repr__(self) -> str:
        return f"<Kept port {self.sandbox_port}>"


def demo_settings(port: int, environment: Mapping[str, str], sandbox_url: str = "") -> Settings:
    """The settings of the demo: its own folder and database, files as mail."""
    plain = load_settings({k: v for k, v in environment.items() if k == "RV_INSTANCE_DIR"})
    folder = plain.instance_dir / "demo"
    key = environment.get("RV_MASTER_KEY_FILE") or str(
        Path.home() / ".config" / "retailvista" / "demo.key"
    )
    own = {
        "RV_BASE_URL": f"http://retailvista.localhost:{port}",
        "RV_MASTER_KEY_FILE": key,
        "RV_PROVIDER_HOSTS": sandbox_url,
    }
    return replace(load_settings(own, folder), instance_dir=folder)


def kept(folder: Path) -> Kept:
    """What an earlier run kept, else a new password and no port yet."""
    path = folder / KEPT_FILE
    if path.exists():
        found = json.loads(path.read_text())
        return Kept(found["password"], found["sandbox_port"])
    words = [secrets.choice(LOGIN_WORDS) for _ in range(3)]
    return Kept(f"{'-'.join(words)}-{secrets.randbelow(9000) + 1000}", 0)


def keep(folder: Path, remembered: Kept) -> None:
    """Write it down, readable by its owner only."""
    path = folder / KEPT_FILE
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, json.dumps(asdict(remembered)).encode())
    finally:
        os.close(handle)
    part.replace(path)


@contextmanager
def sandbox_running(folder: Path, port: int) -> Iterator[int]:
    """The sandbox as a process of its own, which ends with this one. Gives its port.

    Without a port the first free one from 8001 on is taken. The books stay where they are.
    """
    if port and is_busy(port):
        raise Refused(
            f"Port {port} is busy, and the books of this demo are kept there. Stop what uses it,"
            f" or delete {folder} to start the demo anew on a free port."
        )
    first = port or FIRST_SANDBOX_PORT
    for candidate in (port,) if port else range(first, first + PORTS_TRIED):
        child = None if is_busy(candidate) else start_sandbox(folder, candidate)
        if child is not None:
            break
    else:
        raise Refused(f"The sandbox found no free port from {first} on.")
    try:
        yield candidate
    finally:
        assert child is not None
        assert child.stdin is not None
        child.stdin.close()
        child.wait()


def start_sandbox(folder: Path, port: int) -> subprocess.Popen[bytes] | None:
    """The child, once it listens; None when it ended because somebody was faster."""
    child = subprocess.Popen(  # noqa: S603  our own command, no shell
        [sys.executable, "-c", "from retailvista.app import main; main()", "sandbox", "serve",
         "--port", str(port), "--path", str(folder / "sandbox.sqlite3"), "--until-eof"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    # Its own word, not an answer at the port: that may come from somebody else's sandbox.
    with child.stdout as said:
        ready, _, _ = select.select([said], [], [], START_SECONDS)
        if ready and said.readline():
            return child
    child.kill()
    child.stdin.close()
    child.wait()
    return None


def is_busy(port: int) -> bool:
    """Whether something listens there."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
