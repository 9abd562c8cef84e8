"""Keeping connectors to a warehouse: reserve, save, test, and what its administrator must grant.

Invariants: a secret goes in sealed and never comes out; another host, account or user asks for
the secret again; a test stands on the connector's row and tells apart what can be wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies import audit
from retailvista.connectors.choosing import connector_by_number
from retailvista.connectors.database.grants import grant_script
from retailvista.connectors.database.opening import (
    PROVIDER,
    check_installed,
    open_warehouse,
    warehouse_facts,
)
from retailvista.connectors.database.settings import WarehouseSettings
from retailvista.connectors.database.shapes import DUCKDB
from retailvista.connectors.database.warehouse import Missing
from retailvista.connectors.field_variables import known_to
from retailvista.connectors.fields import NAME_MAX, FieldProblem
from retailvista.connectors.models import Connector
from retailvista.connectors.outside import Outside
from retailvista.connectors.registering import draft
from retailvista.connectors.sealing import client_secret_place
from retailvista.errors import Later, LoginNeeded, Refused
from retailvista.vault import Secret, Vault

__all__ = [
    "CONNECTED",
    "NO_PRIVILEGE",
    "PROVIDER",
    "TEXTS",
    "WarehouseTest",
    "check_warehouse",
    "grants_of",
    "reserve_warehouse",
    "save_warehouse",
]

CONNECTED, NOT_SAVED, NOT_INSTALLED = "connected", "not_saved", "not_installed"
WRONG_LOGIN, NO_PRIVILEGE, UNREACHABLE = "not_authorised", "no_access", "provider_down"
TEXTS = {
    CONNECTED: "Connected: %(place)s, schema %(schema)s.",
    NOT_SAVED: "The connector is not saved yet.",
    NOT_INSTALLED: "%(said)s",
    WRONG_LOGIN: "The warehouse does not accept this user and secret. Enter them again.",
    NO_PRIVILEGE: "The login works, but may not %(privileges)s. Run the grant script there.",
    UNREACHABLE: "The warehouse cannot be reached: %(said)s",
}


@dataclass(frozen=True, slots=True)
class WarehouseTest:
    """What a test found. `missing` are privileges with the statements that grant them."""

    kind: str
    values: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[Missing, ...] = ()

    @property
    def ok(self) -> bool:
        return self.kind == CONNECTED

    @property
    def msgid(self) -> str:
        return TEXTS[self.kind]

    @property
    def message(self) -> str:
        """In English; screens translate the msgid."""
        return self.msgid % self.values


def reserve_warehouse(session: Session, actor: str, number: int | None = None) -> Connector:
    """A draft that holds a number."""
    with db.transaction(session):
        return draft(session, PROVIDER, actor, number)


def save_warehouse(
    session: Session, vault: Vault, number: int, values: Mapping[str, Any], actor: str
) -> list[FieldProblem]:
    """Save name, settings (or `url`) and `secret` ('' keeps it); nothing while there is a problem.

    The settings are those of WarehouseSettings.
    """
    with db.transaction(session):
        row = connector_by_number(session, number)
        if row.provider != PROVIDER:
            raise Refused(f"Connector {number} is no warehouse.")
        before = WarehouseSettings.of(row.settings)
        url = str(values.get("url") or "").strip()
        after = WarehouseSettings.of_url(url) if url else WarehouseSettings.of(values)
        name = str(values.get("name", row.name) or "").strip()
        secret = str(values.get("secret") or "")
        moves = not row.draft and _login(before) != _login(after)
        problems = [*_name_problems(name), *after.problems()]
        problems += _secret_problems(after, secret, bool(row.client_secret_sealed) and not moves)
        if problems:
            return problems
        row.name, row.settings, row.draft = name, after.document, False
        if after.kind == DUCKDB:
            row.client_secret_sealed, row.client_secret_set_at = "", None
        elif secret:
            place = client_secret_place(row.company_id, row.number)
            row.client_secret_sealed = vault.seal(Secret(secret), place)
            row.client_secret_set_at = db.now(session)
        audit.record(
            session, actor, "warehouse_saved", f"connector {number}",
            url=after.url, secret="replaced" if secret else "kept",
        )  # fmt: skip
    return []


def check_warehouse(outside: Outside, number: int, schema: str = "") -> WarehouseTest:
    """Connect and look at the privileges; remembered on the connector's row."""
    session = outside.sessions()
    try:
        with db.reading(session):
            row = connector_by_number(session, number)
            is_draft, connector_id = row.draft, row.id
        result = WarehouseTest(NOT_SAVED) if is_draft else _tested(outside, connector_id, schema)
        with db.transaction(session):
            row = connector_by_number(session, number)
            row.last_test = {
                "kind": result.kind,
                "at": db.now(session).isoformat(),
                "values": dict(result.values),
                "detail": "",
            }
            audit.record(
                session, "system", "connector_tested", f"connector {number}", kind=result.kind
            )
        return result
    finally:
        session.close()


def _tested(outside: Outside, connector_id: int, schema: str) -> WarehouseTest:
    try:
        facts = warehouse_facts(outside, connector_id)
    except Refused as error:
        return WarehouseTest(UNREACHABLE, {"said": str(error)})
    wanted = schema or facts.settings.schema
    try:
        check_installed(facts.settings.kind)
    except Refused as error:
        return WarehouseTest(NOT_INSTALLED, {"said": str(error)})
    try:
        with open_warehouse(outside, facts) as warehouse:
            missing = tuple(warehouse.missing(wanted))
    except LoginNeeded as error:
        return WarehouseTest(WRONG_LOGIN, {"said": error.said or str(error)})
    except (Later, Refused) as error:
        return WarehouseTest(UNREACHABLE, {"said": error.said or str(error)})
    if missing:
        what = ", ".join(f"{found.privilege} on {found.on}" for found in missing)
        return WarehouseTest(NO_PRIVILEGE, {"privileges": what}, missing)
    return WarehouseTest(CONNECTED, {"place": facts.settings.place, "schema": wanted})


def grants_of(outside: Outside, number: int, schema: str = "") -> str:
    """The script that the administrator of a warehouse copies and runs; '' for a file of ours."""
    session = outside.sessions()
    try:
        with db.reading(session):
            row = connector_by_number(session, number)
            if row.provider != PROVIDER:
                raise Refused(f"Connector {number} is no warehouse.")
            known = known_to(session, outside.variables, number)
            settings = WarehouseSettings.of(row.settings).filled(known)
    finally:
        session.close()
    return grant_script(settings, schema or settings.schema)


def _login(settings: WarehouseSettings) -> Sequence[Any]:
    """What a secret belongs to."""
    return settings.kind, settings.host, settings.port, settings.account, settings.user


def _name_problems(name: str) -> list[FieldProblem]:
    if not name:
        return [FieldProblem("name", "Give the connector a name.")]
    return [FieldProblem("name", "The name is too long.")] if len(name) > NAME_MAX else []


def _secret_problems(
    settings: WarehouseSettings, secret: str, has_secret: bool
) -> list[FieldProblem]:
    if settings.kind == DUCKDB or secret or has_secret:
        return []
    text = "Enter the secret: the password, or the private key for Snowflake."
    return [FieldProblem("secret", text)]
