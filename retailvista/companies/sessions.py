"""Sessions: a login is a row bound to company and instance; the cookie holds a random token.

Only the token's SHA-256 is stored. Shown at another company or instance it is worth nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies import audit
from retailvista.companies.models import Membership, User, UserSession
from retailvista.companies.scope import company_scope

IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(days=7)
# A page a second must not be a write a second.
SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Who is at the screen, where, and what he may do. Holds no secret but the CSRF one."""

    session_id: int
    token_hash: str
    csrf_secret: str
    company_id: int
    user_id: int
    email: str
    first_name: str
    last_name: str
    language: str
    role: str

    def __repr__(self) -> str:
        return f"<LoggedIn {self.email} as {self.role}>"

    @property
    def name(self) -> str:
        """The person's name, or his address when he gave none."""
        return f"{self.first_name} {self.last_name}".strip() or self.email


def token_hash(raw_token: str) -> str:
    """What is stored of a session's token."""
    return hashlib.sha256(raw_token.encode()).hexdigest()


def start_session(session: Session, user: User, company_id: int, instance: str) -> str:
    """Log a person in; returns the raw token for the cookie, which is stored nowhere."""
    raw = secrets.token_urlsafe(32)
    with database.transaction(session):
        now = database.now(session)
        session.add(
            UserSession(
                token_hash=token_hash(raw),
                company_id=company_id,
                instance=instance,
                user_id=user.id,
                csrf_secret=secrets.token_urlsafe(32),
                created_at=now,
                seen_at=now,
            )
        )
    return raw


def session_of(session: Session, raw_token: str, company_id: int, instance: str) -> LoggedIn | None:
    """Who holds this token here; None when it ended, expired or belongs elsewhere."""
    with database.reading(session), company_scope(company_id):
        found = session.execute(
            select(UserSession, User, Membership.role)
            .join(User, User.id == UserSession.user_id)
            .join(Membership, Membership.user_id == User.id)
            .where(UserSession.token_hash == token_hash(raw_token))
            .where(UserSession.company_id == company_id, UserSession.instance == instance)
            .where(UserSession.ended_at.is_(None), User.blocked_at.is_(None))
        ).one_or_none()
        now = database.now(session)
    if found is None:
        return None
    row, user, role = found
    if now - row.seen_at > IDLE or now - row.created_at > ABSOLUTE:
        return None
    if now - row.seen_at > SEEN_EVERY:
        _mark_seen(session, row.id)
    return LoggedIn(
        session_id=row.id,
        token_hash=row.token_hash,
        csrf_secret=row.csrf_secret,
        company_id=company_id,
        user_id=user.id,
        email=user.email,
        first_name=user.first_name,
        last_name=user.last_name,
        language=user.language,
        role=role,
    )


@dataclass(frozen=True, slots=True)
class Stray:
    """A live session that was shown where it does not belong."""

    session_id: int
    company_id: int
    email: str


def stray_of(session: Session, raw_token: str, company_id: int, instance: str) -> Stray | None:
    """Whose session this is when it is another company's or instance's; None for any other."""
    with database.reading(session):
        found = session.execute(
            select(UserSession, User.email)
            .join(User, User.id == UserSession.user_id)
            .where(UserSession.token_hash == token_hash(raw_token))
            .where(UserSession.ended_at.is_(None))
        ).one_or_none()
    if found is None or (found[0].company_id, found[0].instance) == (company_id, instance):
        return None
    return Stray(found[0].id, found[0].company_id, found[1])


def record_stray(session: Session, stray: Stray, sent_from: str) -> None:
    """Tell the company whose session it is; where it was shown is another company's business."""
    with company_scope(stray.company_id), database.transaction(session):
        audit.record(
            session, "system", "session refused", f"user {stray.email}", sent_from=sent_from
        )


def end_session(session: Session, session_id: int) -> None:
    """Log out: the token is worth nothing from now on."""
    with database.transaction(session):
        session.execute(
            update(UserSession)
            .where(UserSession.id == session_id, UserSession.ended_at.is_(None))
            .values(ended_at=database.now(session))
        )


def _mark_seen(session: Session, session_id: int) -> None:
    with database.transaction(session):
        session.execute(
            update(UserSession)
            .where(UserSession.id == session_id)
            .values(seen_at=database.now(session))
        )
