"""Boekstuknummers: Exact's own pattern, and what becomes of a number the client gives.

Invariant: a number is given once per journal (profiles: per journal and year, in the whole
administration, or not at all). Numbers that Exact gives follow the highest of the journal's year.
"""

from __future__ import annotations

from retailvista.sandbox.drafts import Draft
from retailvista.sandbox.store import Store

ROOM = 10_000
# Where a number is given once; both parameters are always used.
UNIQUE = {
    "per-journal": "JournalCode = ? AND ? > 0",
    "per-year": "JournalCode = ? AND FinancialYear = ?",
    "overall": "? <> '' AND ? > 0",
}


def number_for(store: Store, draft: Draft, wanted: int | None, rule: str) -> int | None:
    """The number of the entry; None when the wanted one is in use."""
    if not wanted or rule == "ignores-ours":
        return _next(store, draft)
    within = UNIQUE[store.setting("numbers_unique", draft.division)]
    taken = store.row(
        # One of the texts of UNIQUE; every value is bound.
        f"SELECT 1 FROM entry WHERE Division = ? AND EntryNumber = ? AND {within}",  # noqa: S608
        *(draft.division, wanted, draft.journal.code, draft.first_period[0]),
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
