"""Values as they stand in the addresses of OData (URL Conventions 4.01, 5.1.1.14), and their
comparison with what a service shows.

Invariant: nothing that a person or a record brings can end a literal early.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from retailvista.connectors.records import Kind
from retailvista.errors import Refused

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
NUMBER = re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,18})?")
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]{5,16}(Z|[+-][0-9]{2}:[0-9]{2})?)?")
CLOSE = Decimal("0.000001")


def literal(kind: Kind, value: Any) -> str:
    """A value for a key or a $filter. Refused for one that is none of its kind.

    >>> literal(Kind.TEXT, "O'Neil"), literal(Kind.WHOLE, "17"), literal(Kind.BOOLEAN, True)
    ("'O''Neil'", '17', 'true')
    """
    text = str(value)
    match kind:
        case Kind.BOOLEAN if text.lower() in ("true", "false"):
            return text.lower()
        case Kind.WHOLE | Kind.DECIMAL if NUMBER.fullmatch(text):
            return text
        case Kind.GUID if GUID.fullmatch(text):
            return text.lower()
        case Kind.MOMENT if MOMENT.fullmatch(text):
            return text
        case Kind.TEXT:
            doubled = text.replace("'", "''")
            return f"'{doubled}'"
    raise Refused(f"{text[:60]!r} is no {kind.value}.")


def equal(kind: Kind, sent: Any, stored: Any) -> bool:
    """Whether a value is stored as it was sent."""
    if sent in (None, "") or stored in (None, ""):
        return sent in (None, "") and stored in (None, "")
    match kind:
        case Kind.WHOLE | Kind.DECIMAL:
            return _number(sent) is not None and _close(_number(sent), _number(stored))
        case Kind.BOOLEAN:
            return str(sent).lower() == str(stored).lower()
        case Kind.MOMENT:
            return _moment(sent) == _moment(stored)
        case Kind.GUID:
            return str(sent).lower() == str(stored).lower()
    return str(sent) == str(stored)


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except ArithmeticError:
        return None


def _close(one: Decimal | None, other: Decimal | None) -> bool:
    return one is not None and other is not None and abs(one - other) < CLOSE


def _moment(value: Any) -> datetime | str:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
