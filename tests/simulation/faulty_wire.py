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
    "unknown_refusal": (1, 0),
    "known_refusal": (1, 0),
    "forged_401": (1, 0),
    "crash_before": (4, 1),
    "crash_after": (4, 1),
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
        self._requested_at = scheduler.clock.now()

    def send(self, call: Call) -> Reply:
        """One call: judged, perhaps spoiled, carried out at most once."""
        assert not db.is_transaction_open(), "no transaction may be open during a call"
        is_api = "/api/v1/" in call.url
        posts = is_api and call.method == "POST"
        if posts:
            self.judge.before_post(call, self.owner)
        self.scheduler.step("send")
        fault = self._fault(call) if is_api else ""
        started = self._requested_at = self.scheduler.clock.now()
        if fault:
            self.scheduler.note(f"{call.method} {_path(call)} {fault}")
        reply = self._spoiled(call, fault) if fault else self._answered(call)
        self.scheduler.step("answer")
        if is_api:
            self.scheduler.note(f"{call.method} {_path(call)} -> {reply.sending.value} {reply.status}")
        if posts:
            self.judge.after_post(call, reply)
        elif is_api:
            self.judge.after_get(call, reply, started)
        return reply

    def _fault(self, call: Call) -> str:
        dice = self.scheduler.dice
        if dice.random() >= self.rate:
            return ""
        column = 0 if call.method == "POST" else 1
        more = self.extra if call.method == "POST" else {}
        weights = [weight[column] + more.get(name, 0) for name, weight in FAULTS.items()]
        return dice.choices(list(FAULTS), weights)[0]

    def _spoiled(self, call: Call, fault: str) -> Reply:  # noqa: PLR0911, PLR0912, C901
        scheduler, dice = self.scheduler, self.scheduler.dice
        match fault:
            case "not_sent":
                return self._reply(Sending.NOT_SENT)
            case "lost_request":
                return self._silence(call)
            case "lost_answer":
                self._carry_out(call)
                return self._silence(call)
            case "late_commit":
                request = self._request(call)
                self._settle_asker(request)
                scheduler.later(dice.uniform(1, 300), lambda: self._arrive(request))
                return self._silence(call)
            case "error_after_commit":
                self._carry_out(call)
                return self._reply(Sending.ANSWERED, Answer(502, HTML, [("Content-Type", "text/html")]))
            case "error_before":
                return self._reply(Sending.ANSWERED, Answer(503, HTML, [("Content-Type", "text/html")]))
            case "throttled":
                return self._reply(Sending.ANSWERED, Answer(429, b"", []))
            case "slow":
                reply = self._answered(call)
                scheduler.pause(dice.uniform(1, 100))
                return reply
            case "slow_before":
                scheduler.pause(dice.uniform(1, 100))
                return self._answered(call)
            case "unknown_refusal":
                body = b'{"error":{"code":"","message":{"lang":"","value":"Iets ging mis"}}}'
                kind = [("Content-Type", "application/json;charset=utf-8")]
                return self._reply(Sending.ANSWERED, Answer(500, body, kind))
            case "known_refusal":
                body = (
                    b'{"error":{"code":"","message":{"lang":"",'
                    b'"value":"Periode is afgesloten: 2026 - 3"}}}'
                )
                kind = [("Content-Type", "application/json;charset=utf-8")]
                return self._reply(Sending.ANSWERED, Answer(500, body, kind))
            case "forged_401":
                return self._reply(Sending.ANSWERED, Answer(401, b"", []))
            case "crash_before":
                raise self._crash()
            case "crash_after":
                self._carry_out(call)
                raise self._crash()
        raise AssertionError(fault)

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

    def _settle_asker(self, request: Request) -> None:
        """Who asks is settled when the request was sent, as with a server that is only slow."""
        found = self.sandbox().api.tokens.asker(request.bearer() or "")
        if found and found[1]:
            request.asker = found[0]

    def _answered(self, call: Call) -> Reply:
        self.scheduler.pause(self.scheduler.dice.uniform(0.02, 0.5))
        return self._reply(Sending.ANSWERED, self._carry_out(call))

    def _carry_out(self, call: Call) -> Answer:
        request = self._request(call)
        answer = self.sandbox().carry_out(request)
        self.sandbox().judge.leave(request)
        if call.method == "POST":
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
