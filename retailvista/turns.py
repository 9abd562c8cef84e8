"""Turns: work that takes long lets others go first where it can stop for a moment.

Python runs one thread at a time. Whoever serves people says how to give way (`while_giving_way`);
what works below, such as a warehouse that makes many rows, asks for it (`give_way`). Invariant:
outside of that nothing waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_way: ContextVar[Callable[[], object] | None] = ContextVar("way", default=None)


@contextmanager
def while_giving_way(to_others: Callable[[], object]) -> Iterator[None]:
    """What is done inside, in this thread, gives way like this."""
    before = _way.set(to_others)
    try:
        yield
    finally:
        _way.reset(before)


def give_way() -> None:
    """Let those go first who are waited for, if there are any."""
    to_others = _way.get()
    if to_others is not None:
        to_others()
