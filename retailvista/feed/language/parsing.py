"""Words become a syntax tree: a Pratt parser over the precedence table of OData 4.01, 5.1.1.17.

Operators stand between spaces, as the standard has it; only `not(` is taken without one, because
so many programs send it. `and` and `or` of any length are one node, other nesting has a limit, so
that no expression can exhaust the stack of those who read the tree.
"""

from __future__ import annotations

from retailvista.feed.failures import BadQuery, NotOffered
from retailvista.feed.language.lexing import ALIAS, END, LITERAL, NAME, Word, words
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

POWER = {
    "or": 1, "and": 2, "eq": 3, "ne": 3, "gt": 4, "ge": 4, "lt": 4, "le": 4,
    "add": 5, "sub": 5, "mul": 6, "div": 6, "divby": 6, "mod": 6, "has": 8, "in": 8,
}  # fmt: skip
UNARY = 7
DEEPEST = 60
LONG = ("and", "or")
# Of the standard; answered with 501 wherever they stand.
ELSEWHERE = frozenset(
    {
        "case", "cast", "geo.distance", "geo.intersects", "geo.length", "hassubset",
        "hassubsequence", "isof", "matchespattern", "$root", "$this", "$filter",
    }
)  # fmt: skip


def parse(text: str) -> Node:
    """The tree of a whole expression."""
    return tree(words(text))


def tree(found: list[Word]) -> Node:
    """The tree of the words of a whole expression."""
    reader = _Parser(found)
    node = reader.expression(0)
    reader.expect_end()
    return node


def parse_many(text: str) -> list[tuple[Node, str]]:
    """Expressions with commas between them, each with `asc` or `desc` (for $orderby)."""
    reader = _Parser(words(text))
    found = [(reader.expression(0), reader.direction())]
    while reader.take(","):
        found.append((reader.expression(0), reader.direction()))
    reader.expect_end()
    return found


class _Parser:
    """Reads from left to right; `depth` counts what will be nested in the tree."""

    def __init__(self, found: list[Word]) -> None:
        self._words = found
        self._at = 0
        self._depth = 0

    @property
    def word(self) -> Word:
        return self._words[self._at]

    def next(self) -> Word:
        word = self._words[self._at]
        self._at += word.kind != END
        return word

    def take(self, sign: str) -> bool:
        """Go on when the next word is this sign."""
        found = self.word.kind == "sign" and self.word.text == sign
        self._at += found
        return found

    def expect(self, sign: str) -> None:
        if not self.take(sign):
            raise self.wrong(f"{sign!r} is missing before")

    def expect_end(self) -> None:
        if self.word.kind != END:
            raise self.wrong("An operator is missing before")

    def wrong(self, what: str) -> BadQuery:
        word = self.word
        place = f"{word.text[:40]!r} at character {word.at + 1}" if word.text else "the end"
        return BadQuery(f"{what} {place}.")

    def direction(self) -> str:
        if self.word.kind == NAME and self.word.text.lower() in ("asc", "desc"):
            return self.next().text.lower()
        return "asc"

    def expression(self, least: int) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadQuery(f"The expression is nested more than {DEEPEST} deep.")
        left, before = self._operand(), self._depth
        while (power := self._power()) > least:
            left = self._operation(left, power)
        self._depth = before - 1
        return left

    def _power(self) -> int:
        word = self.word
        if word.kind != NAME or not word.spaced:
            return 0
        return POWER.get(word.text.lower(), 0)

    def _operation(self, left: Node, power: int) -> Node:
        name = self.next().text.lower()
        if not self.word.spaced:
            raise self.wrong(f"A space is missing after {name!r}, before")
        if name == "in":
            return OneOf(left, self._items())
        right = self.expression(power)
        if name in LONG and isinstance(left, Operation) and left.name == name:
            return Operation(name, (*left.args, right))
        if name not in LONG:
            self._depth += 1  # a chain of operators is nested to the left
            if self._depth > DEEPEST:
                raise BadQuery(f"The expression is nested more than {DEEPEST} deep.")
        return Operation(name, (left, right))

    def _items(self) -> tuple[Node, ...]:
        if self.word.kind == ALIAS:
            return (Alias(self.next().text),)
        close = "]" if self.take("[") else ")"
        if close == ")":
            self.expect("(")
        elif self.take(close):
            return ()
        items = [self.expression(0)]
        while self.take(","):
            items.append(self.expression(0))
        self.expect(close)
        return tuple(items)

    def _operand(self) -> Node:
        word = self.word
        if word.kind == LITERAL:
            self.next()
            return Literal(word.value, word.type)
        if word.kind == ALIAS:
            return Alias(self.next().text)
        if self.take("("):
            inner = self.expression(0)
            self.expect(")")
            return inner
        if self.take("-"):
            return Operation("negate", (self.expression(UNARY),))
        if word.kind == NAME:
            return self._named()
        if self.take("["):
            raise NotOffered("A list as a value is offered with 'in' alone.")
        if self.take("{"):
            raise NotOffered("An object as a value is not offered.")
        raise self.wrong("A value is missing before")

    def _named(self) -> Node:
        word = self.next()
        follows = self.word
        self._check_offered(word.text)
        if word.text.lower() == "not" and (follows.spaced or follows.text == "("):
            return Operation("not", (self.expression(UNARY),))
        if follows.kind == LITERAL and follows.text.startswith("'") and not follows.spaced:
            return TypedLiteral(word.text, str(self.next().value))
        if not follows.spaced and self.take("("):
            return self._call(word.text)
        return self._path(word.text)

    def _check_offered(self, name: str) -> None:
        """Also for names with a dot: functions of a service, and types that a row is cast to."""
        follows = self.word.text
        if name.lower() in ELSEWHERE and (name[0] == "$" or follows == "("):
            raise NotOffered(f"{name} is not offered.")
        if "." in name and follows in ("(", "/"):
            raise NotOffered(f"No feed has a function or a type {name[:80]}.")

    def _call(self, name: str) -> Node:
        if name.lower() in ("any", "all"):
            raise BadQuery(f"{name} needs a list before it: Lines/any(line:line/Number eq 1).")
        if self.take(")"):
            return Call(name, ())
        args = [self.expression(0)]
        while self.take(","):
            args.append(self.expression(0))
        self.expect(")")
        return Call(name, tuple(args))

    def _path(self, first: str) -> Node:
        parts = [first]
        while self.take("/"):
            word = self.next()
            if word.kind == ALIAS:
                raise NotOffered("Annotations are not offered.")
            self._check_offered(word.text)
            if word.kind != NAME or word.spaced:
                raise BadQuery(f"A name is missing after {'/'.join(parts)}/.")
            if word.text.lower() in ("any", "all") and self.take("("):
                return self._lambda(tuple(parts), word.text.lower())
            parts.append(word.text)
        if "." in parts[-1]:
            raise BadQuery(f"{parts[-1][:80]} is the name of a type, and no value.")
        return Path(tuple(parts))

    def _lambda(self, path: tuple[str, ...], name: str) -> Node:
        if name == "any" and self.take(")"):
            return Lambda(path, name, "", None)
        variable = self.next()
        if variable.kind != NAME or "." in variable.text:
            raise BadQuery(f"{name}() needs a name and a colon: {name}(x:x/Property eq 1).")
        self.expect(":")
        predicate = self.expression(0)
        self.expect(")")
        return Lambda(path, name, variable.text, predicate)
