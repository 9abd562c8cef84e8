"""init, backup, restore and key rotate: the database and the key as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from retailvista import db as database
from retailvista.cli.program import json_option, present_program
from retailvista.companies import installation


@click.command()
@json_option
def init() -> dict[str, Any]:
    """Create or upgrade the database; create the key on an empty one."""
    program = present_program()
    settings = program.load_settings()
    app = program.create_app(settings)
    with app.app_context():
        database.upgrade(database.db.engine)
    with program.outside_of(app).sessions() as session:
        begun = installation.begin(session, settings.master_key_file)
        found = installation.look(session, settings.master_key_file)
    return {
        "database": _without_password(settings.database_url),
        "master_key_file": str(settings.master_key_file),
        "new": begun,
        "key_problem": found.key_problem,
    }


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    return f"{head.split('://', 1)[0]}://…@{tail}" if at else url


COMMANDS: list[click.Command] = [init]
PATH = click.Path(path_type=Path, dir_okay=False)
