"""How each fault happens: what is done, what is sent, and when the connection dies.

Invariant: every kind in `faults.KINDS` has its way here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailvista.sandbox import refusals
from retailvista.sandbox.answers import Answer, Refusal, Request, as_html, as_refusal
from retailvista.sandbox.faults import KINDS, Fault
from retailvista.sandbox.oauth import as_token_answer, transient
from retailvista.sandbox.sage.service import is_sage
from retailvista.sandbox.wire import Wire

if TYPE_CHECKING:
    from retailvista.sandbox.server import Sandbox

PAGE = "<html><head><title>Maintenance</title></head><body><h1>We will be back</h1></body></html>"
NAP_S = 0.5
NUMBER_RULES = {
    "ignore_entry_number": "ignores-ours",
    "allow_duplicate_number": "accepts-used",
}
# Answers made up instead of the real one; with VALUE 'after' the work is done first.
INSTEAD = (
    *("html_200", "html_503", "empty_200", "problem_500", "refuse", "401", "408", "429"),
    *("transient_400", "down"),
)
# Sage's own refusals, in its own form.
OF_SAGE = {
    "429": (429, "Too many requests."),
    "401": (401, "The access token is not valid."),
    "problem_500": (500, "An unexpected error occurred."),
    "refuse": (422, "Refused on request"),
}
TOKEN_PATH = "/api/oauth2/token"
BREAKS_OFF = as_refusal(Refusal(500, refusals.SERVER_FAULT), json_wanted=True).body


class Mishaps:
    """Carries out requests that go wrong."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        sandbox.late.done = self._late_done

    def happen(self, wire: Wire, request: Request, fault: Fault, started: float) -> bool:
        """One request with its fault; True while the connection goes on."""
        if fault.name == "drop_before":
            self._log(request, 0, started, fault)
            wire.drop()
            return False
        if fault.name == "late_commit":
            return self._late(wire, request, fault, started)
        answer = self._answer(request, fault)
        self._log(request, answer.status, started, fault)
        return self._send(wire, answer, fault)

    def _answer(self, request: Request, fault: Fault) -> Answer:
        """What would be sent, after what is to be done."""
        if fault.name == "slow_before":
            self._sleep(fault.number(1.0))
        if fault.name in NUMBER_RULES:
            return self.sandbox.carry_out(request, number=NUMBER_RULES[fault.name])
        if fault.name not in INSTEAD:
            return self.sandbox.carry_out(request)
        if fault.value == "after":
            self.sandbox.carry_out(request)
        else:
            self._settle(request)
        return self._instead(request, fault)

    def _settle(self, request: Request) -> None:
        """Name app and division in the log though nothing is done."""
        if is_sage(request.path):
            self.sandbox.sage.settle(request)
            return
        asker = self.sandbox.api.tokens.asker(request.bearer() or "")
        request.client_id = asker[0].client_id if asker else None
        parts = request.path.split("/")
        if len(parts) > 3 and parts[3].isdigit():
            request.division = int(parts[3])

    def _instead(self, request: Request, fault: Fault) -> Answer:
        if is_sage(request.path) and fault.name in OF_SAGE:
            status, said = OF_SAGE[fault.name]
            wait = int(fault.number(60)) if fault.name == "429" else 0
            said = fault.value if fault.name == "refuse" and fault.value else said
            return self.sandbox.sage.refusal(status, said, wait)
        if fault.name == "429":
            headers = []
            if fault.value != "bare":
                headers = self.sandbox.api.limits.headers_of(request, fault.value or "minute")
            return Answer(429, b"", headers)
        texts = {
            "problem_500": refusals.RAW_FAULT if fault.value == "raw" else refusals.SERVER_FAULT,
            "refuse": fault.value or "Refused on request",
        }
        if fault.name in texts:
            return as_refusal(Refusal(500, texts[fault.name]), json_wanted=request.wants_json)
        if fault.name == "transient_400" and request.path == TOKEN_PATH:
            return as_token_answer(transient())
        if fault.name == "transient_400":
            return as_refusal(Refusal(400, refusals.SERVER_FAULT), json_wanted=request.wants_json)
        if fault.name in ("401", "408"):
            headers = [("WWW-Authenticate", "Bearer")] if fault.name == "401" else []
            return Answer(int(fault.name), b"", headers)
        if fault.name == "empty_200":
            return Answer(200, b"", [("Content-Type", "application/json;charset=utf-8")])
        retry = [("Retry-After", fault.value)] if fault.value.isdigit() else []
        return as_html(200 if fault.name == "html_200" else 503, PAGE, retry)

    def _send(self, wire: Wire, answer: Answer, fault: Fault) -> bool:
        assert fault.name in KINDS
        if fault.name == "drop_after_commit":
            wire.drop()
            return False
        if fault.name == "cut_at_byte":
            wire.send(answer, cut_at=int(fault.number(20)))
            wire.close()
            return False
        if fault.name == "trickle":
            wire.trickle(answer, self.sandbox.store.clock, fault.number(0.01))
            return True
        if fault.name == "slow":
            self._sleep(fault.number(1.0))
        if fault.name == "error_after_commit":
            answer = as_html(int(fault.number(502)), PAGE)
        if fault.name == "dying_swan":
            answer.body = answer.body[: len(answer.body) // 2] + BREAKS_OFF
        wire.send(answer)
        return True

    def _sleep(self, seconds: float) -> None:
        """In small steps, so that a stop of the sandbox is not held up."""
        whole, rest = divmod(seconds, NAP_S)
        for nap in [NAP_S] * int(whole) + [rest]:
            self.sandbox.store.clock.sleep(nap)
            if self.sandbox.stopping.is_set():
                raise ConnectionError("the sandbox stops")

    def _late(self, wire: Wire, request: Request, fault: Fault, started: float) -> bool:
        """Who asks is settled on arrival, so a token that ends meanwhile changes nothing."""
        self._settle(request)
        found = self.sandbox.api.tokens.asker(request.bearer() or "")
        if found and found[1]:
            request.asker = found[0]
        self._log(request, 0, started, fault)
        self.sandbox.late.add(request, fault.number(30))
        wire.drop()
        return False

    def _late_done(self, request: Request, status: int) -> None:
        now = self.sandbox.store.clock.monotonic()
        self.sandbox.log(request, status, now, "late_commit done")

    def _log(self, request: Request, status: int, started: float, fault: Fault) -> None:
        text = f"{fault.name}={fault.value}" if fault.value else fault.name
        self.sandbox.log(request, status, started, text)
