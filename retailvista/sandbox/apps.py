"""What is kept of an app beside its registration: its scopes and its webhook secret.

Invariant: an app without a list of scopes has them all; a webhook secret is there from the first
question on and never shown on a page.
"""

from __future__ import annotations

from retailvista.sandbox.answers import Refusal
from retailvista.sandbox.store import Store

NOT_GRANTED = "Forbidden - Application Scope Violated. Cannot {verb} '{scope}' scope."


def describe_app(
    store: Store, client_id: str, scopes: list[str] | None = None, webhook_secret: str | None = None
) -> None:
    """Set the scopes (as `financial.accounting`), the webhook secret, or both."""
    known = _scopes(store, client_id)
    secret = webhook_secret or webhook_secret_of(store, client_id)
    wanted = known if scopes is None else scopes
    with store.transaction() as db:
        db.execute(
            "INSERT OR REPLACE INTO app_more VALUES (?,?,?)",
            (client_id, "\n".join(scope.strip().lower() for scope in wanted), secret),
        )


def webhook_secret_of(store: Store, client_id: str) -> str:
    """The key of the HashCode of this app's notifications."""
    row = store.row("SELECT webhook_secret FROM app_more WHERE client_id = ?", client_id)
    if row:
        return str(row[0])
    secret = store.entropy.text(24)
    store.insert("app_more", {"client_id": client_id, "webhook_secret": secret})
    return secret


def check_scope(store: Store, client_id: str, scope: str | None, method: str) -> None:
    """Refusal 403 when the app was not given the scope of the endpoint."""
    granted = _scopes(store, client_id)
    if not granted or not scope:
        return
    # "Financial generalledgers" in the reference is financial.generalledgers in the refusal.
    name = scope.lower().replace(" ", ".")
    if name not in granted:
        verb = "read" if method == "GET" else "manage"
        raise Refusal(403, NOT_GRANTED.format(verb=verb, scope=name))


def _scopes(store: Store, client_id: str) -> list[str]:
    row = store.row("SELECT scopes FROM app_more WHERE client_id = ?", client_id)
    return row[0].split("\n") if row and row[0] else []
