"""How many calls the run of this thread sends to providers: counted as they leave.

Invariant: what is counted belongs to one attempt of one run and is written when that attempt ends;
calls that nobody's run asked for are not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class _Tally:
    sent: int = 0


_tally: ContextVar[_Tally | None] = ContextVar("calls_of_run", default=None)


@contextmanager
def counting() -> Iterator[None]:
    """Around one attempt of a run."""
    token = _tally.set(_Tally())
    try:
        yield
    finally:
        _tally.reset(token)


def count_call() -> None:
    """A call leaves this host."""
    tally = _tally.get()
    if tally is not None:
        tally.sent += 1


def calls_sent() -> int:
    """What this attempt sent so far."""
    tally = _tally.get()
    return tally.sent if tally is not None else 0
