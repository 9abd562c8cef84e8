"""A worker that can be killed at any call, and what comes after: another process, later.

Once killed, the process writes nothing any more: every transaction it would begin is refused,
also those of code that tidies up. What its answer said is lost with it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from sqlalchemy import Engine, event

from retailvista.connectors.outside import Outside
from retailvista.connectors.port import Call, Reply, Wire
from retailvista.runs import rescuing
from tests.flows.works import Works


class Killed(BaseException):
    """The process is gone. Not an Exception: nothing may handle it."""


@dataclass
class Life:
    """Whether the present process lives, and the dice that end it: at writes, or at `reads` too."""

    dice: random.Random
    rate: float
    reads: bool = False
    dead: bool = False
    deaths: int = 0

    def risk(self) -> None:
        """A moment at which the process may be killed."""
        if self.dice.random() < self.rate:
            self.dead = True
            self.deaths += 1
            raise Killed

    def watch(self, engine: Engine) -> None:
        """A dead process begins no transaction and commits none."""

        def refuse(*_: object) -> None:
            if self.dead:
                raise Killed

        event.listen(engine, "begin", refuse)
        event.listen(engine, "commit", refuse)


@dataclass
class MortalWire:
    """Kills before a call leaves, or after its answer came and before anybody read it."""

    inner: Wire
    life: Life

    def send(self, call: Call) -> Reply:
        if (call.method != "GET" or self.life.reads) and "/oauth2/" not in call.url:
            self.life.risk()
            reply = self.inner.send(call)
            self.life.risk()
            return reply
        return self.inner.send(call)


@dataclass
class Mortals:
    """One process after another works on the runs of a company until nothing waits."""

    works: Works
    life: Life
    born: int = field(default=0)

    def until_rest(self) -> None:
        """Everything that waits is worked when it is due, over as many processes as it takes."""
        for _ in range(400):
            try:
                self.works.work(self._process())
            except Killed:
                self.life.dead = False
                # Longer than the lease of a run, of an item and of a lane.
                self.works.side.clock.move(minutes=6)
                rescuing.rescue(self.works.side.sessions, set())
                continue
            moment = self.works.next_waiting()
            if moment is None:
                return
            self.works.wait_until(moment)
        raise AssertionError("it does not come to rest")

    def _process(self) -> Outside:
        self.born += 1
        outside = self.works.side.outside
        wire = MortalWire(outside.wire, self.life)
        return replace(outside, wire=wire, owner=f"process-{self.born}")
