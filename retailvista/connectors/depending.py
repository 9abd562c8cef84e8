"""What still needs a connector: exports that are not proven yet, and stores that post to it."""

from __future__ import annotations

from sqlalchemy import column, func, select, table
from sqlalchemy.orm import Session

from retailvista.companies.models import Store
from retailvista.connectors.models import Connector

# Named by its table: exports live in the layer above.
EXPORT = table(
    "export", column("company_id"), column("connector_id"), column("live"), column("state")
)


def what_depends_on(session: Session, row: Connector) -> list[str]:
    """A sentence per reason; empty when it may go. The caller's transaction."""
    waiting = session.scalar(
        select(func.count())
        .select_from(EXPORT)
        .where(
            EXPORT.c.company_id == row.company_id,
            EXPORT.c.connector_id == row.id,
            EXPORT.c.live.is_(True),
            EXPORT.c.state != "verified",
        )
    )
    stores = list(
        session.scalars(select(Store.code).where(Store.connector_id == row.id).order_by(Store.code))
    )
    reasons = [f"{waiting} journals are not verified yet"] if waiting else []
    if stores:
        reasons.append(f"the stores {', '.join(stores)} post to it")
    return reasons
