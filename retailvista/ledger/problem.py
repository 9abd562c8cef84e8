"""Problem: what is wrong with the user's data, where, and what to do about it.

Invariant: a Problem is a value in a list, never an exception; it names a place and a remedy.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is wrong: till file, receipt (register/number), line and field."""

    file: str = ""
    receipt: str = ""
    line: str = ""
    field: str = ""

    def __str__(self) -> str:
        """
        >>> str(Place(receipt="K1/1001", field="paymentType"))
        'K1/1001 > paymentType'
        """
        parts = (self.file, self.receipt, self.line, self.field)
        return " > ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `holds` = the day may not be posted until it is solved."""

    code: str
    message_nl: str
    message_en: str
    place: Place
    remedy_nl: str
    remedy_en: str
    holds: bool = True

    def __post_init__(self) -> None:
        if not (self.code and self.message_nl and self.message_en):
            raise ValueError("a problem has a code and a message")
        if not (self.remedy_nl and self.remedy_en):
            raise ValueError(f"problem {self.code} has no remedy")

    def message(self, language: str) -> str:
        return self.message_nl if language.startswith("nl") else self.message_en

    def remedy(self, language: str) -> str:
        return self.remedy_nl if language.startswith("nl") else self.remedy_en

    def in_full(self, language: str) -> str:
        """What is wrong and what to do, on one line, for texts that are kept."""
        return f"{self.message(language)} {self.remedy(language)}"

    def to_json(self) -> dict[str, str | bool]:
        """Flat and JSON-able, as stored beside a held day."""
        return {
            "code": self.code,
            "message_nl": self.message_nl,
            "message_en": self.message_en,
            "file": self.place.file,
            "receipt": self.place.receipt,
            "line": self.place.line,
            "field": self.place.field,
            "remedy_nl": self.remedy_nl,
            "remedy_en": self.remedy_en,
            "holds": self.holds,
        }


def holding(problems: list[Problem]) -> list[Problem]:
    """Only those that stop the day."""
    return [problem for problem in problems if problem.holds]
