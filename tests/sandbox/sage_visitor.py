"""A plain HTTP client for the sandbox's Sage: it knows the wire and nothing of the product."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from retailvista.sandbox.sage.seed import business_id
from tests.sandbox.visitor import BOOKKEEPER, CALLBACK, CLIENT_ID, SECRET, Reply, Visitor

AUTHORISE = "/oauth2/auth/central?filter=apiv3.1"
IRELAND, BRITAIN, FRANCE = (business_id(number) for number in (1, 2, 3))


@dataclass
class SageVisitor(Visitor):
    """One app's client of one Sage."""

    business: str = IRELAND
    fault: str = ""

    def code(self, user: str = BOOKKEEPER, **more: str) -> str:
        """Log in and allow by one form; the code."""
        fields = {
            "client_id": CLIENT_ID,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "full_access",
            "username": user,
            "password": "sandbox",
            "answer": "allow",
        }
        reply = self.form(AUTHORISE, fields | more)
        assert reply.status == 302, reply.body
        return parse_qs(urlsplit(reply.headers["Location"]).query)["code"][0]

    def redeem(self, code: str, **more: str) -> Reply:
        return self._token("authorization_code", code=code, redirect_uri=CALLBACK, **more)

    def refresh(self, token: str | None = None, **more: str) -> Reply:
        token = token or self.pair["refresh_token"]
        return self._token("refresh_token", refresh_token=token, **more)

    def log_in(self, user: str = BOOKKEEPER) -> SageVisitor:
        self.keep(self.redeem(self.code(user)))
        return self

    def _token(self, grant_type: str, **more: str) -> Reply:
        app = {"client_id": CLIENT_ID, "client_secret": SECRET}
        return self.form("/token", {"grant_type": grant_type} | app | more)

    # The API

    @property
    def headers(self) -> dict[str, str]:
        found = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        found |= {"X-Business": self.business} if self.business else {}
        return found | ({"X-Sandbox-Fault": self.fault} if self.fault else {})

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Reply:
        """One call under /v3.1."""
        text = None if body is None else json.dumps(body)
        tail = f"?{urlencode(query)}" if query else ""
        return self.ask(method, f"/v3.1/{path}{tail}", text, self.headers)

    def list(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """The rows of one page."""
        reply = self.call("GET", path, **query)
        assert reply.status == 200, reply.body
        found: list[dict[str, Any]] = reply.json["$items"]
        return found

    def accounts(self) -> dict[int, str]:
        """Ids of the ledger accounts by nominal code."""
        rows = self.list("ledger_accounts", items_per_page=200, attributes="nominal_code")
        return {row["nominal_code"]: row["id"] for row in rows}

    def journal(self, **more: Any) -> dict[str, Any]:
        """A journal of 14 March over cash and sales."""
        ids = self.accounts()
        lines = [
            {"ledger_account_id": ids[1230], "debit": 12.5, "credit": 0, "details": "Till"},
            {"ledger_account_id": ids[4000], "debit": 0, "credit": 12.5, "details": "Plants"},
        ]
        base = {"date": "2026-03-14", "reference": "T1", "journal_lines": lines}
        return {"journal": base | more}

    def error(self, reply: Reply) -> tuple[int, str, str]:
        """Status, code and message of a refusal in Sage's form."""
        (found,) = reply.json
        assert set(found) == {"$severity", "$dataCode", "$message", "$source"}
        return reply.status, found["$dataCode"], found["$message"]
