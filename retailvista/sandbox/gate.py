"""The gate of the API: who asks, the block after errors, the limits, and access to the division.

Invariant: whoever passes it has a living token, budget left, and may see the division; whoever
does not gets Exact's refusal, and the judge is told.
"""

from __future__ import annotations

from retailvista.sandbox.answers import Refusal, Request
from retailvista.sandbox.askers import Asker
from retailvista.sandbox.customs import watch
from retailvista.sandbox.judge import Judge
from retailvista.sandbox.limits import Limits
from retailvista.sandbox.store import Store
from retailvista.sandbox.tokens import Tokens
from retailvista.sandbox.turns import Lane, Turns

Headers = list[tuple[str, str]]


class Gate:
    """The gate of one store."""

    def __init__(self, store: Store, judge: Judge, limits: Limits, tokens: Tokens) -> None:
        self.store = store
        self.judge = judge
        self.limits = limits
        self.tokens = tokens
        self.turns = Turns(store)

    def asker(self, request: Request) -> tuple[Asker, bool]:
        """Who asks, and whether the token still lives."""
        if request.asker is not None:
            return request.asker, True
        token = request.bearer()
        found = self.tokens.asker(token) if token else None
        if found is None:
            raise Refusal(401, "", {"WWW-Authenticate": "Bearer"})
        request.client_id = found[0].client_id
        return found

    def enter(self, request: Request, asker: Asker, resource: str) -> Headers:
        """Count the call; the headers of its answer, or the refusal."""
        self.judge.enter(request)
        if request.busy:
            self.turns.enter(lane_of(request))
        watch(self.judge, request, resource)
        self._check_block(asker.name, request, resource)
        return [] if request.division is None else self._take(request)

    def leave(self, request: Request) -> None:
        """The call is answered; the next one of its app and division may go."""
        if request.busy:
            self.turns.leave(lane_of(request))
            self.judge.leave(request)

    def check_access(self, asker: Asker, division: int | None) -> None:
        """403 with the reason why: the user, the division or its licence."""
        reason = self.tokens.reason_of(asker.name)
        if reason is None and division is not None and division not in asker.divisions:
            reason = "NoDivisionAccess"
        switched = str(self.store.setting("access", division or 0))
        if reason is None and switched != "open":
            reason = switched
        if reason is not None:
            raise Refusal(403, "Forbidden", {"Reason": reason})

    def count_error(self, user: str, request: Request, resource: str, status: int) -> None:
        """Count an error; the tenth in an hour starts the block."""
        if user and self.limits.count_error(user, request, place_of(resource), status):
            self.judge.find("too-many-errors", request, f"The last one was {status}.")

    def _take(self, request: Request) -> Headers:
        if request.asker is not None:
            return []
        try:
            return self.limits.take(request)
        except Refusal:
            self.judge.find("too-many-calls", request, "Answered with 429.")
            raise

    def _check_block(self, user: str, request: Request, resource: str) -> None:
        try:
            self.limits.check_block(user, request, place_of(resource))
        except Refusal:
            self.judge.find("called-while-blocked", request, "Answered with 429.")
            raise


def lane_of(request: Request) -> Lane:
    """Calls that wait for one another: of one app in one division."""
    return str(request.client_id), int(request.division or 0)


def place_of(resource: str) -> str:
    """The endpoint that errors are counted for: keys do not matter."""
    return resource.partition("(")[0]
