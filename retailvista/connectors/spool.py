"""The spool: raw token answers, sealed, on disk before anything else happens to them.

Invariant: `put` returns only when file and folder entry are fsynced; a file is taken away only
after its tokens are in the database, or are known to be worthless. A refresh token works once:
between the provider's answer and our commit this file is all there is.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from retailvista.connectors.port import Reply, Sending
from retailvista.connectors.sealing import spool_place
from retailvista.errors import Refused
from retailvista.vault import Secret, Vault, sync_folder

SUFFIX = ".token"
PROBE_BYTES = 64 * 1024
FREE_BYTES_MIN = 1024 * 1024


class DiskRefused(Refused):
    """The spool folder cannot be written, so no token may be asked for."""


@dataclass(frozen=True, slots=True)
class Spooled:
    """An answer on disk: for which grant, and which refresh token was presented for it."""

    path: Path
    company_id: int
    grant_id: int
    provider: str
    presented: str
    requested_at: datetime
    answered_at: datetime
    sealed: str

    def reply(self, vault: Vault) -> Reply:
        """The answer again. Raises SealBroken or KeyLost."""
        body = vault.unseal(self.sealed, spool_place(self.company_id, self.grant_id)).reveal()
        return Reply(
            Sending.ANSWERED,
            status=200,
            headers={"content-type": "application/json"},
            body=body.encode(),
            requested_at=self.requested_at,
            answered_at=self.answered_at,
        )


@dataclass(frozen=True, slots=True)
class Presented:
    """Whose refresh token was presented."""

    company_id: int
    grant_id: int
    provider: str
    fingerprint: str


def check_writable(folder: Path) -> None:
    """Before the call: can an answer be kept? Raises DiskRefused."""
    probe = folder / f".probe-{secrets.token_hex(8)}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        space = os.statvfs(folder)
        if space.f_bavail * space.f_frsize < FREE_BYTES_MIN:
            raise DiskRefused(
                f"The disk of {folder} is full; free space before tokens are renewed."
            )
        _write(probe, b"\0" * PROBE_BYTES)
        probe.unlink()
    except OSError as error:
        raise DiskRefused(f"{folder} cannot be written: {error.strerror}.") from error


def put(folder: Path, vault: Vault, presented: Presented, reply: Reply) -> Path:
    """Keep an answer; returns when it is safely on disk."""
    assert reply.requested_at is not None
    assert reply.answered_at is not None
    place = spool_place(presented.company_id, presented.grant_id)
    document = {
        "company_id": presented.company_id,
        "grant_id": presented.grant_id,
        "provider": presented.provider,
        "presented": presented.fingerprint,
        "requested_at": reply.requested_at.isoformat(),
        "answered_at": reply.answered_at.isoformat(),
        "sealed": vault.seal(Secret(reply.body.decode("utf-8", "replace")), place),
    }
    name = f"{presented.company_id}-{presented.grant_id}-{secrets.token_hex(8)}"
    temporary, path = folder / f"{name}.part", folder / f"{name}{SUFFIX}"
    _write(temporary, json.dumps(document).encode())
    temporary.rename(path)
    sync_folder(folder)
    return path


def waiting(folder: Path) -> Iterator[Spooled]:
    """Answers that are not in the database yet, oldest first; broken files are set aside."""
    if not folder.is_dir():
        return
    for path in sorted(folder.glob(f"*{SUFFIX}"), key=_written_at):
        spooled = _read(path)
        if spooled is None:
            set_aside(path)
        else:
            yield spooled


def take_away(path: Path) -> None:
    """The answer is in the database, or worth nothing any more."""
    path.unlink(missing_ok=True)


def set_aside(path: Path) -> None:
    """Keep a file that cannot be read, where it is not tried again."""
    with suppress(FileNotFoundError):
        path.rename(path.with_suffix(".unreadable"))


def _written_at(path: Path) -> int:
    """When a file was written; 0 for one that another worker has just taken away."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _read(path: Path) -> Spooled | None:
    try:
        found = json.loads(path.read_bytes())
        return Spooled(
            path=path,
            company_id=int(found["company_id"]),
            grant_id=int(found["grant_id"]),
            provider=str(found["provider"]),
            presented=str(found["presented"]),
            requested_at=datetime.fromisoformat(found["requested_at"]),
            answered_at=datetime.fromisoformat(found["answered_at"]),
            sealed=str(found["sealed"]),
        )
    except FileNotFoundError:
        return None  # another worker was faster
    except (ValueError, KeyError, TypeError):
        return None


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    finally:
        os.close(handle)
