"""Terms as SQL: only what SQLite and PostgreSQL do exactly like the evaluator, else Beyond.

Where the worlds differ: SQL's `=` with a null says null, LIKE ignores case in SQLite, the order
of texts depends on the database's language, whole numbers overflow. So equality is null-safe,
texts are searched by position and ordered by code point, and amounts are compared as whole
numbers of their smallest unit. What stays Beyond the evaluator does on the rows found.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, ColumnElement, and_, exists, func, literal, or_, select

from retailvista.feed.edm import NUMBERS, Edm
from retailvista.feed.language import sql_values
from retailvista.feed.language.sql_values import Beyond, Rows, Sql, chain, scaled
from retailvista.feed.language.terms import (
    AnyAll,
    Apply,
    Missing,
    Term,
    Value,
    both,
    conjuncts,
    height,
    nesting,
)

ORDERED: dict[str, Callable[[Any, Any], Any]] = {
    "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}  # fmt: skip
# SQLite reads at most a hundred things in one another, of which one of ours is some, and an
# expression of height 1,000 (SQLITE_MAX_EXPR_DEPTH); a statement has its own parts besides.
NESTED_MOST = 12
HEIGHT_MOST = 900
CONDITIONS = frozenset({"and", "or", "not", "eq", "ne", "in", *ORDERED})


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes terms for one kind of database."""

    dialect: str

    def split(self, term: Term | None, rows: Rows) -> tuple[list[ColumnElement[bool]], Term | None]:
        """The conditions the database takes over, and what is left for the evaluator."""
        taken: list[ColumnElement[bool]] = []
        left: list[Term] = []
        high = 0
        for part in conjuncts(term) if term is not None else ():
            high += height(part)
            if nesting(part) > NESTED_MOST or high > HEIGHT_MOST:
                left.append(part)
                continue
            try:
                taken.append(self.condition(part, rows, loose=True))
            except Beyond:
                left.append(part)
        return taken, both(left)

    def condition(self, term: Term, rows: Rows, *, loose: bool) -> ColumnElement[bool]:
        """True, false or null as the evaluator says; `loose`: null may stand for false."""
        match term:
            case Apply("and" | "or" as name, args):
                join = and_ if name == "and" else or_
                return join(*(self.condition(arg, rows, loose=loose) for arg in args))
            case Apply("not", (arg,)):
                return ~self.condition(arg, rows, loose=False)
            case Apply("eq" | "ne" as name, (left, right)):
                return self._equal(name, left, right, rows, loose=loose)
            case Apply("in", (first, *items)):
                return or_(*(self._equal("eq", first, each, rows, loose=loose) for each in items))
            case Apply(name, (left, right)) if name in ORDERED:
                return self._ordered(name, left, right, rows, loose=loose)
            case AnyAll():
                return self._any_all(term, rows)
            case Missing(variable, ways):
                found = chain(rows[variable], ways)
                query = select(literal(1)).select_from(*found.sources).where(*found.joined)
                return ~exists(query.correlate_except(*found.sources))
        return sql_values.value(term, rows, self.dialect).element

    def sortable(self, term: Term, rows: Rows) -> Sql:
        """A value by which rows can be put in the evaluator's order."""
        found = self._value(term, rows)
        return Sql(self._by_code_point(term, found), found.scale, found.may_be_null)

    def _value(self, term: Term, rows: Rows) -> Sql:
        is_condition = isinstance(term, AnyAll | Missing) or (
            isinstance(term, Apply) and term.name in CONDITIONS
        )
        if is_condition:
            return Sql(self.condition(term, rows, loose=False))
        return sql_values.value(term, rows, self.dialect)

    def _by_code_point(self, term: Term, sql: Sql) -> ColumnElement[Any]:
        if term.type == Edm.STRING and self.dialect == "postgresql":
            return sql.element.collate("C")
        return sql.element

    def _pair(self, left: Term, right: Term, rows: Rows) -> tuple[Sql, Sql]:
        one, other = self._value(left, rows), self._value(right, rows)
        if one.scale == other.scale or None in (left.type, right.type):
            return one, other
        assert left.type in NUMBERS and right.type in NUMBERS, "only numbers have a scale"
        scale = max(one.scale, other.scale)
        return scaled(left, one, scale), scaled(right, other, scale)

    def _equal(
        self, name: str, left: Term, right: Term, rows: Rows, *, loose: bool
    ) -> ColumnElement[bool]:
        for one, other in ((left, right), (right, left)):
            if isinstance(other, Value) and other.value is None:
                element = self._value(one, rows).element
                return element.is_(None) if name == "eq" else element.is_not(None)
        one_sql, other_sql = self._pair(left, right, rows)
        if name == "ne":
            return one_sql.element.is_distinct_from(other_sql.element)
        if loose and not (one_sql.may_be_null and other_sql.may_be_null):
            return one_sql.element == other_sql.element
        return one_sql.element.is_not_distinct_from(other_sql.element)

    def _ordered(
        self, name: str, left: Term, right: Term, rows: Rows, *, loose: bool
    ) -> ColumnElement[bool]:
        one, other = self._pair(left, right, rows)
        answer = ORDERED[name](self._by_code_point(left, one), self._by_code_point(right, other))
        if name in ("ge", "le") and one.may_be_null and other.may_be_null:
            answer = or_(answer, and_(one.element.is_(None), other.element.is_(None)))
        return answer if loose else func.coalesce(answer, literal(False, Boolean))

    def _any_all(self, term: AnyAll, rows: Rows) -> ColumnElement[bool]:
        found = chain(rows[term.outer], (*term.ways, term.many))
        query = select(literal(1)).select_from(*found.sources).where(*found.joined)
        if term.predicate is not None:
            inner = {**rows, term.variable: found.last}
            predicate = self.condition(term.predicate, inner, loose=not term.is_all)
            if term.is_all:
                predicate = ~func.coalesce(predicate, literal(False, Boolean))
            query = query.where(predicate)
        answer = exists(query.correlate_except(*found.sources))
        return ~answer if term.is_all else answer
