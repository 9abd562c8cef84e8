"""Audit: one call that writes who did what, inside the caller's transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies.models import AuditEvent


def record(session: Session, actor: str, action: str, subject: str, **detail: Any) -> None:
    """Append an event of the company in scope. `detail` must never hold a secret."""
    session.add(
        AuditEvent(
            at=database.now(session),
            actor=actor[:254],
            action=action,
            subject=subject[:120],
            detail=detail,
        )
    )
