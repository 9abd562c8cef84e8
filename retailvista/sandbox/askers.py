"""Who asks: the user behind the token, and the app.

Invariant: an asker is settled once per request and never changes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asker:
    """Who posts: the user behind the token, and the app."""

    name: str
    id: str
    full_name: str
    language: str
    client_id: str
    divisions: tuple[int, ...]
