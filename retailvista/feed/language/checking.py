"""From the tree as written to terms: names are looked up, types are checked, aliases filled in.

A text next to a value of another type is read as that type (OData 4.01, 11.2.1). What the
standard knows and a feed does not offer is NotOffered, what nobody knows is BadQuery. However
short an expression is written, what it comes to has a limit: aliases that stand for one another,
relatives of relatives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from retailvista.feed import edm
from retailvista.feed.edm import Edm
from retailvista.feed.failures import BadQuery, NotOffered
from retailvista.feed.language import arithmetic, functions, lexing, parsing
from retailvista.feed.language.syntax import (
    Alias,
    Call,
    Lambda,
    Literal,
    Node,
    OneOf,
    Operation,
    Path,
    TypedLiteral,
)
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
from retailvista.feed.model import EntitySet, Model, Navigation

NULL = Value(None, None)
EQUALITY = ("eq", "ne")
ORDER = ("gt", "ge", "lt", "le")
PREFIXES = {"duration": Edm.DURATION, "edm.duration": Edm.DURATION}
OLD = ("datetime", "datetimeoffset", "guid", "time")
# An alias in an alias; each may be nested as deep as the parser permits.
ALIASES_DEEP = 2
# A database joins the tables of every step; SQLite joins 64, and a table of ours is up to six.
WAYS_MOST = 6
# Each goes over all relatives of all relatives before it.
LAMBDAS_DEEP = 2


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean here: the rows in sight, the aliases of the address, the present time."""

    model: Model
    rows: Mapping[str, EntitySet]
    now: datetime
    aliases: Mapping[str, str] = field(default_factory=dict)
    pending: tuple[str, ...] = ()
    spent: list[int] = field(default_factory=list, compare=False, repr=False)

    @classmethod
    def of(cls, model: Model, table: EntitySet, now: datetime, aliases: Mapping[str, str]) -> Scope:
        return cls(model, {ROOT: table}, now, aliases)

    def with_row(self, name: str, table: EntitySet) -> Scope:
        return replace(self, rows={**self.rows, name: table})

    def inside(self, alias: str) -> Scope:
        return replace(self, pending=(*self.pending, alias))

    def read(self, text: str) -> Node:
        """The tree of an expression. All of a request together has no more words than one."""
        found = lexing.words(text)
        self.spent.append(len(found))
        if sum(self.spent) > lexing.WORDS_MOST:
            raise BadQuery(f"With its aliases this has more than {lexing.WORDS_MOST} words.")
        return parsing.tree(found)


def check_filter(text: str, scope: Scope) -> Term:
    """A whole $filter: it says yes or no."""
    return as_condition(check(scope.read(text), scope), "$filter")


def check_orders(text: str, scope: Scope) -> list[tuple[Term, bool]]:
    """A whole $orderby: terms, each with whether it falls."""
    return [(check(node, scope), way == "desc") for node, way in parsing.parse_many(text)]


def as_condition(term: Term, where: str) -> Term:
    if term.type not in (Edm.BOOLEAN, None):
        raise BadQuery(f"{where} needs a condition; this is a value of {term.type}.")
    return term


def check(node: Node, scope: Scope) -> Term:
    """The term of a node."""
    match node:
        case Literal(value, kind):
            return Value(value, kind)
        case TypedLiteral(name, text):
            return _typed_literal(name, text)
        case Alias(name):
            return _alias(name, scope)
        case Path(parts):
            return _path(parts, scope)
        case Call(name, args):
            return _call(name, args, scope)
        case OneOf(left, items):
            return _one_of(left, items, scope)
        case Lambda():
            return _lambda(node, scope)
    return _operation(node, scope)


def _typed_literal(name: str, text: str) -> Term:
    kind = PREFIXES.get(name.lower())
    if kind is not None:
        return Value(edm.parse(text, kind), kind)
    if name.lower() in OLD:
        raise BadQuery(f"{name}'…' is of OData 2. Write the value without a name and quotes.")
    raise NotOffered(f"No property of this feed is of type {name}.")


def _alias(name: str, scope: Scope) -> Term:
    text = scope.aliases.get(name)
    if text is None:
        return NULL  # OData 4.01, 11.2.6.1.3: an alias that is not given is null
    if name in scope.pending:
        raise BadQuery(f"{name} stands in its own value.")
    if len(scope.pending) >= ALIASES_DEEP:
        raise BadQuery(f"Aliases stand in one another at most {ALIASES_DEEP} deep.")
    return check(scope.read(text), scope.inside(name))


def _operation(node: Operation, scope: Scope) -> Term:
    name = node.name
    if name in EQUALITY and (found := _missing(node, scope)) is not None:
        return found
    args = [check(arg, scope) for arg in node.args]
    if name in ("and", "or", "not"):
        return Apply(name, tuple(as_condition(arg, f"{name!r}") for arg in args), Edm.BOOLEAN)
    if name == "has":
        raise BadQuery("'has' needs a property of an enumeration type; this feed has none.")
    if name in EQUALITY or name in ORDER:
        left, right = alike(args[0], args[1], name)
        return Apply(name, (left, right), Edm.BOOLEAN)
    return Apply(name, tuple(args), arithmetic.result(name, [arg.type for arg in args]))


def alike(left: Term, right: Term, name: str) -> tuple[Term, Term]:
    """Two terms that can be compared; a text is read as the other's type."""
    left, right = _cast(left, right.type), _cast(right, left.type)
    one, other = left.type, right.type
    if one is None or other is None or one == other:
        return left, right
    if one in edm.NUMBERS and other in edm.NUMBERS:
        return left, right
    raise BadQuery(f"{name!r} cannot compare {one} with {other}.")


def _cast(term: Term, kind: Edm | None) -> Term:
    if isinstance(term, Value) and term.type == Edm.STRING and kind not in (None, Edm.STRING):
        return Value(edm.parse(term.value, kind), kind)
    return term


def _missing(node: Operation, scope: Scope) -> Term | None:
    """`Journal eq null`: a way to one relative can only be compared with null."""
    left, right = node.args
    if isinstance(left, Literal):
        left, right = right, left
    if not isinstance(left, Path) or not isinstance(right, Literal) or right.kind is not None:
        return None
    variable, table, names = _start(left.parts, scope)
    ways, rest, _table = _follow(table, names, scope)
    if rest or not ways:
        return None
    found = Missing(variable, ways)
    return found if node.name == "eq" else Apply("not", (found,), Edm.BOOLEAN)


def _call(name: str, args: tuple[Node, ...], scope: Scope) -> Term:
    known = name.lower()
    if known == "now" and not args:
        return Value(scope.now, Edm.INSTANT)
    if known not in functions.FUNCTIONS:
        raise BadQuery(f"There is no function {name!r}.")
    terms = [check(arg, scope) for arg in args]
    kinds = [term.type for term in terms]
    found = functions.overload(known, kinds)
    if found is None:
        given = ", ".join(str(kind) for kind in kinds)
        raise BadQuery(f"{known} does not take ({given}).")
    return Apply(known, tuple(terms), found.result or kinds[0] or Edm.DECIMAL)


def _one_of(left: Node, items: tuple[Node, ...], scope: Scope) -> Term:
    """`x in (a, b)` is `x eq a or x eq b` (OData 4.01, 5.1.1.1.12)."""
    first = check(left, scope)
    if len(items) == 1 and isinstance(items[0], Alias):
        raise NotOffered("'in' with an alias for the whole list is not offered.")
    if not items:
        return Value(False, Edm.BOOLEAN)
    pairs = [alike(first, check(item, scope), "in") for item in items]
    return Apply("in", (pairs[0][0], *(right for _left, right in pairs)), Edm.BOOLEAN)


def _start(parts: tuple[str, ...], scope: Scope) -> tuple[str, EntitySet, tuple[str, ...]]:
    """Which row a path starts from, and the names that are left."""
    if parts[0] in scope.rows:
        return parts[0], scope.rows[parts[0]], parts[1:]
    return ROOT, scope.rows[ROOT], parts


def _follow(
    table: EntitySet, names: tuple[str, ...], scope: Scope
) -> tuple[tuple[Navigation, ...], tuple[str, ...], EntitySet]:
    """Over ways to one relative as far as they go."""
    ways: list[Navigation] = []
    while names and (way := table.way(names[0])) is not None and not way.many:
        ways.append(way)
        table, names = scope.model.target(way), names[1:]
        if len(ways) > WAYS_MOST:
            raise BadQuery(f"A path leads over at most {WAYS_MOST} ways.")
    return tuple(ways), names, table


def _path(parts: tuple[str, ...], scope: Scope) -> Term:
    variable, table, names = _start(parts, scope)
    ways, rest, table = _follow(table, names, scope)
    written = "/".join(parts)
    if len(rest) == 1 and (column := table.column(rest[0])) is not None:
        return Field(variable, ways, column)
    many = table.way(rest[0]) if rest else None
    if many is not None and rest[1:] == ("$count",):
        return CountOf(variable, ways, many, scope.model.target(many))
    if many is not None and many.many:
        raise BadQuery(f"{written} is a list: use any, all or $count with it.")
    if not rest:
        raise BadQuery(f"{written} is a row: compare one of its properties, or it with null.")
    raise BadQuery(f"{table.name} has no property {rest[0]!r}.")


def _lambda(node: Lambda, scope: Scope) -> Term:
    variable, table, names = _start(node.path, scope)
    ways, rest, table = _follow(table, names, scope)
    many = table.way(rest[0]) if len(rest) == 1 else None
    if many is None or not many.many:
        raise BadQuery(f"{'/'.join(node.path)} is no list; {node.name} needs one.")
    if node.variable and (node.variable in scope.rows or node.variable == ROOT):
        raise BadQuery(f"{node.variable} already means something else here.")
    if len(scope.rows) > LAMBDAS_DEEP:
        raise NotOffered(f"any and all are offered at most {LAMBDAS_DEEP} deep in one another.")
    target, predicate = scope.model.target(many), None
    if node.predicate is not None:
        inner = scope.with_row(node.variable, target)
        predicate = as_condition(check(node.predicate, inner), node.name)
    return AnyAll(variable, ways, many, target, node.variable, predicate, is_all=node.name == "all")
