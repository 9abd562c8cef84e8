"""Copies of the whole database: made while it is used, put back with sending locked.

SQLite: the backup API gives a consistent copy of a database that is being written, and the copy
is checked before it counts. PostgreSQL: pg_dump and pg_restore, which belong to it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from retailvista.config import Settings
from retailvista.errors import Refused

LOCKED = (
    "This database was restored: the books may hold entries that it does not know. Nothing is"
    " sent until that has been looked at."
)
# A refresh token works once: the one in an old copy was used since, and would end the chain.
OLD_LOGIN = "This database was restored, so its login may be an old one."
PAGES_AT_ONCE = 1000


def back_up(settings: Settings, file: Path) -> None:
    """Write a copy; the file appears only when it is complete and sound."""
    if file.exists():
        raise Refused(f"{file} exists already; choose another name.")
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    # Made before anything is in it: a copy is never readable by others, not even half of one.
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    if settings.database_url.startswith("sqlite:///"):
        source = _sqlite_path(settings)
        if not source.exists():
            raise Refused("There is no database yet. Run: retailvista init")
        with (
            closing(sqlite3.connect(source)) as original,
            closing(sqlite3.connect(part)) as copy,
        ):
            original.backup(copy, pages=PAGES_AT_ONCE)
            _check(copy, part)
    else:
        _run(settings, "pg_dump", "--format=custom", f"--file={part}", _postgres_url(settings))
    os.chmod(part, 0o600)
    part.replace(file)


def put_back(settings: Settings, file: Path, *, replace: bool) -> None:
    """Make the database the copy. Refused while there is one, unless it may be replaced."""
    if not settings.database_url.startswith("sqlite:///"):
        clean = ["--clean", "--if-exists"] if replace else []
        _run(settings, "pg_restore", "--single-transaction", "--no-owner", *clean,
             f"--dbname={_postgres_url(settings)}", str(file))  # fmt: skip
        return
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as copy:
        _check(copy, file)
    target = _sqlite_path(settings)
    if target.exists() and not replace:
        raise Refused(f"There is a database already in {target}; --replace puts the copy over it.")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.restored")
    shutil.copyfile(file, part)
    os.chmod(part, 0o600)
    for beside in ("-wal", "-shm"):
        target.with_name(target.name + beside).unlink(missing_ok=True)
    part.replace(target)


def without_password(url: str) -> str:
    """A database address as it may be shown."""
    head, at, tail = url.rpartition("@")
    return f"{head.split('://', 1)[0]}://…@{tail}" if at else url


def _sqlite_path(settings: Settings) -> Path:
    return Path(settings.database_url.removeprefix("sqlite:///"))


def _postgres_url(settings: Settings) -> str:
    """Without the password: arguments are seen by everybody on the machine."""
    url = make_url(settings.database_url).set(drivername="postgresql")
    return url._replace(password=None).render_as_string(hide_password=False)


def _check(copy: sqlite3.Connection, file: Path) -> None:
    try:
        sound = copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        ours = copy.execute("SELECT count(*) FROM instance").fetchone()[0] == 1
    except sqlite3.DatabaseError as error:
        raise Refused(f"{file} is not a copy of a RetailVista database.") from error
    if not (sound and ours):
        raise Refused(f"{file} is not a sound copy of a RetailVista database.")


def _run(settings: Settings, *command: str) -> None:
    program = shutil.which(command[0])
    if program is None:
        raise Refused(f"{command[0]} is not installed; it comes with PostgreSQL's client programs.")
    password = make_url(settings.database_url).password
    done = subprocess.run(  # noqa: S603  the program of PostgreSQL, no shell
        [program, *command[1:]],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **({"PGPASSWORD": str(password)} if password else {})},
    )
    if done.returncode:
        raise Refused(f"{command[0]} failed: {done.stderr.strip()[:300]}")
