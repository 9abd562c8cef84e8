"""JSON of records with one spelling: sorted names, no spaces, decimals with the digits they had.

Invariant: what is written reads back equal, and a number never passes through a binary double;
equal records have equal texts, so that a hash tells whether a record has changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from json.encoder import encode_basestring as quoted
from typing import Any

from sqlalchemy import Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


def dumps(value: Any) -> str:
    """The one text of a value.

    >>> dumps({"b": Decimal("1.50"), "a": [True, None, "é"]})
    '{"a":[true,null,"é"],"b":1.50}'
    """
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        names = sorted(value, key=str)
        return "{" + ",".join([f"{quoted(str(n))}:{dumps(value[n])}" for n in names]) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(dumps, value)) + "]"
    return _leaf(value)


def loads(text: str) -> Any:
    """The value of a text; decimals as Decimal."""
    return json.loads(text, parse_float=Decimal)


def digest(value: Any) -> str:
    """SHA-256 of the one text."""
    return hashlib.sha256(dumps(value).encode("utf-8", "surrogatepass")).hexdigest()


def pretty(value: Any, level: int = 0) -> str:
    """The same on several lines, in the order it came, for people.

    >>> print(pretty({"b": 1, "a": []}))
    {
      "b": 1,
      "a": []
    }
    """
    step, end = "\n" + "  " * (level + 1), "\n" + "  " * level
    if isinstance(value, Mapping) and value:
        inner = (
            f"{quoted(str(name))}: {pretty(found, level + 1)}" for name, found in value.items()
        )
        return "{" + step + f",{step}".join(inner) + end + "}"
    if isinstance(value, (list, tuple)) and value:
        return "[" + step + f",{step}".join(pretty(found, level + 1) for found in value) + end + "]"
    return dumps(value)


def _leaf(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, Decimal):
        # JSON has no NaN and no infinity; nor has a provider of ours.
        return f"{value:f}" if value.is_finite() else "null"
    if isinstance(value, (date, bytes)):
        return quoted(value.isoformat() if isinstance(value, date) else value.hex())
    return json.dumps(value)


class RecordJson(TypeDecorator[Any]):
    """A record in a column, as text in its order: JSON types of databases lose digits."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else in_order(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else loads(value)


def in_order(value: Any) -> str:
    """One line, names in the order they came."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        return "{" + ",".join([f"{quoted(str(n))}:{in_order(v)}" for n, v in value.items()]) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(in_order, value)) + "]"
    return _leaf(value)
