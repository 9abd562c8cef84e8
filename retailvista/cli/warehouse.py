"""warehouse: the connector to a database that replications load, what it must grant, its test."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from retailvista import db as database
from retailvista.cli.program import ACTOR, Answer, in_company, json_option, show
from retailvista.cli.waiting import PATIENCE_SECONDS, run_and_wait
from retailvista.connectors import warehouses
from retailvista.connectors.choosing import connector_by_number
from retailvista.errors import Refused
from retailvista.flows.references import WAREHOUSE

SECRET = "RV_WAREHOUSE_SECRET"


@click.group("warehouse")
def warehouse() -> None:
    """Warehouses: DuckDB, PostgreSQL or Snowflake."""


@warehouse.command("add")
@click.option("--company", "alias", required=True)
@click.option("--name", required=True)
@click.option(
    "--url",
    required=True,
    help="duckdb:NAME, postgresql://USER@HOST/DATABASE?schema=exact or"
    " snowflake://USER@ACCOUNT/DATABASE?role=R&compute=C. Never with a password.",
)
@click.option("--number", type=int, help="Default: the next one.")
@click.option("--secret-stdin", is_flag=True, help=f"Password or private key; else from {SECRET}.")
@json_option
def add(
    *, alias: str, name: str, url: str, number: int | None, secret_stdin: bool
) -> dict[str, Any]:
    """Add a connector to a warehouse."""
    # A private key has more than one line.
    secret = sys.stdin.read().strip() if secret_stdin else os.environ.get(SECRET, "")
    with in_company(alias) as (outside, session, _company):
        outside.vault.check_value()
        row = warehouses.reserve_warehouse(session, ACTOR, number)
        values = {"name": name, "url": url, "secret": secret}
        problems = warehouses.save_warehouse(session, outside.vault, row.number, values, ACTOR)
        if problems:
            raise Refused(" ".join(f"{found.field}: {found.message}" for found in problems))
        return {"number": row.number}


@warehouse.command("grants")
@click.option("--company", "alias", required=True)
@click.argument("number", type=int)
@click.option("--schema", default="", help="Default: that of the connector.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def grants(alias: str, number: int, schema: str, as_json: bool) -> None:
    """The SQL that the administrator of the warehouse runs once, ready to copy."""
    with in_company(alias) as (outside, _session, _company):
        script = warehouses.grants_of(outside, number, schema)
    if as_json:
        show({"connector": number, "script": script}, as_json=True)
    else:
        click.echo(script or "-- A file of our own: nothing has to be granted.")


@warehouse.command("check")
@click.option("--company", "alias", required=True)
@click.argument("number", type=int)
@click.option("--schema", default="", help="Default: that of the connector.")
@json_option
def check(alias: str, number: int, schema: str) -> Answer:
    """Connect and look at the privileges; exit 1 with the grants that are missing."""
    with in_company(alias) as (outside, session, _company):
        with database.reading(session):
            if connector_by_number(session, number).provider != WAREHOUSE:
                raise Refused(f"Connector {number} is no warehouse.")
        # A file belongs to one process: where a server runs, its engine looks.
        run_and_wait(
            outside, "test", str(number), {"schema": schema}, number, patience=PATIENCE_SECONDS
        )
        with database.reading(session):
            found = dict(connector_by_number(session, number).last_test)
        lacking = _lacking(outside, number, schema, found["kind"])
    message = warehouses.TEXTS[found["kind"]] % found["values"]
    if found["kind"] != warehouses.CONNECTED:
        click.echo(message, err=True)
    for one in lacking:
        click.echo(one["grant"], err=True)
    document = {"kind": found["kind"], "message": message, "missing": lacking}
    return Answer(document, 0 if found["kind"] == warehouses.CONNECTED else 1)


def _lacking(outside: Any, number: int, schema: str, kind: str) -> list[dict[str, str]]:
    """The privileges to grant, with the statement that does it."""
    if kind != warehouses.NO_PRIVILEGE:
        return []
    missing = warehouses.check_warehouse(outside, number, schema).missing
    return [{"privilege": one.privilege, "on": one.on, "grant": one.statement} for one in missing]


COMMANDS: list[click.Command] = [warehouse]
