"""How records are found, and where they lead: what a reader needs before it asks for a page.

Invariant: a way that is not there has no names; a reference names an entity that is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from retailvista.connectors.records import Way


@dataclass(frozen=True, slots=True)
class Reference:
    """The way from a record to its relatives: records of `entity` whose `theirs` is our `own`."""

    name: str
    entity: str
    own: str
    theirs: str
    many: bool = False


class Referring(Protocol):
    """The part of a provider's records that says what rows hold and where they lead."""

    def names(self, key: str, way: Way) -> tuple[str, ...]:
        """The properties that rows have in a way; none where there is no such way."""
        ...

    def references(self, key: str) -> tuple[Reference, ...]:
        """Where the records of an entity lead."""
        ...
