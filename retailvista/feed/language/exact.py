"""Terms in Exact Online's dialect of OData 2: what is pushed down, and whether that is all of it.

Invariant: what Exact keeps contains what the evaluator keeps, so that the rows can be looked at
again here. Exact compares texts without regard to case and trailing blanks, keeps moments as the
wall clock of the administration, and knows neither `in` nor `contains`; a condition that could
lose a row there is not sent. `whole` says that Exact keeps exactly what the evaluator keeps: only
then may $top and $orderby travel along. Facts and their sources: docs/exact.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from retailvista.feed import edm
from retailvista.feed.edm import NUMBERS, Edm
from retailvista.feed.language.terms import ROOT, Apply, Field, Term, Value, conjuncts

LONGEST = 1_500
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MIRRORED = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}


@dataclass(frozen=True, slots=True)
class Traits:
    """An entity's particulars: names at Exact, what may be filtered, what is padded."""

    names: Mapping[str, str]
    filterable: frozenset[str] | None = None
    padded: frozenset[str] = frozenset()
    zone: str = "Europe/Amsterdam"


@dataclass(frozen=True, slots=True)
class Pushed:
    """The condition as Exact reads it; '' = none."""

    text: str
    whole: bool


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    exact: bool = field(default=True)


def pushdown(term: Term | None, traits: Traits) -> Pushed:
    """As much of a filter as can be sent."""
    pieces: list[str] = []
    whole, length = True, 0
    for part in conjuncts(term) if term is not None else ():
        found = _condition(part, traits)
        if found is None or length + len(found.text) > LONGEST:
            whole = False
            continue
        pieces.append(found.text)
        length += len(found.text) + 5
        whole = whole and found.exact
    return Pushed(" and ".join(pieces), whole)


def _condition(term: Term, traits: Traits) -> _Piece | None:
    match term:
        case Field(type=Edm.BOOLEAN):
            return _compared("eq", term, Value(True, Edm.BOOLEAN), traits)
        case Apply("and", args):
            return _and([_condition(arg, traits) for arg in args])
        case Apply("or", args):
            return _or([_condition(arg, traits) for arg in args])
        case Apply("in", (first, *items)):
            return _or([_either_way("eq", first, item, traits) for item in items])
        case Apply("contains" | "startswith", (Field() as column, Value(str() as part))):
            return _part_of_text(term.name, column, part, traits)
        case Apply(name, (left, right)) if name in MIRRORED:
            return _either_way(name, left, right, traits)
    return None


def _and(found: list[_Piece | None]) -> _Piece | None:
    """Inside of `or` a part is enough: less is asked for, more comes."""
    pieces = [piece for piece in found if piece is not None]
    if not pieces:
        return None
    exact = len(pieces) == len(found) and all(piece.exact for piece in pieces)
    return _Piece(f"({' and '.join(piece.text for piece in pieces)})", exact)


def _or(found: list[_Piece | None]) -> _Piece | None:
    pieces = [piece for piece in found if piece is not None]
    if len(pieces) < len(found):
        return None
    text = f"({' or '.join(piece.text for piece in pieces)})"
    return _Piece(text, all(piece.exact for piece in pieces))


def _either_way(name: str, left: Term, right: Term, traits: Traits) -> _Piece | None:
    if isinstance(left, Value):
        left, right, name = right, left, MIRRORED[name]
    if not isinstance(left, Field) or not isinstance(right, Value):
        return None
    return _compared(name, left, right, traits)


def _name(column: Field, traits: Traits) -> str | None:
    """Exact's name of a property that may be filtered."""
    published = column.column.name
    if column.variable != ROOT or column.ways or published not in traits.names:
        return None
    name = traits.names[published]
    return name if traits.filterable is None or name in traits.filterable else None


def _part_of_text(function: str, column: Field, part: str, traits: Traits) -> _Piece | None:
    name = _name(column, traits)
    if name is None or name in traits.padded or not _is_safe(part):
        return None
    text = _text(part)
    call = f"substringof({text},{name})" if function == "contains" else f"startswith({name},{text})"
    return _Piece(f"{call} eq true", exact=False)


def _compared(name: str, column: Field, value: Value, traits: Traits) -> _Piece | None:
    place = _name(column, traits)
    if place is None:
        return None
    if value.value is None:
        return _Piece(f"{place} {name} null") if name in ("eq", "ne") else None
    pieces = list(_comparisons(name, place, column.type, value.value, traits))
    if not pieces:
        return None
    text = " and ".join(piece.text for piece in pieces)
    exact = all(piece.exact for piece in pieces)
    if name == "ne":
        return _Piece(f"({text} or {place} eq null)", exact)
    return _Piece(f"({text})" if len(pieces) > 1 else text, exact)


def _comparisons(name: str, place: str, kind: Edm, value: Any, traits: Traits) -> Iterator[_Piece]:
    """The comparison; two of them where a value at Exact is a span of time."""
    if kind == Edm.STRING:
        if name == "eq" and _is_safe(value):
            shown = f"trim({place})" if place in traits.padded else place
            yield _Piece(f"{shown} eq {_text(value)}", exact=False)
    elif kind == Edm.DATE:
        yield from _days(name, place, value)
    elif kind == Edm.INSTANT:
        yield from _moments(name, place, value, ZoneInfo(traits.zone))
    elif kind == Edm.DECIMAL:
        yield from _amounts(name, place, value)
    elif kind in NUMBERS and value == int(value):
        yield _Piece(f"{place} {name} {int(value)}{'L' if kind == Edm.INT64 else ''}")
    elif kind in (Edm.GUID, Edm.BOOLEAN) and name in ("eq", "ne"):
        yield _Piece(f"{place} {name} {_word(value)}")


def _word(value: UUID | bool) -> str:
    return f"guid'{value}'" if isinstance(value, UUID) else edm.text_of(value)


def _amounts(name: str, place: str, value: Any) -> Iterator[_Piece]:
    """Binary fractions at Exact: only the limits are sent, themselves included."""
    if name in ("eq", "gt", "ge"):
        yield _Piece(f"{place} ge {format(value, 'f')}", exact=False)
    if name in ("eq", "lt", "le"):
        yield _Piece(f"{place} le {format(value, 'f')}", exact=False)


def _days(name: str, place: str, value: date) -> Iterator[_Piece]:
    """A day at Exact is a moment of that day, mostly its midnight."""
    if value == date.max:
        return
    first, after = value, value + DAY
    if name in ("eq", "ge", "gt"):
        yield _Piece(f"{place} ge {_wall(after if name == 'gt' else first)}")
    if name in ("eq", "le", "lt"):
        yield _Piece(f"{place} lt {_wall(first if name == 'lt' else after)}")


def _moments(name: str, place: str, value: datetime, zone: ZoneInfo) -> Iterator[_Piece]:
    """Wall clock. Where the clock is changed, an hour more is asked for."""
    if not 1900 <= value.year <= 2900 or name == "ne":
        return
    wall = value.astimezone(zone)
    before, later = (value + step * HOUR for step in (-3, 3))
    changes = before.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset()
    margin = HOUR if changes else timedelta(0)
    whole_ms = wall.microsecond % 1000 == 0
    low = wall.replace(tzinfo=None, microsecond=wall.microsecond // 1000 * 1000) - margin
    high = low + 2 * margin + (timedelta(0) if whole_ms else timedelta(milliseconds=1))
    exact = whole_ms and not changes
    if name in ("eq", "ge", "gt"):
        sign = "gt" if name == "gt" and exact else "ge"
        yield _Piece(f"{place} {sign} {_wall(low)}", exact)
    if name in ("eq", "le", "lt"):
        sign = "lt" if name == "lt" and exact else "le"
        yield _Piece(f"{place} {sign} {_wall(high)}", exact)


def _wall(value: date | datetime) -> str:
    if not isinstance(value, datetime):
        return f"datetime'{value.isoformat()}T00:00:00'"
    milliseconds = f".{value.microsecond // 1000:03}" if value.microsecond else ""
    return f"datetime'{value:%Y-%m-%dT%H:%M:%S}{milliseconds}'"


def _is_safe(text: str) -> bool:
    """Blanks at the ends count for little in SQL Server, and a bracket begins a set in its LIKE."""
    return bool(text) and text == text.strip() and "[" not in text


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
