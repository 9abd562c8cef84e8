"""The bell: what asking for a run rings, so that an engine need not wait for its next look.

A port. The embedded engine hangs one that wakes its thread after the commit; without an engine
nobody listens, and the run waits in its row all the same: a bell never carries work.
"""

from __future__ import annotations

from typing import Protocol

from sqlalchemy.orm import Session


class Bell(Protocol):
    """Rung inside the transaction that inserts the run."""

    def ring(self, session: Session, kind: str, key: str) -> None:
        """Announce a waiting run; must not raise and must not commit."""
        ...


class NoBell:
    """Nobody listens."""

    def ring(self, session: Session, kind: str, key: str) -> None:
        """Do nothing: an engine finds the row by looking."""


_hanging: list[Bell] = [NoBell()]


def hang(bell: Bell) -> None:
    """Put up the bell of this process; app.py does it once."""
    _hanging[0] = bell


def ring(session: Session, kind: str, key: str) -> None:
    """Ring the one that hangs."""
    _hanging[0].ring(session, kind, key)
