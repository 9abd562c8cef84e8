"""init, backup, restore and key rotate: the database and the key as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from retailvista import db as database
from retailvista import vault
from retailvista.cli import copies
from retailvista.cli.program import Answer, json_option, open_outside, present_program
from retailvista.cli.serving import only_one
from retailvista.companies import installation, place, registering
from retailvista.connectors import keyless, sealing
from retailvista.flows import webhooks

PATH = click.Path(path_type=Path, dir_okay=False)


@click.command()
@json_option
def init() -> dict[str, Any]:
    """Create or upgrade the database; create the key on an empty one."""
    program = present_program()
    settings = program.load_settings()
    with program.open_app(settings) as app:
        with app.app_context():
            database.upgrade(database.db.engine)
        with program.outside_of(app).sessions() as session:
            mark = place.mark_of(session)
            begun = installation.begin(session, settings.master_key_file, mark)
            found = installation.look(session, settings.master_key_file)
    return {
        "database": copies.without_password(settings.database_url),
        "master_key_file": str(settings.master_key_file),
        "new": begun,
        "key_problem": found.key_problem,
        "sending_locked": found.sending_locked,
    }


@click.command()
@click.argument("file", type=PATH)
@json_option
def backup(file: Path) -> dict[str, Any]:
    """Copy the database while it is used. The key is not in it: keep a copy of that elsewhere."""
    program = present_program()
    settings = program.load_settings()
    copies.back_up(settings, file)
    return {
        "file": str(file),
        "bytes": file.stat().st_size,
        "master_key_file": str(settings.master_key_file),
    }


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--replace", is_flag=True, help="Although there is a database already.")
@json_option
def restore(file: Path, replace: bool) -> dict[str, Any]:
    """Put a copy back. Sending stays locked: the books may know more than the copy does."""
    program = present_program()
    settings = program.load_settings()
    with only_one(settings):
        copies.put_back(settings, file, replace=replace)
        with program.open_app(settings) as app:
            with app.app_context():
                database.upgrade(database.db.engine)
            with program.outside_of(app).sessions() as session:
                mark = place.mark_of(session)
                with database.transaction(session):
                    installation.settle_here(session, mark)
                found = installation.look(session, settings.master_key_file)
    return {
        "file": str(file),
        "sending_locked": found.sending_locked,
        "key_problem": found.key_problem,
    }


@click.command()
@json_option
def moved() -> Answer:
    """Say that the database moved here and that the old one is gone for good.

    Two that work side by side would end each other's logins. Exit 1 when it stays locked.
    """
    with open_outside(key=False) as outside, outside.sessions() as session:
        mark = place.mark_of(session)
        with database.transaction(session):
            locked = installation.unlock_moved(session, mark)
        again = keyless.mark_found(session, keyless.ELSEWHERE)
    if locked:
        click.echo(f"Sending stays locked. {locked}", err=True)
    return Answer({"sending_locked": locked, "logins": again}, 1 if locked else 0)


@click.group()
def key() -> None:
    """The master key."""


@key.command("rotate")
@json_option
def rotate() -> dict[str, Any]:
    """Make a new key and seal every secret with it, while the product runs."""
    program = present_program()
    settings = program.load_settings()
    with open_outside() as outside, outside.sessions() as session:
        vault.add_key(settings.master_key_file)
        renewed = vault.open_vault(settings.master_key_file, outside.installation)
        with database.reading(session):
            companies = [company.id for company in registering.all_companies(session)]
        again = sum(sealing.reseal(session, renewed, company_id) for company_id in companies)
        again += sum(webhooks.reseal(session, renewed, company_id) for company_id in companies)
        with database.transaction(session):
            installation.take_new_key(session, renewed)
    return {"key_id": renewed.key_id, "sealed_again": again}


COMMANDS: list[click.Command] = [init, backup, restore, moved, key]
