"""One worker's visit to one connector: what sending, looking and verifying share.

Invariant: a transaction is opened and closed around each step and is never open during a call.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.connectors.models import Connector
from retailvista.connectors.outside import Outside
from retailvista.connectors.visits import Visit
from retailvista.errors import RetailVistaError
from retailvista.journals.ladder import Next
from retailvista.runs.asking import ask


@dataclass(frozen=True, slots=True)
class PassCounts:
    """What a pass came to. `waiting` may be tried later; the last three wait for a person."""

    posted: int = 0
    verified: int = 0
    waiting: int = 0
    rejected: int = 0
    conflict: int = 0
    unknown: int = 0

    def __add__(self, other: PassCounts) -> PassCounts:
        return PassCounts(
            posted=self.posted + other.posted,
            verified=self.verified + other.verified,
            waiting=self.waiting + other.waiting,
            rejected=self.rejected + other.rejected,
            conflict=self.conflict + other.conflict,
            unknown=self.unknown + other.unknown,
        )


class ConnectorStops(RetailVistaError):
    """Nothing more can be done through this connector in this pass."""

    def __init__(self, why: str, not_before: datetime | None = None) -> None:
        super().__init__(why)
        self.not_before = not_before


class ProcessStops(RetailVistaError):
    """The process was told to stop: what is not begun waits, undelayed, for the next one."""


@dataclass(slots=True)
class Work:
    """A visit with its session, and what it has done so far."""

    outside: Outside
    session: Session
    visit: Visit
    connector_id: int
    posted: set[int] = field(default_factory=set)
    verified: set[int] = field(default_factory=set)
    master_is_fresh: bool = False
    # A journal that goes alone was posted and must be read back before anything follows.
    alone: bool = False
    refused: bool = False

    def go_on(self) -> None:
        """Asked before every step that calls the provider. Raises ProcessStops."""
        if self.outside.stopping():
            raise ProcessStops

    def connector(self) -> Connector:
        """The connector as stored now; read inside a transaction or reading()."""
        return self.session.scalars(
            select(Connector)
            .where(Connector.id == self.connector_id)
            .execution_options(populate_existing=True)
        ).one()

    def noted(self, outcome: Next | None) -> Next | None:
        """The outcome, remembered when the books or our checks refused a journal."""
        self.refused = self.refused or outcome is Next.REJECTED
        return outcome

    def ask_for_master(self) -> None:
        """After a refusal: our copy of the books may be old, for a period closed since."""
        if not self.refused or self.master_is_fresh:
            return
        number = self.visit.connector.number
        with db.transaction(self.session):
            ask(self.session, "master", str(number), asked_by="sweep", connector_number=number)


def retry_time(error: RetailVistaError) -> datetime | None:
    """When it makes sense to try again, if the error says so."""
    found = getattr(error, "not_before", None)
    return found if isinstance(found, datetime) else None
