"""The installation: one row that says who this database is, and the key that belongs to it.

The key is made once, by begin(), on a database that has no installation yet. A key file that is
lost or of another database is a defined state with a reason: nothing opens, nothing is posted,
and a new key is never made in its place.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista import vault as vaults
from retailvista.companies.models import Instance
from retailvista.errors import Refused
from retailvista.vault import KeyLost, LostVault, Vault

NOT_BEGUN = "The database is empty. Run: retailvista init"
LOCK_MAX = 200
OF_ANOTHER_PLACE = "This database comes from another "
ELSEWHERE = (
    "This database comes from another machine, folder or server. If it is a copy, leave it so."
    " If it moved and the old one is gone for good, run: retailvista moved."
)
RESTORED = (
    "This database was restored: the books may hold entries that it does not know. Nothing is"
    " sent until that has been looked at."
)


@dataclass(frozen=True, slots=True)
class Installation:
    """Who we are and whether the key is there. `key_problem` is '' when all is well."""

    uuid: str
    vault: Vault
    key_problem: str
    sending_locked: str
    host_mark: str = ""


def begin(session: Session, key_file: Path, host_mark: str = "") -> bool:
    """Make the installation row, and the key when there is none yet. False when it was there."""
    with database.transaction(session):
        if session.scalar(select(Instance)) is not None:
            return False
        if not key_file.exists():
            vaults.create_key_file(key_file)
        own = str(uuid.uuid4())
        vault = vaults.open_vault(key_file, own)
        session.add(
            Instance(
                uuid=own,
                key_id=vault.key_id,
                key_check=vault.check_value(),
                host_mark=host_mark,
                created_at=database.now(session),
            )
        )
    return True


def look(session: Session, key_file: Path) -> Installation:
    """Read the row and try the key on its check value. Never makes anything."""
    with database.reading(session):
        if not inspect(session.connection()).has_table(Instance.__tablename__):
            return Installation("", LostVault(NOT_BEGUN), NOT_BEGUN, NOT_BEGUN)
        row = session.scalar(select(Instance))
    if row is None:
        return Installation("", LostVault(NOT_BEGUN), NOT_BEGUN, NOT_BEGUN)
    try:
        vault = vaults.open_vault(key_file, row.uuid)
    except KeyLost as error:
        return _lost(row, f"{error}")
    if not vault.opens(row.key_check):
        return _lost(row, f"The master key {key_file} is not the one of this database.")
    return Installation(row.uuid, vault, "", row.sending_locked, row.host_mark)


def _lost(row: Instance, why: str) -> Installation:
    problem = f"{why} Put the right key file back; until then every connector needs a login."
    return Installation(row.uuid, LostVault(problem), problem, row.sending_locked, row.host_mark)


def is_elsewhere(found: Installation, host_mark: str) -> bool:
    """Whether the database was at home in another place. One that never had a home is at home."""
    return bool(found.host_mark and host_mark and found.host_mark != host_mark)


def settle_here(session: Session, host_mark: str) -> None:
    """This place is its home from now on. Inside the caller's transaction."""
    _row(session).host_mark = host_mark


def unlock_moved(session: Session, host_mark: str) -> str:
    """A person says that it moved; why sending is locked all the same, or ''."""
    row = _row(session)
    row.host_mark = host_mark
    if row.sending_locked.startswith(OF_ANOTHER_PLACE):
        row.sending_locked = ""
    return row.sending_locked


def lock_sending(session: Session, why: str) -> None:
    """Nothing is sent to any provider until the lock is lifted. Inside the caller's transaction."""
    assert len(why) <= LOCK_MAX, "a reason that is cut is none"
    _row(session).sending_locked = why


def take_new_key(session: Session, vault: Vault) -> None:
    """Remember that another key seals from now on. Inside the caller's transaction."""
    row = _row(session)
    row.key_id = vault.key_id
    row.key_check = vault.check_value()


def _row(session: Session) -> Instance:
    row = session.scalar(select(Instance))
    if row is None:
        raise Refused(NOT_BEGUN)
    return row
