"""Real processes, killed at any moment: every journal is in the books once, the file is whole."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from retailvista.connectors.models import PROOF_YES
from retailvista.sandbox.pytest_plugin import judged
from retailvista.sandbox.server import Sandbox
from tests.journals.kill_worker import LaterClock
from tests.stage import Stage, open_stage, set_seat

ROOT = Path(__file__).resolve().parents[2]
KILLS = 10
JOURNALS = 25
AHEAD_EACH = 400.0  # longer than a lease


def work(stage: Stage, folder: Path, clock: LaterClock, seconds: float | None) -> None:
    """One worker process; killed after so many seconds at work, or left to finish."""
    command = [sys.executable, "-m", "tests.journals.kill_worker", str(folder), stage.sandbox.url]
    with subprocess.Popen(
        [*command, str(clock.ahead)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "working\n"
        if seconds is not None:
            time.sleep(seconds)
            worker.send_signal(signal.SIGKILL)
        worker.wait(timeout=120)
        assert seconds is not None or worker.returncode == 0


def test_killed_at_any_moment_every_journal_is_booked_exactly_once(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    dice = random.Random(9)
    clock = LaterClock(0.0)
    books = Sandbox(tmp_path / "sandbox.sqlite", clock=clock, settings={"limits": False})
    with judged(books, request) as sandbox:
        stage = open_stage(tmp_path, clock, sandbox)
        stage.add_days(JOURNALS)
        stage.release([1])
        stage.export()
        set_seat(stage, used_refused=PROOF_YES)
        stage.release()
        for _ in range(KILLS):
            work(stage, tmp_path, clock, dice.uniform(0.05, 1.2))
            clock.ahead += AHEAD_EACH
            assert len(stage.booked()) == len({text for _, text in stage.booked()}), "booked twice"
        for _ in range(12):
            if set(stage.states()) == {"verified"}:
                break
            clock.ahead += AHEAD_EACH
            work(stage, tmp_path, clock, None)
        assert stage.states() == ["verified"] * JOURNALS
        assert len(stage.booked()) == JOURNALS
        with stage.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        stage.close()
