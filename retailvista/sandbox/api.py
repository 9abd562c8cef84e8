"""The REST API: from a request with a token to Exact's answer.

Invariant: who asks, the limits and the division are settled before anything is read or booked;
every refusal passes one place, so that errors are counted and the headers are there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from retailvista.sandbox import describing, functions, lists, overviews, xml_api
from retailvista.sandbox.answers import Answer, Refusal, Request, as_refusal
from retailvista.sandbox.apps import check_scope
from retailvista.sandbox.askers import Asker
from retailvista.sandbox.customs import watch_missing
from retailvista.sandbox.endpoints import Endpoint, children_of, endpoints
from retailvista.sandbox.gate import Gate
from retailvista.sandbox.judge import Judge
from retailvista.sandbox.limits import Limits
from retailvista.sandbox.lists import Reach, parent_column
from retailvista.sandbox.master import Masters
from retailvista.sandbox.myself import me_row
from retailvista.sandbox.query import parse_literals
from retailvista.sandbox.rows import shaped
from retailvista.sandbox.store import Store
from retailvista.sandbox.tokens import Tokens
from retailvista.sandbox.webhooks import Webhooks
from retailvista.sandbox.writes import Change, Writes

PATH = re.compile(r"/api/v1/(?:(\d{1,10})/)?(.*)", re.DOTALL)
RESOURCE = re.compile(
    r"(?P<path>[A-Za-z0-9/]+?)(?:\((?P<key>[^()]*)\))?(?:/(?P<below>[$A-Za-z]+))?"
)
# Lists that are never emptied by a loss of rights: they say who one is.
ALWAYS_SEEN = ("current/Me", "system/Divisions", "system/AllDivisions", "hrm/Divisions")


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
        self.webhooks = Webhooks(store)
        self.gate = Gate(store, judge, self.limits, self.tokens)
        self.writes = Writes(self.masters, judge, self.webhooks)

    def answer(self, request: Request, *, number: str | None = None) -> Answer:
        """One request, start to end. `number` is a number profile for this request only."""
        match = PATH.fullmatch(request.path)
        resource = match[2] if match else ""
        request.division = int(match[1]) if match and match[1] else None
        headers: list[tuple[str, str]] = []
        user = ""
        try:
            asker, is_valid = self.gate.asker(request)
            user = asker.name
            if not is_valid:
                raise Refusal(401, "", {"WWW-Authenticate": "Bearer"})  # noqa: TRY301 - one place
            headers = self.gate.enter(request, asker, resource)
            self.gate.check_access(asker, request.division)
            answer = self._dispatch(request, asker, resource, number)
        except Refusal as refusal:
            if refusal.status == 429:
                return as_refusal(refusal, json_wanted=request.wants_json)
            answer = as_refusal(refusal, json_wanted=request.wants_json)
        answer.headers += headers
        if answer.status == 404:
            watch_missing(self.judge, request, resource)
        self.webhooks.after(request, answer)
        self.gate.count_error(user, request, resource, answer.status)
        return answer

    def _dispatch(
        self, request: Request, asker: Asker, resource: str, number: str | None
    ) -> Answer:
        if not request.wants_json and not resource.endswith("/$count"):
            self.judge.find("no-accept", request, "Exact answers Atom XML without it.")
        described = describing.described(request, resource) if request.division else None
        if described is not None:
            return described
        target = _target(request, resource)
        if request.method not in target.endpoint.methods:
            raise Refusal(405, "Method not allowed.")
        check_scope(self.store, asker.client_id, target.endpoint.scope, request.method)
        if request.method == "GET":
            return self._get(request, asker, target)
        change = Change(request, asker, target.endpoint, target.key, number)
        if request.method == "POST":
            return self.writes.post(change)
        return self.writes.put(change) if request.method == "PUT" else self.writes.delete(change)

    def document(self, request: Request) -> Answer:
        """What lies under `/docs/`: attachments, and the XML API; needs a token like any call."""
        works = {
            ("GET", "/docs/SysAttachment.aspx"): self._attachment,
            ("POST", xml_api.UPLOAD): xml_api.upload,
            ("GET", xml_api.DOWNLOAD): xml_api.download,
        }
        headers: list[tuple[str, str]] = []
        try:
            work = works.get((request.method, request.path))
            if work is None:
                raise Refusal(404, "Resource not found.")  # noqa: TRY301 - one place
            asker, is_valid = self.gate.asker(request)
            division = re.fullmatch(r"[0-9]{1,10}", request.query.get("_Division_", ""))
            request.division = int(division[0]) if division else 0
            if not is_valid:
                raise Refusal(401, "", {"WWW-Authenticate": "Bearer"})  # noqa: TRY301 - one place
            if work is not self._attachment:
                headers = self.gate.enter(request, asker, request.path.strip("/"))
            self.gate.check_access(asker, request.division)
            answer = work(self, request, asker)
        except Refusal as refusal:
            answer = as_refusal(refusal, json_wanted=request.wants_json)
        answer.headers += headers
        return answer

    @staticmethod
    def _attachment(api: Api, request: Request, _: Asker) -> Answer:
        """The bytes behind the Url of a document attachment."""
        return functions.attachment(api.store, request.division or 0, request.query.get("ID", ""))

    # Reading

    def _get(self, request: Request, asker: Asker, target: Target) -> Answer:
        endpoint, reach = self._reach(request, asker, target)
        if endpoint.table == "me":
            return shaped(request, {"d": {"results": [me_row(self.store, asker, request)]}})
        if endpoint.table == "function":
            has_rights = not self._has_lost_rights(request.division or 0)
            return functions.answer(self.store, request, endpoint, has_rights=has_rights)
        overviews.refresh(self.store, endpoint.table, request.division or 0)
        if target.below == "$count":
            count = lists.count_rows(self.store, endpoint, request, reach)
            return Answer(200, str(count).encode(), [("Content-Type", "text/plain;charset=utf-8")])
        if target.key is None or target.below is not None:
            self._check_breadth(request, endpoint, reach)
            return shaped(request, lists.read_list(self.store, endpoint, request, reach))
        row = lists.read_one(self.store, endpoint, request, reach, target.key)
        if row is None:
            raise Refusal(404, f"Resource not found for the segment '{endpoint.name}'.")
        return shaped(request, row[1])

    def _check_breadth(self, request: Request, endpoint: Endpoint, reach: Reach) -> None:
        """Where it is switched on: 408 for a long list that nobody narrowed."""
        most = int(self.store.setting("broad_rows", reach.division))
        if not most or endpoint.sync or "$filter" in request.query or "$top" in request.query:
            return
        if lists.count_rows(self.store, endpoint, request, reach) > most:
            raise Refusal(408, "")

    def _reach(self, request: Request, asker: Asker, target: Target) -> tuple[Endpoint, Reach]:
        """The endpoint that is really read, and the rows within reach."""
        endpoint, division = target.endpoint, request.division or 0
        hidden = endpoint.path not in ALWAYS_SEEN and self._has_lost_rights(division)
        if endpoint.table == "division":
            marks = ",".join("?" * len(asker.divisions))
            return endpoint, Reach(division, f"Code IN ({marks})", asker.divisions)
        reach = Reach(division, "Division = ?", (division,), empty=hidden)
        if endpoint.table == "deleted":
            kept = self.store.setting("deleted_days") * 86_400_000
            reach.sql += " AND DeletedDate > ?"
            reach.args = (division, self.store.wall_ms() - kept)
        if target.key is None or target.below in (None, "$count"):
            return endpoint, reach
        child = children_of(endpoint).get(str(target.below))
        if child is None:
            raise Refusal(404, f"Resource not found for the segment '{target.below}'.")
        parent = parse_literals(target.key)
        where = f"Division = ? AND {parent_column(child)} = ?"
        return child, Reach(division, where, (division, *parent[:1]), hidden, is_below=True)

    def _has_lost_rights(self, division: int) -> bool:
        if self.store.setting("rights", division) == "lost":
            return True
        after = self.store.setting("rights_lost_after_posts", division)
        return bool(after) and self.writes.posts >= after


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
