"""GETs to Exact: headers, paging, and what went wrong as one of our errors.

Invariants: `__next` is followed only on the same origin; a list counts only as 200 with JSON and
a list in it; a GET is never repeated here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from retailvista.connectors.exact_online.answers import words_of
from retailvista.connectors.exact_online.limits import throttled_until
from retailvista.connectors.exact_online.reading import Row, read_json, read_rows
from retailvista.connectors.port import Call, Reply, Sending, Session, TokenRefused, Wire
from retailvista.errors import Later, Refused
from retailvista.vault import Secret

GET_SECONDS = 60.0
PAGES_MAX = 200
NETWORK_PAUSE = timedelta(minutes=1)
BUSY_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of a list, or the reply that broke it off (`broken`)."""

    rows: list[Row] = field(default_factory=list)
    broken: Reply | None = None
    answered_at: datetime | None = None


def get(wire: Wire, session: Session, url: str) -> Reply:
    """One GET with the access token."""
    return wire.send(
        Call(
            method="GET",
            url=url,
            headers={"Accept": "application/json"},
            deadline_seconds=GET_SECONDS,
            secret_headers={"Authorization": bearer(session)},
        )
    )


def bearer(session: Session) -> Secret:
    """The value of the Authorization header."""
    return Secret(f"Bearer {session.access_token.reveal()}")


def read_list(wire: Wire, session: Session, url: str) -> Rows:
    """Every page of a list. Never raises for what Exact answers."""
    rows: list[Row] = []
    pages = 0
    answered_at = None
    while url:
        reply = get(wire, session, url)
        page = read_rows(read_json(reply) or {}) if reply.status == 200 else None
        pages += 1
        answered_at = reply.answered_at
        if page is None or pages > PAGES_MAX:
            return Rows(broken=reply)
        rows += page[0]
        url = page[1]
        if url and not same_origin(url, session.site):
            return Rows(broken=reply)
    return Rows(rows, answered_at=answered_at)


def rows_of(wire: Wire, session: Session, url: str) -> list[Row]:
    """Every row of a list, or one of the four errors."""
    return whole_list(wire, session, url).rows


def whole_list(wire: Wire, session: Session, url: str) -> Rows:
    """The same with the moment of the last answer."""
    found = read_list(wire, session, url)
    if found.broken is not None:
        raise error_of(found.broken)
    return found


def same_origin(url: str, site: str) -> bool:
    """Scheme, host and port equal, and no user name in it."""
    one, other = urlsplit(url), urlsplit(site)
    return (
        (one.scheme, one.hostname, one.port) == (other.scheme, other.hostname, other.port)
        and one.username is None
        and one.password is None
    )


def error_of(reply: Reply) -> Later | Refused | TokenRefused:
    """Why a GET brought nothing, as an error that says who moves next."""
    said, status = words_of(reply), reply.status
    if reply.sending is not Sending.ANSWERED:
        return Later(
            "Exact Online cannot be reached.",
            not_before=after(reply, NETWORK_PAUSE),
            said=reply.problem,
        )
    match status:
        case 401:
            return TokenRefused("Exact refused the access token.", said=said, http_status=status)
        case 400 | 404:
            return Refused("Exact does not know this request.", said=said, http_status=status)
        case 403:
            return Refused("This login has no access in Exact.", said=said, http_status=status)
        case 429:
            until = throttled_until(reply) or after(reply, NETWORK_PAUSE)
            return Later(
                "The limit of calls is reached.", not_before=until, said=said, http_status=status
            )
        case _:
            return Later(
                "Exact Online cannot answer now.",
                not_before=after(reply, BUSY_PAUSE),
                said=said,
                http_status=status,
            )


def after(reply: Reply, pause: timedelta) -> datetime:
    """The moment of the answer plus a pause."""
    assert reply.answered_at is not None, "a wire says when it answered"
    return reply.answered_at + pause
