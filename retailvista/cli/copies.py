"""Copies of the whole database: made while it is used, put back with sending locked.

SQLite: the backup API gives a consistent copy of a database that is being written, and the copy
is checked before it counts. PostgreSQL: pg_dump and pg_restore, which belong to it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from retailvista.companies import installation
from retailvista.config import Settings
from retailvista.errors import Refused
from retailvista.vault import sync_folder

# A refresh token works once: the one in an old copy was used since, and would end the chain.
OLD_LOGIN = "This database was restored, so its login may be an old one."
PAGES_AT_ONCE = 1000
BUSY = "Another program works on the database. Stop it, then restore again."
BUSY_SECONDS = 2
LOCK = (
    "UPDATE instance SET sending_locked = :locked",
    (
        'UPDATE "grant" SET login_needed_at = CURRENT_TIMESTAMP, login_needed_why = :old'
        " WHERE login_needed_at IS NULL"
    ),
)


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
        _restore_server(settings, file, clean)
        return
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as copy:
        _check(copy, file)
    target = _sqlite_path(settings)
    if target.exists() and not replace:
        raise Refused(f"There is a database already in {target}; --replace puts the copy over it.")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.restored")
    for old in _with_journals(part):
        old.unlink(missing_ok=True)
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    shutil.copyfile(file, part)
    _lock(part)
    _close_old(target)
    part.replace(target)
    sync_folder(target.parent)


def _with_journals(file: Path) -> list[Path]:
    return [file, *(file.with_name(file.name + beside) for beside in ("-wal", "-shm"))]


def _lock(part: Path) -> None:
    """Before it is the database: at no moment a restored one may send or present a token."""
    with closing(sqlite3.connect(part)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")
        copy.execute("PRAGMA synchronous=FULL")
        with copy:
            for statement in LOCK:
                copy.execute(statement, {"locked": installation.RESTORED, "old": OLD_LOGIN})


def _close_old(target: Path) -> None:
    """What is committed goes from the journal into the file, and only then the journal goes.

    A kill in between leaves the old database whole. One that cannot be read is given up.
    """
    if target.exists():
        with closing(sqlite3.connect(target, timeout=BUSY_SECONDS)) as old:
            try:
                busy = old.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            except sqlite3.OperationalError as error:
                raise Refused(f"{BUSY} ({error})") from error
            except sqlite3.DatabaseError:
                busy = 0
        if busy:
            raise Refused(BUSY)
    for beside in _with_journals(target)[1:]:
        beside.unlink(missing_ok=True)


def _restore_server(settings: Settings, file: Path, clean: list[str]) -> None:
    """The copy and its lock in one transaction of the server."""
    with tempfile.TemporaryDirectory(prefix="retailvista-restore-") as folder:
        script = Path(folder) / "restore.sql"
        _run(settings, "pg_restore", "--no-owner", *clean, f"--file={script}", str(file))
        lock = Path(folder) / "lock.sql"
        lock.write_text("SET search_path = public;\n" + _lock_script())
        _run(settings, "psql", "--no-psqlrc", "--quiet", "--single-transaction",
             "--set=ON_ERROR_STOP=1", f"--dbname={_postgres_url(settings)}",
             f"--file={script}", f"--file={lock}")  # fmt: skip


def _lock_script() -> str:
    """The statements with their words as SQL literals: both are ours."""
    text = ";\n".join((*LOCK, ""))
    for name, value in ((":locked", installation.RESTORED), (":old", OLD_LOGIN)):
        text = text.replace(name, "'" + value.replace("'", "''") + "'")
    return text


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
