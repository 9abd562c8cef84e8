"""What we ask of a provider that announces changes by itself: webhooks.

Values are frozen. A notice says that something changed and never what: it may come twice, late or
never, so it only rings a bell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from retailvista.errors import Refused
from retailvista.vault import Secret


class NoticeRefused(Refused):
    """What came is no notice of the provider, or not signed with the secret we know."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something of a topic changed in a division. `client_id` is the app it was sent to."""

    topic: str
    division: int
    client_id: str
    action: str = ""
    key: str = ""


class Notices(Protocol):
    """How a provider announces changes."""

    @property
    def entity(self) -> str:
        """The entity whose records are the subscriptions."""
        ...

    def topics(self) -> tuple[str, ...]:
        """All that can be subscribed to."""
        ...

    def topics_of(self, key: str) -> tuple[str, ...]:
        """The topics that announce changes of an entity."""
        ...

    def read(self, body: bytes, secret: Secret) -> Notice:
        """A notice whose signature fits. NoticeRefused for everything else."""
        ...
