"""The chain of tokens of a grant in the database: what is read, stored and ended.

Invariant: a token answer, and the end of a chain, is written only while the stored refresh
fingerprint is the one that was presented (compare-and-swap), whoever holds the lease. So an answer
of an older chain never overwrites a newer login.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from retailvista.companies import audit
from retailvista.connectors.expiry import valid_until
from retailvista.connectors.grant_facts import GrantFacts
from retailvista.connectors.models import Grant
from retailvista.connectors.port import Provider, TokenPair
from retailvista.connectors.sealing import access_place, refresh_place
from retailvista.vault import Secret, Vault

WHY_MAX = 300


@dataclass(frozen=True, slots=True)
class Held:
    """Which grant, and the fingerprint of the refresh token that was presented."""

    company_id: int
    grant_id: int
    fingerprint: str


def fingerprint(refresh_token: Secret) -> str:
    """SHA-256 of a refresh token: recognises it without showing it."""
    return hashlib.sha256(refresh_token.reveal().encode()).hexdigest()


def facts_of(grant: Grant) -> GrantFacts:
    """The dates of a row as a value."""
    return GrantFacts(
        requested_at=grant.requested_at,
        answered_at=grant.answered_at,
        access_until=grant.access_until,
        valid_until=grant.valid_until,
        has_tokens=bool(grant.refresh_sealed) or is_by_hand(grant),
        login_needed=grant.login_needed_at is not None,
        refreshing_since=grant.refreshing_since,
        represented=grant.represented,
        not_before=grant.not_before,
        calls_day=grant.calls_day,
        calls_today=grant.calls_today,
        by_hand=is_by_hand(grant),
    )


def is_by_hand(grant: Grant) -> bool:
    """An access token alone: somebody entered it, and nothing renews it."""
    return bool(grant.access_sealed) and not grant.refresh_sealed


def pair_values(
    vault: Vault, company_id: int, grant_id: int, pair: TokenPair, provider: Provider
) -> dict[str, Any]:
    """The columns of a fresh pair; a success clears everything that was wrong."""
    life = min(pair.life, provider.authorizer.access_life)
    return {
        "access_sealed": vault.seal(pair.access_token, access_place(company_id, grant_id)),
        "refresh_sealed": vault.seal(pair.refresh_token, refresh_place(company_id, grant_id)),
        "refresh_fingerprint": fingerprint(pair.refresh_token),
        "requested_at": pair.requested_at,
        "answered_at": pair.answered_at,
        "access_until": pair.requested_at + life,
        "last_success_at": pair.answered_at,
        "valid_until": valid_until(pair.answered_at, provider.authorizer.grant_life),
        "login_needed_at": None,
        "login_needed_why": "",
        "refreshing_since": None,
        "represented": 0,
        "not_before": None,
    }


def swap(session: Session, held: Held, **values: Any) -> bool:
    """Write if the chain is still the one that was presented. The caller's transaction."""
    result = session.execute(
        update(Grant)
        .where(Grant.id == held.grant_id, Grant.refresh_fingerprint == held.fingerprint)
        .values(**values),
        execution_options={"synchronize_session": False},
    )
    return int(getattr(result, "rowcount", 0)) == 1


def end_chain(session: Session, held: Held, why: str, now: datetime) -> bool:
    """A new login is needed: nothing else will help. The caller's transaction."""
    ended = swap(
        session,
        held,
        login_needed_at=now,
        login_needed_why=why[:WHY_MAX],
        refreshing_since=None,
        represented=0,
        not_before=None,
    )
    if ended:
        audit.record(session, "system", "login_needed", f"grant {held.grant_id}", why=why[:WHY_MAX])
    return ended


def release(session: Session, grant_id: int, owner: str) -> None:
    """Give the lease back, if it is still ours. The caller's transaction."""
    session.execute(
        update(Grant)
        .where(Grant.id == grant_id, Grant.lease_owner == owner)
        .values(lease_owner="", lease_until=None),
        execution_options={"synchronize_session": False},
    )
