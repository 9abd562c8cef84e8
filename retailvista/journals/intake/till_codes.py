"""The till's own codes and what they mean: `basics` of the file, else a stated rule.

Invariant: the file's own declaration wins. Without one, an own code that is itself a standard code
is taken as that; everything else stays unknown ('') and holds the day until a person decides.
Standard lists: PredefinedBasicID 11 (transactions), 12 (payments), 13 (events) of SAF-T Cash
Register, which XAA shares.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ARTICLE_GROUP = "04"
LINE = "05"
TRANSACTION = "11"
PAYMENT = "12"
EVENT = "13"
X_REPORT = "13008"
Z_REPORT = "13009"
DELETED_WORDS = frozenset({"DELETED", "DELETE", "LINEDELETE", "CORRECTED"})


@dataclass(slots=True)
class TillCodes:
    """Filled while `basics` are read; own code -> (standard code, description) per type."""

    basics: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    _deleted: dict[str, bool] = field(default_factory=dict)

    def add(self, basic_type: str, own: str, standard: str, description: str) -> None:
        self.basics.setdefault(basic_type.zfill(2), {})[own] = (standard, description)

    def standard(self, basic_type: str, own: str) -> str:
        """The standard code of an own code, '' when nothing says so."""
        declared, _ = self.basics.get(basic_type, {}).get(own, ("", ""))
        if declared:
            return declared
        is_standard = len(own) == 5 and own.isdecimal() and own.startswith(basic_type)
        return own if is_standard else ""

    def is_deleted(self, line_type: str) -> bool:
        """True for a line that was taken off the receipt before it was paid."""
        known = self._deleted.get(line_type)
        if known is None:
            _, description = self.basics.get(LINE, {}).get(line_type, ("", ""))
            known = line_type.upper() in DELETED_WORDS or description.lower().startswith("delete")
            self._deleted[line_type] = known
        return known

    def names(self, basic_type: str) -> dict[str, str]:
        return {own: text for own, (_, text) in self.basics.get(basic_type, {}).items()}

    def to_json(self) -> dict[str, Any]:
        return {
            kind: {own: list(pair) for own, pair in own_codes.items()}
            for kind, own_codes in self.basics.items()
        }
