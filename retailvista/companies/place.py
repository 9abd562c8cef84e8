"""Where a database is at home: the mark of its machine and folder, or of its server.

Two databases that know the same journals and logins must not both work: a copy that is found in
another place is locked until a person says that it moved. Invariant: the mark of one database is
the same for every process that uses it, whatever address it came by, and for every start.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from retailvista import db as database

MACHINE = Path("/etc/machine-id")
MAY_READ_IDENTITY = "SELECT has_function_privilege('pg_control_system()', 'EXECUTE')"
IDENTITY = "SELECT system_identifier::text FROM pg_control_system()"


def mark_of(session: Session, machine: Path = MACHINE) -> str:
    """The mark of the place of the database that this session is on."""
    url = session.get_bind().engine.url
    if url.get_backend_name() == "sqlite":
        parts = _of_file(Path(url.database or ""), machine)
    else:
        with database.reading(session):
            parts = _of_server(session)
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def _of_file(file: Path, machine: Path) -> tuple[str, ...]:
    """The name of the machine is not in it: containers change theirs at every start.

    Where there is no machine id, as in a container, the folder alone counts.
    """
    found = machine.read_text().strip() if machine.is_file() else ""
    return found, str(file.resolve())


def _of_server(session: Session) -> tuple[str, ...]:
    """The server's own identity with the database's number and name.

    They change when a dump is put back elsewhere, and when a database is made from another one as
    its template. They stay in a copy of the server's whole disk: a stand-by that takes over must
    go on without a question, and looks the same from inside. How the server is addressed says
    nothing: processes on several hosts reach one database by several names.
    """
    named = session.execute(
        text("SELECT oid::text, datname FROM pg_database WHERE datname = current_database()")
    ).one()
    # PostgreSQL lets everybody read this; a hosted one may have taken it away.
    allowed = session.scalar(text(MAY_READ_IDENTITY))
    server = session.scalar(text(IDENTITY)) if allowed else ""
    return str(server), *named
