"""Conditions on a table of a warehouse: what its SQL keeps exactly as the evaluator does.

Invariant: a condition becomes SQL only where both agree on every row; values are parameters. The
wall clock of a moment is compared only where the clock is not changed: an hour that comes twice
is left to the evaluator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from retailvista.connectors.database.shapes import POSTGRESQL, SNOWFLAKE, quoted
from retailvista.feed.edm import NUMBERS, Edm
from retailvista.feed.language.exact import MIRRORED
from retailvista.feed.language.terms import ROOT, Apply, Field, Term, Value
from retailvista.feed.live_tables import ROW_KEY, ZONE

SIGNS = {"eq": "=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
LARGEST = Decimal(10) ** 15
EIGHT = Decimal("0.00000001")
HOURS = timedelta(hours=3)
DAY = timedelta(days=1)


@dataclass(slots=True)
class Conditions:
    """One WHERE in the making. `names` lead from columns of the feed to those of the table."""

    dialect: str
    names: Mapping[str, str]
    parameters: list[Any] = field(default_factory=list)

    def column(self, own: str, kind: Edm | None) -> str:
        """Texts are compared by code point, whatever the database's own order is."""
        name = quoted(own)
        is_text = kind in (Edm.STRING, Edm.GUID)
        return f'{name} COLLATE "C"' if self.dialect == POSTGRESQL and is_text else name

    def add(self, term: Term) -> str | None:
        """The condition in SQL with its parameters kept; None when the evaluator has to do it."""
        before = len(self.parameters)
        found = self._condition(term)
        if found is None:
            del self.parameters[before:]
        return found

    def _condition(self, term: Term) -> str | None:
        match term:
            case Field(type=Edm.BOOLEAN):
                return self._compared("eq", term, True)
            case Apply("and" | "or", args):
                parts = [self._condition(arg) for arg in args]
                if any(part is None for part in parts):
                    return None
                return f"({f' {term.name.upper()} '.join(map(str, parts))})"
            case Apply("in", (Field() as column, *items)):
                parts = [
                    self._compared("eq", column, item.value) if isinstance(item, Value) else None
                    for item in items
                ]
                if any(part is None for part in parts):
                    return None
                return f"({' OR '.join(map(str, parts))})"
            case Apply("contains" | "startswith", (Field() as column, Value(str() as part))):
                return self._part_of_text(term.name, column, part)
            case Apply(name, (Field() as column, Value(value))) if name in MIRRORED:
                return self._compared(name, column, value)
            case Apply(name, (Value(value), Field() as column)) if name in MIRRORED:
                return self._compared(MIRRORED[name], column, value)
        return None

    def _place(self, column: Field) -> str | None:
        own = self.names.get(column.column.name)
        if column.variable != ROOT or column.ways or own in (None, ROW_KEY):
            return None
        return self.column(str(own), column.type)

    def _part_of_text(self, function: str, column: Field, part: str) -> str | None:
        place = self._place(column)
        if place is None or "\0" in part:
            return None
        self.parameters.append(part)
        if self.dialect == POSTGRESQL:
            name = "strpos" if function == "contains" else "starts_with"
        elif self.dialect == SNOWFLAKE:
            name = function
        else:
            name = "contains" if function == "contains" else "starts_with"
        call = f"{name}({place}, ?)"
        return f"{call} > 0" if name == "strpos" else call

    def _compared(self, name: str, column: Field, value: Any) -> str | None:
        place = self._place(column)
        if place is None:
            return None
        if value is None:
            null = {"eq": f"{place} IS NULL", "ne": f"{place} IS NOT NULL"}
            return null.get(name)
        if column.type == Edm.DATE:
            return self._day(name, place, value)
        known = stored(value, column.type)
        if known is None:
            return None
        self.parameters.append(known)
        if name == "ne":
            return f"{place} IS DISTINCT FROM ?"
        return f"{place} {SIGNS[name]} ?"

    def _day(self, name: str, place: str, value: date) -> str | None:
        """A day in the books is a moment of that day."""
        if value >= date.max:
            return None
        first, after = midnight(value), midnight(value) + DAY
        match name:
            case "eq":
                self.parameters += [first, after]
                return f"({place} >= ? AND {place} < ?)"
            case "ne":
                self.parameters += [first, after]
                return f"({place} IS NULL OR {place} < ? OR {place} >= ?)"
        self.parameters.append(after if name in ("gt", "le") else first)
        return f"{place} {'>=' if name in ('gt', 'ge') else '<'} ?"

    def beyond(self, keys: Sequence[tuple[str, bool]], values: Sequence[Any]) -> str:
        """The condition that a row comes after the one with these values: (column, falls)."""
        (place, falls), value = keys[0], values[0]
        if value is None:
            found, same = ("FALSE" if falls else f"{place} IS NOT NULL"), f"{place} IS NULL"
        else:
            self.parameters.append(value)
            found = f"({place} < ? OR {place} IS NULL)" if falls else f"{place} > ?"
            same = f"{place} = ?"
        if len(keys) == 1:
            return found
        if value is not None:
            self.parameters.append(value)
        return f"({found} OR ({same} AND {self.beyond(keys[1:], values[1:])}))"


def stored(value: Any, kind: Edm | None) -> Any:
    """A value as the table keeps it; None when it cannot be compared there."""
    if kind == Edm.STRING:
        return value if "\0" not in value else None
    if kind in NUMBERS:
        exact = Decimal(value)
        fits = abs(exact) < LARGEST and exact == exact.quantize(EIGHT)
        return value if fits else None
    if kind == Edm.INSTANT:
        return _wall(value)
    if kind == Edm.GUID:
        return str(value)
    return value if kind == Edm.BOOLEAN else None


def midnight(value: date) -> datetime:
    return datetime(value.year, value.month, value.day)  # noqa: DTZ001  a wall clock


def _wall(value: datetime) -> datetime | None:
    if not 1900 <= value.year <= 2900:
        return None
    before, later = (value - HOURS).astimezone(ZONE), (value + HOURS).astimezone(ZONE)
    if before.utcoffset() != later.utcoffset():
        return None
    return value.astimezone(ZONE).replace(tzinfo=None)
