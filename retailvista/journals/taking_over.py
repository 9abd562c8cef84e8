"""Claims whose worker is gone: what may have been sent is looked for, the rest is ready again.

Invariant: a claim that ran out is never guessed about; its attempt moves on, so that its worker,
should he come back, changes nothing any more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from retailvista import db
from retailvista.clock import Clock
from retailvista.journals import ladder
from retailvista.journals.claiming import READY, SENDING, change, mine, unknown_from
from retailvista.journals.evidence import EXPORT, add_evidence, read_facts


def take_over(session: Session, connector_id: int, clock: Clock) -> int:
    """Claims that ran out: unknown from now on when something may have been sent, else ready."""
    now = db.now(session)
    ran_out = (
        EXPORT.c.state == SENDING,
        EXPORT.c.unknown_since.is_(None),
        EXPORT.c.lease_until <= now,
    )
    taken = 0
    for facts in read_facts(session, EXPORT.c.connector_id == connector_id, *ran_out):
        values: dict[str, Any] = {"attempt": facts.attempt + 1}
        if facts.sent_at is None:
            values |= {"state": READY, "lease_until": None, "lease_owner": "", "not_before": now}
        else:
            values |= {**unknown_from(now, clock), "last_outcome": ladder.LOST}
        if change(session, (*mine(facts), *ran_out), **values):
            taken += 1
            add_evidence(session, replace(facts, attempt=facts.attempt + 1), "take-over")
    return taken
