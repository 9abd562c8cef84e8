"""A replication in a process of its own that kills itself by SIGKILL at a chosen moment.

Nothing of it runs any more: no exception, no rollback, no closing of files and sockets.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

from retailvista import db
from retailvista.companies.scope import company_scope
from retailvista.connectors.database.duck import DuckWarehouse
from retailvista.connectors.database.postgres import PostgresWarehouse
from retailvista.connectors.http import RequestsWire
from retailvista.connectors.wire import Call, Reply, Wire
from tests import stage as stages
from tests.conftest import TestClock
from tests.flows.flow_house import FlowHouse
from tests.scenarios.processes import WARM
from tests.world import session_maker

OWNER = "killed"
# A busy machine may take long to write to its disk.
PATIENCE = 400
BEFORE, DURING, AFTER = "before commit", "during commit", "after commit"
ASKED, ANSWERED = "before a page", "after a page"


@dataclass(frozen=True, slots=True)
class Death:
    """When it comes: at the call or commit of this number. `delay` is how far into a commit."""

    moment: str
    number: int
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Place:
    """What a process needs to know to be one of the same company."""

    folder: Path
    site: str
    company_id: int
    hosts: tuple[str, ...]
    now: datetime

    @classmethod
    def of(cls, house: FlowHouse, folder: Path) -> Place:
        """The company of a house, at this moment."""
        stage = house.stage
        hosts = stage.outside.provider_hosts
        return cls(folder, stage.sandbox.url, stage.company_id, tuple(hosts), stage.clock.now())


@dataclass
class DeadlyWire:
    """Kills before or after a call."""

    inner: Wire
    death: Death
    calls: int = 0

    def send(self, call: Call) -> Reply:
        self.calls += 1
        if self.death == Death(ASKED, self.calls):
            die()
        reply = self.inner.send(call)
        if self.death == Death(ANSWERED, self.calls):
            die()
        return reply


def die() -> None:
    """Now."""
    os.kill(os.getpid(), signal.SIGKILL)


def killed_by(place: Place, flow: int, death: Death) -> bool:
    """Fetch in another process; whether it was killed before it was done."""
    process = WARM.Process(target=fetch, args=(place, flow, death))
    process.start()
    process.join(PATIENCE)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def fetch(place: Place, flow: int, death: Death) -> None:
    """What such a process does."""
    clock = TestClock(place.now)
    engine = create_engine(f"sqlite:///{place.folder / 'test.sqlite3'}")
    db.tune_engine(engine, clock)
    wire = DeadlyWire(RequestsWire(clock, (), [place.site]), death)
    outside = stages.outside_for(engine, clock, wire, place.folder, OWNER)
    outside = replace(outside, provider_hosts=place.hosts)
    for kind in (DuckWarehouse, PostgresWarehouse):
        # A method of a class is replaced: this process has no other use for it.
        kind.transaction = _deadly(kind.transaction, death)  # type: ignore[method-assign]
    # The sandbox is another process's: there is none to hold here.
    stage = stages.Stage(clock, None, engine, session_maker(engine), outside, place.company_id)  # type: ignore[arg-type]
    with company_scope(place.company_id):
        FlowHouse(stage).fetch(flow)


def _deadly(transaction: Any, death: Death) -> Any:
    count = 0

    @contextmanager
    def counted(self: Any) -> Iterator[None]:
        nonlocal count
        count += 1
        is_last = count == death.number
        with transaction(self):
            yield
            if is_last and death.moment == BEFORE:
                die()
            if is_last and death.moment == DURING:
                threading.Thread(target=_die_in, args=(death.delay,)).start()
        if is_last and death.moment in (DURING, AFTER):
            die()

    return counted


def _die_in(seconds: float) -> None:
    time.sleep(seconds)
    die()
