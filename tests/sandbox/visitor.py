"""A plain HTTP client for the sandbox's own tests: it knows the wire and nothing of the product."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from retailvista.sandbox.server import Sandbox

CALLBACK = "http://groenhof.retailvista.localhost:8000/oauth.ashx?provider=25"
CLIENT_ID, SECRET = "app-one", "secret-one"
BOOKKEEPER, NORWEGIAN = "boekhouder@groenhof.example", "regnskap@teststore.example"
GROENHOF, TESTSTORE = 1000001, 2000001
ENTRIES = "generaljournalentry/GeneralJournalEntries"


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def rows(self) -> list[dict[str, Any]]:
        found = self.json["d"]
        return found if isinstance(found, list) else found["results"]

    @property
    def says(self) -> str:
        """The text of Exact's error body."""
        error = self.json["error"]
        assert error["code"] == ""
        assert error["message"]["lang"] == ""
        return error["message"]["value"]


@dataclass
class Visitor:
    """One app's client of one sandbox."""

    # The sandbox, or where one runs in another process.
    sandbox: Sandbox | Any
    token: str = ""
    pair: dict[str, str] = field(default_factory=dict)
    division: int = GROENHOF
    codes: dict[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, target: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """One request on a connection of its own."""
        link = http.client.HTTPConnection("127.0.0.1", self.sandbox.port, timeout=10)
        try:
            link.request(method, target, body, headers or {})
            answer = link.getresponse()
            return Reply(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            link.close()

    def form(self, target: str, fields: dict[str, str], **headers: str) -> Reply:
        """A form."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", target, urlencode(fields), kind | headers)

    def admin(self, call: str, method: str = "POST", /, **body: Any) -> Any:
        """An admin call that must work."""
        text = json.dumps(body) if method != "GET" else None
        where = f"/sandbox/api/{call}"
        if method == "GET" and body:
            where += "?" + urlencode(body)
        reply = self.ask(method, where, text)
        assert reply.status == 200, reply.body
        return reply.json

    # OAuth

    def code(self, user: str = BOOKKEEPER, **more: str) -> str:
        """Log in and allow by one form; the code."""
        fields = {
            "client_id": CLIENT_ID,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "username": user,
            "password": "sandbox",
            "answer": "allow",
        }
        reply = self.form("/api/oauth2/auth", fields | more)
        assert reply.status == 302, reply.body
        return parse_qs(urlsplit(reply.headers["Location"]).query)["code"][0]

    def redeem(self, code: str, **more: str) -> Reply:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
        }
        return self.form("/api/oauth2/token", fields | more)

    def refresh(self, token: str | None = None, **more: str) -> Reply:
        fields = {
            "grant_type": "refresh_token",
            "refresh_token": token or self.pair["refresh_token"],
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
        }
        return self.form("/api/oauth2/token", fields | more)

    def log_in(self, user: str = BOOKKEEPER) -> Visitor:
        """The whole dance; the visitor holds a token afterwards."""
        self.keep(self.redeem(self.code(user)))
        self.division = GROENHOF if user == BOOKKEEPER else TESTSTORE
        return self

    def keep(self, reply: Reply) -> None:
        assert reply.status == 200, reply.body
        self.pair = reply.json
        self.token = self.pair["access_token"]

    # The API

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Prefer": "return=representation",
        }

    def get(self, path: str, **options: Any) -> Reply:
        """GET under the division; options without their dollar."""
        parts = [f"${name}={quote(str(value))}" for name, value in options.items()]
        tail = "?" + "&".join(parts) if parts else ""
        return self.ask("GET", f"/api/v1/{self.division}/{path}{tail}", None, self.headers)

    def post(self, path: str, body: Any, fault: str = "") -> Reply:
        headers = self.headers | ({"X-Sandbox-Fault": fault} if fault else {})
        text = body if isinstance(body, str) else json.dumps(body)
        return self.ask("POST", f"/api/v1/{self.division}/{path}", text, headers)

    def book(self, *lines: dict[str, Any], fault: str = "", **header: Any) -> Reply:
        """Post a general journal entry to 91."""
        body = {"JournalCode": "91", "GeneralJournalEntryLines": list(lines)} | header
        return self.post(ENTRIES, body, fault)

    def line(self, account: str, amount: float, **more: Any) -> dict[str, Any]:
        """A line of 14 March 2026 on an account code."""
        if account not in self.codes:
            for row in self.sandbox.store.rows(
                "SELECT Code, ID FROM gl_account WHERE Division = ?", self.division
            ):
                self.codes[row[0]] = row[1]
        base = {"Date": "2026-03-14", "GLAccount": self.codes[account], "AmountFC": amount}
        return base | more

    def stored(self, reply: Reply) -> list[tuple[str, float, str | None]]:
        """(account, amount, VAT type) of every stored line of a posted entry."""
        assert reply.status == 201, reply.body
        entry = reply.json["d"]["EntryID"]
        found = self.get(f"{ENTRIES}(guid'{entry}')/GeneralJournalEntryLines").rows
        found.sort(key=lambda row: row["LineNumber"])
        return [(row["GLAccountCode"], row["AmountFC"], row["VATType"]) for row in found]

    def numbers(self, journal: str = "91") -> list[int]:
        """The entry numbers in the books, without a call of the API."""
        found = self.admin("entries", "GET", division=self.division, journal=journal)
        return [row["number"] for row in found["entries"]]
