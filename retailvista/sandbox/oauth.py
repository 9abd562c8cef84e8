"""The token endpoint and the tokens: Exact's OAuth 2 rules.

Invariant: an access token lives 600 s; a refresh token is used once, lives 30 days, and its chain
dies when the same user authorises the same app again. The refusals carry Exact's own bodies.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from retailvista.sandbox import times
from retailvista.sandbox.answers import Answer, Request, as_json
from retailvista.sandbox.judge import Judge
from retailvista.sandbox.store import Store, hashed

TOO_EARLY = "Rate limit exceeded: access_token not expired"
# As older official pages word it.
TOO_EARLY_TEXT = "Access Token not expired"
OLD_TOKEN = "Old refresh token used."
# The hours of the night, in Amsterdam, in which clients saw a 400 that went away (picqer #497).
NIGHT = (1, 5)
PLAIN = ("Content-Type", "text/plain; charset=utf-8")
JSON = ("Content-Type", "application/json; charset=utf-8")
NO_STORE = [("Cache-Control", "private"), ("Pragma", "no-cache")]


@dataclass(frozen=True, slots=True)
class TokenRefusal(Exception):
    """The token endpoint says no."""

    status: int
    error: str
    description: str | None = None
    reason: str | None = None
    # Instead of JSON.
    text: str | None = None
    rule: str | None = None


def token_answer(store: Store, judge: Judge, request: Request) -> Answer:
    """POST /api/oauth2/token"""
    try:
        # One at a time, but counted for good: a refused call is a call.
        with store.lock:
            pair = _pair(store, request, request.form())
    except TokenRefusal as refusal:
        _judge(judge, request, refusal)
        return as_token_answer(refusal)
    return as_json(200, pair, NO_STORE)


def _pair(store: Store, request: Request, form: dict[str, str]) -> dict[str, str]:
    if store.setting("token_transient_400") or _is_bad_night(store):
        raise transient()
    client_id = _client(store, request, form)
    if form.get("grant_type") == "authorization_code":
        return _redeem(store, client_id, form)
    if form.get("grant_type") == "refresh_token":
        return _refresh(store, client_id, form)
    raise TokenRefusal(400, "unsupported_grant_type")


def transient() -> TokenRefusal:
    """A 400 that means nothing: the same refresh token works a little later."""
    return TokenRefusal(400, "server_error", "A transient fault, switched on here.")


def _is_bad_night(store: Store) -> bool:
    hour = store.now().astimezone(times.ZONE).hour
    return bool(store.setting("token_night_400")) and NIGHT[0] <= hour < NIGHT[1]


def _judge(judge: Judge, request: Request, refusal: TokenRefusal) -> None:
    if refusal.rule:
        judge.find(refusal.rule, request, refusal.description or refusal.text or refusal.error)


def as_token_answer(refusal: TokenRefusal) -> Answer:
    """The refusal as it goes over the wire."""
    headers = list(NO_STORE)
    if refusal.reason:
        headers.append(("Reason", refusal.reason))
    if refusal.text:
        return Answer(refusal.status, refusal.text.encode(), [PLAIN, *headers])
    if not refusal.error:
        return Answer(refusal.status, b"", headers)
    return Answer(refusal.status, _written(refusal).encode(), [JSON, *headers])


def _written(refusal: TokenRefusal) -> str:
    """The JSON as recorded: two of the bodies with blanks inside, slashes escaped in all."""
    parts = [f'"error":{json.dumps(refusal.error)}']
    if refusal.description:
        parts.append(f'"error_description":{json.dumps(refusal.description)}')
    text = ",".join(parts).replace("/", "\\/")
    return f"{{ {text} }}" if refusal.error in ("access_denied", "invalid_grant") else f"{{{text}}}"


def _client(store: Store, request: Request, form: dict[str, str]) -> str:
    """The app behind the call, by form fields or HTTP Basic."""
    client_id, secret = request.basic() or (
        form.get("client_id", ""),
        form.get("client_secret", ""),
    )
    found = store.row("SELECT secret_hash FROM app WHERE client_id = ?", client_id)
    if not found or not secrets.compare_digest(found[0], hashed(secret)):
        raise TokenRefusal(400, "invalid_client", rule="wrong-secret")
    request.client_id = client_id
    return client_id


def _redeem(store: Store, client_id: str, form: dict[str, str]) -> dict[str, str]:
    """A code becomes the first pair of a new chain; older chains of app and user die."""
    row = store.row(
        "SELECT client_id, user, divisions, redirect_uri, issued_at, used FROM code WHERE hash = ?",
        hashed(form.get("code", "")),
    )
    now = store.now_s()
    good = (
        row is not None
        and row[0] == client_id
        and not row[5]
        and now - row[4] <= store.setting("code_life_s")
        and form.get("redirect_uri") == row[3]
    )
    if row is None or not good:
        raise TokenRefusal(400, "invalid_request", rule="code-refused")
    user, divisions = row[1], row[2]
    _check_user(store, user)
    _count(store, client_id, user)
    if store.setting("gap_on_code"):
        _check_gap(store, client_id, user)
    with store.transaction() as db:
        db.execute("UPDATE code SET used = 1 WHERE hash = ?", (hashed(form["code"]),))
        db.execute(
            "UPDATE chain SET ended = 'authorised again' "
            "WHERE client_id = ? AND user = ? AND ended IS NULL",
            (client_id, user),
        )
        chain = db.execute(
            "INSERT INTO chain (client_id, user, divisions, issued_at) VALUES (?,?,?,?)",
            (client_id, user, divisions, now),
        ).lastrowid
        assert chain is not None
        return _issue(store, client_id, chain, 1)


def _refresh(store: Store, client_id: str, form: dict[str, str]) -> dict[str, str]:
    row = store.row(
        "SELECT t.chain, t.pair, t.issued_at, t.state, c.client_id, c.user, c.ended "
        "FROM token t JOIN chain c ON c.id = t.chain WHERE t.hash = ? AND t.kind = 'refresh'",
        hashed(form.get("refresh_token", "")),
    )
    if row is None or row[4] != client_id:
        raise _broken_chain()
    chain, pair, issued_at, state, _, user, ended = row
    _check_user(store, user)
    _count(store, client_id, user)
    if ended:
        raise _broken_chain()
    if state != "live":
        status = int(store.setting("old_refresh_token"))
        rule = "refresh-token-used-twice"
        raise TokenRefusal(status, "unauthorized_client", OLD_TOKEN, rule=rule)
    _check_life(store, issued_at)
    _check_gap(store, client_id, user)
    newest = store.row("SELECT max(pair) FROM token WHERE chain = ?", chain)
    assert newest is not None
    with store.transaction() as db:
        if store.setting("refresh_rule") == "strict":
            db.execute(
                "UPDATE token SET state = 'used' WHERE chain = ? AND kind = 'refresh'", (chain,)
            )
        else:
            # The presented one lives until its successor is first used; unused ones are stale.
            db.execute(
                "UPDATE token SET state = 'stale' WHERE chain = ? AND pair > ?", (chain, pair)
            )
        return _issue(store, client_id, chain, newest[0] + 1)


def _broken_chain() -> TokenRefusal:
    text = "Token is not allowed, because of invalid or empty chainId"
    return TokenRefusal(400, "invalid_grant", text, rule="broken-chain")


def _check_user(store: Store, user: str) -> None:
    row = store.row("SELECT reason FROM user WHERE name = ?", user)
    if row is None or row[0]:
        raise TokenRefusal(403, "", reason=row[0] if row else "InactiveUser")


def _check_life(store: Store, issued_at: float) -> None:
    """30 days; the text has a US date format (recorded)."""
    ends_at = datetime.fromtimestamp(issued_at, UTC) + timedelta(
        days=store.setting("refresh_life_days")
    )
    if store.now() > ends_at:
        ended, now = times.us_text(ends_at), times.us_text(store.now())
        text = f"The refresh token expired at {ended} and it is now {now}."
        raise TokenRefusal(400, "invalid_request", text, rule="refresh-token-expired")


def _check_gap(store: Store, client_id: str, user: str) -> None:
    """No new access token within 570 s of the previous one; the refresh token stays unused."""
    row = store.row(
        "SELECT max(t.issued_at) FROM token t JOIN chain c ON c.id = t.chain "
        "WHERE c.client_id = ? AND c.user = ? AND t.kind = 'access' AND t.state <> 'stale'",
        client_id,
        user,
    )
    last = row[0] if row else None
    gap = store.setting("token_gap_s", client_id=client_id)
    if last is None or store.now_s() - last >= gap:
        return
    rule = "refresh-too-early"
    if store.setting("early_refresh") == "text":
        raise TokenRefusal(401, "", text=TOO_EARLY_TEXT, rule=rule)
    reason = f"TooEarlyToRefreshTokens: {TOO_EARLY}"
    raise TokenRefusal(400, "access_denied", TOO_EARLY, reason=reason, rule=rule)


def _count(store: Store, client_id: str, user: str) -> None:
    """200 token calls a day per app and user."""
    day = store.now().date().isoformat()
    row = store.row(
        "SELECT calls FROM token_call WHERE client_id = ? AND user = ? AND day = ?",
        client_id,
        user,
        day,
    )
    calls = row[0] if row else 0
    limit = store.setting("token_calls_day", client_id=client_id)
    if store.setting("limits", client_id=client_id) and calls >= limit:
        raise TokenRefusal(429, "", rule="too-many-token-calls")
    with store.transaction() as db:
        db.execute(
            "INSERT OR REPLACE INTO token_call VALUES (?,?,?,?)", (client_id, user, day, calls + 1)
        )


def _issue(store: Store, client_id: str, chain: int, pair: int) -> dict[str, str]:
    access = f"stampNL001.{store.entropy.text(48)}"
    refresh = f"stampNL001.{store.entropy.text(9)}!{store.entropy.text(33)}"
    now = store.now_s()
    with store.transaction() as db:
        db.executemany(
            "INSERT OR REPLACE INTO token (hash, kind, chain, pair, issued_at) VALUES (?,?,?,?,?)",
            [
                (hashed(access), "access", chain, pair, now),
                (hashed(refresh), "refresh", chain, pair, now),
            ],
        )
    return {
        "access_token": access,
        "token_type": "bearer",
        "expires_in": str(store.setting("token_life_s", client_id=client_id)),
        "refresh_token": refresh,
    }
