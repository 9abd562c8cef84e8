"""Login attempts: a state of 256 bits that is used once, within ten minutes, by whom it was made.

Invariant: an attempt is consumed by one conditional UPDATE before anything else happens with it;
of many simultaneous submissions exactly one goes on. A state of another company is not found.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies import audit
from retailvista.connectors.models import Connector, OauthAttempt

LIFE = timedelta(minutes=10)
STATE_BYTES = 32
COMMAND_LINE = "cli"

WRONG = "wrong_state"
REUSED = "reused_state"
EXPIRED = "expired_state"
FOREIGN = "foreign_state"
CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A consumed attempt. `refusal` is '' when the login may go on."""

    refusal: str
    id: int = 0
    connector_id: int = 0
    callback_url: str = ""
    site: str = ""
    client_id: str = ""
    actor: str = ""


def begin(session: Session, connector: Connector, bound_to: str, actor: str) -> str:
    """The state for a login URL. The caller's transaction."""
    state = secrets.token_urlsafe(STATE_BYTES)
    session.add(
        OauthAttempt(
            state_hash=_hash(state),
            connector_id=connector.id,
            bound_to=bound_to,
            actor=actor,
            client_id=connector.client_id,
            callback_url=connector.callback_url,
            site=connector.site,
            created_at=db.now(session),
        )
    )
    return state


def consume(session: Session, number: int, state: str, bound_to: str, actor: str) -> Attempt:
    """Use a state up; what it allows. Its own transaction, committed before any token call."""
    with db.transaction(session):
        row = session.scalar(
            select(OauthAttempt)
            .where(OauthAttempt.state_hash == _hash(state))
            .execution_options(populate_existing=True)
        )
        attempt = _judged(session, row, number, bound_to)
        audit.record(
            session,
            actor,
            "login_returned",
            f"connector {number}",
            outcome=attempt.refusal or "accepted",
        )
    return attempt


def is_of_command_line(session: Session, state: str) -> bool:
    """Whether this login was started by `connector login-url`: then no session comes with it.

    The state alone is the proof, 256 bits that only who ran the command has seen.
    """
    found = select(OauthAttempt.id).where(
        OauthAttempt.state_hash == _hash(state), OauthAttempt.bound_to == COMMAND_LINE
    )
    return session.scalar(found) is not None


def finish(session: Session, attempt_id: int, outcome: str, problem: str = "") -> None:
    """Write down how the login ended. The caller's transaction."""
    session.execute(
        update(OauthAttempt)
        .where(OauthAttempt.id == attempt_id)
        .values(outcome=outcome[:40], problem=problem[:500]),
        execution_options={"synchronize_session": False},
    )


def _judged(session: Session, row: OauthAttempt | None, number: int, bound_to: str) -> Attempt:
    if row is None:
        return Attempt(WRONG)
    now = db.now(session)
    result = session.execute(
        update(OauthAttempt)
        .where(OauthAttempt.id == row.id, OauthAttempt.used_at.is_(None))
        .values(used_at=now),
        execution_options={"synchronize_session": False},
    )
    if getattr(result, "rowcount", 0) != 1:
        return Attempt(REUSED, row.id)
    refusal = _refusal(session, row, number, bound_to)
    if not refusal and now > row.created_at + LIFE:
        refusal = EXPIRED
    if refusal:
        finish(session, row.id, refusal)
    return Attempt(
        refusal,
        row.id,
        row.connector_id,
        row.callback_url,
        row.site,
        row.client_id,
        row.actor,
    )


def _refusal(session: Session, row: OauthAttempt, number: int, bound_to: str) -> str:
    """Another session, another connector, or a registration that was changed meanwhile."""
    if not secrets.compare_digest(row.bound_to, bound_to):
        return FOREIGN
    connector = session.scalar(
        select(Connector)
        .where(Connector.id == row.connector_id)
        .execution_options(populate_existing=True)
    )
    if connector is None or connector.number != number:
        return FOREIGN
    sent = (row.client_id, row.callback_url, row.site)
    stands = (connector.client_id, connector.callback_url, connector.site)
    return CHANGED if connector.deleted_at is not None or sent != stands else ""


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
