"""Expressions of transforms: Jinja in a closed box, bounded in time and size.

Invariants: no attribute of any object can be reached, only fields of records; only the filters
below exist; there are no statements but {% if %}, so that work grows with the length of the
expression alone; numbers are exact, never binary fractions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.parser import Parser
from jinja2.sandbox import SandboxedEnvironment

from retailvista.errors import Refused
from retailvista.flows.expression_filters import (
    FILTERS,
    TESTS,
    TooMuch,
    Unfit,
    bounded,
    counted,
    exact,
    metered,
    number_result,
    spent,
)

LENGTH_MAX = 4_000
NODES_MAX = 500
DEPTH_MAX = 40
EACH_MAX = 1_000
# Names that Jinja gives a meaning of its own.
RESERVED = frozenset(("self", "super", "caller", "loop", "varargs", "kwargs"))
# What may stand in a text with {{ }}; everything that could repeat itself may not.
ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.CondExpr, nodes.Const,
    nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test, nodes.List,
    nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Keyword, nodes.Compare, nodes.Operand, nodes.Not,
    nodes.And, nodes.Or, nodes.Neg, nodes.Pos, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div,
    nodes.FloorDiv, nodes.Mod, nodes.Concat,
)  # fmt: skip
# What goes wrong inside an expression because of the values it meets.
FAILURES = (
    TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError,
    RecursionError, NameError,
)  # fmt: skip
TEXTS: dict[type[Exception], str] = {
    ZeroDivisionError: "It divides by zero.",
    ArithmeticError: "It cannot be counted with these numbers.",
    RecursionError: "It has too many parts inside one another.",
    SecurityError: "Nothing can be called here.",
    NameError: "A number in it is too large.",
    TypeError: "A filter or a sign in it cannot work with the value that it gets.",
}
# What Jinja says of a text that cannot be read, with what people need to know.
ENDS_EARLY = re.compile(r".*end of (?:template|print statement|statement block).*")
NOT_MET = re.compile(r"expected token '([^']*)', got .*")
UNEXPECTED = re.compile(r"unexpected (?:char )?(['\"])(.+?)\1(?: at \d+)?")
# How Jinja says it of a name, and this module of a part of a record.
MISSING = re.compile(r"'([^']*)' is (?:undefined|no field of it)")
Evaluate = Callable[[Mapping[str, Any]], Any]


def _shown(value: Any) -> Any:
    """In a text: nothing for no value, true and false as OData writes them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else exact(value)


class BadExpression(Refused, ValueError):
    """It cannot be read, or uses what is not allowed; the text says which."""


class Box(SandboxedEnvironment):
    """The environment of all expressions. It is made once and holds no data."""

    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%"))
    intercepted_unops = frozenset(("+", "-"))

    def __init__(self) -> None:
        super().__init__(autoescape=False, undefined=StrictUndefined, cache_size=0, finalize=_shown)
        self.globals = {}
        filters = dict(FILTERS) | {"each": self._each}
        self.filters = {name: counted(work) for name, work in filters.items()}
        self.tests = dict(TESTS)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field of a record; nothing else has anything to get."""
        return self._field(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A field of a record by any name, or one of a list or text by its place."""
        if isinstance(obj, str | list | tuple) and isinstance(argument, int | slice):
            try:
                return obj[argument]
            except IndexError:
                return self.undefined(f"there is no number {argument} in it")
        return self._field(obj, argument)

    def is_safe_callable(self, obj: Any) -> bool:
        """Nothing is called: filters do the work."""
        return False

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on exact numbers; texts can be joined but not multiplied or formatted."""
        return spent(number_result(operator, left, right))

    def call_unop(self, context: Any, operator: str, arg: Any) -> Any:
        """The sign of a number."""
        value = exact(arg)
        if isinstance(value, str | bool) or value is None:
            raise Unfit(f"{arg!r} is no number.")
        return -value if operator == "-" else value

    def _field(self, obj: Any, name: Any) -> Any:
        if isinstance(obj, Mapping) and name in obj:
            return obj[name]
        if isinstance(obj, Undefined):
            return obj
        return self.undefined(f"{name!r} is no field of it", obj=obj, name=str(name))

    def _each(self, records: Any, expression: str) -> list[Any]:
        """What an expression makes of each record of a list. It does not stand in itself."""
        every = list(records or ())
        if len(every) > EACH_MAX:
            raise TooMuch(f"There are more than {EACH_MAX} records in it.")
        evaluate = compiled(str(expression), inside=True)
        return [evaluate(one) for one in every]


BOX = Box()


@lru_cache(maxsize=512)
def compiled(text: str, *, inside: bool = False) -> Evaluate:
    """A function from names to a value. BadExpression says why there is none.

    Text with {{ }} in it makes a text; all else is one expression that makes any value, of which
    the shortest is the name of a field. Nothing at all makes no value.
    """
    if len(text) > LENGTH_MAX:
        raise BadExpression(f"It is longer than {LENGTH_MAX} characters.")
    if not text.strip():
        return lambda _names: None
    is_text = "{{" in text or "{%" in text
    try:
        _check(_parsed(text, is_text=is_text), inside=inside)
        if is_text:
            return _within(BOX.from_string(text).render)
        expression = BOX.compile_expression(text, undefined_to_none=False)
    except (TemplateError, RecursionError) as error:
        raise BadExpression(reason(error)) from error
    return _within(lambda names: _defined(expression(names)))


def _within(work: Callable[[dict[str, Any]], Any]) -> Evaluate:
    """With the bounds of one evaluation around it."""

    def evaluate(names: Mapping[str, Any]) -> Any:
        with metered():
            return spent(bounded(work(dict(names))))

    return evaluate


def reason(error: BaseException) -> str:
    """Why an expression cannot be read or failed on a record, in words."""
    for kind, said in TEXTS.items():
        if isinstance(error, kind):
            return said
    text = str(getattr(error, "message", "") or error) or type(error).__name__
    if isinstance(error, TemplateSyntaxError):
        return _unreadable(text)
    if found := MISSING.fullmatch(text):
        return str(Unfit(f"There is no field {found[1]}."))
    return text if text.endswith(".") else f"{text}."


def _unreadable(text: str) -> str:
    """Why Jinja cannot read it. Its own words name parts of templates that nobody here knows."""
    if ENDS_EARLY.fullmatch(text):
        return "Something is missing at its end."
    if found := NOT_MET.fullmatch(text):
        return f"A {found[1]} is missing."
    if found := UNEXPECTED.fullmatch(text):
        return f"{found[2]} does not belong there."
    return text if text.endswith(".") else f"{text}."


def _parsed(text: str, *, is_text: bool) -> list[nodes.Node]:
    if is_text:
        return list(BOX.parse(text).body)
    parser = Parser(BOX, text, state="variable")
    expression = parser.parse_expression()
    if not parser.stream.eos:
        raise BadExpression(f"{parser.stream.current} does not belong there.")
    return [expression]


def _check(parts: list[nodes.Node], *, inside: bool) -> None:
    """Only what is allowed, not too much of it, and not too deep."""
    count = 0
    level = parts
    for _depth in range(DEPTH_MAX):
        for node in level:
            _check_one(node, inside=inside)
        count += len(level)
        level = [child for node in level for child in node.iter_child_nodes()]
    if level or count > NODES_MAX:
        raise BadExpression(f"It has more than {NODES_MAX} parts, or too many inside one another.")


def _check_one(node: nodes.Node, *, inside: bool) -> None:
    if not isinstance(node, ALLOWED):
        raise BadExpression(f"{type(node).__name__.lower()} is not allowed here.")
    if isinstance(node, nodes.Const) and node.value in (math.inf, -math.inf):
        raise BadExpression("A number in it is too large.")
    if isinstance(node, nodes.Name) and node.name in RESERVED:
        raise BadExpression(f"A field called {node.name} is reached by record['{node.name}'].")
    if not isinstance(node, nodes.Filter | nodes.Test):
        return
    known: Mapping[str, Any] = BOX.filters if isinstance(node, nodes.Filter) else BOX.tests
    if node.name not in known or (inside and node.name == "each"):
        kind = "filter" if isinstance(node, nodes.Filter) else "test"
        raise BadExpression(f"There is no {kind} {node.name!r}; there are: {', '.join(known)}.")


def _defined(value: Any) -> Any:
    if isinstance(value, Undefined):
        # Raises the error that names what is missing.
        str(value)
    return exact(value)
