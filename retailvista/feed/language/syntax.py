"""The syntax tree of an expression, as it was written: names are not looked up yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from retailvista.feed.edm import Edm


@dataclass(frozen=True, slots=True)
class Literal:
    """A value; `kind` is None for null."""

    value: Any
    kind: Edm | None


@dataclass(frozen=True, slots=True)
class TypedLiteral:
    """A name and a text in quotes, such as Sales.Colour'Red': an enumeration, a shape."""

    type_name: str
    text: str


@dataclass(frozen=True, slots=True)
class Path:
    """Names with slashes between them; the last may be $count."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alias:
    """@name, which another part of the address says."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """`not` and `-` have one operand, `and` and `or` two or more, the others two."""

    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """`in` with its list."""

    left: Node
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Lambda:
    """any or all over the rows a path leads to; any() alone asks whether there are rows."""

    path: tuple[str, ...]
    name: str
    variable: str
    predicate: Node | None


Node = Literal | TypedLiteral | Path | Alias | Call | Operation | OneOf | Lambda
