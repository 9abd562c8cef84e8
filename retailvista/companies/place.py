"""Where a database file is at home: the mark of its machine and its folder.

Two databases that know the same journals and logins must not both work: a copy of the file, found
on another machine or in another folder, is locked until a person says that it moved. A database
server has no mark, its copies are made by its own programs.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

MACHINE = Path("/etc/machine-id")


def mark_of(database_url: str, machine: Path = MACHINE) -> str:
    """The mark of the place of a SQLite file; '' for a server.

    The name of the machine is not in it: containers change theirs at every start. Where there is
    no machine id, as in a container, the folder alone counts.
    """
    if not database_url.startswith("sqlite:///"):
        return ""
    file = Path(database_url.removeprefix("sqlite:///")).resolve()
    found = machine.read_text().strip() if machine.is_file() else ""
    return hashlib.sha256(f"{found}|{file}".encode()).hexdigest()
