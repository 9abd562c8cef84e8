"""Which exports are due, for the pass and for the engine that asks every few seconds.

Invariant: what is not due here is waiting for a time that stands in its row, or for a person.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, bindparam, exists, or_, select

from retailvista import db
from retailvista.companies.models import Instance
from retailvista.companies.scope import across_companies
from retailvista.compiled import Read
from retailvista.connectors.models import Connector
from retailvista.connectors.outside import Outside
from retailvista.journals import actions
from retailvista.journals.claiming import POSTED, READY, SENDING
from retailvista.journals.evidence import EXPORT

CONNECTOR = db.table_of(Connector)


def due_companies(outside: Outside) -> list[int]:
    """Companies with something to send, look for or read back now; asked every few seconds."""
    session = outside.sessions()
    try:
        with db.reading(session), across_companies():
            return [number for (number,) in _DUE_COMPANIES.all(session, {"now": db.now(session)})]
    finally:
        session.close()


def due_now(now: Any) -> Any:
    """Exports that a pass would act on."""
    free = or_(EXPORT.c.lease_until.is_(None), EXPORT.c.lease_until <= now)
    waits = and_(EXPORT.c.decision == "", EXPORT.c.not_before <= now)
    return or_(
        and_(EXPORT.c.state == READY, waits),
        and_(EXPORT.c.state == SENDING, EXPORT.c.unknown_since.is_not(None), waits, free),
        # A claim that ran out without a result.
        and_(EXPORT.c.state == SENDING, EXPORT.c.unknown_since.is_(None), free),
        and_(EXPORT.c.state == POSTED, waits),
        EXPORT.c.decision == actions.NEW_NUMBER_ASKED,
    )


def open_connector(now: Any) -> Any:
    """Connectors that are there and not paused."""
    return and_(
        CONNECTOR.c.deleted_at.is_(None),
        or_(CONNECTOR.c.paused == "", CONNECTOR.c.paused_until <= now),
    )


_NOW = bindparam("now", type_=db.UtcDateTime)
# Built once: the engine asks this every few seconds for as long as it lives.
_DUE_COMPANIES = Read(
    select(EXPORT.c.company_id)
    .join(CONNECTOR, CONNECTOR.c.id == EXPORT.c.connector_id)
    .where(
        EXPORT.c.live,
        due_now(_NOW),
        open_connector(_NOW),
        ~exists(select(Instance.id).where(Instance.sending_locked != "")),
    )
    .distinct()
    .order_by(EXPORT.c.company_id)
)
