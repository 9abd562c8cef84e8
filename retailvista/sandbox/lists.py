"""GET in Exact's OData dialect: which rows, in which shape.

Invariant: pages follow the key (after `$orderby`), so following `__next` yields every row once.
The shape of a list depends on `$top`: not above the page size gives a bare array (recorded).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote
from weakref import WeakKeyDictionary

from retailvista.sandbox.answers import Refusal, Request
from retailvista.sandbox.endpoints import Endpoint
from retailvista.sandbox.query import column, parse_filter, parse_literals, parse_order
from retailvista.sandbox.rows import Shape, literal_of, stored_columns
from retailvista.sandbox.steady import WORTHWHILE_ROWS, Steady
from retailvista.sandbox.store import Store

EXPANDED_ROWS = 60
# What the pages of a store have in common; gone with it.
STEADY: WeakKeyDictionary[Store, Steady] = WeakKeyDictionary()
NO_SELECT = "Please add a $select or a $top=1 statement to the query string."
NO_FILTER = (
    "This endpoint has mandatory filtering applied. A GET request for this endpoint must have a "
    "$filter parameter with one of the following fields in the url:{fields}"
)


@dataclass(slots=True)
class Reach:
    """What the asker may see, and where the list hangs."""

    division: int
    # A condition with its parameters that every row meets.
    sql: str
    args: tuple[Any, ...] = ()
    empty: bool = False
    # The lines of one header, which no mandatory filter has to narrow.
    is_below: bool = False


@dataclass(slots=True)
class Query:
    """One list request, worked out."""

    endpoint: Endpoint
    request: Request
    where: list[str] = field(default_factory=list)
    args: list[Any] = field(default_factory=list)
    order: list[tuple[str, str, bool]] = field(default_factory=list)
    top: int | None = None
    skip: int = 0
    page: int | None = None

    @property
    def sql_where(self) -> str:
        return " AND ".join(self.where) or "1"


def read_list(store: Store, endpoint: Endpoint, request: Request, reach: Reach) -> str:
    """The JSON text of a list."""
    query = _worked_out(store, endpoint, request, reach)
    shape = Shape(store, endpoint, request)
    count = None
    if request.query.get("$inlinecount") == "allpages":
        count = 0 if reach.empty else _count(store, query)
    rows = [] if reach.empty else _fetch(store, query, shape)
    texts = shape.texts(rows, _expanded(store, rows, shape, request))
    bare = query.top is not None and query.page is not None and query.top <= query.page
    if count is None and bare:
        return _page('{"d":[', texts, "]}")
    counted = "" if count is None else f'"__count":"{count}",'
    following = _next_link(query, shape, rows)
    link = f',"__next":{json.dumps(following)}' if following else ""
    if endpoint.kind == "bulk" and store.setting("bulk_next", reach.division) == "outside":
        return _page('{"d":[', texts, f"]{link}}}")
    return _page(f'{{"d":{{{counted}"results":[', texts, f"]{link}}}}}")


def _page(head: str, texts: list[str], tail: str) -> str:
    """A page of a sync service is two megabytes: it is put together once, not piece by piece."""
    whole = list(texts) or [""]
    whole[0] = head + whole[0]
    whole[-1] += tail
    return ",".join(whole)


def count_rows(store: Store, endpoint: Endpoint, request: Request, reach: Reach) -> int:
    """The answer of `/$count`."""
    return 0 if reach.empty else _count(store, _worked_out(store, endpoint, request, reach))


def read_one(
    store: Store, endpoint: Endpoint, request: Request, reach: Reach, key: str
) -> tuple[str, str] | None:
    """The address and the JSON text of the row of a key, or None."""
    values = parse_literals(key)
    if len(values) != len(endpoint.key):
        raise Refusal(400, "Error processing request stream. Malformed key.")
    shape, stored = Shape(store, endpoint, request), stored_columns(store, endpoint.table)
    where = [reach.sql, *(f"{column(endpoint, name, stored)} = ?" for name in endpoint.key)]
    if endpoint.where:
        where.append(endpoint.where)
    # What a client selects is looked up in the metadata: only its own names get here.
    sql = f"SELECT {shape.columns} FROM {endpoint.table} WHERE {' AND '.join(where)}"  # noqa: S608
    row = None if reach.empty else store.row(sql, *reach.args, *values)
    if row is None:
        return None
    text = shape.texts([row], _expanded(store, [row], shape, request))[0]
    return shape.uri(row), f'{{"d":{text}}}'


def _worked_out(store: Store, endpoint: Endpoint, request: Request, reach: Reach) -> Query:
    options, stored = request.query, stored_columns(store, endpoint.table)
    query = Query(endpoint, request, [reach.sql], list(reach.args))
    if endpoint.where:
        query.where.append(endpoint.where)
    used: set[str] = set()
    if options.get("$filter"):
        piece, used = parse_filter(endpoint, options["$filter"], stored)
        query.where.append(piece.sql)
        query.args += piece.args
    if not reach.is_below:
        _mandatory(store, endpoint, request, used)
    query.order = parse_order(endpoint, options.get("$orderby", ""), stored)
    named = {name for name, _, _ in query.order}
    for name in endpoint.key:
        if name not in named:
            query.order.append((name, column(endpoint, name, stored), False))
    query.top = _whole(options, "$top")
    query.skip = _whole(options, "$skip") or 0
    if "$skip" in options and store.setting("skip_option", reach.division) == "refused":
        raise Refusal(400, "Query option '$skip' is not supported.")
    sync = store.setting("page_rows_sync")
    query.page = None if endpoint.page is None else store.setting("page_rows")
    if endpoint.page == 1000:
        query.page = sync
    return query


def _mandatory(store: Store, endpoint: Endpoint, request: Request, used: set[str]) -> None:
    options, asked = request.query, store.setting("mandatory_filter", client_id=request.client_id)
    wanted = sorted(endpoint.mandatory_filter, key=str.lower) if asked else []
    if wanted and not used & set(wanted):
        raise Refusal(400, NO_FILTER.format(fields=",".join(wanted)))
    if endpoint.sync and used - {"Timestamp"}:
        raise Refusal(400, "Only the property 'Timestamp' can be filtered on this endpoint.")
    select = options.get("$select", "")
    counted = request.path.endswith("/$count")
    unselected = not select and options.get("$top") != "1" and not counted
    if unselected and (store.setting("mandatory_select") or _bulk_select(store, endpoint)):
        raise Refusal(400, NO_SELECT)
    if endpoint.no_star and "*" in select:
        raise Refusal(400, "$select=* is not supported on this endpoint.")


def _bulk_select(store: Store, endpoint: Endpoint) -> bool:
    """The bulk services want `$select` (Exact's page on the types of API)."""
    return endpoint.kind == "bulk" and bool(store.setting("bulk_select"))


def _whole(options: dict[str, str], name: str) -> int | None:
    text = options.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refusal(400, f"Incorrect format for {name} argument '{text}'.")
    return int(text)


def _count(store: Store, query: Query) -> int:
    # The filter was compiled: names of the metadata, and every value is bound.
    sql = f"SELECT count(*) FROM {query.endpoint.table} WHERE {query.sql_where}"  # noqa: S608
    found = store.row(sql, *query.args)
    assert found is not None
    return int(found[0])


def _fetch(store: Store, query: Query, shape: Shape) -> list[tuple[Any, ...]]:
    where, args = list(query.where), list(query.args)
    token = query.request.query.get("$skiptoken")
    if token:
        after, values = _after(query, parse_literals(token))
        # First, so that SQLite seeks by it and not by a `Timestamp gt 1` of the filter.
        where.insert(0, after)
        args = [*values, *args]
    order = ", ".join(f"{sql} {'DESC' if down else 'ASC'}" for _, sql, down in query.order)
    marks = ", ".join(sql for _, sql, _ in query.order)
    rest = f"FROM {query.endpoint.table} WHERE {' AND '.join(where)} ORDER BY {order}"
    sizes = [size for size in (query.page, query.top) if size is not None]
    rest += f" LIMIT {min(sizes) if sizes else -1} OFFSET {query.skip}"
    if shape.is_record or not sizes or min(sizes) < WORTHWHILE_ROWS:
        return store.rows(f"SELECT {shape.columns}, {marks} {rest}", *args)
    rows, shared = STEADY.setdefault(store, Steady()).read(store, shape, marks, rest, args)
    shape.share(shared)
    return rows


def _after(query: Query, values: list[Any]) -> tuple[str, list[Any]]:
    """The condition 'later than this row' over all order terms, NULL being the smallest."""
    if len(values) != len(query.order):
        raise Refusal(400, "Error processing request stream. Malformed $skiptoken.")
    sql, args = "0", list[Any]()
    for (_, term, down), value in reversed(list(zip(query.order, values, strict=True))):
        if value is None:
            later = "0" if down else f"{term} IS NOT NULL"
            sql = f"({later} OR ({term} IS NULL AND {sql}))"
        else:
            later = f"({term} < ? OR {term} IS NULL)" if down else f"{term} > ?"
            sql = f"({later} OR ({term} = ? AND {sql}))"
            args = [value, value, *args]
    if len(query.order) == 1 and values[0] is not None and not query.order[0][2]:
        # The common case in a form that an index serves.
        return f"{query.order[0][1]} > ?", [values[0]]
    return sql, args


def _next_link(query: Query, shape: Shape, rows: list[tuple[Any, ...]]) -> str | None:
    """The address of the next page; a page that is just full has one, leading to an empty page."""
    if query.page is None or len(rows) < query.page:
        return None
    left = None if query.top is None else query.top - len(rows)
    if left == 0:
        return None
    _, _, text = query.request.target.partition("?")
    options = [
        (name, value)
        for name, value in parse_qsl(text, keep_blank_values=True)
        if name not in ("$top", "$skiptoken", "$skip")
    ]
    if left is not None:
        options.append(("$top", str(left)))
    parts = [f"{name}={quote(value, safe=QUIET)}" for name, value in options]
    marks = rows[-1][len(shape.names) : len(shape.names) + len(query.order)]
    token = ",".join(
        literal_of(query.endpoint.props[name].type, value)
        for (name, _, _), value in zip(query.order, marks, strict=True)
    )
    parts.append(f"$skiptoken={token}")
    path = quote(query.request.path, safe="/$()',=")
    return f"{query.request.base}{path}?{'&'.join(parts)}"


def _expanded(
    store: Store, rows: list[tuple[Any, ...]], shape: Shape, request: Request
) -> dict[str, list[str]]:
    """The texts of the collections that `$expand` asks for."""
    found: dict[str, list[str]] = {}
    for name in filter(None, request.query.get("$expand", "").split(",")):
        if name not in shape.children:
            raise Refusal(400, f"No property '{name}' exists in '{shape.endpoint.type_name}'.")
        below = shape.below(name, shape.children[name])
        found[name] = [
            _lines_of(store, below, parent, f"{shape.root}(guid'{parent}')/{name}")
            for parent in shape.parents(rows)
        ]
    return found


def _lines_of(store: Store, below: Shape, parent: str, uri: str) -> str:
    """The first 60 lines; where there are more, `__next` leads to the list of lines."""
    child = below.endpoint
    number = column(child, "LineNumber", stored_columns(store, child.table))
    rows = store.rows(
        # What a client selects is looked up in the metadata: only its own names get here.
        f"SELECT {below.columns} FROM {child.table} WHERE {parent_column(child)} = ? "  # noqa: S608
        f"AND {child.where or '1'} ORDER BY {number} LIMIT {EXPANDED_ROWS + 1}",
        parent,
    )
    found = f'"results":[{",".join(below.texts(rows[:EXPANDED_ROWS], {}))}]'
    if len(rows) > EXPANDED_ROWS:
        last = below.parents([rows[EXPANDED_ROWS - 1]])[0]
        address = f"{uri}?$orderby=LineNumber&$skiptoken={EXPANDED_ROWS},guid'{last}'"
        found += f',"__next":{json.dumps(address)}'
    return f"{{{found}}}"


def parent_column(child: Endpoint) -> str:
    """Where a line keeps the key of its header."""
    return "parent" if child.table == "record" else "EntryID"


QUIET = "'(),/*$:"
