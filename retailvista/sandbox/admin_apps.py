"""The part of the admin API that is about apps, users, consents and webhooks.

Invariant: a secret comes in and never goes out; the signatures of notifications do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from retailvista.sandbox.apps import describe_app
from retailvista.sandbox.settings import WrongSetting
from retailvista.sandbox.tokens import consents, revoke

if TYPE_CHECKING:
    from retailvista.sandbox.server import Sandbox

ACTIVE = "active"
REASONS = (None, "BlockedUser", "InactiveUser", "BlockedCustomer", "LicenseExpired")


class AppAdmin:
    """Apps, users, consents and webhooks of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.store = sandbox.store
        self.routes: dict[tuple[str, str], Callable[[dict[str, Any]], Any]] = {
            ("GET", "apps"): self.apps,
            ("POST", "apps"): self.add_app,
            ("GET", "users"): self.users,
            ("POST", "users"): self.set_user,
            ("GET", "consents"): self.consents,
            ("POST", "revoke"): self.revoke,
            ("GET", "webhooks"): self.webhooks,
            ("POST", "webhooks/deliver"): self.deliver,
            ("POST", "webhooks/again"): self.again,
        }

    def apps(self, args: dict[str, Any]) -> dict[str, Any]:
        """The registered apps with their redirect addresses and scopes."""
        rows = self.store.rows(
            "SELECT a.client_id, a.redirect_uris, m.scopes FROM app a "
            "LEFT JOIN app_more m ON m.client_id = a.client_id ORDER BY a.client_id"
        )
        return {
            "apps": [
                {
                    "client_id": client_id,
                    "redirect_uris": uris.split("\n"),
                    "scopes": scopes.split("\n") if scopes else "all",
                }
                for client_id, uris, scopes in rows
            ]
        }

    def add_app(self, args: dict[str, Any]) -> dict[str, Any]:
        """{"client_id", "client_secret", "redirect_uri", "scopes": [..], "webhook_secret"}

        Without a secret it changes scopes and webhook secret of an app that is known."""
        client_id, scopes = args["client_id"], args.get("scopes")
        if "client_secret" in args:
            self.store.add_app(client_id, args["client_secret"], args["redirect_uri"])
        elif not self.store.row("SELECT 1 FROM app WHERE client_id = ?", client_id):
            raise WrongSetting(f"No app '{client_id}'. Give client_secret and redirect_uri.")
        if scopes is not None and not isinstance(scopes, list):
            raise WrongSetting('"scopes" is a list, as ["financial.accounting"].')
        describe_app(self.store, client_id, scopes, args.get("webhook_secret"))
        known = {app["client_id"]: app for app in self.apps({})["apps"]}
        return known[client_id]

    def users(self, args: dict[str, Any]) -> dict[str, Any]:
        """Who can log in."""
        names = ("name", "full_name", "language", "reason", "divisions")
        # Names from the line above; nothing of a client stands in the text.
        rows = self.store.rows(f"SELECT {', '.join(names)} FROM user ORDER BY name")  # noqa: S608
        return {"users": [dict(zip(names, row, strict=True)) for row in rows]}

    def set_user(self, args: dict[str, Any]) -> dict[str, Any]:
        """{"name", "reason": "BlockedUser" or null, "language", "divisions": [..]}"""
        if args.get("reason") == ACTIVE:
            args = args | {"reason": None}
        if args.get("reason") not in REASONS:
            raise WrongSetting(f"'reason' is null or one of {', '.join(map(str, REASONS[1:]))}.")
        with self.store.transaction() as db:
            for column in ("reason", "language", "divisions"):
                if column in args:
                    value = args[column]
                    if column == "divisions":
                        value = " ".join(map(str, value))
                    db.execute(
                        # Names from the loop above; every value is bound.
                        f"UPDATE user SET {column} = ? WHERE name = ?",  # noqa: S608
                        (value, args["name"]),
                    )
        self.sandbox.api.tokens.forget()
        return {"name": args["name"]}

    def consents(self, args: dict[str, Any]) -> dict[str, Any]:
        """Which user gave which app access, and since when."""
        return {"consents": consents(self.store)}

    def revoke(self, args: dict[str, Any]) -> dict[str, Any]:
        """{"client_id", "user"}: the user withdraws the consent."""
        ended = revoke(self.store, args["client_id"], args["user"])
        self.sandbox.api.tokens.forget()
        return {"ended": ended}

    # Webhooks

    def webhooks(self, args: dict[str, Any]) -> dict[str, Any]:
        """Subscriptions, and the notifications made for them, newest first."""
        names = ("id", "division", "topic", "url", "client_id")
        rows = self.store.rows(
            "SELECT ID, Division, Topic, CallbackURL, ClientID FROM subscription ORDER BY Created"
        )
        return {
            "subscriptions": [dict(zip(names, row, strict=True)) for row in rows],
            "notifications": self.sandbox.telling.listed(int(args.get("limit", 200))),
        }

    def deliver(self, args: dict[str, Any]) -> dict[str, Any]:
        """Send now what is due; how many went."""
        return {"sent": self.sandbox.telling.release()}

    def again(self, args: dict[str, Any]) -> dict[str, Any]:
        """{"number": 7}: the same notification once more."""
        if not self.sandbox.telling.again(int(args["number"])):
            raise WrongSetting(f"No notification {args['number']}.")
        return self.deliver({})
