"""The wire of a simulated worker: requests reach the sandbox in-process, or go wrong on the way.

Invariant: every call is judged before it leaves (see judge.py); what is reported to the product is
only what a real wire could know: NOT_SENT only when the sandbox never saw the request.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote_plus, urlsplit

from retailvista import db
from retailvista.connectors.port import Call, Reply, Sending
from retailvista.sandbox.answers import Answer, Request
from retailvista.sandbox.server import Sandbox
from tests.simulation.judge import Judge
from tests.simulation.scheduler import Crash, Scheduler
from tests.simulation.services import is_books, settle

HTML = b"<html><body>We will be back</body></html>"
# fault: weight for a POST, weight for a GET
FAULTS = {
    "not_sent": (2, 1),
    "lost_request": (9, 2),
    "lost_answer": (5, 2),
    "late_commit": (7, 0),
    "error_after_commit": (3, 1),
    "error_before": (1, 1),
    "throttled": (2, 1),
    "slow": (3, 1),
    "slow_before": (3, 0),
    "stopped_after": (3, 1),
    "stopped_before": (3, 1),
    "unknown_refusal": (1, 0),
    "known_refusal": (1, 0),
    "forged_401": (1, 0),
    "crash_before": (4, 1),
    "crash_after": (4, 1),
}
JSON = "application/json;charset=utf-8"
REFUSAL = b'{"error":{"code":"","message":{"lang":"","value":"%s"}}}'
# fault: status, body, content type
ANSWERED_INSTEAD = {
    "error_after_commit": (502, HTML, "text/html"),
    "error_before": (503, HTML, "text/html"),
    "throttled": (429, b"", ""),
    "unknown_refusal": (500, REFUSAL % b"Iets ging mis", JSON),
    "known_refusal": (500, REFUSAL % b"Periode is afgesloten: 2026 - 3", JSON),
    "forged_401": (401, b"", ""),
}


class FaultyWire:
    """port.Wire for one worker. `rate` is the share of calls that go wrong."""

    def __init__(
        self, scheduler: Scheduler, sandbox: Callable[[], Sandbox], judge: Judge, owner: str
    ) -> None:
        self.scheduler = scheduler
        self.sandbox = sandbox
        self.judge = judge
        self.owner = owner
        self.rate = 0.0
        self.extra: dict[str, int] = {}
        # Seconds that a late commit takes at most.
        self.latest = 300.0
        self._was_blind = False
        self._requested_at = scheduler.clock.now()

    def send(self, call: Call) -> Reply:
        """One call: judged, perhaps spoiled, carried out at most once."""
        assert not db.is_transaction_open(), "no transaction may be open during a call"
        self._requested_at = self.scheduler.clock.now()
        if not is_books(call.url):
            # A login lost between the provider's answer and our disk cannot be won back; that is
            # another story than this one.
            return self._reply(Sending.ANSWERED, self._carry_out(call))
        posts = call.method == "POST"
        if posts:
            self.judge.before_post(call, self.owner)
        self.scheduler.step("send")
        fault = self._fault(call)
        self._requested_at = self.scheduler.clock.now()
        if fault:
            self.scheduler.note(f"{call.method} {_path(call)} {fault}")
        reply = self._spoiled(call, fault) if fault else self._answered(call)
        # A process that stands still from here on has nothing more on the wire.
        silent_from = self.scheduler.clock.now()
        self.scheduler.step("answer")
        self.scheduler.note(f"{call.method} {_path(call)} -> {reply.sending.value} {reply.status}")
        if posts:
            self.judge.after_post(call, reply, silent_from)
        else:
            self.judge.after_get(call, reply, blind=self._was_blind)
        return reply

    def _fault(self, call: Call) -> str:
        dice = self.scheduler.dice
        if dice.random() >= self.rate:
            return ""
        column = 0 if call.method == "POST" else 1
        more = self.extra if call.method == "POST" else {}
        weights = [weight[column] + more.get(name, 0) for name, weight in FAULTS.items()]
        return dice.choices(list(FAULTS), weights)[0]

    def _spoiled(self, call: Call, fault: str) -> Reply:
        """Reported as only a real wire could: after silence nobody knows what happened."""
        if fault in ANSWERED_INSTEAD:
            status, body, kind = ANSWERED_INSTEAD[fault]
            if fault == "error_after_commit":
                self._carry_out(call)
            headers = [("Content-Type", kind)] if kind else []
            return self._reply(Sending.ANSWERED, Answer(status, body, headers))
        if fault == "not_sent":
            return self._reply(Sending.NOT_SENT)
        if fault.startswith(("slow", "stopped")):
            longest = (1, 100) if fault.startswith("slow") else (320, 1500)
            seconds = self.scheduler.dice.uniform(*longest)
            return self._slow(call, seconds, before=fault.endswith("before"))
        if fault in ("lost_answer", "crash_after"):
            self._carry_out(call)
        if fault in ("crash_before", "crash_after"):
            raise self._crash()
        if fault == "late_commit":
            request = self._request(call)
            settle(self.sandbox(), request)
            seconds = self.scheduler.dice.uniform(1, self.latest)
            self.scheduler.later(seconds, lambda: self._arrive(request))
        return self._silence(call)

    def _slow(self, call: Call, seconds: float, *, before: bool) -> Reply:
        """The network, or our own process, stands still before or after the work is done."""
        if before:
            self.scheduler.pause(seconds)
            return self._answered(call)
        reply = self._answered(call)
        self.scheduler.pause(seconds)
        return reply

    def _crash(self) -> Crash:
        worker = self.scheduler.current
        assert worker is not None
        worker.dead = True
        return Crash()

    def _silence(self, call: Call) -> Reply:
        """A reset at once, or nothing until the deadline."""
        wait = self.scheduler.dice.choice([0.1, 3.0, call.deadline_seconds])
        self.scheduler.pause(wait)
        return self._reply(Sending.NO_ANSWER)

    def _arrive(self, request: Request) -> None:
        answer = self.sandbox().carry_out(request)
        self.sandbox().judge.leave(request)
        self.scheduler.note(f"late arrival -> {answer.status}")
        self.judge.books_changed()

    def _answered(self, call: Call) -> Reply:
        self.scheduler.pause(self.scheduler.dice.uniform(0.02, 0.5))
        return self._reply(Sending.ANSWERED, self._carry_out(call))

    def _carry_out(self, call: Call) -> Answer:
        request = self._request(call)
        answer = self.sandbox().carry_out(request)
        self.sandbox().judge.leave(request)
        self._was_blind = self.judge.blind
        if call.method == "POST" and is_books(call.url):
            self.judge.books_changed()
        return answer

    def _request(self, call: Call) -> Request:
        headers = {name.lower(): value for name, value in call.headers.items()}
        headers |= {name.lower(): secret.reveal() for name, secret in call.secret_headers.items()}
        body = call.body
        if call.secret_form:
            parts = [body.decode()] if body else []
            parts += [
                f"{quote_plus(name)}={quote_plus(secret.reveal())}"
                for name, secret in call.secret_form.items()
            ]
            body = "&".join(parts).encode()
        split = urlsplit(call.url)
        headers["host"] = split.netloc
        target = f"{split.path}?{split.query}" if split.query else split.path
        return Request(call.method, target, headers, body)

    def _reply(self, sending: Sending, answer: Answer | None = None) -> Reply:
        now = self.scheduler.clock.now()
        if answer is None:
            return Reply(sending, problem="cut", requested_at=self._requested_at, answered_at=now)
        return Reply(
            sending,
            status=answer.status,
            headers={name.lower(): value for name, value in answer.headers},
            body=answer.body,
            requested_at=self._requested_at,
            answered_at=now,
        )


def _path(call: Call) -> str:
    return urlsplit(call.url).path.rsplit("/", 1)[-1]
