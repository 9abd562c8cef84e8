"""The authorise page: log in, choose administrations, allow or deny. Works without JavaScript.

Invariant: a code leaves only to a registered redirect address that is identical to the one asked;
otherwise the page names both and nothing is sent anywhere.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

from retailvista.sandbox.answers import Answer, Request, as_html
from retailvista.sandbox.page import framed, language_of
from retailvista.sandbox.store import Store, hashed
from retailvista.sandbox.tokens import consent
from retailvista.sandbox.words import say

COOKIE = "sandbox_login"
CARRIED = ("client_id", "redirect_uri", "response_type", "state", "force_login", "lang")


@dataclass(frozen=True, slots=True)
class Login:
    """A logged-in browser."""

    user: str
    csrf: str


def authorise(store: Store, request: Request) -> Answer:
    """GET and POST /api/oauth2/auth"""
    fields = request.query | (request.form() if request.method == "POST" else {})
    language = language_of(request)
    wrong = _wrong_request(store, fields, language)
    if wrong is not None:
        return wrong
    if request.method == "POST" and "username" in fields:
        return _log_in(store, request, fields, language)
    login = _login_of(store, request)
    if request.method == "POST":
        return _answered(store, request, fields, login, language)
    if login is None or fields.get("force_login") == "1":
        return _login_form(store, fields, language)
    return _consent_form(store, fields, login, language)


def _wrong_request(store: Store, fields: dict[str, str], language: str) -> Answer | None:
    """An error page where the app itself is wrong; never a redirect."""
    row = store.row(
        "SELECT redirect_uris FROM app WHERE client_id = ?", fields.get("client_id", "")
    )
    if row is None:
        detail = f"<p><code>{escape(fields.get('client_id', ''))}</code></p>"
        return _error(say("unknown-app", language), detail, language)
    asked = fields.get("redirect_uri", "")
    if asked not in row[0].split("\n"):
        known = "".join(f"<li><code>{escape(uri)}</code></li>" for uri in row[0].split("\n"))
        detail = (
            f"<p>{say('redirect-asked', language)}</p><p><code>{escape(asked)}</code></p>"
            f"<p>{say('redirect-known', language)}</p><ul>{known}</ul>"
        )
        return _error(say("redirect-mismatch", language), detail, language)
    if fields.get("response_type", "code") != "code":
        return _error(say("only-code", language), "", language)
    return None


def _error(title: str, detail: str, language: str) -> Answer:
    body = f'<div class="card bad"><h2>{escape(title)}</h2>{detail}</div>'
    return as_html(400, framed(title, body, language, narrow=True))


def _log_in(store: Store, request: Request, fields: dict[str, str], language: str) -> Answer:
    row = store.row(
        "SELECT name, password_hash, reason FROM user WHERE name = ?", fields["username"].strip()
    )
    right = row is not None and secrets.compare_digest(row[1], hashed(fields.get("password", "")))
    if row is None or not right:
        return _login_form(store, fields, language, say("wrong-password", language))
    if row[2]:
        return _login_form(store, fields, language, f"{say('blocked', language)} ({row[2]})")
    key, login = store.entropy.text(32), Login(row[0], store.entropy.text(16))
    with store.transaction() as db:
        row = (hashed(key), login.user, login.csrf)
        db.execute("INSERT OR REPLACE INTO login (hash, user, csrf) VALUES (?,?,?)", row)
    if "answer" in fields:
        # One form for everything: for people who drive this page by a program.
        answer = _decided(store, request, fields, login)
    else:
        answer = _consent_form(store, fields, login, language)
    answer.headers.append(("Set-Cookie", f"{COOKIE}={key}; Path=/; HttpOnly; SameSite=Lax"))
    return answer


def _answered(
    store: Store, request: Request, fields: dict[str, str], login: Login | None, language: str
) -> Answer:
    if login is None or not secrets.compare_digest(login.csrf, fields.get("csrf", "")):
        return _login_form(store, fields, language)
    return _decided(store, request, fields, login)


def _decided(store: Store, request: Request, fields: dict[str, str], login: Login) -> Answer:
    """Back to the app with a code, or with access_denied."""
    back: dict[str, str] = {}
    if fields.get("answer") == "allow":
        own = _divisions(store, login.user)
        picked = [v for name, v in request.form_items() if name == "division" and v.isdigit()]
        divisions = [code for code in own if not picked or str(code) in picked]
        back["code"] = consent(
            store, fields["client_id"], login.user, divisions, fields["redirect_uri"]
        )
    else:
        back["error"] = "access_denied"
    if "state" in fields:
        back["state"] = fields["state"]
    uri = fields["redirect_uri"]
    place = f"{uri}{'&' if '?' in uri else '?'}{urlencode(back)}"
    return Answer(302, b"", [("Location", place), ("Cache-Control", "no-store")])


def _login_of(store: Store, request: Request) -> Login | None:
    cookies = dict(
        part.strip().partition("=")[::2] for part in request.headers.get("cookie", "").split(";")
    )
    row = store.row(
        "SELECT l.user, l.csrf FROM login l JOIN user u ON u.name = l.user "
        "WHERE l.hash = ? AND u.reason IS NULL",
        hashed(cookies.get(COOKIE, "")),
    )
    return Login(*row) if row else None


def _divisions(store: Store, user: str) -> dict[int, str]:
    row = store.row("SELECT divisions FROM user WHERE name = ?", user)
    own = row[0].split() if row else []
    named = dict(store.rows("SELECT Code, Description FROM division"))
    return {int(code): named.get(int(code), code) for code in own}


def _carried(fields: dict[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{name}" value="{escape(fields[name])}">'
        for name in CARRIED
        if name in fields
    )


def _login_form(store: Store, fields: dict[str, str], language: str, problem: str = "") -> Answer:
    users = "".join(
        f"<li><code>{escape(name)}</code></li>"
        for (name,) in store.rows("SELECT name FROM user ORDER BY name")
    )
    alert = f'<p class="bad" role="alert">{escape(problem)}</p>' if problem else ""
    name = escape(fields.get("username", ""))
    body = f"""<form class="card" method="post" action="/api/oauth2/auth">
{alert}{_carried(fields)}
<label>{say("user-name", language)}
<input name="username" autocomplete="username" value="{name}" required autofocus></label>
<label>{say("password", language)}
<input name="password" type="password" autocomplete="current-password" required></label>
<button type="submit">{say("log-in", language)}</button>
<p class="hint">{say("who-can", language)} <code>sandbox</code></p><ul class="hint">{users}</ul>
</form>"""
    return as_html(200, framed(say("log-in", language), body, language, narrow=True))


def _consent_form(store: Store, fields: dict[str, str], login: Login, language: str) -> Answer:
    boxes = "".join(
        f'<label class="box"><input type="checkbox" name="division" value="{code}" checked> '
        f"{code} {escape(name)}</label>"
        for code, name in _divisions(store, login.user).items()
    )
    body = f"""<form class="card" method="post" action="/api/oauth2/auth">
{_carried(fields)}
<input type="hidden" name="csrf" value="{login.csrf}">
<p>{say("asks", language)} <code>{escape(fields["client_id"])}</code></p>
<p>{say("logged-in-as", language)} <code>{escape(login.user)}</code></p>
<fieldset><legend>{say("which-divisions", language)}</legend>{boxes}</fieldset>
<button type="submit" name="answer" value="allow">{say("allow", language)}</button>
<button type="submit" name="answer" value="deny" class="quiet">{say("deny", language)}</button>
</form>"""
    return as_html(200, framed(say("consent", language), body, language, narrow=True))
