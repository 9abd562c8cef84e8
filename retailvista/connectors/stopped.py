"""A connector that was stopped, and what lets it go on: a person, a new login, a good test.

Invariant: what a provider's fresh answer proves again (login, rights, division) ends a stop that
was made because of it; a stop because of conflicts waits for a person, a rest for its time.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from retailvista.companies import audit
from retailvista.connectors.models import Connector
from retailvista.runs.asking import ask


def is_proved_by_access(row: Connector) -> bool:
    """Whether the connector stands still only because the provider refused access."""
    return bool(row.paused) and row.paused_until is None and row.conflicts_in_a_row == 0


def go_on(session: Session, row: Connector, actor: str, **how: str) -> None:
    """Send again, and count conflicts from nothing. The caller's transaction."""
    why = row.paused
    row.paused, row.paused_until, row.conflicts_in_a_row = "", None, 0
    audit.record(
        session, actor, "connector_resumed", f"connector {row.number}", paused=why, **how
    )  # fmt: skip


def ask_for_export(session: Session, number: int) -> None:
    """What waited goes out now, not at the next slot of the schedule."""
    ask(session, "export", str(number), asked_by="sweep", connector_number=number)
