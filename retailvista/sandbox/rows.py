"""Stored rows as Exact writes them: types, padding, `__metadata`, deferred collections; Atom.

A page is written column by column: one call of the JSON encoder for each column, then one template
for all rows, because a row of a sync page has a hundred properties and a page a thousand rows.
Invariant: what a property looks like follows from its Edm type in the data file alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from retailvista.sandbox import times
from retailvista.sandbox.answers import Answer, Refusal, Request, as_json, as_text
from retailvista.sandbox.endpoints import Endpoint, children_of
from retailvista.sandbox.query import column, kind_of
from retailvista.sandbox.store import Store

_STORED: dict[str, set[str]] = {}
ATOM_TYPE = "application/atom+xml;charset=utf-8"
D = "http://schemas.microsoft.com/ado/2007/08/dataservices"
# The columns of the generic store that are read for every row; the body is last.
RECORD = ("key", "Timestamp", "Division", "Modified", "body")
Column = Sequence[Any]
# No JSON text holds the character 0, so it can stand between the values of a column.
COLUMN = json.JSONEncoder(ensure_ascii=False, separators=("\0", ":"))


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
        self.is_record = endpoint.table == "record"
        self.sql_of: dict[str, str] = {}
        self.children = children_of(endpoint)
        self.shown = self._shown()
        stored = stored_columns(store, endpoint.table)
        if self.is_record:
            self.names: list[str] = list(RECORD)
            self.columns = ", ".join(RECORD)
        else:
            asked = [*(n for n in endpoint.key if n not in self.shown), *self.shown]
            # Only what is stored is read; the rest is null in the template.
            found = {name: column(endpoint, name, stored) for name in asked}
            self.sql_of = {name: sql for name, sql in found.items() if sql != "NULL"}
            self.names = list(self.sql_of)
            self.columns = ", ".join(self.sql_of.values())
        # What every row shares and nobody read; see steady.py.
        self.shared: Mapping[str, Any] = {}
        division = request.division
        place = endpoint.path if division is None else f"{division}/{endpoint.path}"
        self.root = f"{request.base}/api/v1/{place}"

    def texts(self, rows: list[tuple[Any, ...]], expanded: Mapping[str, Column]) -> list[str]:
        """The rows as JSON texts; `expanded` holds the texts of expanded collections."""
        if not rows:
            return []
        columns = self._columns_of(rows)
        keys = self._keys(columns)
        head = {"uri": "\0", "type": self.endpoint.type_name}
        pieces = [f'"__metadata":{_flat(head)}'.replace("%", "%%").replace("\\u0000", "%s")]
        root = _inner(self.root)
        parts: list[Column] = [[f"{root}({key})" for key in keys]]
        for name in self.shown:
            values = columns.get(name) or (self.shared.get(name),)
            if values.count(values[0]) == len(values):
                # The same in every row: it stands in the template.
                text = self._written(name, values[:1])[0]
                pieces.append(f'"{name}":{text}'.replace("%", "%%"))
            else:
                pieces.append(f'"{name}":%s')
                parts.append(self._written(name, values))
        for name in self.children:
            if self._is_shown(name):
                pieces.append(f'"{name}":%s')
                parts.append(expanded.get(name) or [_deferred(root, key, name) for key in keys])
        template = "{" + ",".join(pieces) + "}"
        return [template % row for row in zip(*parts, strict=True)]

    def share(self, values: Mapping[str, Any]) -> None:
        """The rows come without these columns: each row has the same value there."""
        self.shared = values
        self.names = [name for name in self.names if name not in values]

    def uri(self, row: tuple[Any, ...]) -> str:
        """The address of a row."""
        return f"{self.root}({self._keys(self._columns_of([row]))[0]})"

    def blank(self, key: str) -> str:
        """A row that shows its key and nothing else: POST without Prefer on some endpoints."""
        assert self.is_record, "only rows of the generic store"
        return self.texts([(key, None, None, None, "{}")], {})[0]

    def parents(self, rows: list[tuple[Any, ...]]) -> list[str]:
        """The keys under which nested lines are kept."""
        place = 0 if self.is_record else self.names.index(self.endpoint.key[0])
        return [str(row[place]) for row in rows]

    def below(self, name: str, child: Endpoint) -> Shape:
        """The shape of an expanded collection; `$select=Lines/Field` chooses its fields."""
        chosen = [part.split("/", 1)[1] for part in self.select if part.startswith(f"{name}/")]
        return Shape(self.store, child, self.request, [p for p in chosen if p != "*"])

    def _shown(self) -> list[str]:
        """Every selected property that is a value."""
        props = self.endpoint.props
        for part in self.select:
            first = part.split("/", 1)[0]
            if first != "*" and first not in props:
                raise Refusal(
                    400, f"No property '{part}' exists in type '{self.endpoint.type_name}'."
                )
        return [p.name for p in props.values() if p.child is None and self._is_shown(p.name)]

    def _is_shown(self, name: str) -> bool:
        first = {part.split("/", 1)[0] for part in self.select}
        return not self.select or "*" in self.select or name in first

    def _columns_of(self, rows: list[tuple[Any, ...]]) -> dict[str, Column]:
        """The values by property, column by column."""
        if not self.is_record:
            return dict(zip(self.names, zip(*rows, strict=True), strict=False))
        bodies = [json.loads(row[4]) for row in rows]
        names = set().union(*bodies)
        found: dict[str, Column] = {name: [body.get(name) for body in bodies] for name in names}
        for name in self.endpoint.props:
            kept = self.endpoint.columns.get(name, name)
            if kept in RECORD:
                place = RECORD.index(kept)
                is_number = place == 0 and kind_of(self.endpoint.props[name].type) == "number"
                found[name] = [int(row[place]) if is_number else row[place] for row in rows]
        return found

    def _keys(self, columns: dict[str, Column]) -> list[str]:
        """The keys as they stand between the brackets of an address."""
        props, key = self.endpoint.props, self.endpoint.key
        if len(key) == 1:
            kind = props[key[0]].type
            return [literal_of(kind, value) for value in columns[key[0]]]
        rows = zip(*(columns[name] for name in key), strict=True)
        return [
            ",".join(
                f"{name}={literal_of(props[name].type, value)}"
                for name, value in zip(key, row, strict=True)
            )
            for row in rows
        ]

    def _written(self, name: str, values: Column) -> Column:
        width = self.endpoint.pad.get(name)
        if width:
            values = [None if v is None else str(v).ljust(width) for v in values]
        writer = WRITERS.get(self.endpoint.props[name].type)
        if writer is not None:
            return ["null" if value is None else writer(value) for value in values]
        return COLUMN.encode(values)[1:-1].split("\0")


def _deferred(root: str, key: str, name: str) -> str:
    return f'{{"__deferred":{{"uri":"{root}({key})/{name}"}}}}'


def _flat(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _inner(text: str) -> str:
    """A text as it stands between the quotes of JSON."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


WRITERS: dict[str, Callable[[Any], str]] = {
    "DateTime": lambda ms: f'"\\/Date({ms})\\/"',
    "Boolean": lambda value: "true" if value else "false",
    "Int64": lambda value: f'"{value}"',
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
    if edm_type == "Boolean":
        return "true" if value else "false"
    return f"{value}L" if edm_type == "Int64" else str(value)


def shaped(request: Request, value: str | dict[str, Any], status: int = 200) -> Answer:
    """An answer in the form that was asked for: JSON, or Atom without a word about it."""
    version = [("DataServiceVersion", "2.0;")]
    if not request.wants_json:
        return as_atom(status, json.loads(value) if isinstance(value, str) else value)
    if isinstance(value, str):
        return as_text(status, value, version)
    return as_json(status, value, version)


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
    return Answer(status, page.encode("utf-8", "replace"), [("Content-Type", ATOM_TYPE)])


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
