"""Calls to Sage: headers, paging, and what went wrong as one of our errors.

Invariants: X-Business goes with every call that is about a business; a list counts only when each
page was 200 with a list in it and all rows that were announced came; nothing is repeated here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from retailvista.connectors.port import Call, Reply, Sending, Session, TokenRefused, Wire
from retailvista.connectors.sage_accounting import urls
from retailvista.connectors.sage_accounting.limits import throttled_until
from retailvista.connectors.sage_accounting.reading import Row, read_object, said_in
from retailvista.errors import Later, Refused
from retailvista.vault import Secret

GET_SECONDS = 60.0
# Long enough for any answer; the lease of an export is longer.
POST_SECONDS = 130.0
PAGES_MAX = 500
NETWORK_PAUSE = timedelta(minutes=1)
BUSY_PAUSE = timedelta(minutes=5)
CHANGED = "the list changed while it was read"


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of a list; or the reply that broke it off, or why it cannot be believed."""

    rows: list[Row] = field(default_factory=list)
    broken: Reply | None = None
    problem: str = ""
    answered_at: datetime | None = None


def call(
    wire: Wire,
    session: Session,
    method: str,
    url: str,
    business: str,
    body: bytes = b"",
) -> Reply:
    """One call with the access token."""
    headers = {"Accept": "application/json"}
    if body:
        headers["Content-Type"] = "application/json"
    if business:
        headers["X-Business"] = business
    token = Secret(f"Bearer {session.access_token.reveal()}")
    return wire.send(
        Call(
            method=method,
            url=url,
            headers=headers,
            body=body,
            deadline_seconds=POST_SECONDS if method == "POST" else GET_SECONDS,
            secret_headers={"Authorization": token},
        )
    )


def read_list(wire: Wire, session: Session, business: str, path: str, **query: str | int) -> Rows:
    """Every page of a list. Never raises for what Sage answers."""
    rows: dict[str, Row] = {}
    total: object = None
    for number in range(1, PAGES_MAX + 1):
        url = urls.of(session.site, path, items_per_page=urls.PAGE_ROWS, page=number, **query)
        reply = call(wire, session, "GET", url, business)
        page = read_object(reply) if reply.status == 200 else {}
        items = page.get("$items")
        if not isinstance(items, list) or not all(isinstance(row, dict) for row in items):
            return Rows(broken=reply)
        if total not in (None, page.get("$total")):
            return Rows(problem=CHANGED)
        total = page.get("$total")
        rows |= {str(row.get("id")): row for row in items}
        if not page.get("$next"):
            whole = total == len(rows)
            return Rows(
                list(rows.values()),
                problem="" if whole else CHANGED,
                answered_at=reply.answered_at,
            )
    return Rows(problem=f"more than {PAGES_MAX} pages")


def rows_of(
    wire: Wire, session: Session, business: str, path: str, **query: str | int
) -> list[Row]:
    """Every row of a list, or one of the four errors."""
    found = read_list(wire, session, business, path, **query)
    if found.broken is not None:
        raise error_of(found.broken)
    if found.problem:
        raise Refused(f"Sage's list of {path} could not be read: {found.problem}.")
    return found.rows


def object_of(wire: Wire, session: Session, business: str, path: str) -> tuple[Row, datetime]:
    """One object and when it was answered, or one of the four errors."""
    reply = call(wire, session, "GET", urls.of(session.site, path), business)
    found = read_object(reply) if reply.status == 200 else {}
    if not found or reply.answered_at is None:
        raise error_of(reply)
    return found, reply.answered_at


def error_of(reply: Reply) -> Later | Refused | TokenRefused:
    """Why a call brought nothing, as an error that says who moves next."""
    said, status = said_in(reply), reply.status
    if reply.sending is not Sending.ANSWERED:
        until = after(reply, NETWORK_PAUSE)
        return Later("Sage cannot be reached.", not_before=until, said=reply.problem)
    match status:
        case 401:
            return TokenRefused("Sage refused the access token.", said=said, http_status=status)
        case 403:
            return Refused("This login has no access in Sage.", said=said, http_status=status)
        case 400 | 404 | 405 | 415 | 422:
            return Refused("Sage does not take this request.", said=said, http_status=status)
        case 429:
            until = throttled_until(reply) or after(reply, NETWORK_PAUSE)
            text = "The limit of calls is reached."
            return Later(text, not_before=until, said=said, http_status=status)
        case _:
            until = after(reply, BUSY_PAUSE)
            text = "Sage cannot answer now."
            return Later(text, not_before=until, said=said, http_status=status)


def after(reply: Reply, pause: timedelta) -> datetime:
    """The moment of the answer plus a pause."""
    assert reply.answered_at is not None, "a wire says when it answered"
    return reply.answered_at + pause
