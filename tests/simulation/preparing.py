"""Prepared folders that every seed starts from: both databases, logged in, journals released."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path

from retailvista.connectors.port import Call, Reply
from retailvista.sandbox.server import Sandbox
from tests.sage_stage import open_sage_stage
from tests.simulation.faulty_wire import FaultyWire
from tests.simulation.scheduler import Scheduler, VirtualClock
from tests.simulation.services import SAGE
from tests.stage import open_stage

SITE = "http://start.exactonline.nl"  # the sandbox writes its links as http
DAYS = 7


class InProcess:
    """The wire of the preparation: no faults."""

    def __init__(self, sandbox: Sandbox, clock: VirtualClock) -> None:
        scheduler = Scheduler(0, clock)
        self.wire = FaultyWire(scheduler, lambda: sandbox, _Blindfold(), "prepare")

    def send(self, call: Call) -> Reply:
        """As FaultyWire, without faults."""
        return self.wire.send(call)


class _Blindfold:
    """Judges nothing: the preparation is not the run."""

    blind = False

    def before_post(self, *_: object, **__: object) -> None:
        """Anything goes."""

    after_post = after_get = before_post

    def books_changed(self) -> None:
        """Anything goes."""


@cache
def templates(service: str = "") -> dict[bool, Path]:
    """Prepared folders: a connector that never posted, and one whose first journal is verified."""
    return {warm: _prepare(service, warm=warm) for warm in (False, True)}


def _prepare(service: str, *, warm: bool) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="rv-simulation-", dir=fast_folder()))
    clock = VirtualClock()
    sandbox = Sandbox(folder / "sandbox.sqlite", clock=clock)
    opened = open_sage_stage if service == SAGE else open_stage
    stage = opened(folder, clock, sandbox, InProcess(sandbox, clock), site=SITE)
    stage.add_days(DAYS + 1)
    first = [1] if warm else []
    if warm:
        stage.release(first)
        stage.export()
        assert stage.states() == ["verified"]
    stage.release(None)
    stage.close()
    sandbox.stop()
    return folder


def fast_folder() -> str | None:
    """Memory, where there is some: a simulated crash is not a power cut."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
