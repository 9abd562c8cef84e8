"""What a use case needs to speak to the outside world, in one value.

app.py wires it for the product, tests/simulation wires it with a virtual clock and a faulty wire:
the same code runs in both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.orm import Session

from retailvista.clock import Clock
from retailvista.connectors.port import AppKeys, Wire
from retailvista.vault import Vault


def goes_on() -> bool:
    """Nobody told this process to stop."""
    return False


@dataclass(frozen=True, slots=True)
class Outside:
    """Sessions, key, wire and clock. `owner` names this process in leases.

    `sessions` opens a new database session that the caller closes. `spool` is the folder where
    raw token answers are written, sealed and fsynced, before anything else happens to them.
    `apps` are the operator's own registrations by provider; a connector may do without one then.
    `variables` are the operator's [variables], which hold for every company.
    `stopping` says that the process was told to stop: no further call is begun then.
    """

    sessions: Callable[[], Session]
    vault: Vault
    wire: Wire
    clock: Clock
    spool: Path
    owner: str
    installation: str
    provider_hosts: tuple[str, ...] = field(default=())
    apps: Mapping[str, AppKeys] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    stopping: Callable[[], bool] = field(default=goes_on)
