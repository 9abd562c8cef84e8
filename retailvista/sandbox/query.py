"""OData v2 `$filter`, `$orderby` and literals, translated to SQL.

Invariant: a property becomes a column of our own list, a value becomes a parameter; no text of a
client ever becomes SQL. What Exact does not support is refused as Exact does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from retailvista.sandbox import times
from retailvista.sandbox.answers import Refusal
from retailvista.sandbox.endpoints import Endpoint

TOKEN = re.compile(
    r"\s*(?:(?P<guid>guid'(?P<guid_text>[^']*)')"
    r"|(?P<date>datetime'(?P<date_text>[^']*)')"
    r"|(?P<text>'(?:[^']|'')*')"
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[LlMmDdFf]?)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*(?:/[A-Za-z_][A-Za-z0-9_]*)*)"
    r"|(?P<sign>[(),=]))"
)
GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
OPERATORS = {"eq": "IS", "ne": "IS NOT", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
KINDS = {
    "String": "text",
    "Guid": "guid",
    "DateTime": "date",
    "Boolean": "truth",
    "Binary": "text",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of SQL with its parameters and the kind of value it yields."""

    sql: str
    args: tuple[Any, ...]
    kind: str
    is_property: bool = False


def kind_of(edm_type: str) -> str:
    """The kind under which values of a type can be compared."""
    return KINDS.get(edm_type, "number")


def column(endpoint: Endpoint, name: str, stored: set[str]) -> str:
    """The SQL of a property: its column, its place in the body, or NULL where nothing is kept."""
    known = endpoint.columns.get(name, name)
    if known == "key" and kind_of(endpoint.props[name].type) == "number":
        return "CAST(key AS INTEGER)"
    if known in stored:
        return known
    if "body" not in stored:
        return "NULL"
    # SQL Server compares texts without regard to case.
    collate = " COLLATE NOCASE" if endpoint.props[name].type == "String" else ""
    return f"json_extract(body, '$.{known}'){collate}"


def parse_filter(endpoint: Endpoint, text: str, stored: set[str]) -> tuple[Piece, set[str]]:
    """The condition, and the properties it speaks of."""
    parser = Parser(endpoint, text, stored)
    piece = parser.either()
    if parser.look():
        raise parser.wrong()
    return _truth(piece), parser.used


def parse_order(endpoint: Endpoint, text: str, stored: set[str]) -> list[tuple[str, str, bool]]:
    """(property, column, descending) for each term of `$orderby`."""
    terms = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, _, direction = part.partition(" ")
        if name not in endpoint.props or direction.strip() not in ("", "asc", "desc"):
            raise Refusal(400, f"No property '{name}' exists in type '{endpoint.type_name}'.")
        terms.append((name, column(endpoint, name, stored), direction.strip() == "desc"))
    return terms


def parse_literals(text: str) -> list[Any]:
    """The values of a `$skiptoken` or a key, in order; names before `=` are left out."""
    values, position = [], 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if not match:
            raise Refusal(400, "Error processing request stream. Malformed URL.")
        position = match.end()
        if match["sign"] or (match["word"] and match["word"] not in ("null", "true", "false")):
            continue
        values.append(_value(match)[0])
    return values


class Parser:
    """Recursive descent over one `$filter`."""

    def __init__(self, endpoint: Endpoint, text: str, stored: set[str]) -> None:
        self.endpoint = endpoint
        self.stored = stored
        self.used: set[str] = set()
        self.tokens: list[re.Match[str]] = []
        self.at = 0
        position = 0
        text = text.rstrip()
        while position < len(text):
            match = TOKEN.match(text, position)
            if not match:
                raise Refusal(400, f"Syntax error at position {position}.")
            self.tokens.append(match)
            position = match.end()

    def look(self, ahead: int = 0) -> re.Match[str] | None:
        """The token to come."""
        spot = self.at + ahead
        return self.tokens[spot] if spot < len(self.tokens) else None

    def is_next(self, text: str) -> bool:
        """Take the token if it is this word or sign."""
        match = self.look()
        if match and text in (match["word"], match["sign"]):
            self.at += 1
            return True
        return False

    def wrong(self) -> Refusal:
        """The syntax error at this place."""
        match = self.look()
        position = match.start() if match else (self.tokens[-1].end() if self.tokens else 0)
        return Refusal(400, f"Syntax error at position {position}.")

    def either(self) -> Piece:
        """a or b"""
        piece = self.both()
        while self.is_next("or"):
            piece = _joined("OR", piece, self.both())
        return piece

    def both(self) -> Piece:
        """a and b"""
        piece = self.negation()
        while self.is_next("and"):
            piece = _joined("AND", piece, self.negation())
        return piece

    def negation(self) -> Piece:
        """not a"""
        if self.is_next("not"):
            piece = _truth(self.negation())
            return Piece(f"(NOT coalesce({piece.sql}, 0))", piece.args, "truth")
        return self.comparison()

    def comparison(self) -> Piece:
        """a eq b, (a), or a function that is true"""
        if self.is_next("("):
            piece = self.either()
            if not self.is_next(")"):
                raise self.wrong()
        else:
            piece = self.operand()
        match = self.look()
        operator = match["word"] if match else None
        if operator not in OPERATORS:
            return piece
        self.at += 1
        return self.compared(piece, str(operator), self.operand())

    def compared(self, left: Piece, operator: str, right: Piece) -> Piece:
        """Both sides must be of one kind, and only one may be a property."""
        if left.is_property and right.is_property:
            raise Refusal(400, "Comparing two properties is not supported.")
        if "null" not in (left.kind, right.kind) and left.kind != right.kind:
            raise Refusal(
                400,
                f"Operator '{operator}' incompatible with operand types "
                f"'{left.kind}' and '{right.kind}'.",
            )
        sql = f"({left.sql} {OPERATORS[operator]} {right.sql})"
        return Piece(sql, left.args + right.args, "truth")

    def operand(self) -> Piece:
        """A literal, a property or a function call."""
        match = self.look()
        if match is None or match["sign"]:
            raise self.wrong()
        self.at += 1
        word = match["word"]
        if word is None or word in ("null", "true", "false"):
            value, kind = _value(match)
            return Piece("?", (value,), kind)
        if self.is_next("("):
            return self.call(word)
        return self.property(word)

    def property(self, name: str) -> Piece:
        """A property of the resource itself."""
        if "/" in name or name not in self.endpoint.props:
            raise Refusal(400, f"No property '{name}' exists in type '{self.endpoint.type_name}'.")
        self.used.add(name)
        sql = column(self.endpoint, name, self.stored)
        return Piece(sql, (), kind_of(self.endpoint.props[name].type), is_property=True)

    def call(self, name: str) -> Piece:
        """The functions Exact supports; the others are not implemented there either."""
        arguments = [self.operand()]
        while self.is_next(","):
            arguments.append(self.operand())
        if not self.is_next(")"):
            raise self.wrong()
        shape = FUNCTIONS.get((name, len(arguments)))
        if shape is None:
            raise Refusal(501, "Not Implemented")
        sql, kind, order = shape
        args = tuple(value for place in order for value in arguments[place].args)
        return Piece(sql.format(*(piece.sql for piece in arguments)), args, kind)


# SQL by name and number of arguments; the last part is the order of the parameters in the SQL.
FUNCTIONS: dict[tuple[str, int], tuple[str, str, tuple[int, ...]]] = {
    ("startswith", 2): ("(instr(lower({0}), lower({1})) = 1)", "truth", (0, 1)),
    ("substringof", 2): ("(instr(lower({1}), lower({0})) > 0)", "truth", (1, 0)),
    ("trim", 1): ("trim({0})", "text", (0,)),
    ("tolower", 1): ("lower({0})", "text", (0,)),
    ("toupper", 1): ("upper({0})", "text", (0,)),
}


def _joined(word: str, left: Piece, right: Piece) -> Piece:
    left, right = _truth(left), _truth(right)
    return Piece(f"({left.sql} {word} {right.sql})", left.args + right.args, "truth")


def _truth(piece: Piece) -> Piece:
    if piece.kind != "truth":
        raise Refusal(400, "The $filter expression must evaluate to a single boolean value.")
    return piece


def _value(match: re.Match[str]) -> tuple[Any, str]:
    """The Python value of a literal and its kind."""
    if match["guid"]:
        if not GUID.fullmatch(match["guid_text"]):
            raise Refusal(400, f"Unrecognized 'Edm.Guid' literal '{match['guid']}'.")
        return match["guid_text"].lower(), "guid"
    if match["date"]:
        try:
            return times.parsed_ms(match["date_text"].replace("%3A", ":")), "date"
        except ValueError:
            raise Refusal(400, f"Unrecognized 'Edm.DateTime' literal '{match['date']}'.") from None
    if match["text"]:
        # SQL Server compares without trailing blanks: 'AB' finds the padded 'AB '.
        return match["text"][1:-1].replace("''", "'").rstrip(" "), "text"
    if match["number"]:
        return _number(match["number"]), "number"
    word = match["word"]
    return (None, "null") if word == "null" else (int(word == "true"), "truth")


def _number(text: str) -> int | float:
    digits = text.rstrip("LlMmDdFf")
    value = float(digits) if set(".eE") & set(digits) else int(digits)
    if not -(2**63) <= value < 2**63:
        raise Refusal(400, f"Unrecognized 'Edm.Int64' literal '{text}'.")
    return value
