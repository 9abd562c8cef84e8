"""The app a connector logs in with: its own registration, or the operator's for the installation.

Invariants: a connector that uses the operator's app carries its client id and no secret of its
own; the operator's secret stays in the settings and is never written to the database. When the
operator takes his app away, the logins made with it wait; put back, they work again.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import update
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies.scope import across_companies
from retailvista.config import Settings
from retailvista.connectors.models import Connector, Grant
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import AppKeys
from retailvista.connectors.sealing import client_secret_place
from retailvista.vault import SealBroken, Secret

NO_APPS: Mapping[str, AppKeys] = {}
WHY = (
    "The client secret is missing. Enter it and save the connector, or ask the operator for the"
    " keys of his app; then log in again."
)


class NoSecret(SealBroken):
    """Neither the connector nor the operator has the secret of its client id."""


def operators_apps(settings: Settings) -> dict[str, AppKeys]:
    """The apps that the operator registered for everybody, by provider."""
    if not settings.exact_client_id:
        return {}
    secret = Secret(settings.exact_client_secret)
    return {"exact-online": AppKeys(settings.exact_client_id, secret)}


def uses_operators_app(row: Connector, apps: Mapping[str, AppKeys]) -> bool:
    """Whether the connector has no registration of its own and the operator's is the one it has."""
    keys = apps.get(row.provider)
    return keys is not None and not row.client_secret_sealed and row.client_id == keys.client_id


def has_secret(row: Connector, apps: Mapping[str, AppKeys]) -> bool:
    """Whether a login could be asked for."""
    return bool(row.client_secret_sealed) or uses_operators_app(row, apps)


def client_secret(outside: Outside, row: Connector) -> Secret:
    """The secret to log in with. Raises NoSecret, SealBroken or KeyLost."""
    if row.client_secret_sealed:
        place = client_secret_place(row.company_id, row.number)
        return outside.vault.unseal(row.client_secret_sealed, place)
    if uses_operators_app(row, outside.apps):
        return outside.apps[row.provider].client_secret
    raise NoSecret(WHY)


def mark_found(session: Session, apps: Mapping[str, AppKeys]) -> int:
    """The operator's app is back: logins that only missed its keys work again; how many."""
    known = [keys.client_id for keys in apps.values()]
    with across_companies(), db.transaction(session):
        return db.changed(
            session,
            update(Grant)
            .where(Grant.login_needed_why == WHY, Grant.client_id.in_(known))
            .values(login_needed_at=None, login_needed_why=""),
        )
