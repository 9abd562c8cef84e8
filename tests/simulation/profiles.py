"""What nobody outside Exact knows of its books, as the simulation meets it.

Invariant: a seed's own profile is one of PROFILES, so that a seed stays what it was; the others are
asked for by name.
"""

from __future__ import annotations

PROFILES = ("refuses-used", "accepts-used", "ignores-ours", "rights-lost", "unknown-refusal")
SETTINGS = {
    "refuses-used": {},
    "accepts-used": {"numbers": "accepts-used"},
    "ignores-ours": {"numbers": "ignores-ours"},
    "rights-lost": {},
    "unknown-refusal": {"refusals": "unknown"},
    "number-per-year": {"numbers_unique": "per-year"},
    "number-overall": {"numbers_unique": "overall"},
    "entry-id-honoured": {"entry_ids": "honoured"},
    "netted": {"vat": "netted"},
    "debit-as-purchase": {"vat": "debit-as-purchase"},
    "late-by-hours": {},
    "sage": {},
    "sage-ignores-key": {"sage_keys": "ignored"},
}
# The seeds stay what they were; these are asked for by name.
BY_NAME = tuple(name for name in SETTINGS if name not in PROFILES)
HOURS_LATE = 5 * 3600
