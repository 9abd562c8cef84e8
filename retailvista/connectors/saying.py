"""How a login or a test ended: a kind, and the sentence that says it.

Invariant: every kind has a sentence; screens translate the msgid, a terminal shows the English.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

CONNECTED = "connected"


@dataclass(frozen=True, slots=True)
class Saying:
    """`msgid % values` is the English text; nothing is well but `connected`."""

    TEXTS: ClassVar[Mapping[str, str]] = {}

    kind: str
    values: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.kind in self.TEXTS, f"{self.kind} has no sentence"

    @property
    def ok(self) -> bool:
        return self.kind == CONNECTED

    @property
    def msgid(self) -> str:
        return self.TEXTS[self.kind]

    @property
    def message(self) -> str:
        """In English; screens translate the msgid."""
        return self.msgid % self.values
