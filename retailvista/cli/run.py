"""run: what the engine did and does."""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy import select

from retailvista import db as database
from retailvista.cli.program import in_company, json_option
from retailvista.runs.asking import run_by_number
from retailvista.runs.models import Run, RunLog


@click.group("run")
def run() -> None:
    """Runs, the newest first."""


@run.command("list")
@click.option("--company", "alias", required=True)
@click.option("--limit", default=50, show_default=True)
@json_option
def list_all(alias: str, limit: int) -> list[dict[str, Any]]:
    """The newest runs of a company."""
    with in_company(alias) as (_outside, session, _company), database.reading(session):
        rows = session.scalars(select(Run).order_by(Run.number.desc()).limit(limit))
        return [_shown(row) for row in rows]


@run.command("show")
@click.option("--company", "alias", required=True)
@click.argument("number", type=int)
@json_option
def show_one(alias: str, number: int) -> dict[str, Any]:
    """One run with its log."""
    with in_company(alias) as (_outside, session, _company), database.reading(session):
        row = run_by_number(session, number)
        lines = session.scalars(
            select(RunLog).where(RunLog.run_id == row.id).order_by(RunLog.id).limit(1000)
        )
        log = [{"at": line.at, "level": line.level, "text": line.text} for line in lines]
        return _shown(row) | {"args": row.args, "log": log}


def _shown(row: Run) -> dict[str, Any]:
    return {
        "number": row.number,
        "kind": row.kind,
        "key": row.key,
        "connector": row.connector_number,
        "state": row.state,
        "outcome": row.outcome,
        "asked_by": row.asked_by,
        "asked_at": row.asked_at,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "calls": row.calls,
        "counts": dict(row.counts),
        "problem": row.problem,
    }


COMMANDS: list[click.Command] = [run]
