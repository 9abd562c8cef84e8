"""The wire of a visit: charges each call to the lane, learns from each answer, writes the log.

Invariant: a call is charged before it is sent; what the answer says about limits, and that the
login works, is stored before the answer is handed on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import update
from sqlalchemy.orm import Session as DatabaseSession

from retailvista import db
from retailvista.connectors import lanes
from retailvista.connectors.expiry import valid_until
from retailvista.connectors.lanes import LaneLease, Need, Seen
from retailvista.connectors.models import Grant, RequestLog
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import Call, Limits, Provider, Reply, Sending, Wire

PATH_MAX = 500
NOTE_MAX = 300


@dataclass(frozen=True, slots=True)
class Account:
    """To whom calls are charged and logged."""

    connector_id: int
    grant_id: int
    provider: Provider
    posting: bool
    log_requests: bool
    run_id: int | None = None


class BoundedWire:
    """A wire that stops after so many seconds in all; for web threads, which must not hang."""

    def __init__(self, wire: Wire, stopwatch: Callable[[], float], seconds: int) -> None:
        self._wire = wire
        self._stopwatch = stopwatch
        self._end = stopwatch() + seconds

    def send(self, call: Call) -> Reply:
        """Send with what is left of the time."""
        left = max(self._end - self._stopwatch(), 0.1)
        return self._wire.send(replace(call, deadline_seconds=min(call.deadline_seconds, left)))


class MeteredWire:
    """port.Wire over the wire of the outside, for one visit."""

    def __init__(
        self, outside: Outside, account: Account, lease: LaneLease, reserved: int, wire: Wire
    ) -> None:
        self._outside = outside
        self._account = account
        self._lease = lease
        self._wire = wire
        self._cleared = {account.provider.posting_endpoint} if account.posting else set()
        self.reserved = reserved
        self.calls = 0
        self.stopped_until: datetime | None = None
        self.session: DatabaseSession = outside.sessions()

    def reserve(self, calls: int) -> None:
        """Have at least this many calls charged ahead. Later when they do not fit."""
        if self.reserved >= calls:
            return
        more = calls - self.reserved
        lanes.charge(self.session, self._lease, self._need(more, ""))
        self.reserved += more

    def send(self, call: Call) -> Reply:
        """Charge, send once, learn."""
        provider = self._account.provider
        endpoint = provider.endpoint_of(call.url)
        if self.reserved and endpoint in self._cleared:
            self.reserved -= 1
        else:
            lanes.charge(self.session, self._lease, self._need(1, endpoint))
            self._cleared.add(endpoint)
        started = self._outside.clock.monotonic()
        reply = self._wire.send(call)
        self.calls += 1
        if reply.status in provider.budget.counted_errors:
            self._cleared.discard(endpoint)
        elapsed = int((self._outside.clock.monotonic() - started) * 1000)
        self._remember(call, reply, endpoint, elapsed)
        return reply

    def close(self) -> None:
        """Give the lane and what was not used of it back."""
        try:
            lanes.give_back(self.session, self._lease, self.reserved)
        finally:
            self.session.close()

    def _need(self, calls: int, endpoint: str) -> Need:
        account = self._account
        return Need(account.provider.budget, calls, posting=account.posting, endpoint=endpoint)

    def _remember(self, call: Call, reply: Reply, endpoint: str, milliseconds: int) -> None:
        answered = reply.sending is Sending.ANSWERED
        provider = self._account.provider
        with db.transaction(self.session):
            seen = Seen(
                status=reply.status,
                endpoint=endpoint,
                limits=provider.read_limits(reply) if answered else Limits(),
                throttled_until=provider.throttled_until(reply) if answered else None,
            )
            noted = lanes.note(
                self.session, self._lease, seen, provider.budget, self._ahead(reply, endpoint)
            )
            self.stopped_until = noted.stopped_until
            if 200 <= reply.status < 300:
                self._prolong(reply)
            if self._account.log_requests:
                self.session.add(self._log(call, reply, milliseconds))
        self.reserved += noted.charged

    def _ahead(self, reply: Reply, endpoint: str) -> Need | None:
        """After a posting comes a posting: its call is charged in the same transaction.

        Not more than one, since it may be sent in a later minute than it was charged in.
        """
        posting = self._account.posting and endpoint == self._account.provider.posting_endpoint
        if posting and not self.reserved and 200 <= reply.status < 300:
            return self._need(1, endpoint)
        return None

    def _prolong(self, reply: Reply) -> None:
        """Every successful communication moves the valid-until date of the login."""
        assert reply.answered_at is not None
        life = self._account.provider.authorizer.grant_life
        self.session.execute(
            update(Grant)
            .where(Grant.id == self._account.grant_id, Grant.login_needed_at.is_(None))
            .values(
                last_success_at=reply.answered_at, valid_until=valid_until(reply.answered_at, life)
            ),
            execution_options={"synchronize_session": False},
        )

    def _log(self, call: Call, reply: Reply, milliseconds: int) -> RequestLog:
        parts = urlsplit(call.url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return RequestLog(
            connector_id=self._account.connector_id,
            run_id=self._account.run_id,
            at=reply.requested_at or self._outside.clock.now(),
            method=call.method,
            path=path[:PATH_MAX],
            status=reply.status,
            milliseconds=milliseconds,
            note=(reply.problem or reply.headers.get("reason", ""))[:NOTE_MAX],
        )
