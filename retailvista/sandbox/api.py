"""The REST API: from a request with a token to Exact's answer.

Invariant: who asks, the limits and the division are settled before anything is read or booked;
every refusal passes one place, so that errors are counted and the headers are there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from retailvista.sandbox import lists
from retailvista.sandbox.answers import Answer, Refusal, Request, as_json, as_refusal
from retailvista.sandbox.bodies import read_body, sends
from retailvista.sandbox.books import Asker, Posting, delete_entry
from retailvista.sandbox.endpoints import Endpoint, children_of, endpoints
from retailvista.sandbox.judge import Judge
from retailvista.sandbox.limits import Limits
from retailvista.sandbox.lists import Reach
from retailvista.sandbox.master import Masters
from retailvista.sandbox.myself import me_row
from retailvista.sandbox.query import parse_literals
from retailvista.sandbox.registers import add_row
from retailvista.sandbox.rows import as_atom
from retailvista.sandbox.store import Store
from retailvista.sandbox.tokens import Tokens

PATH = re.compile(r"/api/v1/(?:(\d+)/)?(.*)")
RESOURCE = re.compile(r"(?P<path>[A-Za-z/]+?)(?:\((?P<key>[^()]*)\))?(?:/(?P<below>[$A-Za-z]+))?")
ENTRIES = "generaljournalentry/GeneralJournalEntries"
RIGHTS = "users/UserHasRights"
# Lists that are never emptied by a loss of rights: they say who one is.
ALWAYS_SEEN = ("current/Me", "system/Divisions", "hrm/Divisions")


@dataclass(frozen=True, slots=True)
class Target:
    """What the path names."""

    endpoint: Endpoint
    key: str | None = None
    below: str | None = None


class Api:
    """The API over one store."""

    def __init__(self, store: Store, judge: Judge) -> None:
        self.store = store
        self.judge = judge
        self.limits = Limits(store)
        self.tokens = Tokens(store)
        self.masters = Masters(store)
        self.posts = 0

    def answer(self, request: Request, *, number: str | None = None) -> Answer:
        """One request, start to end. `number` is a number profile for this request only."""
        match = PATH.fullmatch(request.path)
        resource = match[2] if match else ""
        request.division = int(match[1]) if match and match[1] else None
        headers: list[tuple[str, str]] = []
        user = ""
        try:
            asker, is_valid = self._asker(request)
            user = asker.name
            if not is_valid:
                raise Refusal(401, "", {"WWW-Authenticate": "Bearer"})  # noqa: TRY301 - one place
            self.judge.enter(request)
            self.limits.check_block(user, request, resource.partition("(")[0])
            if request.division is not None:
                headers = self._take(request)
                self._check_division(asker, request.division)
            answer = self._dispatch(request, asker, resource, number)
        except Refusal as refusal:
            if refusal.status == 429:
                return as_refusal(refusal, json_wanted=request.wants_json)
            answer = as_refusal(refusal, json_wanted=request.wants_json)
        answer.headers += headers
        place = resource.partition("(")[0]
        if user and self.limits.count_error(user, request, place, answer.status):
            self.judge.find("too-many-errors", request, f"The last one was {answer.status}.")
        return answer

    def _asker(self, request: Request) -> tuple[Asker, bool]:
        """Who asks, and whether the token still lives."""
        if request.asker is not None:
            return request.asker, True
        token = request.bearer()
        found = self.tokens.asker(token) if token else None
        if found is None:
            raise Refusal(401, "", {"WWW-Authenticate": "Bearer"})
        request.client_id = found[0].client_id
        return found

    def _take(self, request: Request) -> list[tuple[str, str]]:
        if request.asker is not None:
            return []
        try:
            return self.limits.take(request)
        except Refusal:
            self.judge.find("too-many-calls", request, "Answered with 429.")
            raise

    def _check_division(self, asker: Asker, division: int) -> None:
        if division not in asker.divisions:
            raise Refusal(403, "Forbidden", {"Reason": "NoDivisionAccess"})

    def _dispatch(
        self, request: Request, asker: Asker, resource: str, number: str | None
    ) -> Answer:
        if not request.wants_json and not resource.endswith("/$count"):
            self.judge.find("no-accept", request, "Exact answers Atom XML without it.")
        if resource == RIGHTS and request.division is not None and request.method == "GET":
            return self._rights(request)
        target = _target(request, resource)
        if request.method not in target.endpoint.methods:
            raise Refusal(405, "Method not allowed.")
        if request.method == "GET":
            return self._get(request, asker, target)
        if request.method == "DELETE":
            return self._delete(request, asker, target)
        return self._post(request, asker, target, number)

    # Reading

    def _get(self, request: Request, asker: Asker, target: Target) -> Answer:
        endpoint, reach = self._reach(request, asker, target)
        if endpoint.table == "me":
            return _shaped(request, {"d": {"results": [me_row(self.store, asker, request)]}})
        if target.below == "$count":
            count = lists.count_rows(self.store, endpoint, request, reach)
            return Answer(200, str(count).encode(), [("Content-Type", "text/plain;charset=utf-8")])
        if target.key is None or target.below is not None:
            return _shaped(request, lists.read_list(self.store, endpoint, request, reach))
        row = lists.read_one(self.store, endpoint, request, reach, target.key)
        if row is None:
            raise Refusal(404, f"Resource not found for the segment '{endpoint.name}'.")
        return _shaped(request, {"d": row})

    def _reach(self, request: Request, asker: Asker, target: Target) -> tuple[Endpoint, Reach]:
        """The endpoint that is really read, and the rows within reach."""
        endpoint, division = target.endpoint, request.division or 0
        hidden = endpoint.path not in ALWAYS_SEEN and self._has_lost_rights(division)
        if endpoint.table == "division":
            marks = ",".join("?" * len(asker.divisions))
            return endpoint, Reach(division, f"Code IN ({marks})", asker.divisions)
        reach = Reach(division, "Division = ?", (division,), empty=hidden)
        if target.key is None or target.below in (None, "$count"):
            return endpoint, reach
        child = children_of(endpoint).get(str(target.below))
        if child is None:
            raise Refusal(404, f"Resource not found for the segment '{target.below}'.")
        parent = parse_literals(target.key)
        return child, Reach(division, "Division = ? AND EntryID = ?", (division, *parent), hidden)

    def _has_lost_rights(self, division: int) -> bool:
        if self.store.setting("rights", division) == "lost":
            return True
        after = self.store.setting("rights_lost_after_posts", division)
        return bool(after) and self.posts >= after

    def _rights(self, request: Request) -> Answer:
        has_rights = not self._has_lost_rights(request.division or 0)
        return as_json(200, {"d": {"UserHasRights": has_rights}})

    # Writing

    def _post(self, request: Request, asker: Asker, target: Target, number: str | None) -> Answer:
        endpoint, division = target.endpoint, request.division or 0
        if target.key is not None:
            raise Refusal(405, "Method not allowed.")
        body = read_body(endpoint, request)
        if endpoint.path == ENTRIES:
            if sends(request.body, "AmountDC"):
                self.judge.find("amount-dc-sent", request, "It was ignored.")
            posting = Posting(self.masters, asker, division)
            draft = posting.post(body, number=number)
            self.posts += 1
            if draft.twin is not None:
                detail = f"Entry {draft.number} has the content of entry {draft.twin}."
                self.judge.find("duplicate-content", request, detail)
            key = draft.entry_id
        else:
            key = add_row(self.masters, asker, division, endpoint, body)
        return self._created(request, endpoint, division, key)

    def _created(self, request: Request, endpoint: Endpoint, division: int, key: str) -> Answer:
        reach = Reach(division, "Division = ?", (division,))
        if self.store.setting("created_lines", division) == "shown":
            below = ",".join(children_of(endpoint))
            request = replace(request, target=f"{request.target}?$expand={below}")
        row = lists.read_one(self.store, endpoint, request, reach, f"guid'{key}'")
        assert row is not None, "just stored"
        answer = _shaped(request, {"d": row}, status=201)
        answer.headers.append(("Location", row["__metadata"]["uri"]))
        return answer

    def _delete(self, request: Request, asker: Asker, target: Target) -> Answer:
        values = parse_literals(target.key) if target.key else []
        division = request.division or 0
        if len(values) != 1 or not delete_entry(self.masters, asker, division, str(values[0])):
            raise Refusal(404, f"Resource not found for the segment '{target.endpoint.name}'.")
        return Answer(204)


def _target(request: Request, resource: str) -> Target:
    match = RESOURCE.fullmatch(resource)
    known: dict[str, Any] = endpoints()
    if match is None:
        raise Refusal(404, f"Resource not found for the segment '{resource}'.")
    path, below = match["path"], match["below"]
    if path not in known and below and f"{path}/{below}" in known:
        path, below = f"{path}/{below}", None
    endpoint = known.get(path)
    needs_division = path != "current/Me"
    if endpoint is None or needs_division != (request.division is not None):
        raise Refusal(404, f"Resource not found for the segment '{resource}'.")
    return Target(endpoint, match["key"], below)


def _shaped(request: Request, value: dict[str, Any], status: int = 200) -> Answer:
    if request.wants_json:
        return as_json(status, value, [("DataServiceVersion", "2.0;")])
    return as_atom(status, value)
