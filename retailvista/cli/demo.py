"""demo: the main job on the embedded default, end to end, for three companies side by side.

Exit 0 only if every journal is verified and the control finds no difference. Run again it goes on
where it was, and posts nothing twice.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path

import click
from flask import Flask
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista import logs
from retailvista.cli import demo_place, demo_story, serving, web_server
from retailvista.cli.demo_cast import CAST, CONNECTOR, TILL_FILES, Part
from retailvista.cli.demo_story import Stage
from retailvista.cli.program import Program, present_program, table
from retailvista.companies import installation, place
from retailvista.companies.addresses import public_url
from retailvista.companies.scope import company_scope
from retailvista.config import Settings
from retailvista.connectors import keyless
from retailvista.errors import Refused
from retailvista.journals import listing

EXPORT_SECONDS = 240
DONE_STATES = frozenset(("verified", "rejected", "conflict", "decide", "not_ready"))


@click.command()
@click.option("--port", default=8000, show_default=True)
@click.option("--exit", "leave", is_flag=True, help="Stop after the table.")
def demo(port: int, leave: bool) -> None:
    """The main job on the embedded default, end to end."""
    logs.configure("ERROR")
    if not TILL_FILES.is_dir():
        raise Refused(f"The till files of the demo are missing in {TILL_FILES}.")
    program = present_program()
    with ExitStack() as open_things:
        stage, app, server = _open(program, port, open_things)
        open_things.enter_context(serving.serving(program, app, server))
        well = play(stage)
        _say_where(stage)
        if not leave:
            with serving.Told(lambda: program.stop(app)) as told:
                click.echo("\nServing until Ctrl+C.")
                told.wait()
    if leave and not well:
        raise Refused("Not every journal is verified and without a difference; see above.")


def play(stage: Stage) -> bool:
    """All scenes for every company; whether every journal is verified without a difference."""
    click.echo("RetailVista Journals: the main job, end to end\n")
    with stage.outside.sessions() as session:
        ids = {part.alias: demo_story.set_the_stage(stage, session, part) for part in CAST}
        for scene in (
            demo_story.connect,
            demo_story.read_till_files,
            demo_story.build_and_release,
        ):
            for part in CAST:
                with company_scope(ids[part.alias]):
                    scene(stage, session, part)
        for part in CAST:
            with company_scope(ids[part.alias]):
                demo_story.make_the_schedule_due(session)
                stage.say(part, "the schedule is due: the engine exports in the background")
        for part in CAST:
            with company_scope(ids[part.alias]):
                _wait_for_the_engine(stage, session, part)
        differences = sum(_control(stage, session, part, ids[part.alias]) for part in CAST)
        return _show(session, ids) and not differences


def _begin(program: Program, settings: Settings) -> None:
    with program.open_app(settings) as app:
        with app.app_context():
            database.upgrade(database.db.engine)
        with program.outside_of(app).sessions() as session:
            mark = place.mark_of(session)
            installation.begin(session, settings.master_key_file, mark)
            with database.transaction(session):
                # The books of the sandbox lie beside it: a demo that moved took them along.
                installation.unlock_moved(session, mark)
            keyless.mark_found(session, keyless.ELSEWHERE)


def _open(
    program: Program, port: int, things: ExitStack
) -> tuple[Stage, Flask, web_server.WebServer]:
    settings = demo_place.demo_settings(port, os.environ)
    folder = settings.instance_dir
    folder.mkdir(parents=True, exist_ok=True)
    things.enter_context(serving.only_one(settings))
    if demo_place.is_busy(port):
        raise Refused(web_server.busy(port))
    remembered = demo_place.kept(folder)
    _begin(program, settings)
    sandbox_port = things.enter_context(demo_place.sandbox_running(folder, remembered.sandbox_port))
    remembered = replace(remembered, sandbox_port=sandbox_port)
    demo_place.keep(folder, remembered)
    url = f"http://127.0.0.1:{sandbox_port}"
    # The vault is opened with the app, so the app is made again on the database that is begun.
    settings = demo_place.demo_settings(port, os.environ, url)
    app = things.enter_context(program.open_app(settings))
    server = web_server.bind(app, "127.0.0.1", port)
    stage = Stage(
        settings=settings,
        outside=program.outside_of(app),
        password=remembered.password,
        sandbox_url=url,
        sandbox_file=str(settings.instance_dir / "sandbox.sqlite3"),
    )
    return stage, app, server


def _wait_for_the_engine(stage: Stage, session: Session, part: Part) -> None:
    clock = stage.outside.clock
    end = clock.monotonic() + EXPORT_SECONDS
    seen: set[int] = set()
    while clock.monotonic() < end:
        rows = demo_story.journals_of(session)
        for row in rows:
            if row.state == "verified" and row.number not in seen:
                seen.add(row.number)
                stage.say(part, f"{row.business_date} verified as {row.entry_number}")
        if all(row.state in DONE_STATES for row in rows):
            return
        clock.sleep(demo_story.LOOK_SECONDS)
    stage.say(part, f"not everything was exported within {EXPORT_SECONDS} seconds")


def _control(stage: Stage, session: Session, part: Part, company_id: int) -> int:
    with company_scope(company_id):
        rows = demo_story.journals_of(session)
        days = {"from": _first(rows), "to": _last(rows)}
        run = demo_story.work(stage, session, "control", days, CONNECTOR)
    found = int(run.counts.get("differences", 0)) + bool(run.problem)
    words = run.problem or f"{run.counts.get('days', 0)} days compared, {found} differences"
    stage.say(part, f"control: {words}")
    return found


def _first(rows: list[listing.ListedJournal]) -> str:
    return min((row.business_date for row in rows), default=date.min).isoformat()


def _last(rows: list[listing.ListedJournal]) -> str:
    return max((row.business_date for row in rows), default=date.min).isoformat()


def _show(session: Session, ids: dict[str, int]) -> bool:
    shown = []
    well = True
    for part in CAST:
        with company_scope(ids[part.alias]):
            rows = demo_story.journals_of(session)
        well = well and bool(rows) and all(row.state == "verified" for row in rows)
        shown += [
            {
                "company": part.alias,
                "journal": row.number,
                "business date": row.business_date,
                "debit = credit": f"{listing.decimal(row.debit):>12} {row.currency}",
                "Boekstuknummer": row.entry_number,
                "state": row.state,
            }
            for row in rows
            if row.debit == row.credit
        ]
    click.echo(f"\n{table(shown)}\n")
    return well


def _say_where(stage: Stage) -> None:
    for part in CAST:
        click.echo(f"  {public_url(stage.settings, part.alias, '/')}")
    click.echo(f"  log in with {demo_place.EMAIL} / {stage.password}")
    click.echo(f"  books (sandbox, not Exact Online): {stage.sandbox_url}/")
    mails = stage.settings.mail_url.removeprefix("file:")
    click.echo(f"  mails are files in {Path(mails)}")


COMMANDS: list[click.Command] = [demo]
