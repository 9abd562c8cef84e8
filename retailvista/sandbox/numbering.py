"""Boekstuknummers: Exact's own pattern, and what becomes of a number the client gives.

Invariant: within a journal a number is given once, unless a profile says that Exact would not mind.
"""

from __future__ import annotations

from retailvista.sandbox.drafts import Draft
from retailvista.sandbox.store import Store

ROOM = 10_000


def number_for(store: Store, draft: Draft, wanted: int | None, rule: str) -> int | None:
    """The number of the entry; None when the wanted one is in use."""
    if not wanted or rule == "ignores-ours":
        return _next(store, draft)
    taken = store.row(
        "SELECT 1 FROM entry WHERE Division = ? AND JournalCode = ? AND EntryNumber = ?",
        draft.division,
        draft.journal.code,
        wanted,
    )
    return None if taken and rule == "refuses-used" else wanted


def _next(store: Store, draft: Draft) -> int:
    """yy + journal code + 4 digits (24600006 = 2024, journal 60, number 6)."""
    year = draft.first_period[0] % 100
    code = draft.journal.code
    digits = int(code) if code.isdigit() and len(code) <= 2 else 0
    first = (year * 100 + digits) * ROOM
    found = store.row(
        "SELECT max(EntryNumber) FROM entry WHERE Division = ? AND JournalCode = ? "
        "AND EntryNumber BETWEEN ? AND ?",
        draft.division,
        code,
        first,
        first + ROOM - 1,
    )
    return max(first, found[0] if found and found[0] else 0) + 1
