"""The wire of a visit: charges each call to the lane, learns from each answer, writes the log.

Invariant: a call is charged before it is sent. What the answer says about limits, and that the
login works, is stored before the answer is handed on; only what a posting taught that went well
may be stored in one transaction with its outcome, in any case before the next call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import bindparam, insert, update
from sqlalchemy.orm import Session as DatabaseSession

from retailvista import db
from retailvista.companies.scope import scoped_company_id
from retailvista.compiled import Write
from retailvista.connectors import hand_tokens, lanes
from retailvista.connectors.expiry import valid_until
from retailvista.connectors.lanes import LaneLease, Need, Seen
from retailvista.connectors.models import Grant, RequestLog
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import Call, Limits, Provider, Reply, Sending, Wire
from retailvista.plain import plain_transaction
from retailvista.runs.working import present_run

PATH_MAX = 500
# A login lives for days: within a visit its date moves on once a minute, not with every call.
PROLONG_AGAIN = timedelta(minutes=1)
NOTE_MAX = 300
_GRANT = db.table_of(Grant)
# Built once: both follow every call.
_PROLONG = Write(
    update(_GRANT).where(
        _GRANT.c.company_id == bindparam("of_company"),
        _GRANT.c.id == bindparam("of_grant"),
        _GRANT.c.login_needed_at.is_(None),
    )
)
_LOG = Write(insert(db.table_of(RequestLog)))


@dataclass(frozen=True, slots=True)
class Account:
    """To whom calls are charged and logged."""

    connector_id: int
    grant_id: int
    provider: Provider
    posting: bool
    log_requests: bool
    run_id: int | None = None
    # An access token that somebody entered and nothing renews.
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Lesson:
    """A call that was answered, or not, and what is not written down of it yet."""

    call: Call
    reply: Reply
    endpoint: str
    milliseconds: int


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
        self._owed: Lesson | None = None
        self._prolonged_at: datetime | None = None
        self.reserved = reserved
        self.calls = 0
        self.stopped_until: datetime | None = None
        self.session: DatabaseSession = outside.sessions()
        run = present_run()
        self._run_id = account.run_id or (run.run_id if run else None)

    def reserve(self, calls: int) -> None:
        """Have at least this many calls charged ahead. Later when they do not fit."""
        self._write_down()
        if self.reserved >= calls:
            return
        more = calls - self.reserved
        lanes.charge(self.session, self._lease, self._need(more, ""))
        self.reserved += more

    def send(self, call: Call) -> Reply:
        """Charge, send once, learn."""
        self._write_down()
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
        self._owed = Lesson(call, reply, endpoint, elapsed)
        if not self._may_wait(self._owed):
            self._write_down()
        return reply

    def holds_lane(self, session: DatabaseSession) -> bool:
        """Whether we are still the one sender; the lane's row is locked with it."""
        return lanes.is_held(session, self._lease)

    @contextmanager
    def learning(self, session: DatabaseSession, *, plain: bool = False) -> Iterator[datetime]:
        """The caller's transaction, which also writes down what the last answer taught; `plain`
        when the caller has compiled statements only.

        After a posting comes a posting: its call is charged in the same transaction. Gives the
        database's time.
        """
        owed, reserved, prolonged_at = self._owed, self.reserved, self._prolonged_at
        try:
            with (plain_transaction if plain else db.transaction)(session):
                yield db.now(session) if owed is None else self._learn(session, owed)
        except BaseException:
            self.reserved, self._prolonged_at = reserved, prolonged_at
            raise
        self._owed = None

    def close(self) -> None:
        """Give the lane and what was not used of it back."""
        try:
            self._write_down()
            lanes.give_back(self.session, self._lease, self.reserved)
        finally:
            self.session.close()

    def _need(self, calls: int, endpoint: str) -> Need:
        account = self._account
        return Need(account.provider.budget, calls, posting=account.posting, endpoint=endpoint)

    def _write_down(self) -> None:
        if self._owed is not None:
            with self.learning(self.session):
                pass

    def _may_wait(self, lesson: Lesson) -> bool:
        """A posting that went well: what it taught is written with what it came to."""
        posting = self._account.posting and lesson.call.method == "POST"
        booked = lesson.endpoint == self._account.provider.posting_endpoint
        return posting and booked and _went_well(lesson.reply)

    def _learn(self, session: DatabaseSession, lesson: Lesson) -> datetime:
        """Write it down, and charge the next call if it will come.

        Not more than one, since it may be sent in a later minute than it was charged in.
        """
        reply, provider = lesson.reply, self._account.provider
        answered = reply.sending is Sending.ANSWERED
        seen = Seen(
            status=reply.status,
            endpoint=lesson.endpoint,
            limits=provider.read_limits(reply) if answered else Limits(),
            throttled_until=provider.throttled_until(reply) if reply.status == 429 else None,
        )
        more = self._may_wait(lesson) and not self.reserved
        ahead = self._need(1, lesson.endpoint) if more else None
        noted = lanes.note(session, self._lease, seen, provider.budget, ahead)
        self.stopped_until = noted.stopped_until
        if _went_well(reply) and not self._account.by_hand:
            self._prolong(session, reply)
        if reply.status == 401 and self._account.by_hand:
            self._end(session, noted.at)
        if self._account.log_requests:
            self._log(session, lesson)
        self.reserved += noted.charged
        return noted.at

    def _prolong(self, session: DatabaseSession, reply: Reply) -> None:
        """Successful communication moves the valid-until date of the login."""
        at, before = reply.answered_at, self._prolonged_at
        assert at is not None
        if before is not None and before <= at < before + PROLONG_AGAIN:
            return
        life = self._account.provider.authorizer.grant_life
        values = {
            "of_company": scoped_company_id(),
            "of_grant": self._account.grant_id,
            "last_success_at": at,
            "valid_until": valid_until(at, life),
        }
        _PROLONG.run(session, values)
        self._prolonged_at = at

    def _end(self, session: DatabaseSession, at: datetime) -> None:
        """A token that nothing renews was refused: it has expired."""
        ended = {
            "of_company": scoped_company_id(),
            "of_grant": self._account.grant_id,
            "login_needed_at": at,
            "login_needed_why": hand_tokens.ENDED,
        }
        _PROLONG.run(session, ended)

    def _log(self, session: DatabaseSession, lesson: Lesson) -> None:
        reply, parts = lesson.reply, urlsplit(lesson.call.url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        row = {
            "company_id": scoped_company_id(),
            "connector_id": self._account.connector_id,
            "run_id": self._run_id,
            "at": reply.requested_at or self._outside.clock.now(),
            "method": lesson.call.method,
            "path": path[:PATH_MAX],
            "status": reply.status,
            "milliseconds": lesson.milliseconds,
            "note": (reply.problem or reply.headers.get("reason", ""))[:NOTE_MAX],
        }
        _LOG.run(session, row)


def _went_well(reply: Reply) -> bool:
    return 200 <= reply.status < 300
