"""Commands as processes that start at once, forked from a warm parent, so that many can die.

A process may live faster: its wall clock and its stopwatch run faster, together, so
that what waits for minutes waits for seconds. All processes of a test share one such time.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from retailvista import app, logs
from tests.scenarios.house import House

WARM = multiprocessing.get_context("forkserver")
WARM.set_forkserver_preload(["tests.scenarios.processes"])


@dataclass(frozen=True, slots=True)
class FastClock:
    """Time since `start`, so many times as fast."""

    start: float
    speed: int

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.start + (time.time() - self.start) * self.speed, UTC)

    def monotonic(self) -> float:
        return time.monotonic() * self.speed

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / self.speed)


@dataclass
class Command:
    """A command that runs, or ran; stdout and stderr are files."""

    process: multiprocessing.process.BaseProcess
    folder: Path

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def is_over(self) -> bool:
        return not self.process.is_alive()

    def kill(self) -> None:
        """SIGKILL: nothing of it runs any more."""
        self.process.kill()
        self.process.join()

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def end(self, seconds: float = 60.0) -> int:
        """Its exit code; killed when it does not end."""
        self.process.join(seconds)
        if self.process.is_alive():
            # Where each of its threads stands, so that it need not be seen twice.
            self.send(signal.SIGUSR1)
            self.process.join(1.0)
            self.kill()
            raise AssertionError(f"it did not end within {seconds} seconds: {self.said}")
        assert self.process.exitcode is not None
        return self.process.exitcode

    @property
    def said(self) -> str:
        return (self.folder / "err").read_text()

    @property
    def printed(self) -> str:
        return (self.folder / "out").read_text()


def start(
    house: House, *words: str, clock: FastClock | None = None, file_bytes_max: int = 0
) -> Command:
    """Start `retailvista <words>`; with `file_bytes_max` no file may grow beyond that."""
    folder = house.folder / "said" / f"{time.monotonic_ns()}"
    folder.mkdir(parents=True)
    process = WARM.Process(
        target=_run, args=(words, house.environment, folder, clock, file_bytes_max)
    )
    process.start()
    return Command(process, folder)


def _run(
    words: tuple[str, ...],
    environment: Mapping[str, str],
    folder: Path,
    clock: FastClock | None,
    file_bytes_max: int,
) -> None:
    for name in [name for name in os.environ if name.startswith("RV_")]:
        del os.environ[name]
    os.environ.update(environment)
    for number, name in ((1, "out"), (2, "err")):
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(handle, number)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    if file_bytes_max:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes_max, file_bytes_max))
    faulthandler.register(signal.SIGUSR1)
    logs.configure("WARNING")
    program = app.make_program()
    if clock is not None:
        program = replace(program, create_app=lambda found: app.create_app(found, clock=clock))
    app.commands.root.main(args=list(words), prog_name="retailvista", obj=program)
