"""flow check: a replication beside its source, table by table."""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy import select

from retailvista import db as database
from retailvista.cli.program import ACTOR, Answer, in_company, json_option
from retailvista.cli.waiting import PATIENCE_SECONDS, wait_for
from retailvista.flows import starting
from retailvista.flows.comparing import DIFFERENT
from retailvista.flows.summing import READING
from retailvista.runs.models import ENDED, RunItem


@click.command("check")
@click.option("--company", "alias", required=True)
@click.argument("number", type=int)
@click.option("--totals", is_flag=True, help="Sum every amount as well: a call for each page.")
@json_option
def check(*, alias: str, number: int, totals: bool) -> Answer:
    """Compare every table of a replication with its source; exit 1 when anything differs."""
    with in_company(alias) as (outside, session, _company):
        asked = starting.check_now(session, number, ACTOR, totals=totals)
        ended = wait_for(outside, asked, PATIENCE_SECONDS)
        with database.reading(session):
            query = select(RunItem).where(RunItem.run_id == ended.id).order_by(RunItem.id)
            tables = [_table(item) for item in session.scalars(query) if item.state != READING]
    if ended.problem:
        click.echo(f"Error: {ended.problem}", err=True)
    document = {
        "run": ended.number,
        "state": ended.state,
        "outcome": ended.outcome,
        "calls": ended.calls,
        "not_before": ended.not_before if ended.state != ENDED else None,
        "problem": ended.problem,
        "tables": tables,
    }
    return Answer(document, 0 if ended.outcome == "done" else 1)


def _table(item: RunItem) -> dict[str, Any]:
    found = item.detail
    differs = item.state == DIFFERENT
    return {
        "division": found["division"],
        "entity": found["entity"],
        "table": found["table"],
        "state": item.state,
        "rows": found["ours"],
        "rows_there": found["theirs"],
        "totals": [
            {"name": name, "here": ours, "there": theirs} for name, ours, theirs in found["totals"]
        ],
        "remedy": "flow run --full --entity {entity} --division {division}".format(**found)
        if differs
        else "",
    }
