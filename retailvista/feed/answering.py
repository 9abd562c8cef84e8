"""A request to a feed becomes an answer: the service document, metadata, rows, a count, a value.

OData 4.01 Part 1, chapter 11. Everything that can be refused is refused before the first byte;
what fails later breaks the connection, so that no short list looks like a whole one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from retailvista.errors import Later
from retailvista.feed import csdl, edm, jsonform, negotiating, options, resources
from retailvista.feed.failures import FeedError, NotThere, WrongMethod
from retailvista.feed.listing import Listing, entity_of, relatives_filter
from retailvista.feed.model import EntitySet, Model
from retailvista.feed.negotiating import JSON, TEXT, XML, Format
from retailvista.feed.options import Options
from retailvista.feed.resources import Resource, resource_of
from retailvista.feed.sources import Shelf

READS = ("GET", "HEAD")
FRESH = "RetailVista-Fresh-As-Of"
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: the path below the root, the query as sent, headers, and the root's address."""

    path: str
    query: str
    root: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)


def always(_table: EntitySet) -> datetime | None:
    """Rows are as they are at this moment."""
    return None


@dataclass(frozen=True, slots=True)
class Offered:
    """What this person may read of this feed, and the present time.

    `fresh_as_of`: when the copy that a table is served from was brought up to date.
    """

    model: Model
    shelf: Shelf
    now: datetime
    fresh_as_of: Callable[[EntitySet], datetime | None] = always


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and the body in pieces."""

    status: int
    headers: dict[str, str]
    body: Iterator[bytes]


def answer(asked: Asked, offered: Offered) -> Answer:
    """The answer. Errors of the feed become their own answers; others pass."""
    version = negotiating.V40
    try:
        version = negotiating.version_of(asked.headers)
        return _answer(asked, offered, version)
    except FeedError as error:
        return failed(error.status, error.code, str(error), error.target, version)
    except Later as later:
        found = failed(503, "ServiceUnavailable", str(later), version=version)
        return replace(found, headers=found.headers | _retry_after(later, offered.now))


def _retry_after(later: Later, now: datetime) -> dict[str, str]:
    """Whole seconds, rounded up, so that asking again then is not too early."""
    seconds = -((now - later.not_before) // SECOND)
    return {"Retry-After": str(max(seconds, 1))}


def failed(status: int, code: str, message: str, target: str = "", version: str = "4.0") -> Answer:
    """An error as JSON (JSON Format 4.01, 21)."""
    error = {"code": code, "message": message} | ({"target": target} if target else {})
    form = Format(version=version)
    body = json.dumps({"error": error}, ensure_ascii=False).encode()
    headers = {"Allow": ", ".join(READS)} if status == WrongMethod.status else {}
    return _whole(status, form, body, headers)


def _whole(
    status: int, form: Format, body: bytes, headers: Mapping[str, str] | None = None
) -> Answer:
    named = {"OData-Version": form.version, "Content-Type": form.content_type}
    length = {"Content-Length": str(len(body))}
    return Answer(status, {**named, **length, **(headers or {})}, iter([body]))


def _answer(asked: Asked, offered: Offered, version: str) -> Answer:
    negotiating.check_isolation(asked.headers)
    if asked.method not in READS:
        resources.check_offered(asked.path)
        raise WrongMethod("A feed is for reading.")
    found = options.from_address(asked.query)
    path = asked.path.strip("/")
    if path == "":
        return _service_document(asked, offered, found, version)
    if path == "$metadata":
        found.only("format")
        form = _format(XML, asked, found, version)
        return _whole(200, form, csdl.document(offered.model, version, offered.fresh_as_of))
    resource = resource_of(path, offered.model, found.aliases)
    return _kind(resource)(_Context(asked, offered, found, version), resource)


def _format(media: str, asked: Asked, found: Options, version: str) -> Format:
    accept = asked.headers.get("Accept", "")
    return negotiating.negotiated(media, accept, found.text("format"), version)


def _service_document(asked: Asked, offered: Offered, found: Options, version: str) -> Answer:
    found.only("format")
    form = _format(JSON, asked, found, version)
    sets = [{"name": s.name, "kind": "EntitySet", "url": s.name} for s in offered.model.sets]
    context = {} if form.metadata == "none" else {f"{form.sign}context": f"{asked.root}/$metadata"}
    return _whole(200, form, json.dumps({**context, "value": sets}).encode())


@dataclass(frozen=True, slots=True)
class _Context:
    asked: Asked
    offered: Offered
    options: Options
    version: str

    def format(self, media: str) -> Format:
        return _format(media, self.asked, self.options, self.version)

    def listing(self, resource: Resource) -> Listing:
        offered = self.offered
        way = relatives_filter(resource, offered.model, offered.shelf)
        return Listing(resource.table, offered.model, offered.shelf, offered.now, self.options, way)

    def fresh(self, table: EntitySet) -> dict[str, str]:
        """The header that says how fresh a copy is; none for what is live."""
        at = self.offered.fresh_as_of(table)
        return {FRESH: edm.instant_text(at)} if at is not None else {}

    def context_of(self, place: str) -> str:
        return f"{self.asked.root}/$metadata#{place}"


def _kind(resource: Resource) -> Callable[[_Context, Resource], Answer]:
    if resource.column is not None:
        return _property
    if resource.ending == "$count":
        return _count
    return _entity if resource.is_row else _collection


def _collection(here: _Context, resource: Resource) -> Answer:
    here.options.only(
        "filter", "orderby", "select", "expand", "top", "skip", "count", "format", "skiptoken"
    )
    form = here.format(JSON)
    listing = here.listing(resource)
    size, applied = negotiating.page_size_of(
        here.asked.headers.get("Prefer", ""), listing.usual_page, listing.largest_page
    )
    context = here.context_of(resource.table.name + jsonform.select_list(listing.shape, form))
    count = listing.count() if here.options.yes("count") else None
    page = listing.page(size)
    address = f"{here.asked.root}/{here.asked.path.strip('/')}"

    def next_link() -> str:
        return listing.next_link(address, here.asked.query)

    writer = jsonform.RowWriter.of(listing.shape, form)
    fresh = here.fresh(resource.table)
    headers = {"OData-Version": form.version, "Content-Type": form.content_type, **fresh}
    if applied:
        headers["Preference-Applied"] = applied
    body = jsonform.collection(writer, page, context, count, next_link, fresh.get(FRESH, ""))
    return Answer(200, headers, body)


def _count(here: _Context, resource: Resource) -> Answer:
    # What changes no number is left alone (OData 4.01 Part 1, 11.2.10).
    here.options.only("filter", "format", "orderby", "select", "expand", "top", "skip", "count")
    form = here.format(TEXT)
    many = here.listing(resource).count()
    return _whole(200, form, str(many).encode(), here.fresh(resource.table))


def _entity(here: _Context, resource: Resource) -> Answer:
    here.options.only("select", "expand", "format")
    form = here.format(JSON)
    listing = here.listing(resource)
    row = entity_of(listing, resource)
    if row is None:
        return Answer(204, {"OData-Version": form.version}, iter(()))
    context = here.context_of(
        f"{resource.table.name}{jsonform.select_list(listing.shape, form)}/$entity"
    )
    writer = jsonform.RowWriter.of(listing.shape, form)
    shown = "" if form.metadata == "none" else context
    return _whole(200, form, writer.write_whole(row, shown).encode(), here.fresh(resource.table))


def _property(here: _Context, resource: Resource) -> Answer:
    here.options.only("format")
    column = resource.column
    assert column is not None, "chosen by _kind"
    raw = resource.ending == "$value"
    form = here.format(TEXT if raw else JSON)
    listing = here.listing(resource)
    row = entity_of(listing, resource)
    if row is None:
        raise NotThere("There is no such row.")
    value = row[column.name]
    if value is None:
        return Answer(204, {"OData-Version": form.version}, iter(()))
    if raw:
        return _whole(200, form, edm.text_of(value).encode())
    written = jsonform.value_writer(column.type, form)(value)
    place = f"{jsonform.key_text(resource.table, row)}/{column.name}"
    context = f'"{form.sign}context":{jsonform.text(here.context_of(place))},'
    lead = "" if form.metadata == "none" else context
    return _whole(200, form, f'{{{lead}"value":{written}}}'.encode())
