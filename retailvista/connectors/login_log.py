"""The log of logging in: authorise, token and refresh calls of connectors whose log is on.

Invariants: a code, a state, a token or a secret never stands in it, only that it was sent; with
the switch off nothing of it is stored. A log that cannot be written stops no login.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.connectors.models import Connector, RequestLog
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import Call, Reply, Wire

MASK = "•••"
SECRET_NAMES = frozenset(
    ("state", "code", "access_token", "refresh_token", "client_secret", "code_verifier", "password")
)
PATH_MAX, NOTE_MAX = 500, 300


class HeardWire:
    """A wire that remembers its calls, so that they are logged when their answers are safe."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.heard: list[tuple[Call, Reply]] = []

    def send(self, call: Call) -> Reply:
        """Send and remember."""
        reply = self._wire.send(call)
        self.heard.append((call, reply))
        return reply


def note_calls(
    outside: Outside, wire: HeardWire, *, connector_id: int = 0, grant_id: int = 0
) -> None:
    """Calls of a login, in the log of its connector; of a renewal, of every one that uses it."""
    whose = Connector.id == connector_id if connector_id else Connector.grant_id == grant_id
    with suppress(OperationalError), outside.sessions() as session, db.transaction(session):
        query = select(Connector).where(Connector.log_requests, Connector.deleted_at.is_(None))
        for connector in session.scalars(query.where(whose)).all():
            session.add_all(_answered(connector.id, call, reply) for call, reply in wire.heard)


def note_authorise(session: Session, connector: Connector, url: str) -> None:
    """A browser was sent to the provider. Inside the caller's transaction."""
    if connector.log_requests:
        session.add(_row(connector.id, "GET", masked(url), 302, db.now(session)))


def note_return(session: Session, connector: Connector, code: str, error: str) -> None:
    """A browser came back from the provider. Inside the caller's transaction."""
    if connector.log_requests:
        path = f"/oauth.ashx?provider={connector.number}&state={MASK}"
        path += f"&code={MASK}" if code else ""
        status = 200 if code and not error else 400
        session.add(_row(connector.id, "GET", path, status, db.now(session), note=error))


def masked(url: str) -> str:
    """Path and query of an address, without the values that are secret.

    >>> masked("https://start.exactonline.nl/api/oauth2/auth?client_id=a&state=s3cr3t")
    '/api/oauth2/auth?client_id=a&state=•••'
    """
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    return f"{parts.path}?{_joined(pairs)}" if pairs else parts.path


def _joined(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(
        f"{name}={MASK if name.lower() in SECRET_NAMES else value}" for name, value in pairs
    )


def _answered(connector_id: int, call: Call, reply: Reply) -> RequestLog:
    assert reply.requested_at is not None, "a wire says when it asked"
    assert reply.answered_at is not None, "a wire says when it answered"
    took = int((reply.answered_at - reply.requested_at).total_seconds() * 1000)
    fields = [*parse_qsl(call.body.decode("ascii", "replace"))] if call.secret_form else []
    fields += [(name, MASK) for name in call.secret_form]
    note = " ".join(part for part in (_joined(fields), reply.problem) if part)
    row = _row(connector_id, call.method, masked(call.url), reply.status, reply.requested_at, note)
    row.milliseconds = max(took, 0)
    return row


def _row(
    connector_id: int, method: str, path: str, status: int, at: datetime, note: str = ""
) -> RequestLog:
    return RequestLog(
        connector_id=connector_id,
        run_id=None,
        at=at,
        method=method,
        path=path[:PATH_MAX],
        status=status,
        milliseconds=0,
        note=note[:NOTE_MAX],
    )
