"""Tiny Books, the service of docs/provider.md: the sandbox with four addresses of its own."""

from __future__ import annotations

import json
from typing import Any

from retailvista.sandbox.answers import Answer, Request
from retailvista.sandbox.server import Sandbox

ROOT = "/api/tiny/"
NUMBER = 12
ACCOUNTS = {"1000": "Cash", "1010": "Bank"}


class TinyService(Sandbox):
    """Logging in and faults are the sandbox's; books are kept in memory."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.entries: list[dict[str, Any]] = []

    def _carried_out(self, request: Request, number: str | None) -> Answer:
        if not request.path.startswith(ROOT):
            return super()._carried_out(request, number)
        found = self.api.tokens.asker(request.bearer() or "")
        if found is None or not found[1]:
            return _json(401, {"error": "token"})
        path = request.path[len(ROOT) :].split("/")
        if path == ["me"]:
            return _json(200, {"id": found[0].id, "name": found[0].full_name})
        if path == ["books"]:
            return _json(200, [{"number": NUMBER, "name": "Corner Shop", "currency": "EUR"}])
        if path[:2] != ["books", str(NUMBER)]:
            return _json(403, {"error": "not yours"})
        if path[2] == "chart":
            return _json(200, {"currency": "EUR", "accounts": ACCOUNTS, "journals": ["GJ"]})
        return self._entries(request, path[3:])

    def _entries(self, request: Request, path: list[str]) -> Answer:
        if request.method == "POST":
            return self._book(json.loads(request.body))
        if request.method == "DELETE":
            self.entries = [entry for entry in self.entries if entry["id"] != path[0]]
            return Answer(204)
        query = request.query
        rows = [entry for entry in self.entries if entry["journal"] == query["journal"]]
        if "text" in query:
            rows = [
                row for row in rows if any(query["text"] in line["text"] for line in row["lines"])
            ]
        else:
            low, high = int(query["from"]), int(query["to"])
            rows = [row for row in rows if low <= row["number"] <= high]
        return _json(200, sorted(rows, key=lambda row: row["number"]))

    def _book(self, entry: dict[str, Any]) -> Answer:
        if any(other["number"] == entry["number"] for other in self.entries):
            return _json(409, {"error": "number in use"})
        entry["id"] = f"e{len(self.entries) + 1}"
        self.entries.append(entry)
        return _json(201, entry)


def _json(status: int, value: Any) -> Answer:
    return Answer(status, json.dumps(value).encode(), [("Content-Type", "application/json")])
