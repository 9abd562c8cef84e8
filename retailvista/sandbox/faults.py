"""Faults on request: what goes wrong on the wire, by a queue, by seeded dice, or by a header.

Invariant: the same seed and the same requests in the same order give the same faults.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from retailvista.sandbox.answers import Request

HEADER = "x-sandbox-fault"
KINDS: dict[str, str] = {
    "drop_before": "the request is lost: nothing is done, the connection dies",
    "drop_after_commit": "done, but the answer is lost",
    "late_commit": "the connection dies at once, the work is done VALUE seconds later",
    "error_after_commit": "done, answered with status VALUE (502) and an HTML page",
    "slow": "done, answered VALUE seconds later",
    "slow_before": "done VALUE seconds later, then answered",
    "trickle": "the answer comes byte by byte, VALUE seconds apart",
    "cut_at_byte": "done, the connection dies after VALUE bytes of the answer",
    "429": "not done: 429 with the headers of VALUE (minute, day or bare)",
    "401": "not done: 401",
    "408": "not done: 408, as when a question is too broad",
    "transient_400": "not done: 400 that says nothing; the same request works afterwards",
    "down": "everything that matches is 503 for VALUE seconds (3600) of the sandbox's clock",
    "dying_swan": "done, but the JSON breaks off in the middle with an error body",
    "html_200": "a maintenance page with status 200; done first if VALUE is 'after'",
    "html_503": "a page with status 503 (done first if 'after'; a number is Retry-After)",
    "empty_200": "status 200 without a body; done first if VALUE is 'after'",
    "problem_500": "Exact's 'A problem has occurred', not done (done if VALUE is 'after')",
    "refuse": "not done: a business refusal with text VALUE",
    "ignore_entry_number": "done, but the entry gets a number of Exact's",
    "allow_duplicate_number": "done, even if the number is in use",
}


FIELDS: dict[str, Callable[[Any], Any]] = {
    "value": str,
    "method": str,
    "path": str,
    "times": int,
    "rate": float,
}


class WrongFault(ValueError):
    """The fault is not known or incomplete; the text says what would be."""


@dataclass(slots=True)
class Fault:
    """One fault: for the next `times` requests that match, or with a rate."""

    name: str
    value: str = ""
    method: str = "*"
    path: str = "*"
    times: int = 1
    rate: float | None = None
    id: int = 0
    # The end of an outage, by the sandbox's clock.
    until: float | None = None

    def number(self, default: float) -> float:
        """The value as a number."""
        try:
            return float(self.value)
        except ValueError:
            return default

    def fits(self, request: Request) -> bool:
        """Whether the request is one of those meant."""
        return self.method in ("*", request.method) and fnmatchcase(request.path, self.path)


class Faults:
    """What is to go wrong."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.lock = threading.Lock()
        self.waiting: list[Fault] = []
        self.dice = random.Random(0)
        self.given = 0

    def add(self, name: str, **parts: Any) -> Fault:
        """Queue a fault (`times`), or let it happen at a `rate` between 0 and 1."""
        if name not in KINDS:
            raise WrongFault(f"No fault '{name}'. Known: {', '.join(KINDS)}.")
        unknown = set(parts) - set(FIELDS)
        if unknown:
            raise WrongFault(f"Unknown: {', '.join(sorted(unknown))}.")
        parts = {key: FIELDS[key](value) for key, value in parts.items()}
        with self.lock:
            self.given += 1
            fault = Fault(name=name, id=self.given, **parts)
            if name == "down":
                fault.until = self.now() + fault.number(3600)
            self.waiting.append(fault)
        return fault

    def seed(self, number: int) -> None:
        """Start the dice again."""
        with self.lock:
            self.dice = random.Random(number)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self.lock:
            self.waiting.clear()

    def listed(self) -> list[dict[str, Any]]:
        """What is waiting."""
        with self.lock:
            return [asdict(fault) for fault in self.waiting]

    def take(self, request: Request) -> Fault | None:
        """The fault of this request, if any."""
        asked = request.headers.get(HEADER)
        if asked:
            name, _, value = asked.partition("=")
            return Fault(name=name.strip(), value=value.strip()) if name.strip() in KINDS else None
        with self.lock:
            now = self.now()
            self.waiting = [f for f in self.waiting if f.until is None or now < f.until]
            return next((f for f in self.waiting if f.fits(request) and self._falls(f)), None)

    def _falls(self, fault: Fault) -> bool:
        """Whether it happens this time; a queue gets shorter by it."""
        if fault.until is not None:
            return True
        if fault.rate is not None:
            return self.dice.random() < fault.rate
        fault.times -= 1
        if fault.times <= 0:
            self.waiting = [other for other in self.waiting if other is not fault]
        return True
