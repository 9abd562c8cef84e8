"""Whose turn it is to renew a grant: the lease, the second look under it, and the marker.

Invariant: one transaction takes the lease, reads the row again, decides, and writes
`refreshing_since` and the day's count; only then may the token be presented.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.connectors import app_keys, chains
from retailvista.connectors.chains import Held
from retailvista.connectors.connector_facts import settings_of
from retailvista.connectors.connector_settings import ConnectorSettings
from retailvista.connectors.grant_facts import Decision, GrantFacts, Pace, Reason, needs_refresh
from retailvista.connectors.models import Connector, Grant
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import Provider, Registration
from retailvista.connectors.registry import provider_of
from retailvista.connectors.sealing import refresh_place
from retailvista.errors import Later, LoginNeeded
from retailvista.runs.owners import lease_name
from retailvista.vault import KeyLost, SealBroken, Secret

# More than twice the deadline of the call it covers.
LEASE = timedelta(seconds=300)
TEXTS = {
    Reason.WAIT: "No new token yet: it is too early, or the provider could not be reached before.",
    Reason.USED_UP: "No new token yet: the token calls of today are used up.",
}
UNREADABLE = "The stored tokens cannot be opened with the key of this installation."


class Busy(Later):
    """Another worker renews this login right now."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Our turn to call: the token to present, as whom, and what was known before."""

    held: Held
    owner: str
    provider: Provider
    registration: Registration
    refresh_token: Secret
    facts: GrantFacts
    recovering: bool
    since: datetime
    by_proxy: bool = False


def pace_of(provider: Provider) -> Pace:
    """What the provider allows, for the pure decisions."""
    authorizer = provider.authorizer
    return Pace(authorizer.refresh_not_before, authorizer.token_calls_per_day)


def take_turn(outside: Outside, grant_id: int) -> Turn | None:
    """The lease, a second look at the row under it, and the marker: one transaction.

    None when somebody else has refreshed meanwhile.
    """
    session = outside.sessions()
    try:
        with db.transaction(session):
            now = db.now(session)
            grant = session.scalars(
                select(Grant).where(Grant.id == grant_id).with_for_update()
            ).one()
            connector = _registered(session, grant_id)
            decision = _decided(grant, provider_of(connector), now)
            if decision.reason is Reason.USABLE:
                return None
            raise_unless_due(decision, grant.login_needed_why)
            settings = settings_of(session, outside, connector)
            turn = _opened(outside, grant, connector, settings, decision, now)
            if isinstance(turn, Turn):
                return _mark(grant, turn, now)
            held = Held(grant.company_id, grant.id, grant.refresh_fingerprint)
            chains.end_chain(session, held, turn, now)
    finally:
        session.close()
    raise LoginNeeded(turn)


def _decided(grant: Grant, provider: Provider, now: datetime) -> Decision:
    """What to do, unless another worker is at it."""
    if grant.lease_until is not None and grant.lease_until > now:
        pause = min(grant.lease_until, now + timedelta(seconds=2))
        raise Busy("Another worker renews this login.", not_before=pause)
    return needs_refresh(chains.facts_of(grant), pace_of(provider), now)


def _registered(session: Session, grant_id: int) -> Connector:
    """A connector that uses the grant: it knows the app's registration."""
    found = session.scalars(
        select(Connector)
        .where(Connector.grant_id == grant_id, Connector.deleted_at.is_(None))
        .order_by(Connector.number)
    ).first()
    if found is None:
        raise LoginNeeded("No connector uses this login any more.")
    return found


def raise_unless_due(decision: Decision, why: str) -> None:
    """Waiting and logging in are said as errors; being due is not."""
    match decision.reason:
        case Reason.LOGIN:
            raise LoginNeeded(why or "A new login is needed.")
        case Reason.WAIT | Reason.USED_UP:
            assert decision.until is not None, "whoever waits knows until when"
            raise Later(TEXTS[decision.reason], not_before=decision.until)


def _opened(
    outside: Outside,
    grant: Grant,
    connector: Connector,
    settings: ConnectorSettings,
    decision: Decision,
    now: datetime,
) -> Turn | str:
    """Client secret and refresh token; else why they do not open at their place.

    A lost key ends nothing: with the key back in its place the tokens are good again.
    """
    try:
        secret = app_keys.client_secret(outside, connector)
        token = outside.vault.unseal(
            grant.refresh_sealed, refresh_place(grant.company_id, grant.id)
        )
    except KeyLost as error:
        raise LoginNeeded(UNREADABLE) from error
    except app_keys.NoSecret as error:
        return str(error)
    except SealBroken:
        return UNREADABLE
    facts = chains.facts_of(grant)
    further = (settings.authorise_url, settings.token_url, settings.scope)
    callback = connector.callback_url
    return Turn(
        held=Held(grant.company_id, grant.id, grant.refresh_fingerprint),
        owner=lease_name(outside.owner),
        provider=provider_of(connector),
        registration=Registration(grant.site, grant.client_id, secret, callback, *further),
        by_proxy=settings.use_proxy,
        refresh_token=token,
        facts=facts,
        recovering=decision.reason is Reason.RECOVER,
        since=facts.refreshing_since or now,
    )


def _mark(grant: Grant, turn: Turn, now: datetime) -> Turn:
    """Leave the marker that a call is going on, and count it."""
    today = now.date().isoformat()
    grant.lease_owner = turn.owner
    grant.lease_until = now + LEASE
    grant.refreshing_since = turn.since
    grant.calls_today = grant.calls_today + 1 if grant.calls_day == today else 1
    grant.calls_day = today
    return turn
