"""What a provider's feeds say of themselves: what was deleted, and which row is the newest."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deletion:
    """What the feed of deletions says in one row: Entity.deleted_as, the key, and the mark."""

    deleted_as: int
    key: str
    mark: str


@dataclass(frozen=True, slots=True)
class Newest:
    """How many rows there are, and the highest rowversion among them (0 = there are none)."""

    count: int
    rowversion: int
