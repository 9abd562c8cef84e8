"""Reading records page by page: the sync feed, bulk, the regular list, and what was deleted.

Invariants: a page is one GET, whole or not there; the next page is asked for by the address Exact
gave, on the same origin only. The sync feed is filtered by rowversion alone; a list without a sync
form is asked by Modified from some time before the mark, since Exact writes local wall clock: in
October an hour comes twice, and clocks differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from retailvista.connectors.exact_online.catalogue import (
    BULK,
    REGULAR,
    SYNC,
    Endpoint,
)
from retailvista.connectors.exact_online.client import error_of, get, same_origin
from retailvista.connectors.exact_online.reading import read_json, read_rows, whole, words
from retailvista.connectors.exact_online.record_writing import fill, query_of
from retailvista.connectors.exact_online.urls import text
from retailvista.connectors.feed_marks import Deletion, Newest
from retailvista.connectors.port import Session, Wire
from retailvista.connectors.records import Asked, Page, RecordsSession, Row, Way
from retailvista.errors import Refused

# Exact: "CET and not GMT" (developer pages); recorded answers follow summer time.
ZONE = ZoneInfo("Europe/Amsterdam")
# The hour that October repeats, and a quarter for clocks that differ.
OVERLAP = timedelta(minutes=75)
FORMS = {Way.SYNC: SYNC, Way.DELETED: SYNC, Way.BULK: BULK}
DIVISIONS = "system/Divisions"
MOVES = "DivisionMoveDate"


def first(session: RecordsSession, endpoint: Endpoint, asked: Asked) -> str:
    """The address of the first page. Refused names what the address lacks."""
    form = FORMS.get(asked.way, REGULAR)
    path = {SYNC: endpoint.sync, BULK: endpoint.bulk, REGULAR: endpoint.regular}[form]
    if not path:
        raise Refused(f"{endpoint.entity.key} cannot be read by {asked.way.value}.")
    query = dict(asked.query)
    kept = query.pop("$filter", "")
    condition = _condition(endpoint, asked, kept)
    if condition:
        query["$filter"] = condition
    if "$select" not in query:
        query |= _selected(endpoint, asked, form)
    return _address(session, fill(path, asked.path), query, plus=asked.space_as_plus)


def page(wire: Wire, session: RecordsSession, asked: Asked, address: str) -> Page:
    """One page, by the address that `first` or the page before gave."""
    found, following, answered_at = _rows(wire, session, address)
    return Page(
        rows=tuple(found),
        next=following,
        mark=_mark(asked, found, answered_at),
        answered_at=answered_at,
    )


def count(wire: Wire, session: RecordsSession, endpoint: Endpoint, asked: Asked) -> int | None:
    """How many rows a way has, in one call; None when Exact does not say."""
    key = endpoint.entity.row_key[:1] or endpoint.names(REGULAR)[:1]
    query = {"$inlinecount": "allpages", "$top": "1", **asked.query}
    wanted = Asked(asked.entity, asked.way, asked.path, query, key)
    return _counted(wire, session, first(session, endpoint, wanted))[1]


def newest(wire: Wire, session: RecordsSession, endpoint: Endpoint) -> Newest | None:
    """How many rows a sync feed has and its highest rowversion; None when Exact does not say."""
    query = {"$inlinecount": "allpages", "$top": "1", "$orderby": "Timestamp desc"}
    key = endpoint.entity.row_key
    wanted = Asked(endpoint.entity.key, Way.SYNC, query=query, select=key)
    try:
        rows, told = _counted(wire, session, first(session, endpoint, wanted))
    except Refused as refused:
        if refused.http_status != 400:
            raise
        return None  # Exact says of $orderby that it "may disappear"
    if told is None:
        return None
    return Newest(told, max((whole(row.get("Timestamp")) for row in rows), default=0))


def _counted(wire: Wire, session: RecordsSession, address: str) -> tuple[Sequence[Row], int | None]:
    """Rows, and how many there are in all; None when the answer does not tell."""
    reply = get(wire, _session(session), address)
    value = read_json(reply) if reply.status == 200 else None
    if value is None:
        raise error_of(reply)
    content = value.get("d")
    if not isinstance(content, dict) or content.get("__count") is None:
        return (), None
    return (read_rows(value) or ((), ""))[0], whole(content["__count"])


def mark_of(wire: Wire, session: RecordsSession, endpoint: Endpoint, on: datetime) -> str:
    """The rowversion after which everything was changed since a moment; '' when Exact has none."""
    if not endpoint.stamp:
        return ""
    query = {
        "modified": f"datetime'{local(on).isoformat(timespec='seconds')}'",
        "endPoint": text(endpoint.stamp),
    }
    found, _, _ = _rows(wire, session, _address(session, "read/sync/Sync/SyncTimestamp", query))
    return words(found[0].get("TimeStampAsBigInt")) if found else ""


def moved(wire: Wire, session: RecordsSession) -> str:
    """When the division was moved last, as Exact writes it; '' when it never was or is not told."""
    query = {"$select": f"Code,{MOVES}", "$filter": f"Code eq {session.division}"}
    try:
        found, _, _ = _rows(wire, session, _address(session, DIVISIONS, query))
    except Refused as error:
        if error.http_status != 403:
            raise
        return ""
    return words(found[0].get(MOVES)) if found else ""


def deletion(row: Row) -> Deletion:
    """A row of the feed of deletions."""
    return Deletion(
        deleted_as=whole(row.get("EntityType")),
        key=words(row.get("EntityKey")).lower(),
        mark=words(row.get("Timestamp")),
    )


def _condition(endpoint: Endpoint, asked: Asked, kept: str) -> str:
    """What is asked for, joined with the filter of a person."""
    if asked.way.moves_by_page:
        if kept:
            raise Refused(f"The sync feed of {endpoint.entity.key} takes no filter of its own.")
        since = asked.since or "0"
        if not since.isdigit():
            raise Refused(f"{since!r} is no rowversion to go on from.")
        return f"Timestamp gt {since}L"
    if asked.way is Way.MODIFIED and asked.since:
        begin = datetime.fromisoformat(asked.since) - OVERLAP
        changed = f"Modified ge datetime'{begin.isoformat(timespec='seconds')}'"
        return f"({kept}) and {changed}" if kept else changed
    return kept or endpoint.entity.mandatory_filter


def _selected(endpoint: Endpoint, asked: Asked, form: str) -> Mapping[str, str]:
    """What is chosen, with what tells rows apart; else all that the form has."""
    names = endpoint.names(form)
    if asked.select:
        needed = {*endpoint.entity.row_key, *asked.select}
        needed |= {"Timestamp"} if form == SYNC else set()
        names = tuple(name for name in names if name in needed)
    if endpoint.is_function and not asked.select:
        return {}
    return {"$select": ",".join(names)}


def _address(
    session: RecordsSession, path: str, query: Mapping[str, str], *, plus: bool = False
) -> str:
    asked = query_of(query, space_as_plus=plus)
    # Beta endpoints have their word before the division.
    beta, rest = ("beta/", path[5:]) if path.startswith("beta/") else ("", path)
    address = f"{session.site}/api/v1/{beta}{session.division}/{rest}"
    return f"{address}?{asked}" if asked else address


def _rows(wire: Wire, session: RecordsSession, address: str) -> tuple[list[Row], str, datetime]:
    if not same_origin(address, session.site):
        raise Refused("Exact gave an address of another host for the next page.")
    reply = get(wire, _session(session), address)
    found = read_rows(read_json(reply) or {}) if reply.status == 200 else None
    if found is None:
        raise error_of(reply)
    assert reply.answered_at is not None, "a wire says when it answered"
    return found[0], found[1], reply.answered_at


def _mark(asked: Asked, rows: list[Row], answered_at: datetime) -> str:
    if asked.way.moves_by_page:
        highest = max((whole(row.get("Timestamp")) for row in rows), default=0)
        return str(max(highest, whole(asked.since)))
    if asked.way is Way.MODIFIED:
        return local(answered_at).isoformat(timespec="seconds")
    return ""


def local(on: datetime) -> datetime:
    """The wall clock that Exact shows."""
    return on.astimezone(ZONE).replace(tzinfo=None)


def _session(session: RecordsSession) -> Session:
    return Session(session.site, session.division, session.access_token)
