"""Where codes and tokens come from: the machine's randomness, or a seed that repeats a run.

Invariant: with the same seed the same sequence of texts comes out; without one nobody can guess.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading


class Entropy:
    """A source of texts for URLs."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.seeded: int | None = None
        self.given = 0

    def seed(self, number: int | None) -> None:
        """Repeat the sequence of this number; None for the machine's randomness."""
        with self.lock:
            self.seeded, self.given = number, 0

    def text(self, size: int) -> str:
        """As many random bytes, written for URLs."""
        if self.seeded is None:
            return secrets.token_urlsafe(size)
        with self.lock:
            self.given += 1
            name = f"{self.seeded}/{self.given}".encode()
        made = hashlib.shake_256(name).digest(size)
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
