"""Sage's JSON to our values: amounts as texts or numbers, references, errors as a list.

Invariant: amounts are read from their text as Decimal, never through a binary double.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from retailvista.connectors import json_bodies
from retailvista.connectors.port import Reply
from retailvista.ledger.money import round_half_up

Row = Mapping[str, Any]

# Our entry number in the reference of a journal; another reference is somebody else's.
REFERENCE = re.compile(r"RV(\d{8,10})")
SAID_MAX = 2000


def read_json(reply: Reply) -> Any:
    """The JSON of an answer, or None: maintenance pages come with every status."""
    if "json" not in reply.headers.get("content-type", "").lower():
        return None
    try:
        return json_bodies.read(reply.body)
    except ValueError:
        return None


def read_object(reply: Reply) -> Row:
    """The one object of an answer; empty when it is something else."""
    value = read_json(reply)
    return value if isinstance(value, dict) else {}


def errors_of(reply: Reply) -> list[Row]:
    """Sage's list of errors; empty when the answer is none."""
    value = read_json(reply)
    if not isinstance(value, list):
        return []
    return [one for one in value if isinstance(one, dict) and "$message" in one]


def said_in(reply: Reply) -> str:
    """Sage's own words, each with its place; never the page of a proxy."""
    parts = []
    for error in errors_of(reply):
        place = words(error.get("$source"))
        parts.append(f"{words(error['$message'])}" + (f" ({place})" if place else ""))
    return " ".join(parts)[:SAID_MAX]


def words(value: object) -> str:
    """A text; null is empty."""
    return "" if value is None else str(value).strip()


def nested(row: Row, name: str, part: str = "id") -> str:
    """A field of the object that a row refers to.

    >>> nested({"ledger_account": {"id": "a1"}}, "ledger_account")
    'a1'
    """
    value = row.get(name)
    return words(value.get(part)) if isinstance(value, dict) else ""


def minor(value: object) -> int:
    """Minor units of an amount that is a text or a number.

    >>> minor("12.5"), minor(Decimal("0.05")), minor(None)
    (1250, 5, 0)
    """
    if value in (None, ""):
        return 0
    try:
        return round_half_up(Decimal(str(value)))
    except InvalidOperation:
        return 0


def basis_points(value: object) -> int:
    """Hundredths of a percent; Sage gives percentages as percentages.

    >>> basis_points(Decimal("20.0")), basis_points("13.5")
    (2000, 1350)
    """
    return 0 if value in (None, "") else int((Decimal(str(value)) * 100).to_integral_value())


def day(value: object) -> date | None:
    """The date of an ISO text."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def instant(value: object) -> datetime | None:
    """A moment with its zone; None for anything else."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def reference_of(entry_number: int) -> str:
    """How our number stands in a journal.

    >>> reference_of(26000017), number_in("RV26000017"), number_in("26000017")
    ('RV26000017', 26000017, 0)
    """
    return f"RV{entry_number:08d}"


def number_in(reference: str) -> int:
    """The number in a reference of ours; 0 in anybody else's."""
    found = REFERENCE.fullmatch(reference)
    return int(found[1]) if found else 0
