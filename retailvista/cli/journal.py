"""journals: build, list, show, release, export, control, reverse, build-again."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from retailvista import db as database
from retailvista.cli.company import DAY
from retailvista.cli.program import ACTOR, Answer, in_company, json_option
from retailvista.cli.waiting import run_and_wait
from retailvista.connectors.choosing import connector_by_number
from retailvista.errors import Refused
from retailvista.journals import (
    building,
    control,
    listing,
    obstacles,
    preview,
    releasing,
    reversing,
)
from retailvista.runs.models import Run
from retailvista.scheduler.fetching import IF_MISSING, lacking_masters

PAGE = 500
FIRST_DAY = date(2000, 1, 1)
PASS_COUNTS = ("posted", "verified", "waiting", "rejected", "conflict", "unknown")


@click.group("journals")
def journals() -> None:
    """Journals of store days."""


@journals.command("build")
@click.option("--company", "alias", required=True)
@click.option("--until", type=DAY, help="No later business date.")
@json_option
def build(alias: str, until: date | None) -> dict[str, Any]:
    """Make journals of the store days that are ready, and tell which problems hold the others."""
    with in_company(alias) as (_outside, session, _company):
        return _built(building.build_journals(session, until, ACTOR))


def _built(result: building.BuildResult) -> dict[str, Any]:
    return {
        "built": [
            {
                "number": one.sequence,
                "kind": one.kind,
                "store": one.store_code,
                "business_date": one.business_date,
                "debit": listing.decimal(one.debit),
                "currency": one.currency,
            }
            for one in result.built
        ],
        "problems": [held.to_json() for held in result.problems],
    }


@journals.command("list")
@click.option("--company", "alias", required=True)
@click.option("--state", "states", multiple=True)
@json_option
def list_all(alias: str, states: tuple[str, ...]) -> list[dict[str, Any]]:
    """All journals, newest business date first."""
    which = listing.JournalFilter(states=states)
    shown: list[dict[str, Any]] = []
    with in_company(alias) as (_outside, session, _company):
        after = ""
        while True:
            with database.reading(session):
                page = listing.list_journals(session, which, after, PAGE)
            shown += [row.to_json() for row in page.rows]
            after = page.after
            if not after:
                return shown


@journals.command("show")
@click.option("--company", "alias", required=True)
@click.argument("number", type=int)
@json_option
def show_one(alias: str, number: int) -> dict[str, Any]:
    """One journal with its lines."""
    with in_company(alias) as (_outside, session, _company), database.reading(session):
        found = preview.preview(session, number)
        return {
            "number": found.sequence,
            "kind": found.kind,
            "store": found.store_code,
            "business_date": found.business_date,
            "currency": found.currency,
            "debit": listing.decimal(found.debit),
            "credit": listing.decimal(found.credit),
            "lines": [
                {
                    "nr": line.nr,
                    "side": line.side,
                    "amount": listing.decimal(line.amount),
                    "gl": line.gl_code,
                    "description": line.description,
                    "vat_code": line.vat_code,
                    "vat": listing.decimal(line.vat_amount) if line.vat_code else "",
                }
                for line in found.lines
            ],
        }


@journals.command("release")
@click.option("--company", "alias", required=True)
@click.argument("numbers", nargs=-1, type=int)
@json_option
def release(alias: str, numbers: tuple[int, ...]) -> Answer:
    """Release these journals, or all that wait for it; exit 1 when one is not released."""
    with in_company(alias) as (outside, session, _company):
        for lacking in lacking_masters(outside):
            run_and_wait(
                outside, "master", str(lacking), {IF_MISSING: True}, connector_number=lacking
            )
        result = releasing.release(session, numbers or None, ACTOR)
    for one in result.refused:
        click.echo(f"Not released: {one.sequence}: {one.reason}", err=True)
    document = {
        "released": list(result.released),
        "refused": [{"number": one.sequence, "reason": one.reason} for one in result.refused],
    }
    return Answer(document, 1 if result.refused else 0)


@journals.command("export")
@click.option("--company", "alias", required=True)
@click.option("--connector", "number", type=int)
@json_option
def export(alias: str, number: int | None) -> Answer:
    """One pass of what the engine does, waited for.

    Exit 1 when it could not be done, a journal is rejected or in conflict, or what waits needs a
    person first. Every reason why something waits is said on stderr.
    """
    with in_company(alias) as (outside, session, _company):
        if number is not None:
            with database.reading(session):
                connector_by_number(session, number)
        run = run_and_wait(
            outside, "export", str(number or ""), {"until_idle": True}, connector_number=number
        )
        with database.reading(session):
            found = obstacles.obstacles(session, number)
    counts = {name: int(run.counts.get(name, 0)) for name in PASS_COUNTS}
    _say_problem(run)
    _say_refusals(counts)
    for one in found:
        click.echo(f"Waits: {one.text}", err=True)
    needed = any(one.person for one in found)
    refused = run.problem or counts["rejected"] or counts["conflict"] or needed
    return Answer(counts, 1 if refused else 0)


@journals.command("control")
@click.option("--company", "alias", required=True)
@click.option("--from", "from_on", type=DAY)
@click.option("--to", "to_on", type=DAY)
@click.option("--connector", "number", type=int)
@json_option
def compare(alias: str, from_on: date | None, to_on: date | None, number: int | None) -> Answer:
    """Compare every day with the books; exit 1 when there is a difference."""
    with in_company(alias) as (outside, _session, company):
        today = outside.clock.now().date()
        result = control.control(outside, company.id, from_on or FIRST_DAY, to_on or today, number)
    for one in result.differences:
        click.echo(f"Difference: {one.on} {one.kind}: {one.text}", err=True)
    document = {
        "days": result.days,
        "differences": [one.to_json() for one in result.differences],
    }
    return Answer(document, 1 if result.differences else 0)


@journals.command("reverse")
@click.option("--company", "alias", required=True)
@click.argument("number", type=int)
@click.option("--reason", required=True)
@json_option
def reverse(alias: str, number: int, reason: str) -> dict[str, Any]:
    """Make the mirror of an exported journal; release it to send it."""
    with in_company(alias) as (_outside, session, _company):
        return {
            "number": reversing.reverse_journal(session, number, reason, ACTOR),
            "reverses": number,
        }


@journals.command("build-again")
@click.option("--company", "alias", required=True)
@click.argument("number", type=int)
@json_option
def build_again(alias: str, number: int) -> dict[str, Any]:
    """Free the receipts of a reversed journal, and make a new journal of them."""
    with in_company(alias) as (_outside, session, _company):
        building.build_again(session, number, ACTOR)
        return _built(building.build_journals(session, None, ACTOR))


def _say_refusals(counts: dict[str, int]) -> None:
    for name in ("rejected", "conflict"):
        if counts[name]:
            click.echo(f"{counts[name]} {name}: see journals list.", err=True)


def _say_problem(run: Run) -> None:
    if run.problem:
        click.echo(f"Error: {run.problem}", err=True)
    if run.state != "ended" and not run.problem:
        raise Refused(f"Run {run.number} has not ended.")


COMMANDS: list[click.Command] = [journals]
