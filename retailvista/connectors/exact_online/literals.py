"""Values as they stand in the filters of Exact, which speaks the OData of version 2.

Invariant: nothing that a person brings can end a literal early.
"""

from __future__ import annotations

import re

from retailvista.connectors.exact_online.record_writing import GUID
from retailvista.connectors.exact_online.urls import text
from retailvista.connectors.records import Kind
from retailvista.errors import Refused

NUMBER = re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,18})?")
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?)?")


def literal(kind: Kind, value: str) -> str:
    """A value for a $filter. Refused for one that is none of its kind.

    >>> literal(Kind.TEXT, "O'Neil"), literal(Kind.MOMENT, "2026-03-10")
    ("'O''Neil'", "datetime'2026-03-10'")
    """
    match kind:
        case Kind.TEXT:
            return text(value)
        case Kind.GUID if GUID.fullmatch(value):
            return f"guid'{value.lower()}'"
        case Kind.MOMENT if MOMENT.fullmatch(value):
            return f"datetime'{value}'"
        case Kind.WHOLE | Kind.DECIMAL if NUMBER.fullmatch(value):
            return value
        case Kind.BOOLEAN if value.lower() in ("true", "false"):
            return value.lower()
    raise Refused(f"{value[:60]!r} is no {kind.value}.")
