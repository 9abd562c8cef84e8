"""A connector as the screens show it: its row, the state of its login in words, days left.

Never holds a secret: only whether there is one and since when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista.connectors import chains, expiry, stopped, testing, warehouses
from retailvista.connectors.app_keys import NO_APPS, uses_operators_app
from retailvista.connectors.connector_settings import ConnectorSettings
from retailvista.connectors.guidance import BASIC, NO_LOGIN
from retailvista.connectors.models import Connector, Grant
from retailvista.connectors.port import AppKeys
from retailvista.connectors.registry import PROVIDERS
from retailvista.connectors.saying import CONNECTED

# What a view takes over from the row as it is.
SAME = (
    "id", "number", "draft", "name", "site", "client_id", "callback_url", "division",
    "division_name", "division_currency", "journal_code", "vat_mode", "automatic",
    "log_requests", "paused", "paused_until",
)  # fmt: skip
WAREHOUSES = {"duckdb": "DuckDB", "postgresql": "PostgreSQL", "snowflake": "Snowflake"}
SOON = 14  # days: the first warning mail and the banner


@dataclass(frozen=True, slots=True)
class ConnectorView:
    """What templates may know of a connector."""

    id: int
    number: int
    draft: bool
    name: str
    provider_name: str
    site: str
    client_id: str
    has_secret: bool
    uses_operators_app: bool
    secret_set_at: datetime | None
    callback_url: str
    division: int | None
    division_name: str
    division_currency: str
    journal_code: str
    vat_mode: str
    automatic: bool
    log_requests: bool
    paused: str
    paused_until: datetime | None
    ends_by_test: bool
    tested: str
    test_well: bool
    test_detail: str
    test_resumed: bool
    has_token: bool
    connected: bool
    login_why: str
    user_name: str
    valid_until: datetime | None
    last_success_at: datetime | None
    days_left: int | None
    mark: str
    is_warehouse: bool = False
    keeps_books: bool = True
    # User and password, or nothing: there is no login that could end.
    stands: bool = False
    token_ended: bool = False
    warehouse_kind: str = ""

    @property
    def can_login(self) -> bool:
        keys = self.has_secret or self.uses_operators_app
        return bool(not self.draft and self.client_id and keys and self.callback_url)

    @property
    def expires_soon(self) -> bool:
        return self.connected and self.days_left is not None and self.days_left <= SOON

    @property
    def word(self) -> str:
        """The state of the login."""
        if self.draft:
            return _("Not saved yet")
        if self.is_warehouse or self.stands:
            return (
                _("Tested")
                if self.test_well
                else _("Test failed")
                if self.tested
                else _("Not tested yet")
            )
        if self.token_ended:
            return _("Expired")
        if self.connected:
            return _("Connected")
        return _("Log in again") if self.has_token else _("Not logged in")

    @property
    def colour(self) -> str:
        if self.is_warehouse or self.stands:
            return "success" if self.test_well else "danger" if self.tested else "secondary"
        if self.connected:
            return "warning" if self.expires_soon else "success"
        return "danger" if self.has_token else "secondary"


def view(
    connector: Connector,
    grant: Grant | None,
    now: datetime,
    apps: Mapping[str, AppKeys] = NO_APPS,
) -> ConnectorView:
    """Joined by hand: a connector without a login has no grant."""
    alive = grant is not None and bool(grant.refresh_sealed or grant.access_sealed)
    until = grant.valid_until if grant else None
    dead = grant is not None and (grant.login_needed_at or (until is not None and until <= now))
    provider = PROVIDERS.get(connector.provider)
    is_warehouse = connector.provider == warehouses.PROVIDER
    stands = ConnectorSettings.of(connector.settings).mode in (NO_LOGIN, BASIC)
    same = {name: getattr(connector, name) for name in SAME}
    return ConnectorView(
        **same,
        provider_name=provider.name if provider else _("Warehouse"),
        **_last_test(connector.last_test or {}, is_warehouse=is_warehouse),
        is_warehouse=is_warehouse,
        warehouse_kind=_warehouse_kind(connector) if is_warehouse else "",
        ends_by_test=stopped.is_proved_by_access(connector),
        has_secret=bool(connector.client_secret_sealed),
        uses_operators_app=uses_operators_app(connector, apps),
        secret_set_at=connector.client_secret_set_at,
        has_token=alive,
        connected=(alive and not dead) or (stands and not connector.draft),
        keeps_books=provider.keeps_books if provider else False,
        stands=stands,
        token_ended=bool(grant is not None and dead and chains.is_by_hand(grant)),
        login_why=grant.login_needed_why if grant and dead else "",
        user_name=grant.provider_user_name if grant else "",
        valid_until=until if alive else None,
        last_success_at=grant.last_success_at if grant else None,
        days_left=expiry.days_left(until, now) if alive else None,
        mark=f"{connector.grant_id}:{grant.chain if grant else 0}:{alive and not dead}",
    )


def _warehouse_kind(connector: Connector) -> str:
    kind = str((connector.settings or {}).get("kind", ""))
    return WAREHOUSES.get(kind, kind)


def _last_test(kept: dict[str, Any], *, is_warehouse: bool) -> dict[str, Any]:
    """The last test in words; after a login alone there is nothing to say."""
    kind = kept.get("kind", "") if "values" in kept else ""
    texts = warehouses.TEXTS if is_warehouse else testing.TEXTS
    words = gettext(texts[kind], **kept["values"]) if kind in texts else ""
    return {
        "tested": words,
        "test_well": kind == CONNECTED,
        "test_detail": kept.get("detail", "") if words else "",
        "test_resumed": bool(kept.get("resumed")),
    }


def views(
    session: Session, now: datetime, apps: Mapping[str, AppKeys] = NO_APPS
) -> list[ConnectorView]:
    """All connectors of the company in scope, drafts last."""
    grants = {row.id: row for row in session.scalars(select(Grant))}
    rows = session.scalars(
        select(Connector)
        .where(Connector.deleted_at.is_(None))
        .order_by(Connector.draft, Connector.number)
    )
    return [view(row, grants.get(row.grant_id or 0), now, apps) for row in rows]
