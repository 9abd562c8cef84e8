"""One stored row as Exact writes it: types, padding, `__metadata`, deferred collections; Atom.

Invariant: what a property looks like follows from its Edm type in the data file alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from retailvista.sandbox import times
from retailvista.sandbox.answers import Answer, Refusal, Request
from retailvista.sandbox.endpoints import Endpoint, children_of
from retailvista.sandbox.query import column
from retailvista.sandbox.store import Store

_STORED: dict[str, set[str]] = {}
ATOM_TYPE = "application/atom+xml;charset=utf-8"
D = "http://schemas.microsoft.com/ado/2007/08/dataservices"


def stored_columns(store: Store, table: str) -> set[str]:
    """The columns the sandbox keeps of an endpoint."""
    if table not in _STORED:
        _STORED[table] = {row[1] for row in store.rows(f"PRAGMA table_info({table})")}
    return _STORED[table]


class Shape:
    """How the rows of one request look: which properties, in which form."""

    def __init__(
        self, store: Store, endpoint: Endpoint, request: Request, select: list[str] | None = None
    ) -> None:
        self.endpoint = endpoint
        self.request = request
        self.store = store
        if select is None:
            select = [part.strip() for part in request.query.get("$select", "").split(",")]
        self.select = [part for part in select if part]
        stored = stored_columns(store, endpoint.table)
        asked = self._names()
        # Only what is stored is read; the rest is null in the template.
        self.names = [name for name in asked if column(endpoint, name, stored) != "NULL"]
        self.columns = ", ".join(column(endpoint, name, stored) for name in self.names)
        self.key_at = self.names.index(endpoint.key[0])
        self.blank = dict.fromkeys(name for name in asked if self._is_shown(name))
        self.fills = [
            (place, name, self._writer(name))
            for place, name in enumerate(self.names)
            if name in self.blank
        ]
        self.deferred = [name for name in children_of(endpoint) if self._is_shown(name)]
        self.root = self._root()

    def render(self, row: tuple[Any, ...]) -> dict[str, Any]:
        """The row as JSON."""
        uri = f"{self.root}({self._key(row)})"
        rendered: dict[str, Any] = {
            "__metadata": {"uri": uri, "type": self.endpoint.type_name},
            **self.blank,
        }
        for place, name, writer in self.fills:
            value = row[place]
            if value is not None:
                rendered[name] = writer(value) if writer else value
        for name in self.deferred:
            rendered[name] = {"__deferred": {"uri": f"{uri}/{name}"}}
        return rendered

    def below(self, name: str, child: Endpoint) -> Shape:
        """The shape of an expanded collection; `$select=Lines/Field` chooses its fields."""
        chosen = [part.split("/", 1)[1] for part in self.select if part.startswith(f"{name}/")]
        return Shape(self.store, child, self.request, [p for p in chosen if p != "*"])

    def _names(self) -> list[str]:
        """Every selected property that is a value, and always the key."""
        known = [p.name for p in self.endpoint.props.values() if p.child is None]
        for part in self.select:
            first = part.split("/", 1)[0]
            if first != "*" and first not in self.endpoint.props:
                raise Refusal(
                    400, f"No property '{part}' exists in type '{self.endpoint.type_name}'."
                )
        if not self.select or "*" in self.select:
            return known
        return [n for n in known if n in self.select or n in self.endpoint.key]

    def _is_shown(self, name: str) -> bool:
        first = {part.split("/", 1)[0] for part in self.select}
        return not self.select or "*" in self.select or name in first

    def _writer(self, name: str) -> Callable[[Any], Any] | None:
        """How a value is written; None where it stands as it is."""
        if name in self.endpoint.pad:
            width = self.endpoint.pad[name]
            return lambda value: str(value).ljust(width)
        return WRITERS.get(self.endpoint.props[name].type)

    def _root(self) -> str:
        division = self.request.division
        place = self.endpoint.path if division is None else f"{division}/{self.endpoint.path}"
        return f"{self.request.base}/api/v1/{place}"

    def _key(self, row: tuple[Any, ...]) -> str:
        if len(self.endpoint.key) == 1:
            kind = self.endpoint.props[self.endpoint.key[0]].type
            return literal_of(kind, row[self.key_at])
        parts = (
            f"{name}={literal_of(self.endpoint.props[name].type, row[self.names.index(name)])}"
            for name in self.endpoint.key
        )
        return ",".join(parts)


WRITERS: dict[str, Callable[[Any], Any]] = {
    "DateTime": lambda ms: f"/Date({ms})/",
    "Boolean": bool,
    "Int64": str,
}


def literal_of(edm_type: str, value: Any) -> str:
    """A value as it stands in a key or `$skiptoken`."""
    if value is None:
        return "null"
    if edm_type == "Guid":
        return f"guid'{value}'"
    if edm_type == "DateTime":
        return f"datetime'{quote(times.literal(value), safe='')}'"
    if edm_type == "String":
        return "'" + quote(str(value).replace("'", "''"), safe="") + "'"
    return f"{value}L" if edm_type == "Int64" else str(value)


def as_atom(status: int, value: Any) -> Answer:
    """A simple Atom rendering of a JSON answer, for clients that do not ask for JSON."""
    inner = value.get("d", value)
    rows = inner.get("results", [inner]) if isinstance(inner, dict) else inner
    is_list = not isinstance(inner, dict) or "results" in inner
    parts = [_atom_entry(row) for row in rows]
    if isinstance(inner, dict) and inner.get("__next"):
        parts.append(f'<link rel="next" href="{escape(inner["__next"])}"/>')
    head = '<?xml version="1.0" encoding="utf-8"?>'
    spaces = f'xmlns="http://www.w3.org/2005/Atom" xmlns:d="{D}" xmlns:m="{D}/metadata"'
    if is_list:
        page = f"{head}<feed {spaces}>{''.join(parts)}</feed>"
    else:
        page = head + parts[0].replace("<entry>", f"<entry {spaces}>", 1)
    return Answer(status, page.encode(), [("Content-Type", ATOM_TYPE)])


def _atom_entry(row: dict[str, Any]) -> str:
    uri = escape(row.get("__metadata", {}).get("uri", ""))
    fields = []
    for name, value in row.items():
        if name == "__metadata" or isinstance(value, dict):
            continue
        if value is None:
            fields.append(f'<d:{name} m:null="true"/>')
        else:
            fields.append(f"<d:{name}>{escape(_atom_text(value))}</d:{name}>")
    return (
        f'<entry><id>{uri}</id><content type="application/xml"><m:properties>'
        f"{''.join(fields)}</m:properties></content></entry>"
    )


def _atom_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if text.startswith("/Date("):
        return times.literal(times.parsed_ms(text))
    return text
