"""Processes as owners of leases: alive as long as they hold a lock on their own file.

The kernel drops a flock when the process ends, however it ends, so what a dead process of this
host had claimed is free at once instead of after the lease. Other hosts wait for the lease.
"""

from __future__ import annotations

import fcntl
import glob
import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path

FOLDER = "processes"
# host (30) . pid (7) . 12 digits # 12 digits
NAME_MAX = 64
LEASE_MARK = "#"
# A process that makes its file has its lock well before that.
BEGINNING_SECONDS = 60


class Owner:
    """This process: its name in leases, and the lock that says it lives."""

    def __init__(self, instance_dir: Path) -> None:
        self._folder = instance_dir / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)
        self.name = f"{host_part()}{os.getpid()}.{secrets.token_hex(6)}"
        self._path = self._folder / self.name
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._clear_away()

    def _clear_away(self) -> None:
        """Files of killed processes of this host: a missing file says the same as a free one."""
        own = os.fstat(self._handle).st_mtime
        for path in self._folder.glob(f"{glob.escape(host_part())}*"):
            with suppress(FileNotFoundError):
                if own - path.stat().st_mtime > BEGINNING_SECONDS:
                    is_dead(self._folder.parent, path.name)

    def leave(self) -> None:
        """The process ends in order."""
        self._path.unlink(missing_ok=True)
        os.close(self._handle)


def host_part() -> str:
    """What the names of all owners on this host begin with."""
    return f"{socket.gethostname().split('.', maxsplit=1)[0][:30]}."


def lease_name(owner: str) -> str:
    """A name for one lease of a process that can hold several of the same kind."""
    name = f"{owner}{LEASE_MARK}{secrets.token_hex(6)}"
    assert len(name) <= NAME_MAX, "a cut name would look like that of a dead process"
    return name


def is_dead(instance_dir: Path, name: str) -> bool:
    """Whether `name` was a process of this host that lives no more. Unknown hosts may live."""
    name = name.partition(LEASE_MARK)[0]
    if not name.startswith(host_part()):
        return False
    path = instance_dir / FOLDER / name
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        path.unlink(missing_ok=True)
        return True
    finally:
        os.close(handle)


def others_live(instance_dir: Path, name: str) -> bool:
    """Whether another process of this host works on the same installation."""
    found = (path.name for path in (instance_dir / FOLDER).glob(f"{host_part()}*"))
    return any(one != name and not is_dead(instance_dir, one) for one in found)
