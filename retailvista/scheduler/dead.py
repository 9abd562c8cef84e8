"""What dead processes of this host had claimed is released at once, not when their leases end.

Released means: the lease is over now. What happened to the call in hand is not guessed: the next
worker finds the intent of an export or the mark of a refresh, and looks.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies.scope import across_companies
from retailvista.connectors.models import Grant, Lane
from retailvista.connectors.outside import Outside
from retailvista.journals.models import Export
from retailvista.runs.owners import is_dead
from retailvista.runs.rescuing import rescue, working_owners

LEASED = (Lane, Grant, Export)


def releaser(instance_dir: Path) -> Callable[[Outside], int]:
    """The duty that releases what dead processes of this instance folder held."""

    def release_dead_claims(outside: Outside) -> int:
        with outside.sessions() as session:
            owners = holders(session) - {outside.owner}
        dead = {owner for owner in owners if is_dead(instance_dir, owner)}
        return release(outside, dead) if dead else 0

    return release_dead_claims


def holders(session: Session) -> set[str]:
    """Everyone who holds a lease that is not over."""
    with across_companies(), database.reading(session):
        now = database.now(session)
        names = working_owners(session)
        for table in LEASED:
            held = select(table.lease_owner).where(table.lease_until > now).distinct()
            names |= set(session.scalars(held))
    return names - {""}


def release(outside: Outside, dead: set[str]) -> int:
    """End the leases of these owners now; how many there were."""
    released = 0
    with outside.sessions() as session, across_companies(), database.transaction(session):
        now = database.now(session)
        for table in LEASED:
            released += database.changed(
                session,
                update(table)
                .where(table.lease_owner.in_(dead), table.lease_until > now)
                .values(lease_until=now),
            )
    structlog.get_logger("engine").warning("dead processes", owners=sorted(dead))
    return released + rescue(outside.sessions, dead)
