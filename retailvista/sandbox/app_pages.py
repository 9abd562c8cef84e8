"""The pages about apps, consents and webhooks.

Invariant: a page only reads; no secret is shown.
"""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from retailvista.sandbox.admin_apps import ACTIVE, REASONS
from retailvista.sandbox.page import Markup, form, option_list, table
from retailvista.sandbox.words import say

if TYPE_CHECKING:
    from retailvista.sandbox.server import Sandbox

NOTICES = 100


def apps(sandbox: Sandbox, language: str) -> str:
    """Registered apps, the consents given to them, and the people who gave them."""
    return _consents(sandbox, language) + _apps(sandbox, language) + _users(sandbox, language)


def _consents(sandbox: Sandbox, language: str) -> str:
    routes = sandbox.admin.routes
    rows: list[list[object]] = [
        [c["client_id"], c["user"], c["divisions"], day(c["since"]), _withdraw(c, language)]
        for c in routes["GET", "consents"]({})["consents"]
    ]
    words = ("app", "user-name", "books", "since", "withdraw")
    listed = table([say(word, language) for word in words], rows, stack=True)
    if not rows:
        listed = f"<p>{say('no-consents', language)}</p>"
    return _card("consents", listed, language)


def _withdraw(consent: dict[str, Any], language: str) -> Markup:
    fields = "".join(
        f'<input type="hidden" name="{name}" value="{escape(consent[name])}">'
        for name in ("client_id", "user")
    )
    return Markup(form("revoke", fields, language, "withdraw", back="/apps"))


def _apps(sandbox: Sandbox, language: str) -> str:
    rows: list[list[object]] = [
        [
            app["client_id"],
            Markup("<br>".join(escape(uri) for uri in app["redirect_uris"])),
            app["scopes"] if isinstance(app["scopes"], str) else ", ".join(app["scopes"]),
        ]
        for app in sandbox.admin.routes["GET", "apps"]({})["apps"]
    ]
    listed = table(
        [say(word, language) for word in ("app", "redirect", "scopes")], rows, stack=True
    )
    fields = "".join(
        f'<label>{name} <input name="{name}" size="{size}" required></label>'
        for name, size in (("client_id", 16), ("client_secret", 16), ("redirect_uri", 34))
    )
    listed += form("apps", fields, language, "register", back="/apps")
    return _card("apps", listed, language)


def _users(sandbox: Sandbox, language: str) -> str:
    rows: list[list[object]] = []
    for user in sandbox.admin.routes["GET", "users"]({})["users"]:
        hidden = f'<input type="hidden" name="name" value="{escape(user["name"])}">'
        choice = option_list(
            "reason",
            [str(r or ACTIVE) for r in REASONS],
            user["reason"] or ACTIVE,
            say("status", language),
        )
        change = Markup(form("users", hidden + choice, language, back="/apps"))
        rows.append([user["name"], user["full_name"], user["divisions"], change])
    words = ("user-name", "name", "books", "status")
    return _card(
        "users", table([say(word, language) for word in words], rows, stack=True), language
    )


def webhooks(sandbox: Sandbox, language: str) -> str:
    """Subscriptions and notifications."""
    found = sandbox.admin.routes["GET", "webhooks"]({"limit": NOTICES})
    names = ("division", "topic", "url", "client_id")
    rows: list[list[object]] = [[one[name] for name in names] for one in found["subscriptions"]]
    words = [say(word, language) for word in ("division", "topic", "address", "app")]
    listed = table(words, rows, stack=True) if rows else f"<p>{say('no-webhooks', language)}</p>"
    body = _card("subscriptions", listed, language)
    shown = ("number", "topic_of", "state", "tries", "answer", "body")
    told: list[list[object]] = [[one[name] for name in shown] for one in found["notifications"]]
    words = [say(w, language) for w in ("number", "topic", "status", "times", "answer", "text")]
    deliver = form("deliver", "", language, "deliver", back="/webhooks")
    return body + _card("notifications", table(words, told, stack=True) + deliver, language)


def day(at: float) -> str:
    """When a consent was given, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def _card(title: str, inner: str, language: str) -> str:
    return f'<div class="card"><h2>{say(title, language)}</h2>{inner}</div>'
