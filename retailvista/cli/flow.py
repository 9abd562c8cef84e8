"""flow: records in, out and into a warehouse; added, run, exported and taken in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.cli.program import ACTOR, Answer, in_company, json_option
from retailvista.cli.waiting import PATIENCE_SECONDS, wait_for
from retailvista.errors import Refused
from retailvista.flows import exchanging, keeping, presets, scheduling, starting
from retailvista.flows.definition import (
    ACTIONS,
    FULL,
    INBOX,
    INCREMENTAL,
    MODES,
    OWN,
    FlowSpec,
    SourceSpec,
    TargetSpec,
)
from retailvista.flows.models import INCOMING, KINDS, OUTGOING, REPLICATION, Flow
from retailvista.flows.scheduling import When
from retailvista.runs.models import ENDED, Schedule
from retailvista.runs.schedules import minutes_of


@click.group("flow")
def flow() -> None:
    """Flows: take these records there, do this with them, put them there."""


@flow.command("add")
@click.option("--company", "alias", required=True)
@click.option("--kind", type=click.Choice(KINDS), required=True)
@click.option("--name", required=True)
@click.option("--description", default="")
@click.option("--from", "source", type=int, default=OWN, help="Connector; 0 is RetailVista.")
@click.option("--to", "target", type=int, default=OWN, help="Connector; 0 is RetailVista.")
@click.option(
    "--entity", "entities", multiple=True, help="Repeat for more; default of a load: all."
)
@click.option("--target-entity", default="", help="What an outgoing flow writes.")
@click.option("--action", type=click.Choice(ACTIONS), default=None)
@click.option("--division", "divisions", type=int, multiple=True)
@click.option("--query", "queries", multiple=True, help="NAME=VALUE, such as '$filter=...'.")
@click.option("--path", "paths", multiple=True, help="NAME=VALUE.")
@click.option("--database", "database_name", default="")
@click.option("--schema", default="")
@click.option("--one-each", is_flag=True, help="A flow for every endpoint of a load.")
@json_option
def add(  # noqa: PLR0913  the command's options
    *, alias: str, kind: str, name: str, description: str, source: int, target: int,
    entities: tuple[str, ...], target_entity: str, action: str | None,
    divisions: tuple[int, ...], queries: tuple[str, ...], paths: tuple[str, ...],
    database_name: str, schema: str, one_each: bool,
) -> Any:  # fmt: skip
    """Add a flow. What these options do not say comes in by `flow import`, or on the screen."""
    with in_company(alias) as (_outside, session, _company):
        if kind == REPLICATION:
            load = presets.Load(
                name, source, target, entities, divisions, database_name, schema, one_each
            )
            made = presets.add_load(session, load, ACTOR)
        else:
            spec = FlowSpec(
                name,
                kind,
                SourceSpec(source, entities, divisions, _pairs(paths), _pairs(queries)),
                TargetSpec(target, _target_entity(kind, target_entity), action or ""),
                description=description,
            )
            made = [keeping.add_flow(session, spec, ACTOR)]
        shown = [_shown(row, []) for row in made]
        return {"flows": shown} if one_each else shown[0]


@flow.command("list")
@click.option("--company", "alias", required=True)
@json_option
def list_all(alias: str) -> list[dict[str, Any]]:
    """All flows of a company, with their schedules."""
    with in_company(alias) as (_outside, session, _company), database.reading(session):
        return [
            _shown(row, scheduling.flow_schedules(session, row))
            for row in keeping.list_flows(session)
        ]


@flow.command("run")
@click.option("--company", "alias", required=True)
@click.argument("number", type=int)
@click.option("--full", is_flag=True, help="Read everything again.")
@click.option("--entity", "entities", multiple=True, help="Only these.")
@click.option("--division", "divisions", type=int, multiple=True, help="Only these.")
@json_option
def run(
    alias: str, number: int, full: bool, entities: tuple[str, ...], divisions: tuple[int, ...]
) -> Answer:
    """Fetch now and wait for it; exit 1 unless everything was done."""
    with in_company(alias) as (outside, session, _company):
        asked = starting.fetch_now(
            session,
            number,
            ACTOR,
            mode=FULL if full else INCREMENTAL,
            entities=entities,
            divisions=divisions,
        )
        ended = wait_for(outside, asked, PATIENCE_SECONDS)
    if ended.problem:
        click.echo(f"Error: {ended.problem}", err=True)
    document = {
        "run": ended.number,
        "state": ended.state,
        "outcome": ended.outcome,
        "calls": ended.calls,
        "counts": dict(ended.counts),
        "not_before": ended.not_before if ended.state != ENDED else None,
        "problem": ended.problem,
    }
    return Answer(document, 0 if ended.outcome == "done" else 1)


@flow.command("schedule")
@click.option("--company", "alias", required=True)
@click.argument("number", type=int)
@click.option("--every", help="An interval, such as 15m or 2h.")
@click.option("--daily", default="", help="A time, such as 07:00.")
@click.option("--cron", default="", help="minute hour day month weekday.")
@click.option("--zone", default="", help="Default: that of the company's store.")
@click.option("--mode", type=click.Choice(MODES), default=INCREMENTAL, show_default=True)
@click.option("--name", default="")
@click.option("--confirm", is_flag=True, help="Although the connector's last test failed.")
@json_option
def schedule(  # noqa: PLR0913  the command's options
    *, alias: str, number: int, every: str | None, daily: str, cron: str, zone: str, mode: str,
    name: str, confirm: bool,
) -> dict[str, Any]:  # fmt: skip
    """Add one more schedule to a flow."""
    when = When(minutes_of(every) if every else None, daily, cron, zone)
    with in_company(alias) as (_outside, session, _company):
        row = scheduling.add_schedule(
            session, number, when, ACTOR, mode=mode, name=name, confirmed=confirm
        )
        return _schedule(row)


@flow.command("export")
@click.option("--company", "alias", required=True)
@click.argument("numbers", nargs=-1, type=int)
@click.option("--file", type=click.Path(dir_okay=False, path_type=Path), help="Default: stdout.")
def export(alias: str, numbers: tuple[int, ...], file: Path | None) -> None:
    """Write these flows, or all, as one JSON document without secrets."""
    with in_company(alias) as (_outside, session, _company), database.reading(session):
        document = exchanging.export_flows(session, numbers or None)
    text = json.dumps(document, ensure_ascii=False, indent=2)
    if file is None:
        click.echo(text)
    else:
        file.write_text(f"{text}\n", encoding="utf-8")


@flow.command("import")
@click.option("--company", "alias", required=True)
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--connector", "renumbered", multiple=True, help="THERE=HERE, for other numbers.")
@json_option
def take_in(alias: str, file: Any, renumbered: tuple[str, ...]) -> dict[str, Any]:
    """Add the flows of a document ('-' is stdin), switched off; all of them or none."""
    try:
        document = json.load(file)
    except ValueError as error:
        raise Refused(f"The file is no JSON: {error}.") from error
    connectors = {_number(there): _number(here) for there, here in _pairs(renumbered).items()}
    with in_company(alias) as (_outside, session, _company):
        made = exchanging.import_flows(session, document, ACTOR, connectors)
        with database.reading(session):
            return {"flows": [_shown(row, _schedules_of(session, row)) for row in made]}


@flow.command("set")
@click.option("--company", "alias", required=True)
@click.argument("number", type=int)
@click.option("--enable/--disable", "enabled", default=None, required=True)
@json_option
def change(alias: str, number: int, enabled: bool) -> dict[str, Any]:
    """Switch a flow on or off."""
    with in_company(alias) as (_outside, session, _company):
        row = keeping.set_disabled(session, number, ACTOR, disabled=not enabled)
        with database.reading(session):
            return _shown(row, _schedules_of(session, row))


@flow.command("remove")
@click.option("--company", "alias", required=True)
@click.argument("number", type=int)
@json_option
def remove(alias: str, number: int) -> dict[str, Any]:
    """Take a flow away; its items, runs and what it loaded stay."""
    with in_company(alias) as (_outside, session, _company):
        keeping.remove_flow(session, number, ACTOR)
        return {"removed": number}


def _target_entity(kind: str, given: str) -> str:
    return given or (INBOX if kind == INCOMING else "")


def _schedules_of(session: Session, row: Flow) -> list[Schedule]:
    return scheduling.flow_schedules(session, row)


def _shown(row: Flow, schedules: list[Schedule]) -> dict[str, Any]:
    spec = keeping.spec_of_row(row)
    return {
        "number": row.number,
        "identifier": row.identifier,
        "name": row.name,
        "kind": row.kind,
        "from": spec.source.connector,
        "entities": list(spec.source.entities),
        "to": spec.target.connector,
        "into": spec.target.entity if row.kind != REPLICATION else spec.target.schema,
        "action": spec.target.action if row.kind == OUTGOING else "",
        "disabled": row.disabled,
        "schedules": [_schedule(one) for one in schedules],
    }


def _schedule(row: Schedule) -> dict[str, Any]:
    return {
        "number": row.number,
        "name": row.name,
        "mode": row.mode,
        "every_minutes": row.every_minutes,
        "daily_at": row.daily_at,
        "cron": row.cron,
        "zone": row.zone,
        "enabled": row.enabled,
        "next_at": row.next_at,
    }


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    """NAME=VALUE, the value as it stands behind the first '='."""
    pairs = [text.partition("=") for text in given]
    if any(not name or not sign for name, sign, _value in pairs):
        raise click.UsageError("Write NAME=VALUE.")
    return {name: value for name, _sign, value in pairs}


def _number(text: str) -> int:
    if not text.isdecimal():
        raise click.UsageError("Write THERE=HERE with two numbers, such as 25=30.")
    return int(text)


COMMANDS: list[click.Command] = [flow]
