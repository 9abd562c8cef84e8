"""The judge of a simulated run: knows what really happened, and what the product must never do.

Invariant: it reads the product's rows and the sandbox's books from outside and decides by its own
records of the wire; it shares no rule with the code it judges.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Engine, text

from retailvista.connectors.port import Call, Reply, Sending
from retailvista.sandbox.server import Sandbox
from tests.simulation.scheduler import Scheduler
from tests.simulation.services import entries_per_key, number_sent, numbers_looked_at

LEASE_LEFT = timedelta(seconds=178)
QUARANTINE = timedelta(seconds=599)
# Nobody can know of a send that never came back before its lease ran out: 300 s after the claim,
# and nothing is sent later than 120 s after it.
UNHEARD = timedelta(seconds=178)
LOOK_WITHIN = timedelta(seconds=6)

CHANGES = ("ready", "check", "posted", "verified", "rejected", "conflict", "decide")


class Violation(AssertionError):
    """The product did what it must never do."""


@dataclass(slots=True)
class Sent:
    """One POST of an entry number as the wire saw it."""

    started: datetime
    ended: datetime | None = None
    unknown: bool = True


class Judge:
    """Watches one run."""

    def __init__(self, scheduler: Scheduler, engine: Engine, *, proven: bool, warm: bool) -> None:
        self.scheduler = scheduler
        self.engine = engine
        self.proven = proven
        self.warm = warm
        self.sandbox: Sandbox | None = None
        self.sent: dict[int, list[Sent]] = {}
        self.looked: list[tuple[int, int, datetime]] = []
        self.blind = False
        self.resends = 0
        self.stale = 0
        self.chained = 0
        self.chains_cut = 0

    def before_post(self, call: Call, owner: str) -> None:
        """The intent stands in the database, with these bytes and enough of the lease."""
        number = number_sent(call)
        now = self.scheduler.clock.now()
        row = self._row(number)
        if row is None or bytes(row.payload or b"") != call.body:
            raise Violation(f"entry {number} is sent without its intent")
        if row.state != "sending" or row.sent_at is None or row.lease_owner != owner:
            raise Violation(f"entry {number} is sent outside its claim: {tuple(row)[1:]}")
        if datetime.fromisoformat(f"{row.lease_until}+00:00") - now < LEASE_LEFT:
            raise Violation(f"entry {number} is sent with too little of the lease")
        self._judge_lane(number)
        self._judge_in_hand(number)
        earlier = [sent for sent in self.sent.get(number, []) if sent.unknown]
        if earlier:
            self._judge_resend(number, earlier, now)
        self.sent.setdefault(number, []).append(Sent(now))

    def _judge_lane(self, number: int) -> None:
        """Nothing is sent while another entry is unknown and nobody has looked for it yet."""
        for other, sends in self.sent.items():
            last = sends[-1]
            if other == number or not last.unknown:
                continue
            row = self._row(other)
            if row is None or row.decision or row.state == "verified":
                continue  # somebody found it, has settled it, or is asked
            since = last.ended or last.started
            if not any(low <= other <= high and at >= since for low, high, at in self.looked):
                raise Violation(f"entry {number} is sent while {other} is unknown")

    def _judge_in_hand(self, number: int) -> None:
        """The next one is claimed with the outcome of the last: never are two in hand."""
        with self.engine.connect() as connection:
            query = text(
                "SELECT entry_number FROM export WHERE live AND state = 'sending'"
                " AND decision = '' AND good_looks = 0 AND entry_number <> :number"
            )
            others = connection.execute(query, {"number": number}).scalars().all()
        if others:
            raise Violation(f"entry {number} is sent while {others} are in hand")

    def _judge_resend(self, number: int, earlier: list[Sent], now: datetime) -> None:
        self.resends += 1
        if not self.proven:
            raise Violation(f"entry {number} is sent again without proof")
        if self.blind:
            raise Violation(f"entry {number} is sent again though the books show nothing")
        last = max(sent.ended or sent.started + UNHEARD for sent in earlier)
        if now - last < QUARANTINE:
            raise Violation(f"entry {number} is sent again after {now - last}")
        looks = [at for low, high, at in self.looked if low <= number <= high]
        if not looks or now - max(looks) > LOOK_WITHIN:
            raise Violation(f"entry {number} is sent again without a look")

    def after_post(self, call: Call, reply: Reply, silent_from: datetime) -> None:
        """Whether the product now knows what came of it."""
        sent = self.sent[number_sent(call)][-1]
        sent.ended = silent_from
        definite = reply.status in (201, 400, 401, 403, 404, 429) or (
            reply.status == 500 and b'"error"' in reply.body
        )
        sent.unknown = reply.sending is Sending.NO_ANSWER or (
            reply.sending is Sending.ANSWERED and not definite
        )
        if reply.status == 500 and definite:
            # Words of refusal need a look before they count; the ladder may send again after it.
            sent.unknown = False

    def after_get(self, call: Call, reply: Reply, *, blind: bool) -> None:
        """Remember which numbers a good look covered; blind = the books showed nothing then."""
        looked_at = numbers_looked_at(call)
        if reply.status != 200 or blind or looked_at is None:
            return
        self.looked.append((*looked_at, self.scheduler.clock.now()))

    def books_changed(self) -> None:
        """Never two entries of one journal in the books."""
        for key, count in self.in_books().items():
            if count > 1:
                raise Violation(f"{key} is in the books {count} times")
        if not self.warm and len(self.in_books()) > 1 and not self._shown():
            raise Violation("a second journal was posted before the first was verified")

    def _shown(self) -> bool:
        with self.engine.connect() as connection:
            query = text(
                "SELECT count(*) FROM export WHERE state = 'verified' OR decision = 'accepted'"
            )
            return bool(connection.execute(query).scalar())

    def stale_workers_changed_nothing(self) -> None:
        """Once a claim was taken over, its worker leaves evidence and nothing else."""
        newest: dict[int, int] = {}
        with self.engine.connect() as connection:
            query = text("SELECT export_id, attempt, kind FROM evidence ORDER BY id")
            rows = connection.execute(query).fetchall()
        for export, attempt, kind in rows:
            if attempt < newest.get(export, 0) and kind in CHANGES:
                raise Violation(f"a stale worker made export {export} {kind}")
            self.stale += kind.startswith("stale")
            newest[export] = max(attempt, newest.get(export, 0))

    def count_chains(self) -> None:
        """Claims that came with the outcome of another, and those of them that were taken over."""
        with self.engine.connect() as connection:
            query = text("SELECT export_id, kind, at FROM evidence ORDER BY id")
            rows = connection.execute(query).fetchall()
        claimed: set[int] = set()
        for before, row in pairwise(rows):
            if (before.kind, row.kind, before.at) == ("posted", "intent", row.at):
                self.chained += 1
                claimed.add(row.export_id)
            elif row.export_id in claimed:
                self.chains_cut += row.kind == "take-over"
                claimed.remove(row.export_id)

    def in_books(self) -> dict[str, int]:
        """Entries per posting key."""
        assert self.sandbox is not None
        return entries_per_key(self.sandbox)

    def _row(self, number: int):
        with self.engine.connect() as connection:
            query = text(
                "SELECT payload, state, sent_at, lease_owner, lease_until, decision FROM export"
                " WHERE live AND entry_number = :number"
            )
            return connection.execute(query, {"number": number}).fetchone()
