"""Grants: who needs a token asks here; refreshes happen when they are needed, and once a day.

Invariant: a token is handed out only after it is in the database, and only while it lives.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies.scope import across_companies
from retailvista.connectors import app_keys, chains
from retailvista.connectors.connector_settings import ConnectorSettings
from retailvista.connectors.expiry import days_left
from retailvista.connectors.grant_facts import Decision, GrantFacts, Pace, Reason, needs_refresh
from retailvista.connectors.guidance import BASIC, NO_LOGIN
from retailvista.connectors.models import Connector, Grant
from retailvista.connectors.outside import Outside
from retailvista.connectors.refreshing import recover_all, refresh
from retailvista.connectors.registry import provider_of
from retailvista.connectors.sealing import access_place
from retailvista.connectors.turns import Busy, pace_of, raise_unless_due
from retailvista.errors import LoginNeeded
from retailvista.vault import KeyLost, SealBroken, Secret

__all__ = [
    "Decision",
    "GrantFacts",
    "KeepAlive",
    "LoginState",
    "Pace",
    "Reason",
    "UsableToken",
    "keep_alive",
    "keep_alive_due",
    "login_state",
    "needs_refresh",
    "next_keep_alive",
    "recover_all",
    "refresh",
    "usable_token",
]

# Exact's own support advises against renewing between one and two at night.
NIGHT_ZONE = ZoneInfo("Europe/Amsterdam")
NIGHT_HOUR = 1
KEEP_ALIVE_EVERY = timedelta(hours=24)
JITTER_MINUTES = 90
FRESH_ENOUGH = timedelta(hours=20)
WAIT_TRIES = 20
WAIT_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class UsableToken:
    """An access token that lives now. `age` counts from the provider's answer."""

    secret: Secret
    age: timedelta
    answered_at: datetime
    until: datetime
    grant_id: int
    # What stands before it in the header; entered by a person, so that nothing renews it.
    scheme: str = "Bearer"
    by_hand: bool = False


def usable_token(outside: Outside, connector_id: int) -> UsableToken:
    """The access token of a connector, refreshed if it is due. In the company's scope.

    Raises Later (too early, busy, provider down) or LoginNeeded.
    """
    standing = _standing(outside, connector_id)
    if standing is not None:
        return standing
    for left in reversed(range(WAIT_TRIES)):
        decision, token, grant_id, why = _look_up(outside, connector_id)
        if token is not None:
            return token
        raise_unless_due(decision, why)
        try:
            refresh(outside, grant_id)
        except Busy:
            # The other worker's answer usually comes within a second.
            if not left:
                raise
            outside.clock.sleep(WAIT_SECONDS)
    # Renewed at the very last try, or grown old again while this process stood still.
    raise Busy("This login was renewed just now.", not_before=outside.clock.now())


def _standing(outside: Outside, connector_id: int) -> UsableToken | None:
    """A user and his password, or nothing at all: nothing is renewed, nothing ends."""
    session = outside.sessions()
    try:
        with db.reading(session):
            row = session.scalars(select(Connector).where(Connector.id == connector_id)).one()
            now = db.now(session)
    finally:
        session.close()
    mode = ConnectorSettings.of(row.settings).mode
    if mode not in (NO_LOGIN, BASIC):
        return None
    try:
        secret = app_keys.client_secret(outside, row) if mode == BASIC else Secret("")
    except (SealBroken, KeyLost) as error:
        raise LoginNeeded("The password is missing or cannot be opened; enter it again.") from error
    return standing_token(mode, row.client_id, secret, now)


def standing_token(mode: str, user: str, password: Secret, now: datetime) -> UsableToken:
    """What goes with each call: user and password (RFC 7617), or nothing."""
    pair = base64.b64encode(f"{user}:{password.reveal()}".encode()).decode("ascii")
    secret, scheme = (Secret(pair), "Basic") if mode == BASIC else (Secret(""), "")
    return UsableToken(secret, timedelta(0), now, now, 0, scheme)


def token_by_hand(access: Secret, now: datetime, grant_id: int = 0) -> UsableToken:
    """An access token that somebody entered: usable until it is refused."""
    return UsableToken(access, timedelta(0), now, now, grant_id, by_hand=True)


def _look_up(outside: Outside, connector_id: int) -> tuple[Decision, UsableToken | None, int, str]:
    session = outside.sessions()
    try:
        with db.reading(session):
            now = db.now(session)
            connector = session.scalars(select(Connector).where(Connector.id == connector_id)).one()
            provider = provider_of(connector)
            grant = _grant_of(session, connector)
            decision = needs_refresh(chains.facts_of(grant), pace_of(provider), now)
    finally:
        session.close()
    token = _opened(outside, grant, now) if decision.reason is Reason.USABLE else None
    return decision, token, grant.id, grant.login_needed_why


def _grant_of(session: Session, connector: Connector) -> Grant:
    if connector.grant_id is None:
        raise LoginNeeded("This connector is not logged in.")
    return session.scalars(select(Grant).where(Grant.id == connector.grant_id)).one()


def _opened(outside: Outside, grant: Grant, now: datetime) -> UsableToken:
    assert grant.answered_at is not None
    assert grant.access_until is not None
    try:
        secret = outside.vault.unseal(grant.access_sealed, access_place(grant.company_id, grant.id))
    except (SealBroken, KeyLost) as error:
        raise LoginNeeded("The stored tokens cannot be opened; log in again.") from error
    return UsableToken(
        secret=secret,
        age=now - grant.answered_at,
        answered_at=grant.answered_at,
        until=grant.access_until,
        grant_id=grant.id,
        by_hand=chains.is_by_hand(grant),
    )


@dataclass(frozen=True, slots=True)
class LoginState:
    """What the screen says of a connector's login."""

    kind: str  # none | connected | checking | login_needed | expired
    user_name: str = ""
    valid_until: datetime | None = None
    days_left: int | None = None
    why: str = ""
    since: datetime | None = None


def login_state(session: Session, connector: Connector) -> LoginState:
    """The state of a login from the database alone. The caller's transaction."""
    if ConnectorSettings.of(connector.settings).mode in (NO_LOGIN, BASIC):
        return LoginState("none" if connector.draft else "connected")
    if connector.grant_id is None:
        return LoginState("none")
    now = db.now(session)
    grant = _grant_of(session, connector)
    kind = "connected"
    if not grant.refresh_sealed and not chains.is_by_hand(grant):
        kind = "none"
    elif grant.login_needed_at is not None and chains.is_by_hand(grant):
        kind = "expired"
    elif grant.login_needed_at is not None:
        kind = "login_needed"
    elif grant.valid_until is not None and grant.valid_until <= now:
        kind = "expired"
    elif grant.refreshing_since is not None and grant.represented > 0:
        kind = "checking"
    return LoginState(
        kind=kind,
        user_name=grant.provider_user_name,
        valid_until=grant.valid_until,
        days_left=days_left(grant.valid_until, now),
        why=grant.login_needed_why,
        since=grant.login_needed_at,
    )


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """A grant whose daily sign of life is due."""

    company_id: int
    grant_id: int
    connector_number: int


def keep_alive_due(outside: Outside) -> list[KeepAlive]:
    """Grants whose daily call is due, over all companies; none at night."""
    session = outside.sessions()
    try:
        with across_companies(), db.reading(session):
            now = db.now(session)
            if now.astimezone(NIGHT_ZONE).hour == NIGHT_HOUR:
                return []
            rows = session.execute(
                select(Grant.company_id, Grant.id, Connector.number)
                .join(
                    Connector,
                    (Connector.grant_id == Grant.id) & (Connector.company_id == Grant.company_id),
                )
                .where(
                    Connector.deleted_at.is_(None),
                    Grant.refresh_sealed != "",
                    Grant.login_needed_at.is_(None),
                    or_(Grant.keep_alive_at.is_(None), Grant.keep_alive_at <= now),
                    or_(Grant.not_before.is_(None), Grant.not_before <= now),
                )
                .order_by(Grant.id, Connector.number)
            ).all()
    finally:
        session.close()
    first: dict[int, KeepAlive] = {}
    for company_id, grant_id, number in rows:
        first.setdefault(grant_id, KeepAlive(company_id, grant_id, number))
    return list(first.values())


def keep_alive(outside: Outside, grant_id: int) -> bool:
    """Refresh a grant that had no refresh for most of a day; True when a call was made.

    In the company's scope. Raises Later or LoginNeeded as a refresh does.
    """
    session = outside.sessions()
    try:
        with db.reading(session):
            now = db.now(session)
            grant = session.scalars(select(Grant).where(Grant.id == grant_id)).one()
        called = grant.answered_at is None or now - grant.answered_at >= FRESH_ENOUGH
        if called:
            refresh(outside, grant_id)
        with db.transaction(session):
            due = next_keep_alive(grant.holder_key, db.now(session))
            session.execute(
                update(Grant).where(Grant.id == grant_id).values(keep_alive_at=due),
                execution_options={"synchronize_session": False},
            )
        return called
    finally:
        session.close()


def next_keep_alive(holder_key: str, now: datetime) -> datetime:
    """About a day later, spread over grants and days, never between one and two at night."""
    due = now + KEEP_ALIVE_EVERY
    seed = hashlib.sha256(f"{holder_key}|{due.date()}".encode()).digest()
    due += timedelta(minutes=int.from_bytes(seed[:4]) % JITTER_MINUTES - JITTER_MINUTES // 2)
    if due.astimezone(NIGHT_ZONE).hour == NIGHT_HOUR:
        due += timedelta(hours=1)
    return due
