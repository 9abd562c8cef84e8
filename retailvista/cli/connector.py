"""connector and schedule: how the books are reached, and when."""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.cli.connector_options import login_options, login_values
from retailvista.cli.program import (
    ACTOR,
    Answer,
    in_company,
    json_option,
    present_program,
)
from retailvista.companies.addresses import callback_url
from retailvista.companies.models import Company
from retailvista.config import Settings
from retailvista.connectors import grants, logins, registering, testing
from retailvista.connectors.connector_settings import ConnectorSettings
from retailvista.connectors.guidance import NO_LOGIN, TOKEN
from retailvista.connectors.models import Connector
from retailvista.connectors.outside import Outside
from retailvista.connectors.registry import PROVIDERS
from retailvista.errors import Refused
from retailvista.runs import schedules

BOUND_TO_CLI = "cli"


@click.group("connector")
def connector() -> None:
    """Connectors to the books."""


@connector.command("add")
@click.option("--company", "alias", required=True)
@click.option("--provider", type=click.Choice(sorted(PROVIDERS)), required=True)
@click.option("--name", required=True)
@click.option("--base-url", "site", required=True)
@click.option("--client-id", default="", help="Of the app, or the user name with --mode basic.")
@login_options
@click.option("--number", type=int, help="Default: the next one.")
@click.option("--division", type=int)
@click.option("--journal-code", default="")
@click.option("--vat-mode", type=click.Choice(["exact", "own"]), help="Default: the provider's.")
@click.option("--automatic", is_flag=True, help="Journals go out without being released.")
@json_option
def add(
    *, alias: str, provider: str, number: int | None, automatic: bool, **options: Any,
) -> dict[str, Any]:  # fmt: skip
    """Add a connector; its callback URL must be registered at the provider, to the letter."""
    values = login_values(options, {})
    settings = present_program().load_settings()
    values["mode"] = values.get("mode") or PROVIDERS[provider].modes[0]
    needs_app = values["mode"] not in (TOKEN, NO_LOGIN)
    with in_company(alias) as (outside, session, company):
        if needs_app and not values["client_id"] and provider not in outside.apps:
            raise click.UsageError("Missing option '--client-id'.")
        row = registering.reserve(session, provider, ACTOR, number)
        callback = callback_url(settings, company.alias or "", row.number)
        number = row.number
        _save(session, outside, number, values | {"callback_url": callback}, callback)
        if automatic:
            registering.set_automatic(session, number, ACTOR, automatic=True)
        return {"number": number, "callback_url": callback}


@connector.command("set")
@click.option("--company", "alias", required=True)
@click.argument("number", type=int)
@click.option("--name")
@click.option("--base-url", "site")
@click.option("--client-id", help="Of the app, or the user name with --mode basic.")
@login_options
@click.option("--division", type=int)
@click.option("--journal-code")
@click.option("--vat-mode", type=click.Choice(["exact", "own"]))
@click.option("--automatic/--manual", "automatic", default=None, help="Or only what is released.")
@click.option("--callback-url", help="'computed' for the one of the present alias.")
@click.option("--resume", is_flag=True, help="Go on after a pause.")
@json_option
def change(
    *, alias: str, number: int, automatic: bool | None,
    division: int | None, resume: bool, **options: Any,
) -> dict[str, Any]:  # fmt: skip
    """Change what is named; everything else stays."""
    settings = present_program().load_settings()
    with in_company(alias) as (outside, session, company):
        with database.reading(session):
            row = registering.connector_by_number(session, number)
            filled = login_values(options, ConnectorSettings.of(row.settings).advanced)
        computed = callback_url(settings, company.alias or "", number)
        if filled.get("callback_url") == "computed":
            filled["callback_url"] = computed
        if division is not None:
            registering.choose_division(session, number, division, ACTOR)
        if filled:
            _save(session, outside, number, filled, computed)
        if automatic is not None:
            registering.set_automatic(session, number, ACTOR, automatic=automatic)
        if resume:
            registering.resume(session, number, ACTOR)
        return _shown(session, settings, company, number)


@connector.command("list")
@click.option("--company", "alias", required=True)
@json_option
def list_all(alias: str) -> list[dict[str, Any]]:
    """All connectors of a company."""
    with in_company(alias) as (_outside, session, _company), database.reading(session):
        return [
            {
                "number": row.number,
                "name": row.name,
                "provider": row.provider,
                "division": row.division,
                "journal_code": row.journal_code,
                "state": grants.login_state(session, row).kind,
                "automatic": row.automatic,
                "paused": row.paused,
            }
            for row in registering.connectors_of(session)
        ]


@connector.command("show")
@click.option("--company", "alias", required=True)
@click.argument("number", type=int)
@json_option
def show_one(alias: str, number: int) -> dict[str, Any]:
    """One connector, without its secrets."""
    settings = present_program().load_settings()
    with in_company(alias) as (_outside, session, company):
        return _shown(session, settings, company, number)


@connector.command("test")
@click.option("--company", "alias", required=True)
@click.argument("number", type=int)
@json_option
def test_one(alias: str, number: int) -> Answer:
    """Ask the provider whether this connector works; exit 1 when it does not.

    One that was stopped because access was refused goes on when it works again.
    """
    with in_company(alias) as (outside, _session, _company):
        result = testing.test_connector(outside, number)
        document = {
            "kind": result.kind,
            "message": result.message,
            "detail": result.detail,
            "resumed": result.resumed,
            "divisions": [
                {"code": found.code, "name": found.name, "currency": found.currency}
                for found in result.divisions
            ],
        }
    if not result.ok:
        click.echo(f"Error: {result.message}", err=True)
    return Answer(document, 0 if result.ok else 1)


@connector.command("login-url")
@click.option("--company", "alias", required=True)
@click.argument("number", type=int)
@click.option("--confirm", is_flag=True, help="Log in again although a valid login is stored.")
@json_option
def login_url(alias: str, number: int, confirm: bool) -> dict[str, str]:
    """The provider's login page for this connector; the callback finishes the login."""
    with in_company(alias) as (outside, session, _company):
        started = logins.start_login(
            session, outside, number, BOUND_TO_CLI, ACTOR, confirm_again=confirm
        )
        return {"url": started.url}


@click.group("schedule")
def schedule() -> None:
    """When connectors export and control."""


@schedule.command("list")
@click.option("--company", "alias", required=True)
@click.option("--connector", "number", type=int)
@json_option
def list_schedules(alias: str, number: int | None) -> list[dict[str, Any]]:
    """The schedules of a company, or of one connector."""
    with in_company(alias) as (_outside, session, _company), database.reading(session):
        shown = []
        for row in registering.connectors_of(session):
            if number is not None and row.number != number:
                continue
            shown += [
                {
                    "connector": row.number,
                    "kind": one.kind,
                    "every": f"{one.every_minutes}m" if one.every_minutes else "",
                    "daily_at": one.daily_at,
                    "zone": one.zone,
                    "next_at": one.next_at,
                    "enabled": one.enabled,
                }
                for one in schedules.schedules_of(session, row.id)
            ]
        return shown


@schedule.command("set")
@click.option("--company", "alias", required=True)
@click.option("--connector", "number", type=int, required=True)
@click.option("--every", required=True, help="Such as 15m or 2h.")
@json_option
def set_schedule(alias: str, number: int, every: str) -> dict[str, Any]:
    """Change how often a connector exports."""
    minutes = schedules.minutes_of(every)
    with in_company(alias) as (_outside, session, _company):
        with database.reading(session):
            connector_id = registering.connector_by_number(session, number).id
        row = schedules.set_every(session, connector_id, minutes, ACTOR)
        return {"connector": number, "kind": row.kind, "every": every, "next_at": row.next_at}


def _save(
    session: Session, outside: Outside, number: int, filled: dict[str, Any], computed: str
) -> None:
    problems = registering.save(
        session,
        outside.vault,
        number,
        filled,
        ACTOR,
        provider_hosts=outside.provider_hosts,
        computed_callback=computed,
        apps=outside.apps,
        variables=outside.variables,
    )
    for problem in problems:
        if problem.is_warning:
            click.echo(f"Warning: {problem.field}: {problem.message}", err=True)
    wrong = [problem for problem in problems if not problem.is_warning]
    if wrong:
        raise Refused("; ".join(f"{problem.field}: {problem.message}" for problem in wrong))


def _shown(session: Session, settings: Settings, company: Company, number: int) -> dict[str, Any]:
    with database.reading(session):
        row = registering.connector_by_number(session, number)
        state = grants.login_state(session, row)
        return _document(row, callback_url(settings, company.alias or "", number)) | {
            "state": state.kind,
        }


def _document(row: Connector, callback: str) -> dict[str, Any]:
    return {
        "number": row.number,
        "name": row.name,
        "provider": row.provider,
        "base_url": row.site,
        "mode": ConnectorSettings.of(row.settings).mode,
        "client_id": row.client_id,
        "client_secret_set_at": row.client_secret_set_at,
        "callback_url": row.callback_url,
        "computed_callback_url": callback,
        "division": row.division,
        "division_name": row.division_name,
        "currency": row.division_currency,
        "journal_code": row.journal_code,
        "vat_mode": row.vat_mode,
        "automatic": row.automatic,
        "paused": row.paused,
    }


COMMANDS: list[click.Command] = [connector, schedule]
