"""POST, PUT and DELETE: to the books or to the generic store, and the answer Exact gives.

Invariant: a POST answers 201 with the row as it is stored, a PUT or DELETE 204 with no body.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from retailvista.sandbox import entries, lists
from retailvista.sandbox.answers import Answer, Refusal, Request
from retailvista.sandbox.askers import Asker
from retailvista.sandbox.bodies import read_body, sends
from retailvista.sandbox.books import Body, Posting
from retailvista.sandbox.endpoints import Endpoint, children_of
from retailvista.sandbox.judge import Judge
from retailvista.sandbox.kinds import BY_LINES, BY_PATH, Kind
from retailvista.sandbox.lists import Reach
from retailvista.sandbox.master import Masters
from retailvista.sandbox.query import parse_literals
from retailvista.sandbox.rows import Shape, shaped
from retailvista.sandbox.webhooks import Webhooks
from retailvista.sandbox.writing import Writing

# The query planner looks again at books that have grown.
POSTS_PER_LOOK = 2_000


@dataclass(frozen=True, slots=True)
class Change:
    """One request that changes something."""

    request: Request
    asker: Asker
    endpoint: Endpoint
    key: str | None
    # A number profile for this request only.
    number: str | None = None

    @property
    def division(self) -> int:
        """The administration in the path."""
        return self.request.division or 0

    @property
    def missing(self) -> Refusal:
        """There is no such row."""
        return Refusal(404, f"Resource not found for the segment '{self.endpoint.name}'.")

    def key_value(self) -> str:
        """The one literal of the key."""
        values = parse_literals(self.key) if self.key else []
        if len(values) != 1 or values[0] is None:
            raise self.missing
        return str(values[0])


class Writes:
    """Everything that changes the store through the API."""

    def __init__(self, masters: Masters, judge: Judge, webhooks: Webhooks) -> None:
        self.webhooks = webhooks
        self.masters = masters
        self.store = masters.store
        self.judge = judge
        self.posts = 0

    def post(self, change: Change) -> Answer:
        """A new row."""
        if change.key is not None:
            raise Refusal(405, "Method not allowed.")
        endpoint = change.endpoint
        body = read_body(endpoint, change.request)
        if endpoint.table == "subscription":
            key = self.webhooks.subscribe(change.asker, change.division, body)
        elif endpoint.path in BY_PATH:
            key = self._post_entry(change, BY_PATH[endpoint.path], body)
        elif endpoint.path in BY_LINES:
            posting = self._posting(change, BY_LINES[endpoint.path])
            with self.store.transaction():
                key = entries.add_line(posting, body)
        else:
            key = self._writing(change).add(body).key
        return self._created(change, key)

    def put(self, change: Change) -> Answer:
        """A changed row."""
        endpoint, key = change.endpoint, change.key_value()
        if endpoint.table == "subscription":
            # Documented, but it does not work in practice.
            raise Refusal(405, "Method not allowed.")
        changes = read_body(endpoint, change.request, is_change=True)
        if endpoint.path in BY_PATH:
            done = entries.change_entry(self._posting(change, BY_PATH[endpoint.path]), key, changes)
        elif endpoint.path in BY_LINES:
            posting = self._posting(change, BY_LINES[endpoint.path])
            done = entries.change_line(posting, key, changes)
        else:
            done = self._writing(change).change(key, changes)
        if not done:
            raise change.missing
        return Answer(204)

    def delete(self, change: Change) -> Answer:
        """A row less."""
        endpoint, key = change.endpoint, change.key_value()
        if endpoint.table == "subscription":
            done = self.webhooks.unsubscribe(change.asker, change.division, key)
        elif endpoint.path in BY_PATH:
            args = (self.masters, change.asker, change.division, key)
            done = entries.delete_entry(*args)
        elif endpoint.path in BY_LINES:
            posting = self._posting(change, BY_LINES[endpoint.path])
            done = entries.change_line(posting, key, None)
        else:
            done = self._writing(change).remove(key)
        if not done:
            raise change.missing
        return Answer(204)

    def _post_entry(self, change: Change, kind: Kind, body: Body) -> str:
        if sends(change.request.body, "AmountDC"):
            self.judge.find("amount-dc-sent", change.request, "It was ignored.")
        draft = entries.post_entry(self._posting(change, kind), body, change.number)
        self.posts += 1
        if self.posts % POSTS_PER_LOOK == 0:
            self.store.analyze()
        if draft.twin is not None:
            detail = f"Entry {draft.number} has the content of entry {draft.twin}."
            self.judge.find("duplicate-content", change.request, detail)
        return draft.entry_id

    def _posting(self, change: Change, kind: Kind) -> Posting:
        return Posting(self.masters, change.asker, change.division, kind)

    def _writing(self, change: Change) -> Writing:
        return Writing(
            self.store, change.asker, change.division, change.endpoint, base=change.request.base
        )

    def _shows_lines(self, change: Change) -> bool:
        shown = self.store.setting("created_lines", change.division) == "shown"
        return shown and bool(children_of(change.endpoint))

    def _created(self, change: Change, key: str) -> Answer:
        request, endpoint = change.request, change.endpoint
        reach = Reach(change.division, "Division = ?", (change.division,))
        if self._shows_lines(change):
            below = ",".join(children_of(endpoint))
            request = replace(request, target=f"{request.target}?$expand={below}")
        found = lists.read_one(self.store, endpoint, request, reach, f"guid'{key}'")
        assert found is not None, "just stored"
        uri, text = found
        wants_row = "return=representation" in request.headers.get("prefer", "")
        if endpoint.blank_post and not wants_row:
            text = f'{{"d":{Shape(self.store, endpoint, request).blank(key)}}}'
        answer = shaped(request, text, status=201)
        answer.headers.append(("Location", uri))
        return answer
