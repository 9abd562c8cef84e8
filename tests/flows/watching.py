"""A wire that a test looks through: it tells, answers in the other's place, or dies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista.connectors import chains
from retailvista.connectors.models import Connector, Grant
from retailvista.connectors.port import Division
from retailvista.connectors.registry import provider_named
from retailvista.connectors.wire import Call, Reply, Wire
from tests import stage as stages
from tests.flows.flow_house import FlowHouse
from tests.sandbox.visitor import GROENHOF


class Killed(BaseException):
    """The process dies here. Not an Exception, so that nobody can live on."""


@dataclass
class WatchedWire:
    """`kill_at`: die at this call (1 = the first). `answers`: by a part of the address."""

    inner: Wire
    before: Callable[[Call], object] = str
    answers: dict[str, Reply] = field(default_factory=dict)
    kill_at: int = 0
    kill_after: bool = False
    calls: int = 0

    def send(self, call: Call) -> Reply:
        self.calls += 1
        is_last = self.calls == self.kill_at
        if is_last and not self.kill_after:
            raise Killed
        self.before(call)
        for part, reply in self.answers.items():
            if part in call.url:
                return reply
        reply = self.inner.send(call)
        if is_last:
            raise Killed
        return reply


def watch(house: FlowHouse, **how: object) -> WatchedWire:
    """Put a watched wire before the one that is there."""
    wire = WatchedWire(house.stage.outside.wire, **how)
    house.stage.outside = replace(house.stage.outside, wire=wire)
    return wire


def log_in_again(house: FlowHouse, *divisions: int) -> None:
    """The login is made anew, as a person would after a long time or for more divisions."""
    stage = house.stage
    pair = stages.log_in(stage.sandbox, stage.clock, divisions or (GROENHOF,))

    def keep(session: Session) -> None:
        grant = session.scalars(select(Grant)).one()
        provider, vault = provider_named("exact-online"), stage.outside.vault
        values = chains.pair_values(vault, grant.company_id, grant.id, pair, provider)
        for name, value in values.items():
            setattr(grant, name, value)
        row = session.scalars(select(Connector).where(Connector.grant_id == grant.id)).one()
        seen = [asdict(Division(code, "", "EUR")) for code in divisions or (GROENHOF,)]
        row.last_test = {**(row.last_test or {}), "divisions": seen}

    stage.change(keep)
