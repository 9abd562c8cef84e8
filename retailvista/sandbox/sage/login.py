"""Sage's authorise page and tokens: a code of 60 s, access for 300 s, a refresh that works once.

Invariant: a code leaves only to a registered redirect address that is identical to the one asked;
codes and tokens are kept as hashes; a refresh token that was used or revoked never works again.
"""

from __future__ import annotations

import json
import secrets
from html import escape
from typing import Any
from urllib.parse import urlencode

from retailvista.sandbox.answers import Answer, Request, as_html
from retailvista.sandbox.judge import Judge
from retailvista.sandbox.page import framed
from retailvista.sandbox.sage.words import JSON
from retailvista.sandbox.store import Store, hashed

SCOPES = ("full_access", "readonly")
CARRIED = ("client_id", "redirect_uri", "response_type", "state", "scope", "filter", "country")
DAY = 86_400
# About as long as the tokens of API v3.1 (some 1,300 characters).
ACCESS_BYTES, REFRESH_BYTES = 960, 960


class TokenRefused(Exception):
    """The token endpoint says no, in OAuth's words."""

    def __init__(self, error: str, rule: str = "", detail: str = "") -> None:
        super().__init__(error)
        self.rule = rule
        self.detail = detail or error


class SageLogin:
    """The login of one store."""

    def __init__(self, store: Store, judge: Judge) -> None:
        self.store = store
        self.judge = judge

    # The page

    def authorise(self, request: Request) -> Answer:
        """GET and POST /oauth2/auth/central"""
        fields = request.query | (request.form() if request.method == "POST" else {})
        wrong = self._wrong(fields)
        if wrong:
            return as_html(400, framed("Sage", f"<p>{escape(wrong)}</p>", "en", narrow=True))
        if request.method == "POST":
            user = self._user(fields)
            if user:
                return self._decided(fields, user)
        return as_html(200, framed("Sage", _form(fields), "en", narrow=True))

    def _wrong(self, fields: dict[str, str]) -> str:
        row = self.store.row(
            "SELECT redirect_uris FROM app WHERE client_id = ?", fields.get("client_id", "")
        )
        if row is None:
            return "Unknown app."
        if fields.get("redirect_uri", "") not in row[0].split("\n"):
            return "The redirect_uri is not one of the app's."
        if fields.get("response_type") != "code":
            return "response_type is code."
        if fields.get("filter") != "apiv3.1":
            return "filter=apiv3.1 belongs to the address."
        return "" if fields.get("scope", "full_access") in SCOPES else "Unknown scope."

    def _user(self, fields: dict[str, str]) -> str:
        row = self.store.row(
            "SELECT name, password_hash FROM user WHERE name = ?",
            fields.get("username", "").strip(),
        )
        given = hashed(fields.get("password", ""))
        return str(row[0]) if row and secrets.compare_digest(row[1], given) else ""

    def _decided(self, fields: dict[str, str], user: str) -> Answer:
        back = {"error": "access_denied"}
        if fields.get("answer") == "allow":
            scope = fields.get("scope", "full_access")
            code = self.consent(fields["client_id"], user, fields["redirect_uri"], scope)
            back = {"code": code, "country": "ie"}
        if "state" in fields:
            back["state"] = fields["state"]
        uri = fields["redirect_uri"]
        place = f"{uri}{'&' if '?' in uri else '?'}{urlencode(back)}"
        return Answer(302, b"", [("Location", place), ("Cache-Control", "no-store")])

    def consent(self, client_id: str, user: str, redirect_uri: str, scope: str) -> str:
        """The code that goes back to the app."""
        code = f"{self.store.entropy.text(6)}/{self.store.entropy.text(24)}"
        row = (hashed(code), client_id, user, redirect_uri, scope, self.store.now_s(), 0)
        with self.store.transaction() as db:
            db.execute("INSERT OR REPLACE INTO sage_code VALUES (?,?,?,?,?,?,?)", row)
        return code

    # Tokens

    def token(self, request: Request) -> Answer:
        """POST /token"""
        form = request.form()
        try:
            with self.store.lock:
                pair = self._pair(self._client(request, form), form)
        except TokenRefused as refusal:
            if refusal.rule:
                self.judge.find(refusal.rule, request, refusal.detail)
            return _oauth(400, {"error": str(refusal)})
        return _oauth(200, pair)

    def revoke(self, request: Request) -> Answer:
        """POST /revoke: the chain of this token ends."""
        form = request.form()
        try:
            self._client(request, form)
        except TokenRefused as refusal:
            return _oauth(400, {"error": str(refusal)})
        with self.store.transaction() as db:
            db.execute(
                "UPDATE sage_token SET state = 'revoked' WHERE chain = "
                "(SELECT chain FROM sage_token WHERE hash = ?)",
                (hashed(form.get("token", "")),),
            )
        return _oauth(200, {})

    def asker(self, token: str) -> tuple[str, str, str] | None:
        """User, app and scope behind a living access token."""
        row = self.store.row(
            "SELECT user, client_id, scope, issued_at FROM sage_token "
            "WHERE hash = ? AND kind = 'access' AND state = 'live'",
            hashed(token),
        )
        if row is None or self.store.now_s() - row[3] >= self.store.setting("sage_token_life_s"):
            return None
        return row[0], row[1], row[2]

    def _client(self, request: Request, form: dict[str, str]) -> str:
        client_id = form.get("client_id", "")
        row = self.store.row("SELECT secret_hash FROM app WHERE client_id = ?", client_id)
        given = hashed(form.get("client_secret", ""))
        if row is None or not secrets.compare_digest(row[0], given):
            raise TokenRefused("invalid_client", "wrong-secret")
        request.client_id = client_id
        return client_id

    def _pair(self, client_id: str, form: dict[str, str]) -> dict[str, Any]:
        if form.get("grant_type") == "authorization_code":
            return self._redeem(client_id, form)
        if form.get("grant_type") == "refresh_token":
            return self._refresh(client_id, form)
        raise TokenRefused("unsupported_grant_type")

    def _redeem(self, client_id: str, form: dict[str, str]) -> dict[str, Any]:
        key = hashed(form.get("code", ""))
        row = self.store.row(
            "SELECT client_id, user, redirect_uri, scope, issued_at, used "
            "FROM sage_code WHERE hash = ?",
            key,
        )
        good = (
            row is not None
            and row[0] == client_id
            and row[2] == form.get("redirect_uri")
            and not row[5]
            and self.store.now_s() - row[4] <= self.store.setting("sage_code_life_s")
        )
        if row is None or not good:
            raise TokenRefused("invalid_grant", "code-refused")
        with self.store.transaction() as db:
            db.execute("UPDATE sage_code SET used = 1 WHERE hash = ?", (key,))
            chain = db.execute("SELECT coalesce(max(chain), 0) + 1 FROM sage_token").fetchone()[0]
            return self._issue(chain, client_id, row[1], row[3])

    def _refresh(self, client_id: str, form: dict[str, str]) -> dict[str, Any]:
        row = self.store.row(
            "SELECT chain, client_id, user, scope, issued_at, state FROM sage_token "
            "WHERE hash = ? AND kind = 'refresh'",
            hashed(form.get("refresh_token", "")),
        )
        if row is None or row[1] != client_id or row[5] == "revoked":
            raise TokenRefused("invalid_grant", "broken-chain")
        if row[5] == "used":
            raise TokenRefused("invalid_grant", "refresh-token-used-twice")
        life = self.store.setting("sage_refresh_life_days") * DAY
        if self.store.now_s() - row[4] > life:
            raise TokenRefused("invalid_grant", "refresh-token-expired")
        with self.store.transaction() as db:
            db.execute(
                "UPDATE sage_token SET state = 'used' WHERE chain = ? AND kind = 'refresh'",
                (row[0],),
            )
            return self._issue(row[0], client_id, row[2], row[3])

    def _issue(self, chain: int, client_id: str, user: str, scope: str) -> dict[str, Any]:
        access = self.store.entropy.text(ACCESS_BYTES)
        refresh = self.store.entropy.text(REFRESH_BYTES)
        now = self.store.now_s()
        with self.store.transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO sage_token VALUES (?,?,?,?,?,?,?,'live')",
                [
                    (hashed(text), kind, chain, client_id, user, scope, now)
                    for text, kind in ((access, "access"), (refresh, "refresh"))
                ],
            )
        row = self.store.row("SELECT id FROM user WHERE name = ?", user)
        return {
            "access_token": access,
            "expires_in": self.store.setting("sage_token_life_s"),
            "token_type": "bearer",
            "refresh_token": refresh,
            "refresh_token_expires_in": self.store.setting("sage_refresh_life_days") * DAY,
            "scope": scope,
            "requested_by_id": row[0] if row else "",
        }


def _oauth(status: int, value: dict[str, Any]) -> Answer:
    return Answer(status, json.dumps(value).encode(), [JSON, ("Cache-Control", "no-store")])


def _form(fields: dict[str, str]) -> str:
    carried = "".join(
        f'<input type="hidden" name="{name}" value="{escape(fields[name])}">'
        for name in CARRIED
        if name in fields
    )
    return f"""<form class="card" method="post" action="/oauth2/auth/central">{carried}
<label>Email <input name="username" autocomplete="username" required autofocus></label>
<label>Password <input name="password" type="password" required></label>
<button type="submit" name="answer" value="allow">Allow</button>
<button type="submit" name="answer" value="deny" class="quiet">Deny</button></form>"""
