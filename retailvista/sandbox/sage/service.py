"""Sage's API v3.1: who asks, for which business, and the resource that answers.

Invariant: nothing is done without a living token, for a business of its user, within the limits;
a refusal goes back in Sage's form, and what a client should not do is told to the judge.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

from retailvista.sandbox.answers import Answer, Request
from retailvista.sandbox.askers import Asker
from retailvista.sandbox.judge import Judge
from retailvista.sandbox.sage import records, seed
from retailvista.sandbox.sage.journals import Journals
from retailvista.sandbox.sage.login import SageLogin
from retailvista.sandbox.sage.words import SageRefusal, answered, refused
from retailvista.sandbox.store import Store

ROOT = "/v3.1/"
PLACES = ("/token", "/revoke", "/oauth2/auth/central")
# What can be listed; and what of it can be created, and under which name it is sent.
LISTS = ("ledger_accounts", "tax_rates", "contacts", "journal_codes", "journals")
SENT = {"ledger_accounts": "ledger_account", "contacts": "contact", "journals": "journal"}
MINUTE = 60


def is_sage(path: str) -> bool:
    """Whether an address is Sage's."""
    return path.startswith(ROOT) or path in PLACES


@dataclass(frozen=True, slots=True)
class Guest:
    """Who asks, and for which business."""

    user: str
    scope: str
    business: str


class Sage:
    """The small Sage Accounting of one sandbox."""

    def __init__(self, store: Store, judge: Judge) -> None:
        self.store = store
        self.judge = judge
        seed.seed(store)
        self.login = SageLogin(store, judge)
        self.journals = Journals(store, judge)
        self.lock = threading.Lock()
        self.calls: dict[str, deque[float]] = {}

    def answer(self, request: Request) -> Answer:
        """One request of Sage's part."""
        if request.path == "/oauth2/auth/central" and request.method in ("GET", "POST"):
            return self.login.authorise(request)
        if request.path in ("/token", "/revoke"):
            if request.method != "POST":
                return Answer(405, b"", [("Allow", "POST")])
            asked = self.login.token if request.path == "/token" else self.login.revoke
            return asked(request)
        try:
            status, value = self._answered(request)
        except SageRefusal as refusal:
            return refused(refusal, self.store.now(), self._request_id())
        return answered(status, value, self.store.now(), self._request_id())

    def refusal(self, status: int, message: str, retry_after: int = 0) -> Answer:
        """A refusal on request: for the faults."""
        code = {401: "AuthorizationFailure", 429: "TooManyRequests"}.get(status, "UnexpectedError")
        code = "ValidationError" if status == 422 else code
        wrong = SageRefusal(status, code, message, retry_after=retry_after)
        return refused(wrong, self.store.now(), self._request_id())

    def settle(self, request: Request) -> None:
        """Who asks is settled on arrival: the user, and the scope in the place of his id."""
        found = self.login.asker(request.bearer() or "")
        if found is not None:
            request.client_id = found[1]
            request.asker = Asker(found[0], found[2], "", "", found[1], ())

    def _request_id(self) -> str:
        return self.store.entropy.text(9)

    def _answered(self, request: Request) -> tuple[int, Any]:
        user, scope = self._asker(request)
        path = request.path[len(ROOT) :].strip("/").split("/")
        if path == ["user"]:
            return 200, self._user(user)
        if path[0] == "businesses":
            return 200, self._businesses(request, user, path[1:])
        guest = Guest(user, scope, self._business(request, user))
        self._take(request, guest.business)
        if path == ["financial_settings"]:
            return 200, self._settings(guest.business)
        if path[0] not in LISTS:
            raise SageRefusal(404, "EndpointNotFound", "The endpoint does not exist.")
        return self._resource(request, guest, path[0], path[1:])

    def _asker(self, request: Request) -> tuple[str, str]:
        settled = request.asker
        if settled is not None:
            return settled.name, settled.id
        found = self.login.asker(request.bearer() or "")
        if found is None:
            raise SageRefusal(401, "AuthorizationFailure", "The access token is not valid.")
        request.client_id = found[1]
        return found[0], found[2]

    def _user(self, user: str) -> dict[str, Any]:
        row = self.store.row("SELECT id, full_name, language FROM user WHERE name = ?", user)
        assert row is not None, "a token has a user"
        return {"id": row[0], "displayed_as": row[1], "email": user, "locale": row[2]}

    def _businesses(self, request: Request, user: str, path: list[str]) -> Any:
        rows = [
            {"id": id_, "displayed_as": name, "$path": f"/businesses/{id_}", "name": name}
            | {"country": {"id": country, "displayed_as": country}}
            for id_, name, country in self.store.rows(
                "SELECT id, name, country FROM sage_business WHERE users = ? ORDER BY seq", user
            )
        ]
        if path:
            found = [row for row in rows if row["id"] == path[0]]
            if not found:
                raise SageRefusal(404, "RecordNotFound", "The record was not found.")
            return found[0]
        brief = request.query.get("attributes") != "all"
        shown = [{k: row[k] for k in ("id", "displayed_as", "$path")} for row in rows]
        return {
            "$total": len(rows),
            "$page": 1,
            "$next": None,
            "$back": None,
            "$items_per_page": 2147483647,
            "$items": shown if brief else rows,
        }

    def _business(self, request: Request, user: str) -> str:
        asked = request.headers.get("x-business", "")
        if not asked:
            self.judge.find("no-business", request, request.path)
        row = self.store.row(
            "SELECT id FROM sage_business WHERE users = ? AND id LIKE ? ORDER BY seq",
            user,
            asked or "%",
        )
        if row is None:
            raise SageRefusal(403, "MultiUserAccessDenied", "No access to this business.")
        return str(row[0])

    def _take(self, request: Request, business: str) -> None:
        """Count one call; 429 with Retry-After when the minute is full."""
        now = self.store.now_s()
        with self.lock:
            calls = self.calls.setdefault(business, deque())
            while calls and calls[0] <= now - MINUTE:
                calls.popleft()
            full = len(calls) >= self.store.setting("sage_calls_minute")
            if not full:
                calls.append(now)
        if full:
            self.judge.find("too-many-calls", request, "Answered with 429.")
            wait = max(1, int(calls[0] + MINUTE - now) + 1)
            message = "Too many requests."
            raise SageRefusal(429, "TooManyRequests", message, retry_after=wait)

    def _settings(self, business: str) -> dict[str, Any]:
        row = self.store.row("SELECT currency, lockdown FROM sage_business WHERE id = ?", business)
        assert row is not None, "the gate knows the business"
        return {
            "$path": "/financial_settings",
            "year_end_date": "2026-12-31",
            "year_end_lockdown_date": row[1],
            "base_currency": {"id": row[0], "displayed_as": row[0]},
        }

    def _resource(
        self, request: Request, guest: Guest, resource: str, path: list[str]
    ) -> tuple[int, Any]:
        if request.method != "GET" and guest.scope != "full_access":
            raise SageRefusal(403, "AccessDenied", "The scope of the login is read-only.")
        match request.method, path:
            case "GET", []:
                return 200, self._page(request, guest.business, resource)
            case "GET", [id_]:
                return 200, records.one(self.store, guest.business, resource, id_).full
            case "POST", [] if resource in SENT:
                return self._create(request, guest.business, resource)
            case "PUT", [id_] if resource in ("contacts", "ledger_accounts"):
                return self._change(request, guest.business, resource, id_)
            case "DELETE", [id_] if resource in ("contacts", "journals"):
                return self._delete(guest.business, resource, id_)
            case "POST", [id_, "reissue"] if resource == "journals":
                found = records.one(self.store, guest.business, resource, id_)
                return 201, self.journals.reissue(guest.business, found)
        raise SageRefusal(405, "MethodNotAllowed", "The method is not allowed here.")

    def _page(self, request: Request, business: str, resource: str) -> dict[str, Any]:
        rows = records.read(self.store, business, resource)
        hidden = self.store.setting("sage_voided") == "hidden"
        if hidden and not request.query.get("deleted_since"):
            rows = [row for row in rows if row.deleted is None]
        return records.page(rows, resource, request.query)

    def _sent(self, request: Request, resource: str) -> dict[str, Any]:
        if "json" not in request.headers.get("content-type", ""):
            raise SageRefusal(415, "UnsupportedMediaType", "Send application/json.")
        try:
            found = json.loads(request.body)[SENT[resource]]
        except (ValueError, KeyError, TypeError):
            raise SageRefusal(
                422, "ValidationError", f"{SENT[resource]} is missing.", SENT[resource]
            ) from None
        if not isinstance(found, dict):
            raise SageRefusal(422, "ValidationError", "It is no object.", SENT[resource])
        return found

    def _create(self, request: Request, business: str, resource: str) -> tuple[int, Any]:
        sent = self._sent(request, resource)
        if resource == "journals":
            return self.journals.create(request, business, sent)
        name = str(sent.get("name") or sent.get("ledger_account_name") or "")
        if not name:
            raise SageRefusal(422, "ValidationError", "Name can't be blank.", "name")
        body = {key: value for key, value in sent.items() if key != "idempotency_id"}
        if resource == "ledger_accounts":
            kind = sent.get("ledger_account_type_id", "OVERHEADS")
            body |= {
                "ledger_account_type": {"id": kind, "displayed_as": kind},
                "visible_in_journals": True,
                "is_control_account": False,
            }
            name = f"{name} ({sent.get('nominal_code')})"
        id_ = seed.add(self.store, business, resource, name, body)
        return 201, records.one(self.store, business, resource, id_).full

    def _change(self, request: Request, business: str, resource: str, id_: str) -> tuple[int, Any]:
        found = records.one(self.store, business, resource, id_)
        sent = self._sent(request, resource)
        records.change(self.store, business, found, {**found.body, **sent})
        return 200, records.one(self.store, business, resource, id_).full

    def _delete(self, business: str, resource: str, id_: str) -> tuple[int, Any]:
        found = records.one(self.store, business, resource, id_)
        if resource == "journals":
            self.journals.void(business, found)
        else:
            records.delete(self.store, business, found)
        return 204, None
