"""Where each secret of a connector lives, and sealing all of them again after a key rotation."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies.scope import company_scope
from retailvista.connectors.models import Connector, Grant
from retailvista.vault import Place, SealBroken, Vault


def client_secret_place(company_id: int, number: int) -> Place:
    """The client secret of a connector."""
    return Place(company_id, f"connector-{number}", "client-secret")


def access_place(company_id: int, grant_id: int) -> Place:
    """The access token of a grant."""
    return Place(company_id, f"grant-{grant_id}", "access")


def refresh_place(company_id: int, grant_id: int) -> Place:
    """The refresh token of a grant."""
    return Place(company_id, f"grant-{grant_id}", "refresh")


def webhook_place(company_id: int, subscription_id: int) -> Place:
    """The webhook secret of an app, as a subscription keeps it."""
    return Place(company_id, f"webhook-{subscription_id}", "webhook-secret")


def spool_place(company_id: int, grant_id: int) -> Place:
    """A raw token answer on disk."""
    return Place(company_id, f"grant-{grant_id}", "token-answer")


def reseal(session: Session, vault: Vault, company_id: int) -> int:
    """Seal every secret of a company with the newest key; the number that changed.

    What does not open is left as it is: reading it leads to a new login.
    """
    changed = 0
    with company_scope(company_id), db.transaction(session):
        for connector in session.scalars(select(Connector).with_for_update()):
            place = client_secret_place(company_id, connector.number)
            changed += _reseal(vault, connector, "client_secret_sealed", place)
        for grant in session.scalars(select(Grant).with_for_update()):
            changed += _reseal(vault, grant, "access_sealed", access_place(company_id, grant.id))
            changed += _reseal(vault, grant, "refresh_sealed", refresh_place(company_id, grant.id))
    return changed


def _reseal(vault: Vault, row: Connector | Grant, field: str, place: Place) -> int:
    sealed: str = getattr(row, field)
    if not sealed or sealed.startswith(f"{vault.key_id}:"):
        return 0
    try:
        secret = vault.unseal(sealed, place)
    except SealBroken:
        return 0
    setattr(row, field, vault.seal(secret, place))
    return 1
