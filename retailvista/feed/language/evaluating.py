"""The evaluator: what a term says about a row. It is the reference of the other back ends.

OData 4.01 Part 2, 5.1.1.1: null equals null and nothing else, so `null ge null` is true; any
other order with a null is false; `and`, `or` and `not` know a third answer, null, and a filter
keeps only what is true. A row is a mapping; a relative is a row or None under the name of its
way, relatives are a list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from retailvista.feed.language import arithmetic, functions
from retailvista.feed.language.terms import (
    ROOT,
    AnyAll,
    Apply,
    CountOf,
    Field,
    Missing,
    Term,
    Value,
)

Row = Mapping[str, Any]
Env = dict[str, Row]
Evaluate = Callable[[Env], Any]


def keeps(term: Term | None) -> Callable[[Row], bool]:
    """Whether a filter keeps a row."""
    if term is None:
        return lambda _row: True
    evaluate = compiled(term)
    return lambda row: evaluate({ROOT: row}) is True


def value_of(term: Term, row: Row) -> Any:
    """What a term is for one row."""
    return compiled(term)({ROOT: row})


def compiled(term: Term) -> Evaluate:
    """A function from the rows in sight to the value."""
    match term:
        case Value(value):
            return lambda _env: value
        case Field():
            return _field(term)
        case Missing(variable, ways):
            return lambda env: _relative(env[variable], ways) is None
        case CountOf(variable, ways, many):
            return lambda env: len(_relatives(env[variable], ways, many))
        case AnyAll():
            return _any_all(term)
    return _apply(term)


def _relative(row: Row | None, ways: tuple[Any, ...]) -> Row | None:
    for way in ways:
        if row is None:
            return None
        row = row[way.name]
    return row


def _relatives(row: Row, ways: tuple[Any, ...], many: Any) -> list[Row]:
    start = _relative(row, ways)
    return [] if start is None else start[many.name]


def _field(term: Field) -> Evaluate:
    variable, ways, name = term.variable, term.ways, term.column.name
    if not ways:
        return lambda env: env[variable][name]

    def evaluate(env: Env) -> Any:
        row = _relative(env[variable], ways)
        return None if row is None else row[name]

    return evaluate


def _any_all(term: AnyAll) -> Evaluate:
    predicate = None if term.predicate is None else compiled(term.predicate)

    def evaluate(env: Env) -> bool:
        rows = _relatives(env[term.outer], term.ways, term.many)
        if predicate is None:
            return bool(rows)
        found = (predicate({**env, term.variable: row}) is True for row in rows)
        return all(found) if term.is_all else any(found)

    return evaluate


def _apply(term: Apply) -> Evaluate:
    args = [compiled(arg) for arg in term.args]
    special = SPECIAL.get(term.name)
    if special is not None:
        return special(args)
    if term.name in arithmetic.OPERATIONS:
        return _strict(lambda *values: arithmetic.compute(term.name, *values), args)
    found = functions.overload(term.name, [arg.type for arg in term.args])
    assert found is not None, f"{term.name} was checked before"
    return _strict(found.compute, args)


def _strict(compute: Callable[..., Any], args: list[Evaluate]) -> Evaluate:
    """Null in, null out."""

    def evaluate(env: Env) -> Any:
        values = [arg(env) for arg in args]
        return None if any(value is None for value in values) else compute(*values)

    return evaluate


def _settled_by(*, ends: bool) -> Callable[[list[Evaluate]], Evaluate]:
    """and, which one false settles; or, which one true does. Else null if one of them is null."""

    def joined(args: list[Evaluate]) -> Evaluate:
        def evaluate(env: Env) -> bool | None:
            answer: bool | None = not ends
            for arg in args:
                value = arg(env)
                if value is ends:
                    return ends
                answer = None if value is None else answer
            return answer

        return evaluate

    return joined


def _not(args: list[Evaluate]) -> Evaluate:
    return _strict(lambda value: not value, args)


def _one_of(args: list[Evaluate]) -> Evaluate:
    first, rest = args[0], args[1:]

    def evaluate(env: Env) -> bool:
        value = first(env)
        return any(value == item(env) for item in rest)

    return evaluate


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[list[Evaluate]], Evaluate]:
    def make(args: list[Evaluate]) -> Evaluate:
        left, right = args
        return lambda env: compare(left(env), right(env))

    return make


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[list[Evaluate]], Evaluate]:
    def with_null(left: Any, right: Any) -> bool:
        if left is None or right is None:
            return left is right and compare(0, 0)
        return compare(left, right)

    return _compared(with_null)


SPECIAL: dict[str, Callable[[list[Evaluate]], Evaluate]] = {
    "and": _settled_by(ends=False),
    "or": _settled_by(ends=True),
    "not": _not,
    "in": _one_of,
    "eq": _compared(lambda left, right: left == right),
    "ne": _compared(lambda left, right: left != right),
    "gt": _ordered(lambda left, right: left > right),
    "ge": _ordered(lambda left, right: left >= right),
    "lt": _ordered(lambda left, right: left < right),
    "le": _ordered(lambda left, right: left <= right),
}
