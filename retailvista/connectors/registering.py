"""The connector screen: reserve a number, save, choose a division, empty the token, remove.

Invariants: the number shown before saving is the number after it; a secret is never given back;
another site or client id ends the login and asks for the secret again; a division is one that the
login may see. Every change leaves an audit event without secrets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies import audit
from retailvista.connectors import field_variables, hand_tokens, stopped
from retailvista.connectors.choosing import (
    check_alias,
    check_licence,
    connector_by_number,
    connectors_of,
)
from retailvista.connectors.connector_settings import ConnectorSettings
from retailvista.connectors.depending import what_depends_on
from retailvista.connectors.fields import FieldProblem, check_fields
from retailvista.connectors.filled import NO_VARIABLES, Filled
from retailvista.connectors.guidance import REFRESH
from retailvista.connectors.holding import OtherCompany, detach
from retailvista.connectors.models import Connector
from retailvista.connectors.port import AppKeys, Division, Provider
from retailvista.connectors.registry import provider_named, provider_of
from retailvista.connectors.sealing import client_secret_place
from retailvista.errors import Refused
from retailvista.runs import schedules
from retailvista.vault import Secret, Vault

__all__ = [
    "FieldProblem",
    "choose_division",
    "connector_by_number",
    "connectors_of",
    "empty_token",
    "remove",
    "reserve",
    "resume",
    "save",
    "set_automatic",
]

DRAFT_LIFE = timedelta(days=1)
OTHERS_TOKEN = "This token is in use for another company of this installation."
# What the product found out by itself and keeps beside the settings.
KEPT = ("catalogue",)


def reserve(session: Session, provider: str, actor: str, number: int | None = None) -> Connector:
    """A draft that holds a number: the next one, or the one asked for if it is free."""
    with db.transaction(session):
        check_licence(session, provider_named(provider))
        check_alias(session)
        row = draft(session, provider, actor, number)
        row.vat_mode = provider_named(provider).vat_modes[0]
        return row


def draft(session: Session, provider: str, actor: str, number: int | None = None) -> Connector:
    """A draft that holds a number, in the caller's transaction."""
    now = db.now(session)
    session.execute(
        delete(Connector).where(Connector.draft.is_(True), Connector.created_at < now - DRAFT_LIFE)
    )
    taken = set(session.scalars(select(Connector.number)))
    if number is not None and (number in taken or number < 1):
        raise Refused(f"The number {number} is taken; choose another one.")
    row = Connector(
        number=number or max(taken, default=0) + 1,
        provider=provider,
        draft=True,
        created_at=now,
        last_test={},
        settings={},
    )
    session.add(row)
    session.flush()
    audit.record(session, actor, "connector_reserved", f"connector {row.number}")
    return row


def save(  # noqa: PLR0913  the screen, and what it is checked against
    session: Session,
    vault: Vault,
    number: int,
    values: Mapping[str, Any],
    actor: str,
    *,
    provider_hosts: Sequence[str] = (),
    computed_callback: str = "",
    apps: Mapping[str, AppKeys] | None = None,
    variables: Mapping[str, str] = NO_VARIABLES,
) -> list[FieldProblem]:
    """Save what is filled in; nothing is saved while a problem is more than a warning.

    Fields: name, site, client_id, client_secret ('' keeps it), clear_client_secret, callback_url,
    division, journal_code, vat_mode, log_requests, mode, access_token, refresh_token, use_proxy,
    advanced, authorise_url, token_url, scope. A field that is left out keeps its value; an empty
    callback URL becomes the computed one, an empty client ID that of the operator's app.
    `variables` are the operator's.
    """
    try:
        with db.transaction(session):
            row = connector_by_number(session, number)
            provider = provider_of(row)
            check_licence(session, provider)
            check_alias(session)
            filled = as_filled(
                session, row, values, computed_callback, apps=apps, variables=variables
            )
            problems = problems_of(session, row, filled, provider_hosts, computed_callback)
            if any(not problem.is_warning for problem in problems):
                return problems
            _write(session, vault, row, filled)
            _log_in_by_hand(session, vault, provider, row, filled)
            if provider.keeps_books:
                schedules.add_defaults(session, row.id)
            _record_saved(session, row, filled, actor)
    except OtherCompany:
        return [FieldProblem("access_token", OTHERS_TOKEN)]
    return problems


def problems_of(
    session: Session,
    row: Connector,
    filled: Filled,
    provider_hosts: Sequence[str],
    computed_callback: str,
) -> list[FieldProblem]:
    """What is wrong with the screen. The caller's transaction."""
    problems = check_fields(
        filled, provider_of(row), provider_hosts, computed_callback, _visible(row)
    )
    return problems + _other_of_that_name(session, row, filled.name)


def as_filled(
    session: Session,
    row: Connector,
    values: Mapping[str, Any],
    computed_callback: str = "",
    *,
    apps: Mapping[str, AppKeys] | None = None,
    variables: Mapping[str, str] = NO_VARIABLES,
) -> Filled:
    """The values of the screen over the row's. The caller's transaction."""
    known = field_variables.known_to(session, variables, row.number)
    filled = Filled.of(row, values, (apps or {}).get(row.provider), known)
    return filled.with_callback(computed_callback).for_provider(provider_of(row))


def _other_of_that_name(session: Session, row: Connector, name: str) -> list[FieldProblem]:
    """Connectors of a kind are told apart by their names; two that are alike may stay so."""
    if not name or name == row.name:
        return []
    others = session.scalars(
        select(Connector.name).where(
            Connector.id != row.id,
            Connector.provider == row.provider,
            Connector.deleted_at.is_(None),
            Connector.draft.is_(False),
        )
    )
    if name.casefold() not in {other.casefold() for other in others}:
        return []
    return [FieldProblem("name", "There is a connector of that name already.")]


def _log_in_by_hand(
    session: Session, vault: Vault, provider: Provider, row: Connector, filled: Filled
) -> None:
    if filled.settings.entered_by_hand and filled.access_token:
        refresh = filled.refresh_token if filled.settings.mode == REFRESH else ""
        hand_tokens.keep(session, vault, provider, row, filled.access_token, refresh)


def _record_saved(session: Session, row: Connector, filled: Filled, actor: str) -> None:
    audit.record(
        session,
        actor,
        "connector_saved",
        f"connector {row.number}",
        site=row.site,
        client_id=row.client_id,
        callback_url=row.callback_url,
        journal_code=row.journal_code,
        vat_mode=row.vat_mode,
        login=filled.settings.mode,
        secret="replaced" if filled.client_secret else "kept",
    )


def _write(session: Session, vault: Vault, row: Connector, filled: Filled) -> None:
    moved = filled.moves
    before = ConnectorSettings.of(row.settings)
    if moved or before.mode != filled.settings.mode:
        detach(session, row)
    if moved:
        row.client_secret_sealed, row.client_secret_set_at = "", None
    if filled.operators_app:
        row.client_secret_sealed, row.client_secret_set_at = "", None
    if moved and row.site != filled.site:
        filled = filled.without_division()
    row.name, row.site, row.client_id = filled.name, filled.site, filled.client_id
    row.callback_url, row.journal_code = filled.callback_url, filled.journal_code
    row.vat_mode, row.log_requests = filled.vat_mode, filled.log_requests
    kept = {} if moved else {name: row.settings[name] for name in KEPT if name in row.settings}
    row.settings = {**filled.settings.document, **kept}
    if filled.division != row.division:
        _pin(row, filled.division)
    if filled.clear_client_secret:
        row.client_secret_sealed, row.client_secret_set_at = "", None
    elif filled.client_secret:
        place = client_secret_place(row.company_id, row.number)
        row.client_secret_sealed = vault.seal(Secret(filled.client_secret), place)
        row.client_secret_set_at = db.now(session)
    row.draft = False


def _pin(row: Connector, code: int | None) -> None:
    known = next((found for found in _visible(row) if found.code == code), None)
    row.division = code
    row.division_name = known.name if known else ""
    row.division_currency = known.currency if known else ""


def _visible(row: Connector) -> list[Division]:
    """The divisions the login could see when it was last asked; empty before a login."""
    return [Division(**found) for found in (row.last_test or {}).get("divisions", [])]


def choose_division(session: Session, number: int, code: int, actor: str) -> Connector:
    """Pin a division the login may see, with its currency."""
    with db.transaction(session):
        row = connector_by_number(session, number)
        if code not in {found.code for found in _visible(row)}:
            raise Refused(f"This login has no access to division {code}.")
        before = row.division
        _pin(row, code)
        audit.record(
            session,
            actor,
            "division_chosen",
            f"connector {number}",
            division=code,
            before=before,
            currency=row.division_currency,
        )
    return row


def set_automatic(session: Session, number: int, actor: str, *, automatic: bool) -> None:
    """Whether journals go out without being released one by one."""
    with db.transaction(session):
        row = connector_by_number(session, number)
        row.automatic = automatic
        audit.record(session, actor, "release_mode", f"connector {number}", automatic=automatic)


def resume(session: Session, number: int, actor: str) -> None:
    """Go on after a pause, when a person has dealt with its reason."""
    with db.transaction(session):
        row = connector_by_number(session, number)
        stopped.go_on(session, row, actor)
        stopped.ask_for_export(session, number)


def empty_token(session: Session, number: int, actor: str) -> None:
    """Disconnect: forget the login; number, registration, division and journals stay."""
    with db.transaction(session):
        row = connector_by_number(session, number)
        detach(session, row)
        audit.record(session, actor, "token_emptied", f"connector {number}")


def remove(session: Session, number: int, actor: str) -> None:
    """Delete a connector that nothing waits for; its number is not given out again."""
    with db.transaction(session):
        row = connector_by_number(session, number)
        dependants = what_depends_on(session, row)
        if dependants:
            raise Refused(f"Connector {number} is still needed. {' '.join(dependants)}")
        detach(session, row)
        row.client_secret_sealed, row.client_secret_set_at = "", None
        row.deleted_at = db.now(session)
        audit.record(session, actor, "connector_removed", f"connector {number}")
